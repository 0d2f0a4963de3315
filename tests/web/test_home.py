"""The first page after signing in."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import House
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role


def test_the_vendors_staff_go_to_their_own_page(house: House) -> None:
    """They have no organisation of customers to look at here."""
    house.organisation("vendor", is_vendor=True)
    tor = house.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)
    answer = house.sign_in(tor).get("/")
    assert (answer.status, answer.location) == (303, "/vendor")


def test_a_user_is_greeted_and_shown_the_way_on(house: House) -> None:
    """Where they are, the state of their own second factor, and the application; no numbers of others."""
    house.organisation("fjordly", name="Fjordly AS")
    ola = house.person("ola@fjordly.no", "fjordly", name="Ola Nordmann")
    words = house.sign_in(ola).get("/").words
    assert "Hello, Ola" in words
    assert "Continue to Jobadmin" in words
    assert "Two-factor authentication Not set up" in words
    assert "can still sign in with a password alone" not in words


@pytest.mark.row("R44")
def test_an_administrator_sees_how_the_organisation_stands(house: House) -> None:
    """How many lack a factor, whether it is required, and what is worth attention."""
    house.organisation("fjordly", name="Fjordly AS")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    house.person("ola@fjordly.no", "fjordly", factor=True)
    words = house.sign_in(kari).get("/").words
    assert "1 of 2 can still sign in with a password alone" in words
    assert "The two-factor requirement is off. It has been made available to you." in words
    assert "You have not set up two-factor authentication yourself" in words
    assert "You are the only global administrator" in words


@pytest.mark.row("R47")
def test_the_newest_events_are_for_those_who_read_the_log(house: House) -> None:
    """A global administrator sees the last five lines of the log; an administrator, who may not read it, none."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    eva = house.person("eva@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    hers = house.sign_in(eva)
    assert "Eva signed in" in house.sign_in(kari).get("/").words
    assert "signed in Today" not in hers.get("/").words


def test_several_global_administrators_are_counted(house: House) -> None:
    """Two are better than one, and the page says so; who is not one of them is told nothing of it."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    eva = house.person("eva@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    assert "You are 2 global administrators" in house.sign_in(kari).get("/").words
    assert "global administrators" not in house.sign_in(eva).get("/").words


@pytest.mark.parametrize(
    ("is_available", "from_minutes", "said"),
    [
        (False, None, "The two-factor requirement is off. It has not been made available to you yet."),
        (True, -60, "The two-factor requirement has been on since"),
        (False, -60, "The two-factor requirement has been on since"),
        (True, 60, "The two-factor requirement applies from"),
        (False, 60, "The two-factor requirement applies from"),
    ],
)
def test_every_state_of_the_requirement_is_told(
    house: House, clock: time_machine.Traveller, is_available: bool, from_minutes: int | None, said: str
) -> None:
    """Off, on, dated, and each of them with the feature withdrawn."""
    organisation = house.organisation("fjordly", is_available=is_available)
    if from_minutes is not None:
        from_ = organisation.created_at + timedelta(minutes=from_minutes)
        with house.services.store.writing() as unit:
            unit.organisations.take_requirement(
                organisation.id, Requirement(organisation.created_at, from_), by=None, expected_revision=1
            )
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    assert said in house.sign_in(kari).get("/").words


def test_an_invitation_is_shown_until_it_is_answered(house: House) -> None:
    """Whoever is invited to another organisation sees it where they are signed in."""
    house.organisation("fjordly")
    house.organisation("nordly", name="Nordly AS")
    ola = house.person("ola@fjordly.no", "fjordly")
    house.join(ola, "nordly", accepted=False)
    page = house.sign_in(ola).get("/")
    assert "Nordly AS has invited you" in page.words
    assert "/account/memberships/nordly/accept" in page.text


@pytest.mark.row("R39")
def test_nobody_is_shown_anything_before_signing_in(house: House) -> None:
    """Without a session the way leads to the sign-in page."""
    answer = house.browser().get("/")
    assert (answer.status, answer.location) == (303, "/login")
