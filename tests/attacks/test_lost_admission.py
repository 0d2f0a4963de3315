"""What was admitted yesterday is judged today: live sessions, old cookies, the back button, the second tab."""

import time

import httpx2
import pytest

from tests.attacks.house import Browser, House, hidden
from totrinn.core.roles import Role


def _with_cookie(house: House, value: str | None) -> httpx2.Response:
    return httpx2.get(house.address + "/account", headers={"cookie": f"totrinn={value}"})


@pytest.mark.row("R41")
def test_the_requirement_bites_live_sessions_at_their_next_request(house: House) -> None:
    """A session by password alone is held at enrolment as soon as the requirement stands; its cookie is dead."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    assert browser.is_in()
    old = browser.cookie("totrinn")
    house.require("fjordly")
    answer = browser.get("/")
    assert answer.headers["location"] == "/login/enrol"
    assert browser.cookie("totrinn") is None
    house.require("fjordly", on=False)
    assert _with_cookie(house, old).status_code == 303


@pytest.mark.row("R41")
def test_enrolling_in_one_browser_makes_the_others_verify(house: House) -> None:
    """A second live session by password alone must verify once the person has a factor."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    first, second = house.browser(), house.browser()
    first.sign_in("ola@fjordly.test")
    second.sign_in("ola@fjordly.test")
    house.require("fjordly")
    first.get("/")
    assert first.enrol("ola@fjordly.test").status_code == 200
    assert second.get("/account").headers["location"] == "/login/two-factor"


@pytest.mark.row("R53")
def test_each_level_has_a_new_cookie_and_the_old_one_is_dead(house: House) -> None:
    """No cookie of an earlier step, and no session cookie from before signing in anew, is good for anything."""
    house.organisation("fjordly")
    house.enrolled("ola@fjordly.test", "fjordly")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    unfinished = browser.cookie("totrinn-signin")
    browser.submit("/login/two-factor", code=house.apps["ola@fjordly.test"].now())
    first = browser.cookie("totrinn")
    assert browser.is_in()
    replay = httpx2.get(house.address + "/login/two-factor", headers={"cookie": f"totrinn-signin={unfinished}"})
    assert replay.headers["location"].startswith("/login")
    assert not replay.headers["location"].startswith("/login/two-factor")
    browser.submit("/", "/logout")
    assert _with_cookie(house, first).status_code == 303


@pytest.mark.row("R57")
def test_a_signed_out_session_cannot_be_replayed(house: House) -> None:
    """The cookie from before signing out opens nothing, and neither does the back button."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    cookie = browser.cookie("totrinn")
    page = browser.get("/")
    assert page.headers["cache-control"] == "no-store"
    browser.send(page, "/logout")
    assert _with_cookie(house, cookie).headers["location"].startswith("/login")


@pytest.mark.row("R50")
def test_a_session_in_a_lenient_organisation_is_nothing_in_a_strict_one(house: House) -> None:
    """Changing to an organisation that requires two-factor is held at enrolment there, and can go back."""
    house.organisation("mild")
    house.organisation("streng", required=True)
    house.person("ola@mild.test", "mild")
    house.person("ola@mild.test", "streng")
    browser = house.browser()
    assert browser.sign_in("ola@mild.test").headers["location"] == "/choose-organisation"
    assert not browser.is_in()
    browser.submit("/choose-organisation", organisation="mild")
    assert browser.is_in()
    answer = browser.submit("/choose-organisation", organisation="streng")
    assert answer.headers["location"] == "/login/enrol"
    assert not browser.is_in()
    browser.submit("/choose-organisation", organisation="mild")
    assert browser.is_in()


@pytest.mark.row("R46")
def test_another_organisation_cannot_be_chosen(house: House) -> None:
    """The slug of an organisation that one does not belong to is as unknown as an invented one."""
    house.organisation("mild")
    house.organisation("annen")
    house.organisation("fremmed")
    house.person("ola@mild.test", "mild")
    house.person("ola@mild.test", "annen")
    browser = house.browser()
    browser.sign_in("ola@mild.test")
    foreign = browser.submit("/choose-organisation", organisation="fremmed")
    invented = browser.submit("/choose-organisation", organisation="finnes-ikke")
    assert foreign.status_code == invented.status_code == 404
    assert not browser.is_in()


@pytest.mark.row("R49")
def test_a_removed_member_is_out_at_the_next_request(house: House) -> None:
    """Removal ends the sessions in that organisation at once."""
    house.organisation("fjordly")
    person = house.person("ola@fjordly.test", "fjordly")
    house.person("kari@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    member, administrator = house.browser(), house.browser()
    member.sign_in("ola@fjordly.test")
    administrator.sign_in("kari@fjordly.test")
    answer = administrator.submit(f"/members/{person}", f"/members/{person}/remove")
    assert answer.status_code == 303
    assert not member.is_in()


@pytest.mark.row("R58")
@pytest.mark.row("R34")
def test_a_reset_ends_everything_and_forces_enrolment(house: House) -> None:
    """After a reset the old session and the sign-in under way are dead; the password leads to enrolment."""
    house.organisation("fjordly")
    member = house.enrolled("ola@fjordly.test", "fjordly")
    house.require("fjordly", on=False)
    house.person("kari@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    under_way = house.browser()
    under_way.sign_in("ola@fjordly.test")
    with house.database.reading() as unit:
        person = unit.people.find_by_email("ola@fjordly.test")
    assert person is not None
    administrator = house.browser()
    administrator.sign_in("kari@fjordly.test")
    administrator.submit(f"/members/{person.id}", f"/members/{person.id}/reset", why="lost phone")
    assert not member.is_in()
    assert under_way.get("/login/two-factor").headers["location"].startswith("/login")
    again = house.browser()
    assert again.sign_in("ola@fjordly.test").headers["location"] == "/login/enrol"
    assert not again.is_in()


@pytest.mark.row("R16")
@pytest.mark.row("R18")
@pytest.mark.row("R19")
def test_codes_count_once_and_only_near_their_time(house: House) -> None:
    """The enrolment's code, older ones and those two steps away are refused; the current one counts, once."""
    house.organisation("fjordly")
    house.enrolled("ola@fjordly.test", "fjordly")
    app = house.apps["ola@fjordly.test"]
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    for offset in (-1, -2, 2):
        answer = browser.submit("/login/two-factor", code=app.at(time.time(), counter_offset=offset))
        assert answer.status_code == 422, offset
    current = app.now()
    assert browser.submit("/login/two-factor", code=current).status_code == 303
    assert browser.is_in()
    second = house.browser()
    second.sign_in("ola@fjordly.test")
    assert second.submit("/login/two-factor", code=current).status_code in (422, 429)
    assert not second.is_in()


@pytest.mark.row("R62")
def test_forms_from_elsewhere_change_nothing(house: House) -> None:
    """No token, another level's token, another site's origin: refused, at sign-in and after."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    page = browser.get("/login")
    fields = {"email": "ola@fjordly.test", "password": "mild regn over fjorden"}
    assert browser.http.post("/login", data=fields).status_code == 403
    for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        answer = browser.http.post("/login", data={**hidden(page.text), **fields}, headers=headers)
        assert answer.status_code == 403, headers
    assert browser.send(page, "/login", **fields).status_code == 303
    stale = browser.http.post("/account/sessions/end-others", data=hidden(page.text))
    assert stale.status_code == 403


@pytest.mark.row("R14")
@pytest.mark.row("R13")
def test_a_stranger_cannot_keep_the_owner_out(house: House) -> None:
    """While a stranger's guesses have to wait, the owner's own browser, and the live session, go on."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    owner: Browser = house.browser()
    owner.sign_in("ola@fjordly.test")
    stranger = house.browser()
    answers = [stranger.sign_in("ola@fjordly.test", "wrong wrong wrong").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert stranger.sign_in("OLA@fjordly.test").status_code == 429
    assert owner.is_in()
    owner.submit("/", "/logout")
    owner.sign_in("ola@fjordly.test")
    assert owner.is_in()
    unknown = house.browser()
    assert [unknown.sign_in("nobody@fjordly.test", "wrong wrong").status_code for _ in range(6)] == answers
