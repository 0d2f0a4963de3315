"""Requests wait in their ids, on each kind of database: nothing of a stranger's stays, and each is answered once."""

import base64
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlencode

import pytest
from time_machine import Traveller

from tests.oauth2.application import Application, at_once, register, returned
from tests.oauth2.houses import house
from tests.oauth2.together import together
from tests.storage.held import counted
from tests.web.house import Answer, Browser, House, Resident, now
from totrinn.app.applications.waiting import LONGEST_ASKED, LONGEST_ID
from totrinn.bootstrap import Installation
from totrinn.crypto import KeyVault, write_new_key
from totrinn.serving.housekeeping import delete_expired
from totrinn.storage import Database

__all__ = ["house"]
pytestmark = pytest.mark.row("R86")
ANSWER = "/oauth2/answer?request="
MOST_HEADERS = 4096
"""What nginx takes of an answer where its settings say nothing else."""


@pytest.fixture
def kari(house: House, vendor: None) -> Resident:
    """Somebody with a password alone."""
    house.organisation("fjordly")
    return house.person("kari@fjordly.no", "fjordly")


@pytest.fixture
def application(house: House, vendor: None) -> Application:
    """A confidential one."""
    return register(house, signing="EdDSA")


@pytest.fixture
def public(house: House, vendor: None) -> Application:
    """One that can keep no secret, in whose name anybody can push."""
    return register(house, name="Mobil", authentication="none", signing="EdDSA")


def _database(house: House) -> Database:
    assert isinstance(house.services.store, Database)
    return house.services.store


def _waiting(house: House, application: Application, **changed: str) -> str:
    """The id of a request of somebody who is not signed in."""
    location = house.browser().get(application.link(**changed)).location
    assert location.startswith(ANSWER), location
    return location.removeprefix(ANSWER)


def _pushed(application: Application, **changed: str) -> str:
    answer = application.post("/oauth2/par", **application.request(**changed))
    assert answer.status_code == 201, answer.text
    uri: str = answer.json()["request_uri"]
    return f"/oauth2/authorize?{urlencode({'client_id': application.id, 'request_uri': uri})}"


def _is_lapsed(answer: Answer) -> bool:
    return (answer.status, answer.location) == (400, "")


def test_waiting_leaves_no_row(house: House, application: Application, public: Application) -> None:
    """However many a stranger sends, in whatever way, as long as nobody signs in."""
    before = counted(_database(house))
    browser = house.browser()
    for number in range(50):
        lead = browser.get(application.link(state=f"s{number}")).location
        assert browser.get(browser.get(lead).location).status == 200
        browser.get(_pushed(public, state=f"s{number}"))
        browser.get(application.link(prompt="none"))
    assert counted(_database(house)) == before


def test_nothing_of_an_id_can_be_altered(house: House, application: Application, kari: Resident) -> None:
    """Any sign changed, added or left out, or the same written in another way: there is no such request."""
    id_ = _waiting(house, application)
    browser = house.sign_in(kari)
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    altered = {f"{id_[:at]}{signs[signs.index(id_[at]) ^ 1]}{id_[at + 1 :]}" for at in range(0, len(id_), 7)}
    altered |= {f"{id_[:-1]}{sign}" for sign in signs if sign != id_[-1]}
    altered |= {f"{id_}{more}" for more in ("A", "AA", "=", "==", "%3D", "%0a", "%20", ".")}
    altered |= {id_[:-1], id_[1:], id_.swapcase(), id_.lower(), id_ * 2, f"{id_[:40]}\\{id_[40:]}"}
    for each in sorted(altered):
        assert _is_lapsed(browser.get(f"{ANSWER}{each}")), each
    assert "code" in returned(browser.get(f"{ANSWER}{id_}").location)


def test_an_id_is_worth_nothing_for_anything_else(
    house: House, application: Application, public: Application, kari: Resident, tmp_path: Path
) -> None:
    """One of another installation, one that was pushed, one that waits where a pushed one is due, a visit's cookie."""
    browser = house.sign_in(kari)
    id_ = _waiting(house, application)
    own = house.services.vault.enclosed(id_, "a request that waits, 1")
    assert own is not None
    other = KeyVault.create(tmp_path / "other")
    for forged in (
        other.enclose(own, "a request that waits, 1"),
        house.services.vault.enclose(own, "a request that was pushed, 1"),
        house.services.vault.enclose(own, "visit"),
        house.services.vault.sign(id_, "visit"),
        base64.urlsafe_b64encode(own).decode().rstrip("="),
        base64.urlsafe_b64encode(house.services.vault.seal(own, "a request that waits, 1")).decode().rstrip("="),
        _pushed(public).rpartition("%3A")[2],
    ):
        assert _is_lapsed(browser.get(f"{ANSWER}{forged}")), forged
    uri = f"urn:ietf:params:oauth:request_uri:{id_}"
    as_pushed = f"/oauth2/authorize?{urlencode({'client_id': application.id, 'request_uri': uri})}"
    assert _is_lapsed(browser.get(as_pushed))


def test_a_request_is_answered_once_in_whatever_browser(house: House, application: Application, kari: Resident) -> None:
    """The second time it has lapsed: in the same window, in another browser, and after signing in anew."""
    where = f"{ANSWER}{_waiting(house, application)}"
    first, second = house.sign_in(kari), house.sign_in(kari)
    assert "code" in returned(first.get(where).location)
    for browser in (first, second, house.sign_in(kari)):
        assert _is_lapsed(browser.get(where))
    # Whoever is not signed in is asked to, and is not told for which application: there is no request any more.
    stranger = house.browser()
    assert "Timeføring" not in stranger.get(stranger.get(where).location).words


@pytest.mark.parametrize("way", ["waiting", "pushed", "pushed and waiting"])
def test_of_all_who_bring_the_same_id_at_once_one_gets_a_code(
    house: House, application: Application, public: Application, kari: Resident, way: str
) -> None:
    """Eight windows of several people's browsers, served by several workers, in the same moment."""
    for _ in range(3):
        asking = application if way == "waiting" else public
        where = _pushed(public) if way == "pushed" else f"{ANSWER}{_waiting(house, application)}"
        if way == "pushed and waiting":
            where = house.browser().get(_pushed(public)).location
        browsers = []
        for copy in at_once(asking, 8):
            browser = Browser(copy.house.application)
            signed_in = house.sign_in(kari)
            browser.client.cookies = signed_in.client.cookies
            browsers.append(browser)
        answers = together([partial(browser.get, where) for browser in browsers])
        codes = [returned(answer.location)["code"] for answer in answers if answer.location]
        assert len(codes) == 1, [answer.status for answer in answers]
        assert all(_is_lapsed(answer) for answer in answers if not answer.location)


def test_what_a_public_application_has_pushed_is_answered_once(
    house: House, public: Application, kari: Resident
) -> None:
    """It may be opened again until then, as a page that is loaded anew; by no other application, and for 90 seconds."""
    link = _pushed(public)
    other = register(house, name="Annen", authentication="none")
    browser = house.browser()
    assert _is_lapsed(browser.get(link.replace(public.id, other.id)))
    waiting = [browser.get(link).location for _ in range(3)]
    assert len(set(waiting)) == 3
    signed_in = house.sign_in(kari)
    back = returned(signed_in.get(waiting[1]).location)
    assert public.exchange(back["code"]).status_code == 200
    for where in (*waiting, link):
        assert _is_lapsed(signed_in.get(where))
    assert _is_lapsed(browser.get(link))


def test_times_hold_whatever_becomes_of_the_clock(
    house: House, application: Application, public: Application, kari: Resident, clock: Traveller
) -> None:
    """Ten minutes, of what was pushed 90 seconds; nothing is believed that was made in the future."""
    where, link = f"{ANSWER}{_waiting(house, application)}", _pushed(public)
    clock.shift(timedelta(minutes=-3))
    early = house.sign_in(kari)
    assert _is_lapsed(early.get(where))
    assert _is_lapsed(early.get(link))
    clock.shift(timedelta(minutes=5))
    assert _is_lapsed(house.sign_in(kari).get(link))
    clock.shift(timedelta(minutes=7, seconds=50))
    browser = house.sign_in(kari)
    assert "code" in returned(browser.get(where).location)
    late = f"{ANSWER}{_waiting(house, application)}"
    clock.shift(timedelta(minutes=10))
    assert _is_lapsed(browser.get(late))
    # Set back into the time when it was good, after it was answered, and after what is over has been deleted.
    delete_expired(cast("Installation", SimpleNamespace(database=house.services.store)), now())
    clock.shift(timedelta(minutes=-12))
    assert _is_lapsed(house.sign_in(kari).get(where))


def test_a_request_outlives_a_rotation_and_not_its_key(
    house: House, application: Application, kari: Resident, tmp_path: Path
) -> None:
    """What waits under the last key is answered under the next; without its key it has lapsed, and nothing breaks."""
    vault = house.services.vault
    assert isinstance(vault, KeyVault)
    answered, orphaned = (f"{ANSWER}{_waiting(house, application)}" for _ in range(2))
    browser = house.sign_in(kari)
    key = write_new_key(tmp_path / "keys")
    assert vault.use(key.id)
    assert "code" in returned(browser.get(answered).location)
    assert _is_lapsed(browser.get(answered))
    assert "code" in returned(browser.get(f"{ANSWER}{_waiting(house, application)}").location)
    without = replace(house.services, vault=KeyVault((key,)))
    assert without.vault.enclosed(orphaned.removeprefix(ANSWER), "a request that waits, 1") is None


def test_an_application_that_was_switched_off_meanwhile_is_not_answered(
    house: House, application: Application, public: Application, kari: Resident
) -> None:
    """Nor one that is gone; the sign-in page does not name it either."""
    ids = [_waiting(house, application), _waiting(house, public)]
    link = _pushed(public)
    with house.services.store.writing() as unit:
        unit.applications.set_enabled(application.id, is_enabled=False)
        assert unit.applications.remove(public.id)
    browser = house.sign_in(kari)
    for where in (*(f"{ANSWER}{id_}" for id_ in ids), link):
        assert _is_lapsed(browser.get(where)), where


@pytest.mark.parametrize("by", ["a stranger", "whoever is signed in", "a public application that pushes"])
def test_what_is_too_long_is_refused_alike_whoever_asks(
    house: House, application: Application, public: Application, kari: Resident, by: str
) -> None:
    """So that whoever connects an application sees it at once, and not only those who are signed out."""
    for changed in ({"state": "s" * 1700}, {"nonce": "n" * 1000, "state": "\u20ac" * 300}):
        if by == "a public application that pushes":
            answer = public.post("/oauth2/par", **public.request(**changed))
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
            continue
        browser = house.browser() if by == "a stranger" else house.sign_in(kari)
        back = returned(browser.get(application.link(**changed)).location)
        assert back["error"] == "invalid_request"
        assert back["error_description"].startswith(f"the request is longer than {LONGEST_ASKED} bytes")


def test_the_longest_request_fits_wherever_it_goes(house: House, application: Application, kari: Resident) -> None:
    """Through every answer that leads on, with all that stands in it beside the address, and back again."""
    low, high = 1000, 2048
    while high - low > 1:
        state = "s" * ((low + high) // 2)
        is_refused = "error" in house.browser().get(application.link(state=state)).location
        low, high = (low, len(state)) if is_refused else (len(state), high)
    assert low > 1450
    state = "s" * low
    browser = house.browser()
    waiting = browser.get(application.link(state=state))
    to_login = browser.get(waiting.location)
    assert LONGEST_ID - 100 < len(waiting.location) - len(ANSWER) <= LONGEST_ID
    page = browser.get(to_login.location)
    assert "Timeføring" in page.words
    next_ = page.hidden("next")
    assert next_ == waiting.location
    landed = browser.post("/login", email=kari.email, password="en ganske lang setning", next=next_)
    back = browser.get(waiting.location)
    for answer in (waiting, to_login, landed, back):
        assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < MOST_HEADERS - 500
    assert returned(back.location)["state"] == state


def test_what_a_confidential_application_pushes_may_be_longer(house: House, kari: Resident) -> None:
    """It has proven itself: the request stands in a row while it waits, and is answered once."""
    application = register(house)
    long = {"state": "s" * 2048, "nonce": "n" * 1024}
    where = house.browser().get(_pushed(application, **long)).location
    assert len(where) < 100
    browser = house.sign_in(kari)
    back = returned(browser.get(where).location)
    assert back["state"] == long["state"]
    claims = application.claims(application.exchange(back["code"]).json()["id_token"])
    assert claims["nonce"] == long["nonce"]
    assert _is_lapsed(browser.get(where))
