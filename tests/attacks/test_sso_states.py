"""A sign-in at a provider leaves no row, and its state is still good for one browser, one connection and once."""

import string
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import Browser, House, at_once
from tests.storage.held import counted
from totrinn.app.identity_providers import SamlSettings
from totrinn.app.sso_states import read_begun
from totrinn.crypto import KeyVault, write_new_key

ASE = "ase@nordlys.test"
SAML = SamlSettings("https://idp.example/saml", "https://idp.example/sso", ("MIIB",))
SIGNS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
LONGEST_RELAY_STATE = 80
pytestmark = pytest.mark.row("R83")


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation that requires two-factor, and its connection."""
    house.organisation("nordlys", required=True)
    return house.connection("nordlys", "nordlys.test")


def test_setting_out_leaves_no_row(house: House, nordlys: str) -> None:
    """However often, wherever to; nor does an answer that is none."""
    before = counted(house.database)
    for number in range(30):
        browser = house.browser()
        state = browser.set_out(nordlys, next=f"/account?{number}")
        assert len(state) <= LONGEST_RELAY_STATE
        assert browser.get(f"/sso/{nordlys}/callback?state=x{state}&code=x").status_code == 400
    assert counted(house.database) == before


def test_no_state_can_be_altered(house: House, nordlys: str) -> None:
    """Any sign changed, added or left out, or the same written in another way, and it is none of ours."""
    browser = house.browser()
    state = browser.set_out(nordlys)
    altered = {f"{state[:at]}{SIGNS[SIGNS.index(state[at]) ^ 1]}{state[at + 1 :]}" for at in range(len(state))}
    altered |= {f"{state[:-1]}{sign}" for sign in SIGNS if sign != state[-1]}
    altered |= {state[:-1], f"{state}A", f"{state}=", f"{state}==", f" {state}", state.swapcase(), state * 2, "\u00e6"}
    assert not [each for each in altered if read_begun(house.services, nordlys, each) is not None]
    for each in sorted(altered)[:10]:
        assert browser.come_back(nordlys, each, house.vouched("ase", ASE)).status_code == 400
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/"


def test_a_state_of_another_installation_is_worth_nothing(house: House, nordlys: str, tmp_path: Path) -> None:
    """Though it names the same connection."""
    browser = house.browser()
    state = browser.set_out(nordlys)
    other = replace(house.services, vault=KeyVault.create(tmp_path / "other"))
    assert read_begun(other, nordlys, state) is None
    assert read_begun(house.services, nordlys, state) is not None


def test_what_is_under_way_outlives_a_rotation(house: House, nordlys: str, tmp_path: Path) -> None:
    """Whoever is at the provider while the keys are renewed comes in."""
    browser = house.browser()
    state = browser.set_out(nordlys)
    vault = house.services.vault
    assert isinstance(vault, KeyVault)
    assert vault.use(write_new_key(tmp_path / "keys").id)
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/"


def test_a_state_counts_once_whatever_the_provider_says(house: House, nordlys: str) -> None:
    """Another good answer to the same question opens nothing, also after a clock was set back."""
    browser = house.browser()
    state = browser.set_out(nordlys)
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/"
    browser.submit("/", "/logout")
    browser.set_out(nordlys)
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).status_code == 400
    assert not browser.is_in()


def test_of_eight_answers_to_one_question_one_signs_in(house: House, nordlys: str) -> None:
    """At the same moment, each with a token of its own."""
    for _ in range(3):
        browser = house.browser()
        state = browser.set_out(nordlys)
        cookies = dict(browser.http.cookies)
        codes = [house.vouched("ase", ASE) for _ in range(8)]

        def come_back(code: str, state: str = state, cookies: dict[str, str] = cookies) -> httpx2.Response:
            address = f"{house.address}/sso/{nordlys}/callback"
            return httpx2.get(address, params={"state": state, "code": code}, cookies=cookies, timeout=60)

        answers = at_once([lambda code=code: come_back(code) for code in codes])  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [303, *[400] * 7]


def test_a_clock_that_was_set_brings_no_state_back(house: House, nordlys: str, clock: Clock) -> None:
    """It holds for ten minutes, and not by a clock on which it lies in the future."""
    for minutes, status in ((9, 303), (10, 400), (-3, 400)):
        browser = house.browser()
        state = browser.set_out(nordlys)
        clock.pass_by(minutes=minutes)
        assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).status_code == status, minutes


def test_each_window_goes_on_where_it_wanted_to_go(house: House, nordlys: str) -> None:
    """Several set out from one browser, and come back in another order."""
    browser = house.browser()
    wanted = ["/account", "/members?page=2&q=%C3%A6,;%25", "/oauth2/answer?request=abc"]
    states = [browser.set_out(nordlys, next=target) for target in wanted]
    for target, state in reversed(list(zip(wanted, states, strict=True))):
        back = browser.come_back(nordlys, state, house.vouched("ase", ASE))
        assert back.headers["location"].replace("/oauth2/continue", "/oauth2/answer") == target
    assert not _kept(browser)


def _kept(browser: Browser) -> dict[str, str]:
    return {name: value for name, value in browser.http.cookies.items() if name.startswith("totrinn-next-")}


def test_many_windows_do_not_outgrow_what_is_sent_with_a_request(house: House, nordlys: str) -> None:
    """The oldest ways are forgotten first; whoever comes back to one of these is let in all the same."""
    browser = house.browser()
    target = f"/oauth2/answer?request={'r' * 2600}"
    states = [browser.set_out(nordlys, next=target) for _ in range(4)]
    kept = _kept(browser)
    assert sum(len(name) + len(value) for name, value in kept.items()) <= 4000
    assert len(kept) == 1
    last = browser.come_back(nordlys, states[-1], house.vouched("ase", ASE))
    assert last.headers["location"] == target.replace("answer", "continue")
    again = house.browser()
    states = [again.set_out(nordlys, next=target) for _ in range(2)]
    first = again.come_back(nordlys, states[0], house.vouched("ase", ASE))
    assert first.headers["location"] == "/"
    assert again.is_in()


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "kept",
    ["//evil.test", "https://evil.test", "/%5Cevil.test", "/%2Fevil.test", "/%0d%0aX:1", "%%%", "", "%C3%A6", "/login"],
)
def test_a_forged_way_leads_nowhere_else(house: House, nordlys: str, kept: str) -> None:
    """Whatever stands in the browser's cookie, only a page of ours is gone on to."""
    browser = house.browser()
    state = browser.set_out(nordlys, next="/account")
    (name,) = _kept(browser)
    browser.http.cookies.delete(name)
    browser.http.cookies.set(name, f"0000000000.{kept}")
    back = browser.come_back(nordlys, state, house.vouched("ase", ASE))
    assert back.headers["location"] == "/"


@pytest.mark.row("R80")
def test_a_posted_answer_that_is_right_is_kept_once(house: House) -> None:
    """However often it is posted before and after the browser has fetched it; and nothing else is kept."""
    house.organisation("nordlys", required=True)
    connection = house.connection("nordlys", "nordlys.test", settings=SAML)
    browser = house.browser()
    state, answer = browser.set_out(connection), house.vouched("ase", ASE)

    def post(relay_state: str) -> int:
        sent = {"SAMLResponse": answer, "RelayState": relay_state}
        return httpx2.post(f"{house.address}/sso/{connection}/acs", data=sent).status_code

    before = counted(house.database)
    assert [post(state), post(state), post(f"{state}A"), post(state[:-1])] == [303, 400, 400, 400]
    assert counted(house.database)["sso_attempt"] == before["sso_attempt"] + 1
    assert browser.get(f"/sso/{connection}/answer?state={state}").headers["location"] == "/"
    assert post(state) == 400
    assert counted(house.database)["sso_attempt"] == 0


@pytest.mark.row("R81")
def test_an_answer_that_nobody_asked_for_is_kept_three_times_at_the_most(house: House) -> None:
    """Its page may be loaded anew; whoever has one does not fill the table with copies of it."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", settings=replace(SAML, allows_idp_initiated=True))
    sent: dict[str, Any] = {"SAMLResponse": house.vouched("ase", ASE), "RelayState": ""}
    posted = [httpx2.post(f"{house.address}/sso/{connection}/acs", data=sent) for _ in range(6)]
    assert [answer.status_code for answer in posted] == [303, 303, 303, 400, 400, 400]
    assert parse_qs(urlsplit(posted[0].headers["location"]).query)["state"]
    assert counted(house.database)["sso_attempt"] == 3
