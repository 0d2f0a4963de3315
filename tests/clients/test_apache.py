"""mod_auth_openidc, which stands before applications that know nothing of signing in."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2

from tests.browser.installation import Installation
from tests.clients.apache import BACK_CHANNEL, BYE, CALLBACK, INFO, INSIDE, Site, apache
from tests.clients.conftest import run
from tests.clients.person import Person
from tests.clients.serving import HOST, free_port, until

_LOADS = 12
_TOKEN_LIVES = 300


@contextmanager
def protected(house: Installation, *, refresh_before: int = 0) -> Iterator[str]:
    """A site that is registered as an application, and asks for two factors."""
    port = free_port()
    at = f"http://{HOST}:{port}"
    agreed = (
        "--redirect-uri",
        f"{at}{CALLBACK}",
        "--logout-uri",
        f"{at}{BYE}",
        "--back-channel",
        f"{at}{BACK_CHANNEL}",
    )
    made = json.loads(run(house, "application", "add", f"Apache {port}", *agreed, "--json"))
    with apache(Site(port, house.address, made["client_id"], made["client_secret"], refresh_before)) as address:
        yield address


def is_inside(person: Person, address: str) -> bool:
    """Whether the page opens without anything being asked for."""
    return person.http.get(f"{address}{INSIDE}").status_code == 200


def test_somebody_signs_in_and_out_by_it(house: Installation, newcomer: Callable[[str], Person]) -> None:
    """It knows who it is and how they proved it; signing out there is signing out here."""
    person = newcomer("anne")
    person.enrol()
    person.forget()
    with protected(house) as address:
        page = person.go(f"{address}{INSIDE}")
        assert (page.status, page.text) == (200, f"<p>This is {INSIDE}</p>")
        assert person.asked_for[-2:] == ["password", "code"]
        told = json.loads(person.http.get(f"{address}{INFO}").text)
        assert told["userinfo"]["email"] == person.email
        assert told["id_token"]["acr"] == "urn:totrinn:acr:two-factor"
        assert person.is_in()
        gone = person.go(f"{address}{CALLBACK}?logout={address}{BYE}")
        assert (gone.path, gone.text) == (f"{BYE}/", f"<p>This is {BYE}</p>")
        assert not is_inside(person, address)
        assert not person.is_in()


def test_whoever_has_no_second_factor_stays_outside(house: Installation, newcomer: Callable[[str], Person]) -> None:
    """The module looks at what was proven, which the token tells."""
    person = newcomer("odd")
    with protected(house) as address:
        assert person.go(f"{address}{INSIDE}").status in (401, 403)
        assert person.asked_for == ["password"]


def test_a_page_with_many_parts_refreshes_its_tokens(house: Installation, kari: Person) -> None:
    """Many requests at once come with one refresh token; none is refused, and the next ones are not, either."""
    with protected(house, refresh_before=_TOKEN_LIVES - 1) as address:
        assert kari.go(f"{address}{INSIDE}").status == 200
        first = _access_token(kari, address)
        until(lambda: _access_token(kari, address) != first)
        with ThreadPoolExecutor(_LOADS) as pool:
            for _ in range(3):
                loads = [pool.submit(kari.http.get, f"{address}{INSIDE}?{number}") for number in range(_LOADS)]
                assert [load.result().status_code for load in loads] == [200] * _LOADS
        last = _access_token(kari, address)
        until(lambda: _access_token(kari, address) != last)


def test_it_is_told_that_a_session_has_ended(house: Installation, newcomer: Callable[[str], Person]) -> None:
    """Whoever signs out of Totrinn is signed out there, too, soon after."""
    person = newcomer("berit")
    person.enrol()
    with protected(house) as address:
        assert person.go(f"{address}{INSIDE}").status == 200
        assert is_inside(person, address)
        account = person.go(f"{house.address}/account")
        person.send(account, "/logout")
        assert not person.is_in()
        until(lambda: not is_inside(person, address))
        answer: httpx2.Response = person.http.get(f"{address}{INSIDE}")
        assert answer.headers["location"].startswith(f"{house.address}/oauth2/authorize?")


def _access_token(person: Person, address: str) -> str:
    """The token that the module holds after a page has been loaded."""
    assert is_inside(person, address)
    return str(json.loads(person.http.get(f"{address}{INFO}").text)["access_token"])
