"""Whatever breaks, wherever: nobody is let in, no factor is lost, and what is not in the log has not happened."""

import sqlite3
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import PASSWORD, Browser, House
from totrinn.core.events import Event, Kind
from totrinn.core.roles import Role
from totrinn.storage.log import SqlLog

OLA = "ola@fjordly.test"
KARI = "kari@fjordly.test"
BREAKS = (
    "totrinn.storage.log.SqlLog.write",
    "totrinn.storage.sessions.SqlSessions.add",
    "totrinn.storage.signins.SqlSignins.find",
    "totrinn.storage.signins.SqlSignins.take",
    "totrinn.storage.throttles.SqlThrottles.lock",
    "totrinn.storage.throttles.SqlThrottles.clear",
    "totrinn.storage.factors.SqlFactors.of_person",
    "totrinn.storage.factors.SqlFactors.take_step",
    "totrinn.storage.people.SqlPeople.standing",
    "totrinn.storage.throttles.SqlDevices.remember",
    "totrinn.crypto.KeyVault.open",
    "totrinn.core.totp.check",
    "totrinn.app.landing.decide",
    "totrinn.app.landing.advance",
    "totrinn.app.signing_in.load_open",
)


def _fails(*_: Any, **__: Any) -> Any:
    raise RuntimeError("broken on purpose")


def _factors(house: House, email: str) -> int:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
        assert person is not None
        return len(unit.factors.of_person(person.id))


def _sessions(house: House, email: str) -> int:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
        assert person is not None
        return len(unit.sessions.of_person(person.id))


@pytest.mark.row("R94")
def test_a_fault_at_any_step_of_verifying_admits_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each part broken in turn, neither password nor the right code lets in; afterwards the factor is there."""
    house.organisation("fjordly")
    house.enrolled(OLA, "fjordly").submit("/", "/logout")
    assert _sessions(house, OLA) == 0
    for broken in BREAKS:
        browser = house.browser()
        browser.sign_in(OLA)
        page = browser.get("/login/two-factor")
        with monkeypatch.context() as patch:
            patch.setattr(broken, _fails)
            code = house.apps[OLA].now()
            answers = [browser.send(page, "/login/two-factor", code=code), _sign_in(house)]
        assert any(answer.status_code == 500 for answer in answers), broken
        for answer in answers:
            assert "on purpose" not in answer.text
            assert not any(cookie.startswith("totrinn=") for cookie in answer.headers.get_list("set-cookie")), broken
        assert _sessions(house, OLA) == 0, broken
        assert _factors(house, OLA) == 1, broken


def _sign_in(house: House) -> httpx2.Response:
    browser = house.browser()
    page = browser.get("/login")
    return browser.send(page, "/login", email=OLA, password=PASSWORD)


@pytest.mark.row("R94")
@pytest.mark.row("R93")
def test_a_fault_at_enrolment_enrols_and_admits_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks while the first code is confirmed: no factor, no session; and the same code works afterwards."""
    house.organisation("fjordly", required=True)
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    app = browser.begin_enrolment()
    page = browser.get("/login/enrol")
    for broken in (
        *BREAKS[:2],
        "totrinn.storage.factors.SqlFactors.add",
        "totrinn.storage.factors.SqlFactors.replace_recovery_codes",
        "totrinn.storage.people.SqlPeople.clear_must_enrol",
        "totrinn.storage.outbox.SqlOutbox.put",
        "totrinn.storage.signins.SqlSignins.take",
        "totrinn.crypto.KeyVault.digest",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(broken, _fails)
            assert browser.send(page, "/login/enrol/confirm", code=app.now()).status_code == 500, broken
        assert _factors(house, OLA) == 0, broken
        assert _sessions(house, OLA) == 0, broken
    assert browser.send(page, "/login/enrol/confirm", code=app.now()).status_code == 200
    assert browser.is_in()


def _refusing(kind: Kind) -> Callable[[SqlLog, Event], None]:
    """A log that cannot write events of this kind."""
    real = SqlLog.write

    def write(self: SqlLog, event: Event) -> None:
        if event.kind is kind:
            raise RuntimeError("the log is full")
        real(self, event)

    return write


@pytest.mark.row("R93")
def test_what_cannot_be_logged_does_not_happen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requirement, role, removal, reset, password, factor, settings: without their line in the log nothing changes."""
    house.organisation("fjordly")
    kari = house.browser()
    member = house.enrolled(OLA, "fjordly")
    house.require("fjordly", on=False)
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    kari.sign_in(KARI)
    with house.database.reading() as unit:
        found = unit.people.find_by_email(OLA)
    assert found is not None
    page = f"/members/{found.id}"
    basic = {"name": "Nytt navn", "language": "nb", "time_zone": "Europe/Oslo"}
    window = kari.submit("/settings/basic", **{**basic, "name": "Fjordly"}, require_two_factor="on")
    acts: list[tuple[Kind, Callable[[], httpx2.Response]]] = [
        (Kind.REQUIREMENT_ON, lambda: kari.send(window, "/settings/basic/confirm")),
        (Kind.ROLE_CHANGED, lambda: kari.submit(page, f"{page}/role", role="administrator")),
        (Kind.FACTOR_RESET, lambda: kari.submit(page, f"{page}/reset", why="lost")),
        (Kind.MEMBER_REMOVED, lambda: kari.submit(page, f"{page}/remove")),
        (Kind.SETTINGS_CHANGED, lambda: kari.submit("/settings/basic", **basic)),
        (Kind.RECOVERY_CODES_RENEWED, lambda: member.submit("/account/recovery-codes")),
        (Kind.MEMBER_LEFT, lambda: member.submit("/account", "/account/memberships/fjordly/leave")),
        (Kind.SESSIONS_ENDED, lambda: member.submit("/account", "/account/sessions/end-others")),
    ]
    before = _state(house, found.id)
    for kind, act in acts:
        with monkeypatch.context() as patch:
            patch.setattr(SqlLog, "write", _refusing(kind))
            assert act().status_code == 500, kind
        assert _state(house, found.id) == before, kind
    assert member.is_in()
    assert kari.send(window, "/settings/basic/confirm").status_code == 303


def _state(house: House, person_id: str) -> tuple[object, ...]:
    """Everything that the acts would change."""
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        member = unit.members.find(organisation.id, person_id)
        person = unit.people.find(person_id)
        assert member is not None
        return (
            organisation.name,
            organisation.policy,
            member.role,
            person,
            unit.factors.of_person(person_id),
            unit.factors.recovery_codes_left(person_id),
            len(unit.sessions.of_person(person_id)),
        )


@pytest.mark.row("R94")
def test_a_locked_database_admits_nobody_and_loses_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing can be written sign-in says so (503), without a cookie; a live session goes on afterwards."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    inside, outside = house.browser(), Browser(house)
    house.browsers.append(outside)
    inside.sign_in(OLA)
    page = outside.get("/login")

    def locked(*_: Any) -> None:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr("totrinn.storage.log.SqlLog.write", locked)
        answer = outside.send(page, "/login", email=OLA, password=PASSWORD)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert "set-cookie" not in answer.headers
        assert "locked" not in answer.text
    assert not outside.is_in()
    assert inside.is_in()


@pytest.mark.row("R94")
@pytest.mark.row("R56")
def test_a_live_session_is_read_while_nothing_can_be_written(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It idles on meanwhile: an hour after it was last seen, by what could be written, it is over all the same."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("totrinn.storage.sessions.SqlSessions.seen", full)
        clock.pass_by(minutes=40)
        assert browser.is_in()
        clock.pass_by(minutes=21)
        assert not browser.is_in()
