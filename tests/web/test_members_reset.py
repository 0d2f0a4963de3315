"""Resetting a member's lost factor: who may, of whom, and what it leaves behind."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


@pytest.fixture
def ola(house: House, kari: Resident) -> Resident:
    """A user with an authenticator."""
    return house.person("ola@fjordly.no", "fjordly", name="Ola Nordmann", factor=True)


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """The global administrator's, with the list open."""
    browser = house.sign_in(kari)
    browser.get("/members")
    return browser


def open_member(browser: Browser, resident: Resident) -> str:
    """The member's page, for its forms; its address."""
    path = f"/members/{resident.id}"
    assert browser.get(path).status == 200
    return path


@pytest.mark.row("R33", "R34", "R92")
def test_a_reset_ends_all_that_the_factor_proved(house: House, browser: Browser, ola: Resident) -> None:
    """The factor and all sessions are gone, the reason stands in the log, and they must enrol anew, required or not."""
    his = house.sign_in(ola)
    path = open_member(browser, ola)
    answer = browser.post(f"{path}/reset", why="  Mistet telefonen\tpå reise ")
    assert (answer.status, answer.location) == (303, f"{path}?said=reset")
    assert his.get("/").location.startswith("/login")
    event = house.events("fjordly")[0]
    assert (event.kind, event.detail["why"]) == ("person:factor:reset", "Mistet telefonen på reise")
    assert "Must set up anew" in browser.get(answer.location).words
    again = house.sign_in(ola)
    assert again.cookie() is None
    assert again.get("/login/enrol").status == 200
    assert again.get("/").location == "/login/enrol"


@pytest.mark.row("R34")
@pytest.mark.parametrize(
    ("why", "said"),
    [(None, "Say why"), ("", "Say why"), (" \n ", "Say why"), ("x" * 301, "too long"), ("x" * 50_000, "too long")],
)
def test_a_reset_needs_a_reason(house: House, browser: Browser, ola: Resident, why: str | None, said: str) -> None:
    """Without one, or with a novel, nothing is reset."""
    path = open_member(browser, ola)
    answer = browser.post(f"{path}/reset", why=why)
    assert answer.status == 422
    assert said in answer.words
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.state == "has"


@pytest.mark.row("R34", "R46")
def test_who_is_a_member_elsewhere_is_not_reset_here(house: House, browser: Browser, ola: Resident) -> None:
    """The factor belongs to the person: the page says recovery code or vendor, and a form changes nothing."""
    house.organisation("nordly")
    house.join(ola, "nordly")
    path = open_member(browser, ola)
    assert "also a member of other organisations, so you cannot reset" in browser.last.words
    answer = browser.post(f"{path}/reset", why="because")
    assert answer.status == 409
    assert "recovery code" in answer.words
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.state == "has"


@pytest.mark.row("R34")
def test_an_invitation_elsewhere_does_not_hinder_a_reset(house: House, browser: Browser, ola: Resident) -> None:
    """Otherwise any organisation could keep another one's members from being helped."""
    house.organisation("nordly")
    house.join(ola, "nordly", accepted=False)
    path = open_member(browser, ola)
    assert browser.post(f"{path}/reset", why="because").status == 303


@pytest.mark.row("R34", "R46")
def test_whoever_has_only_invited_the_person_learns_nothing_of_a_reset(
    house: House, browser: Browser, ola: Resident
) -> None:
    """The reason stands in the log of the organisation that they are a member of, and in no other."""
    house.organisation("nordly")
    house.join(ola, "nordly", accepted=False)
    path = open_member(browser, ola)
    browser.post(f"{path}/reset", why="because")
    assert "person:factor:reset" in house.kinds("fjordly")
    assert "person:factor:reset" not in house.kinds("nordly")


@pytest.mark.row("R34", "R46")
def test_who_is_only_invited_is_not_reset(house: House, browser: Browser) -> None:
    """An invitation gives no power over a person's factor, not even when they belong nowhere else."""
    siri = house.person("siri@nordly.no", factor=True)
    house.join(siri, "fjordly", accepted=False)
    path = open_member(browser, siri)
    assert browser.post(f"{path}/reset", why="because").status == 409
    with house.services.store.reading() as unit:
        assert unit.factors.of_person(siri.id)


@pytest.mark.row("R34")
def test_nobody_resets_themselves(house: House, browser: Browser, kari: Resident) -> None:
    """One's own factor is replaced with a code, in one's own account."""
    path = open_member(browser, kari)
    assert "You cannot reset your own second factor here" in browser.last.words
    assert browser.post(f"{path}/reset", why="because").status == 409
    with house.services.store.reading() as unit:
        assert unit.factors.of_person(kari.id)


def test_where_there_is_nothing_to_reset_nothing_is_offered(house: House, browser: Browser) -> None:
    """Somebody who has never enrolled cannot be marked by a reset."""
    eva = house.person("eva@fjordly.no", "fjordly")
    path = open_member(browser, eva)
    assert "Reset two-factor" not in browser.last.words
    assert browser.post(f"{path}/reset", why="because").status == 409
    member = house.member("fjordly", eva)
    assert member is not None
    assert not member.must_enrol


@pytest.mark.row("R34", "R29")
def test_a_reset_asks_for_a_stale_proof(
    house: House, browser: Browser, kari: Resident, ola: Resident, clock: time_machine.Traveller
) -> None:
    """After 20 minutes password and code are asked for, the reason is kept, and with both it goes on."""
    clock.shift(timedelta(minutes=21))
    path = open_member(browser, ola)
    assert "Confirm that it is you" in browser.last.words
    for wrong in ({}, {"password": "wrong"}, {"password": PASSWORD, "proof_code": "123456"}):
        answer = browser.post(f"{path}/reset", why="Mistet telefonen", **wrong)
        assert answer.status == 422
        assert 'value="Mistet telefonen"' in answer.text
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.state == "has"
    clock.shift(timedelta(seconds=90))
    answer = browser.post(f"{path}/reset", why="Mistet telefonen", password=PASSWORD, proof_code=kari.code())
    assert answer.location == f"{path}?said=reset"
    assert browser.get(answer.location).status == 200


@pytest.mark.row("R34", "R41")
def test_after_a_reset_nobody_gets_in_where_it_is_required(house: House, browser: Browser, ola: Resident) -> None:
    """A reset is no way round the requirement."""
    organisation = house.stored("fjordly")
    with house.services.store.writing() as unit:
        unit.organisations.take_requirement(
            organisation.id,
            Requirement(organisation.created_at),
            by=None,
            expected_revision=organisation.policy.revision,
        )
    path = open_member(browser, ola)
    browser.post(f"{path}/reset", why="because")
    assert house.sign_in(ola).get("/").location == "/login/enrol"
