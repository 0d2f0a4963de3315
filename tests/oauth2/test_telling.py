"""Applications are told when a session has ended, whatever ended it; once, and again until they have heard."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from tests.oauth2.application import Application, register
from tests.web.house import BASE_URL, Browser, House, Resident, now
from tests.web.requiring import CONFIRM, confirmation, turned_on
from totrinn.app.applications import registering
from totrinn.app.applications.telling import LOGOUT_EVENT, due, sweep, tell
from totrinn.app.landing import Visitor
from totrinn.core.events import Source
from totrinn.core.roles import Role

BACK_CHANNEL = "https://app.example.no/logout"


@pytest.fixture
def told(house: House, application: Application) -> Application:
    """An application that is told."""
    house.organisation("fjordly")
    return register(house, name="Fortalt", back_channel=BACK_CHANNEL)


@pytest.fixture
def kari(house: House, told: Application) -> Resident:
    """A member."""
    return house.person("kari@fjordly.no", "fjordly")


class Heard:
    """What the application hears, while it listens."""

    def __init__(self, house: House, *, listens: bool = True) -> None:
        self.house, self.listens = house, listens
        self.tokens: list[str] = []
        self.attempts = 0

    def hear(self) -> int:
        """Lets the tellers work: judges what is due, and tells what there is; how many were told."""
        while sweep(self.house.services, now()):
            pass
        _, applications = due(self.house.services, now())
        services = self.house.services
        return sum(tell(services, now, *each, issuer=BASE_URL, deliver=self._deliver) for each in applications)

    def _deliver(self, address: str, token: str) -> bool:
        self.attempts += 1
        assert address == BACK_CHANNEL
        if self.listens:
            self.tokens.append(token)
        return self.listens


@pytest.mark.row("R87")
def test_the_logout_token_is_what_it_must_be(house: House, told: Application, kari: Resident) -> None:
    """Signed, of its own type, with the event, the session and the person, and without a nonce; and sent once."""
    browser = house.sign_in(kari)
    claims = told.claims(told.tokens(browser)["id_token"])
    heard = Heard(house)
    assert heard.hear() == 0
    browser.post("/logout")
    assert (heard.hear(), heard.hear()) == (1, 0)
    token = told.claims(heard.tokens[0])
    assert {name: token[name] for name in ("iss", "aud", "sub", "sid")} == {
        name: claims[name] for name in ("iss", "aud", "sub", "sid")
    }
    assert token["events"] == {LOGOUT_EVENT: {}}
    assert token["exp"] - token["iat"] == 120
    assert "nonce" not in token
    assert token["jti"]
    header = told.house.services.openid
    assert header.claims_of_ours(heard.tokens[0], [_public(house)]) == token


def _public(house: House) -> str:
    with house.services.store.reading() as unit:
        return next(key.public for key in unit.signing_keys.all() if '"RS256"' in key.public)


Ending = Callable[[House, Browser, Resident], object]


def _reset(house: House, browser: Browser, kari: Resident) -> None:
    with house.services.store.writing() as unit:
        unit.sessions.end_of_person(kari.id)


def _change_role(house: House, browser: Browser, kari: Resident) -> None:
    governor = house.person("gro@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    page = house.sign_in(governor)
    page.get(f"/members/{kari.id}")
    assert page.post(f"/members/{kari.id}/role", role="administrator").status == 303


def _remove(house: House, browser: Browser, kari: Resident) -> None:
    governor = house.person("gro@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    page = house.sign_in(governor)
    page.get(f"/members/{kari.id}")
    assert page.post(f"/members/{kari.id}/remove").status == 303


def _require(house: House, browser: Browser, kari: Resident) -> None:
    governor = house.person("gro@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    page = house.sign_in(governor)
    assert page.post(CONFIRM, confirmation=confirmation(page)).status == 303


def _lose_admission(house: House, browser: Browser, kari: Resident) -> None:
    turned_on(house)
    assert browser.get("/").location == "/login/enrol"


def _switch_off(house: House, browser: Browser, kari: Resident) -> None:
    registrar = registering.Registrar(Visitor(now(), "", ""), Source("operator:test"))
    with house.services.store.reading() as unit:
        fortalt = next(each for each in unit.applications.all() if each.name == "Fortalt")
    registering.switch(house.services, registrar, fortalt.id, is_enabled=False)


ENDINGS: dict[str, Ending] = {
    "signing out": lambda house, browser, kari: browser.post("/logout"),
    "ended by an administrator": _reset,
    "a role changed": _change_role,
    "a member removed": _remove,
    "the requirement turned on": _require,
    "admission lost": _lose_admission,
    "the application switched off": _switch_off,
}


@pytest.mark.row("R41")
@pytest.mark.row("R87")
@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_ends_it_the_application_hears_of_it(
    house: House, told: Application, kari: Resident, name: str
) -> None:
    """Within the next look of a teller; and the tokens are worth nothing any more."""
    browser = house.sign_in(kari)
    given = told.tokens(browser)
    heard = Heard(house)
    assert heard.hear() == 0
    ENDINGS[name](house, browser, kari)
    assert heard.hear() == 1
    assert told.claims(heard.tokens[0])["sid"] == told.claims(given["id_token"])["sid"]
    assert told.userinfo(given["access_token"]).status_code == 401


@pytest.mark.row("R41")
def test_where_all_are_judged_nobody_is_disturbed_who_is_admitted(
    house: House, told: Application, kari: Resident
) -> None:
    """A second factor is enough: the grant goes on, and so does the session of whoever is not admitted, to its step."""
    strong = house.sign_in(house.person("siri@fjordly.no", "fjordly", factor=True))
    weak = house.sign_in(kari)
    given, lost = told.tokens(strong), told.tokens(weak)
    _require(house, weak, kari)
    heard = Heard(house)
    assert heard.hear() == 1
    assert told.refresh(given["refresh_token"]).status_code == 200
    assert told.refresh(lost["refresh_token"]).json()["error"] == "invalid_grant"
    assert weak.get("/").location == "/login/enrol"


def test_a_requirement_of_a_later_date_bites_then(
    house: House, told: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """The organisation is judged when the date has come, and not before."""
    given = told.tokens(house.sign_in(kari))
    from_ = now() + timedelta(minutes=30)
    turned_on(house, from_=from_)
    with house.services.store.writing() as unit:
        unit.sweeps.add(house.stored("fjordly").id, from_)
    heard = Heard(house)
    assert heard.hear() == 0
    assert told.userinfo(given["access_token"]).status_code == 200
    clock.shift(timedelta(minutes=31))
    assert heard.hear() == 1


def test_what_is_not_heard_is_said_again_for_a_day(
    house: House, told: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """With growing pauses; then it is given up, and the log tells."""
    browser = house.sign_in(kari)
    told.tokens(browser)
    browser.post("/logout")
    heard = Heard(house, listens=False)
    pauses = []
    while "session:application:not_told" not in house.kinds("fjordly"):
        before = heard.attempts
        assert heard.hear() == 0
        pauses.append(heard.attempts - before)
        clock.shift(timedelta(minutes=10))
        assert len(pauses) < 6 * 26
    assert pauses[:2] == [1, 1]
    assert 24 <= sum(pauses) <= 32
    assert len(pauses) >= 6 * 24
    heard.listens = True
    clock.shift(timedelta(hours=2))
    assert heard.hear() == 0


def test_one_that_does_not_listen_is_asked_once_a_round(house: House, told: Application, kari: Resident) -> None:
    """However many of its sessions have ended: the others wait as long."""
    for _ in range(3):
        browser = house.sign_in(kari)
        told.tokens(browser)
        browser.post("/logout")
    heard = Heard(house, listens=False)
    assert (heard.hear(), heard.attempts) == (0, 1)
    assert (heard.hear(), heard.attempts) == (0, 1)


def test_each_token_is_fresh_when_it_is_sent(
    house: House, told: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """An application that takes its time over each gets none that has grown old meanwhile."""
    for _ in range(4):
        browser = house.sign_in(kari)
        told.tokens(browser)
        browser.post("/logout")
    left = []

    def deliver(_: str, token: str) -> bool:
        left.append(told.claims(token)["exp"] - now().timestamp())
        clock.shift(timedelta(seconds=15))
        return True

    ((application_id, channel),) = due(house.services, now())[1]
    assert tell(house.services, now, application_id, channel, issuer=BASE_URL, deliver=deliver) == 4
    assert [round(each / 10) for each in left] == [12] * 4


def test_a_session_is_told_of_once_however_often_it_was_used(house: House, told: Application, kari: Resident) -> None:
    """Every sign-in of the same session to the same application has the same `sid`."""
    browser = house.sign_in(kari)
    first, second = (told.claims(told.tokens(browser)["id_token"]) for _ in range(2))
    assert first["sid"] == second["sid"]
    assert house.kinds("fjordly").count("session:application:entered") == 1
    browser.post("/logout")
    assert Heard(house).hear() == 1
    with house.services.store.reading() as unit:
        assert unit.grants.find(first["sid"]) is None


def test_one_without_an_address_is_not_told(
    house: House, application: Application, told: Application, kari: Resident
) -> None:
    """Nothing is due."""
    browser = house.sign_in(kari)
    application.tokens(browser)
    browser.post("/logout")
    assert due(house.services, now()) == (False, ())
