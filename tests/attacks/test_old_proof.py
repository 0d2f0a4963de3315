"""Time on the attacker's side: what is old, stale, or from a future that the clock has taken back."""

import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import OPERATOR, PASSWORD, House, app_of, hidden
from totrinn.app import operating
from totrinn.app.landing import Visitor
from totrinn.core.roles import Role

OLA = "ola@fjordly.test"
KARI = "kari@fjordly.test"


def _settings(**changed: str) -> dict[str, str]:
    return {"name": "Fjordly", "language": "nb", "time_zone": "Europe/Oslo", **changed}


@pytest.mark.row("R56")
def test_going_to_and_fro_between_organisations_prolongs_no_session(house: House, clock: Clock) -> None:
    """After twelve hours the password is asked for again, however often the organisation was changed meanwhile."""
    house.organisation("fjordly")
    house.organisation("annen")
    house.person(OLA, "fjordly")
    house.person(OLA, "annen")
    browser = house.browser()
    browser.sign_in(OLA)
    browser.submit("/choose-organisation", organisation="fjordly")
    for hour in range(14):
        assert browser.is_in() is (hour < 12), hour
        browser.submit("/choose-organisation", organisation="annen" if hour % 2 else "fjordly")
        clock.pass_by(minutes=30)
        browser.get("/")
        clock.pass_by(minutes=30)
    assert not browser.is_in()


@pytest.mark.row("R56")
def test_a_session_left_alone_for_an_hour_is_over(house: House, clock: Clock) -> None:
    """An idle session, and an unfinished sign-in of ten minutes, open nothing any more."""
    house.organisation("fjordly")
    house.organisation("streng", required=True)
    house.person(OLA, "fjordly")
    house.person("per@streng.test", "streng")
    inside, held = house.browser(), house.browser()
    inside.sign_in(OLA)
    held.sign_in("per@streng.test")
    assert inside.is_in()
    assert held.get("/login/enrol").status_code == 200
    clock.pass_by(minutes=11)
    assert held.get("/login/enrol").headers["location"].startswith("/login?said=late")
    assert inside.is_in()
    clock.pass_by(minutes=61)
    assert not inside.is_in()


@pytest.mark.row("R26")
def test_a_pending_secret_dies_with_its_ten_minutes(house: House, clock: Clock) -> None:
    """A secret shown to a sign-in or a session cannot be confirmed after ten minutes."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    browser.submit("/account/second-factor")
    page = browser.get("/account/second-factor")
    app = app_of(page.text)
    clock.pass_by(minutes=10, seconds=1)
    late = browser.send(page, "/account/second-factor/confirm", code=clock.code(app))
    assert late.status_code in (303, 422)
    browser.get("/account")
    with house.database.reading() as unit:
        person = unit.people.find_by_email(OLA)
        assert person is not None
        assert unit.factors.of_person(person.id) == ()


@pytest.mark.row("R42")
@pytest.mark.row("R94")
def test_a_proof_of_the_future_is_not_fresh(house: House, clock: Clock) -> None:
    """When the clock goes back, what was proven "later" than now does not count as proven within twenty minutes."""
    house.organisation("fjordly")
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.browser()
    browser.sign_in(KARI)
    clock.pass_by(minutes=50)
    assert browser.is_in()
    clock.pass_by(minutes=50)
    browser.submit("/account/second-factor", password=PASSWORD)
    clock.pass_by(minutes=-45)
    window = browser.submit("/settings/basic", **_settings(require_two_factor="on"))
    browser.send(window, "/settings/basic/confirm")
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
    assert organisation is not None
    assert not organisation.policy.requirement.stands()


@pytest.mark.row("R42")
def test_a_confirmation_is_dead_after_five_minutes_and_after_use(house: House, clock: Clock) -> None:
    """Late, or sent twice, it changes nothing; nor does one of another session of the same person."""
    house.organisation("fjordly")
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    browser, second = house.browser(), house.browser()
    browser.sign_in(KARI)
    second.sign_in(KARI)
    window = browser.submit("/settings/basic", **_settings(require_two_factor="on"))
    foreign = second.get("/settings/basic")
    token = hidden(window.text)["confirmation"]
    assert second.send(foreign, "/settings/basic/confirm", confirmation=token).status_code == 409
    clock.pass_by(minutes=5, seconds=1)
    assert browser.send(window, "/settings/basic/confirm").status_code == 409
    window = browser.submit("/settings/basic", **_settings(require_two_factor="on"))
    assert browser.send(window, "/settings/basic/confirm").status_code == 303
    assert browser.get("/").headers["location"] == "/login/enrol"
    house.require("fjordly", on=False)
    again = house.browser()
    again.sign_in(KARI)
    page = again.get("/settings/basic")
    token = hidden(window.text)["confirmation"]
    assert again.send(page, "/settings/basic/confirm", confirmation=token).status_code == 409
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
    assert organisation is not None
    assert not organisation.policy.requirement.stands()


@pytest.mark.row("R29")
def test_a_stale_session_changes_no_factor(house: House, clock: Clock) -> None:
    """After twenty minutes a live session sees no new secret, gets no new recovery codes and removes nothing."""
    house.organisation("fjordly")
    browser = house.enrolled(OLA, "fjordly")
    house.require("fjordly", on=False)
    with house.database.reading() as unit:
        person = unit.people.find_by_email(OLA)
        assert person is not None
        factor = unit.factors.of_person(person.id)[0].id
    pages = {path: browser.get(path) for path in ("/account/second-factor", "/account/recovery-codes")}
    clock.pass_by(minutes=21)
    for path, page in pages.items():
        answer = browser.send(page, path)
        assert answer.status_code == 422, path
        assert "otpauth" not in answer.text
    removal = browser.submit(f"/account/second-factor/{factor}/remove", code=clock.code(house.apps[OLA]))
    assert removal.status_code == 422
    with house.database.reading() as unit:
        assert len(unit.factors.of_person(person.id)) == 1


@pytest.mark.row("R72")
@pytest.mark.row("R68")
def test_one_time_links_end_after_an_hour_after_use_and_after_a_newer_one(house: House, clock: Clock) -> None:
    """Opening it a hundred times does not use it; using it, a newer one, or an hour does; nor is it of two kinds."""
    house.organisation("fjordly")

    def issue() -> str:
        visitor = Visitor(clock.now(), "", "")
        return operating.issue_setup_link(house.services, visitor, OPERATOR, "fjordly").token

    browser = house.browser()
    fields = {"name": "Kari", "password": "en lang setning om sjøen"}
    first, second = issue(), issue()
    assert browser.get(f"/setup/{first}").status_code == 410
    for _ in range(100):
        assert browser.get(f"/setup/{second}").status_code == 200
    answer = browser.get(f"/setup/{second}")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert browser.get(f"/password/{second}").status_code == 410
    assert browser.submit("/login", f"/password/{second}", password="en lang setning om sjøen").status_code == 410
    house.person(OLA, "fjordly")
    taken = browser.submit(f"/setup/{second}", email=OLA, **fields)
    assert taken.status_code == 422
    assert browser.sign_in(OLA, fields["password"]).status_code == 422
    clock.pass_by(minutes=61)
    assert browser.submit("/login", f"/setup/{second}", email="ny@fjordly.test", **fields).status_code == 410
    third = issue()
    assert browser.submit(f"/setup/{third}", email="ny@fjordly.test", **fields).status_code == 303
    assert browser.cookie("totrinn") is None
    assert browser.submit("/login", f"/setup/{third}", email="to@fjordly.test", **fields).status_code == 410
