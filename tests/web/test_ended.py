"""What has ended is said to have ended, with what to do next; nothing of it opens anything."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import House, now
from totrinn.core.policy import Requirement


@pytest.mark.row("R26")
@pytest.mark.row("R56")
def test_an_enrolment_that_took_too_long_starts_again_at_the_password(
    house: House, clock: time_machine.Traveller
) -> None:
    """After ten minutes the key cannot be confirmed any more, even with its right code; the page says why."""
    house.organisation("fjordly", requirement=Requirement(since=now()))
    ola = house.person("ola@fjordly.no", "fjordly")
    browser = house.sign_in(ola)
    browser.get("/login/enrol")
    browser.post("/login/enrol")
    browser.get("/login/enrol")
    clock.shift(timedelta(minutes=10, seconds=1))
    answer = browser.post("/login/enrol/confirm", code="123456")
    assert answer.location == "/login?said=late"
    page = browser.get(answer.location)
    assert "The sign-in took more than ten minutes" in page.words
    assert browser.get("/account").location.startswith("/login")


@pytest.mark.row("R56")
def test_a_code_that_comes_too_late_is_not_looked_at(house: House, clock: time_machine.Traveller) -> None:
    """The sign-in is over after ten minutes, and said to be."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", factor=True)
    browser = house.browser()
    browser.get("/login")
    browser.post("/login", email=kari.email, password="en ganske lang setning")
    browser.get("/login/two-factor")
    clock.shift(timedelta(minutes=10, seconds=1))
    assert browser.post("/login/two-factor", code=kari.code()).location == "/login?said=late"
    assert browser.get("/account").location.startswith("/login")


@pytest.mark.row("R56")
@pytest.mark.parametrize("idle", [timedelta(minutes=61), timedelta(hours=13)])
def test_a_session_ends_by_itself(house: House, clock: time_machine.Traveller, idle: timedelta) -> None:
    """After an hour without a request it is over; the sign-in page says so and leads back to where one was."""
    house.organisation("fjordly")
    ola = house.person("ola@fjordly.no", "fjordly")
    browser = house.sign_in(ola)
    assert browser.get("/account").status == 200
    clock.shift(idle)
    answer = browser.get("/account")
    assert answer.location == "/login?said=over&next=%2Faccount"
    assert "You have been signed out" in browser.get(answer.location).words


@pytest.mark.row("R56")
def test_a_session_in_use_ends_after_twelve_hours(house: House, clock: time_machine.Traveller) -> None:
    """However busy, it is over half a day after it began."""
    house.organisation("fjordly")
    ola = house.person("ola@fjordly.no", "fjordly")
    browser = house.sign_in(ola)
    for _ in range(23):
        clock.shift(timedelta(minutes=31))
        assert browser.get("/account").status == 200
    clock.shift(timedelta(minutes=31))
    assert browser.get("/account").location.startswith("/login?said=over")
