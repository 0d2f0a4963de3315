"""What a provider ends, and what a provider that hangs holds up: its own people's sign-in, and nothing else."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.attacks.house import House
from totrinn.app.identity_providers import Ended, Rejected

ASE = "ase@nordlys.test"


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation with a connection."""
    house.organisation("nordlys")
    return house.connection("nordlys", "nordlys.test")


def _ended(subject: str, *sessions: str, token: str = "one") -> Ended:
    return Ended(subject, sessions, token, datetime.now(UTC) + timedelta(minutes=2))


def _tell(house: House, connection: str, token: str, **headers: str) -> httpx2.Response:
    address = f"{house.address}/sso/{connection}/backchannel-logout"
    return httpx2.post(address, data={"logout_token": token}, headers=headers)


@pytest.mark.row("R87")
def test_the_provider_ends_the_sessions_that_it_names(house: House, nordlys: str) -> None:
    """All of a subject, or one of its own sessions; others, and those by password, go on."""
    one, two, other, own = (house.browser() for _ in range(4))
    house.person(ASE, "nordlys")
    own.sign_in(ASE)
    one.sign_in_by_sso(nordlys, "ase", ASE, session="s1")
    two.sign_in_by_sso(nordlys, "ase", ASE, session="s2")
    other.sign_in_by_sso(nordlys, "ola", "ola@nordlys.test", session="s3")
    assert _tell(house, nordlys, house.provider.ends(_ended("ase", "s1"))).status_code == 200
    assert [browser.is_in() for browser in (one, two, other, own)] == [False, True, True, True]
    assert _tell(house, nordlys, house.provider.ends(_ended("ase", token="two"))).status_code == 200
    assert [browser.is_in() for browser in (two, other, own)] == [False, True, True]
    assert _tell(house, nordlys, house.provider.ends(_ended("", "s3", token="three"))).status_code == 200
    assert not other.is_in()


@pytest.mark.row("R87")
def test_a_logout_message_counts_once_and_only_if_it_is_signed(house: House, nordlys: str) -> None:
    """A replayed one, an unsigned one, and none at all end nothing, and are answered with what was wrong."""
    token = house.provider.ends(_ended("ase"))
    house.browser().sign_in_by_sso(nordlys, "ase", ASE)
    assert _tell(house, nordlys, token).status_code == 200
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE)
    for sent in (token, house.provider.ends(Rejected("oidc_signature")), "", "x" * 4000):
        answer = _tell(house, nordlys, sent)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
    assert browser.is_in()


@pytest.mark.row("R46", "R87")
def test_a_provider_ends_nothing_of_another_connection(house: House, nordlys: str) -> None:
    """B's provider names A's subject and A's session: nothing ends; an unknown connection is refused."""
    house.organisation("fjordly")
    other = house.connection("fjordly", "fjordly.test")
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE, session="s1")
    for ended in (_ended("ase"), _ended("", "s1", token="two"), _ended("ase", "s1", token="three")):
        assert _tell(house, other, house.provider.ends(ended)).status_code == 200
    assert _tell(house, "01900000-0000-7000-8000-000000000000", "x").status_code == 400
    assert browser.is_in()


@pytest.mark.row("R62")
def test_what_a_provider_sends_comes_from_elsewhere_and_may(house: House, nordlys: str) -> None:
    """The endpoints for providers are exempt from the check of forms; every other form still is not."""
    headers = {"origin": "https://provider.example", "sec-fetch-site": "cross-site"}
    assert _tell(house, nordlys, house.provider.ends(_ended("ase")), **headers).status_code == 200
    for path in ("/login", "/login/sso", "/logout"):
        assert httpx2.post(house.address + path, data={"email": ASE}, headers=headers).status_code == 403


@pytest.mark.row("R89", "R94")
def test_a_provider_that_hangs_holds_up_its_own_people_only(house: House, nordlys: str) -> None:
    """While sixty wait for it, passwords, live sessions and another organisation's SSO answer at once."""
    house.organisation("fjordly")
    other = house.connection("fjordly", "fjordly.test")
    house.person("ola@fjordly.test", "fjordly")
    live = house.browser()
    live.sign_in("ola@fjordly.test")
    waiting = house.browser()
    state, code = waiting.set_out(other), house.vouched("kari", "kari@fjordly.test")
    house.provider.hanging.clear()
    released = threading.Timer(15, house.provider.hanging.set)
    released.start()
    with ThreadPoolExecutor(60) as pool:
        hung = [pool.submit(httpx2.get, f"{house.address}/sso/{nordlys}/login", timeout=60) for _ in range(60)]
        time.sleep(0.5)
        began = time.monotonic()
        assert live.is_in()
        browser = house.browser()
        browser.sign_in("ola@fjordly.test")
        assert browser.is_in()
        assert time.monotonic() - began < 5
        house.provider.hanging.set()
        statuses = [each.result().status_code for each in hung]
    released.cancel()
    assert set(statuses) <= {303, 503}
    assert waiting.come_back(other, state, code).headers["location"] == "/"
