"""The account's own page: sessions, activity, language, memberships."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import Browser, House, Resident
from tests.web.own_account import is_dead, password_lets_in, set_up
from tests.web.requiring import turned_on
from totrinn.core.roles import Role

UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def ola(house: House) -> Resident:
    """A user without a second factor."""
    house.organisation("fjordly", name="Fjordly AS")
    house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    return house.person("ola@fjordly.no", "fjordly", name="Ola Nordmann")


@pytest.fixture
def browser(house: House, ola: Resident) -> Browser:
    """His, with the account open."""
    browser = house.sign_in(ola)
    browser.get("/account")
    return browser


def session_id(house: House, resident: Resident) -> str:
    """The id of the person's session that was used last."""
    with house.services.store.reading() as unit:
        return unit.sessions.of_person(resident.id)[0].session.id


def test_the_page_tells_all_about_the_account(house: House, browser: Browser) -> None:
    """Second factor, where one is signed in, organisations, activity, password and language."""
    words = browser.get("/account").words
    assert "Ola Nordmann ola@fjordly.no, user at Fjordly AS" in words
    assert "Two-factor authentication Not set up" in words
    assert "Firefox on Linux This session" in words
    assert "Fjordly AS User · you are here now" in words
    assert "Signed in with password Today at 13:00, Firefox on Linux" in words
    assert "Password changed 23 November 2026" in words
    set_up(browser)
    words = browser.get("/account").words
    assert "Authenticator app Added 23 November 2026" in words
    assert "10 of 10 left" in words


@pytest.mark.row("R39")
@pytest.mark.parametrize(
    "path", ["/account", "/account/password", "/account/second-factor", "/account/recovery-codes", "/account/language"]
)
def test_the_account_is_for_who_is_signed_in(house: House, path: str) -> None:
    """Neither nobody nor an unfinished sign-in sees or changes anything of it."""
    house.organisation("fjordly")
    eva = house.person("eva@fjordly.no", "fjordly", factor=True)
    assert house.browser().get(path).location.startswith("/login")
    half_way = house.browser()
    half_way.get("/login")
    half_way.post("/login", email=eva.email, password="en ganske lang setning")
    half_way.get("/login/two-factor")
    assert half_way.get(path).location == "/login/two-factor"
    assert half_way.post(path, language="nn", password="x", new_password="y").location == "/login/two-factor"


# Sessions


@pytest.mark.row("R57", "R59", "R92")
def test_one_session_is_ended(house: House, browser: Browser, ola: Resident, clock: time_machine.Traveller) -> None:
    """The other browser is out at its next request; the log says so."""
    clock.shift(timedelta(minutes=2))
    other = house.sign_in(ola)
    answer = browser.post(f"/account/sessions/{session_id(house, ola)}/end")
    assert (answer.status, answer.location) == (303, "/account?said=sessions")
    assert "The sessions have been ended" in browser.get(answer.location).words
    assert is_dead(house, other.cookie())
    assert house.kinds("fjordly")[0] == "person:sessions:ended"


@pytest.mark.row("R57", "R58", "R59")
def test_all_other_sessions_are_ended(house: House, browser: Browser, ola: Resident) -> None:
    """This one stays."""
    others = [house.sign_in(ola), house.sign_in(ola)]
    assert browser.post("/account/sessions/end-others").location == "/account?said=sessions"
    assert all(is_dead(house, other.cookie()) for other in others)
    assert browser.get("/account").status == 200


@pytest.mark.row("R46", "R59")
@pytest.mark.parametrize("is_foreign", [True, False])
def test_another_persons_session_is_as_unknown_as_any(house: House, browser: Browser, is_foreign: bool) -> None:
    """The same answer for an id that exists and one that does not; nothing ends, nothing is logged."""
    siri = house.person("siri@fjordly.no", "fjordly")
    hers = house.sign_in(siri)
    before = len(house.events("fjordly"))
    which = session_id(house, siri) if is_foreign else UNKNOWN
    answer = browser.post(f"/account/sessions/{which}/end")
    assert answer.status == 404
    assert "We could not find this page" in answer.words
    assert hers.get("/account").status == 200
    assert len(house.events("fjordly")) == before


def test_sessions_that_are_over_are_not_listed(
    house: House, browser: Browser, ola: Resident, clock: time_machine.Traveller
) -> None:
    """Only what still opens something."""
    house.sign_in(ola)
    assert "Sign out all others" in browser.get("/account").words
    for _ in range(3):
        clock.shift(timedelta(minutes=25))
        browser.get("/account")
    assert "Sign out all others" not in browser.last.words


@pytest.mark.row("R47", "R62")
@pytest.mark.parametrize(
    "path",
    ["sessions/end-others", "sessions/x/end", "language", "memberships/fjordly/leave", "memberships/fjordly/accept"],
)
def test_opening_an_address_of_a_form_changes_nothing(house: House, browser: Browser, ola: Resident, path: str) -> None:
    """It leads back to the page; without the page's token a form is refused."""
    house.sign_in(ola)
    before = house.kinds("fjordly")
    assert browser.get(f"/account/{path}").location == "/account"
    assert browser.post(f"/account/{path}", csrf="").status == 403
    assert house.kinds("fjordly") == before
    assert house.sessions("fjordly", ola) == 2


# Activity


def test_activity_is_told_in_the_second_person(house: House, browser: Browser, clock: time_machine.Traveller) -> None:
    """What one did oneself, without names; how one signed in."""
    set_up(browser)
    words = browser.get("/account").words
    assert "Set up two-factor authentication Today at 13:00, Firefox on Linux" in words


@pytest.mark.row("R95")
def test_what_others_did_is_told_without_where_they_sat(house: House, browser: Browser, ola: Resident) -> None:
    """An administrator's network address and browser are not the member's business."""
    per = house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Per Berg")
    his = house.sign_in(per)
    his.get(f"/members/{ola.id}")
    assert his.post(f"/members/{ola.id}/role", role="administrator").status == 303
    page = browser.get("/account")
    row = page.words.partition("Per Berg changed the role of Ola Nordmann")[2]
    assert row.startswith(" Today at 13:00, User → administrator ")


# Language


@pytest.mark.parametrize(("code", "said"), [("nb", "Min konto"), ("nn", "Kontoen min"), ("en", "My account")])
def test_the_language_is_the_persons_own(house: House, browser: Browser, ola: Resident, code: str, said: str) -> None:
    """It goes before what the browser asks for, everywhere."""
    assert browser.post("/account/language", language=code).location == "/account?said=language"
    assert said in house.sign_in(ola).get("/account").words


@pytest.mark.parametrize("code", [None, "", "de", "NB", "../en"])
def test_other_languages_are_refused(browser: Browser, code: str | None) -> None:
    """And the page is shown again, with a sentence."""
    answer = browser.post("/account/language", language=code)
    assert answer.status == 422
    assert "Choose one of the languages" in answer.words


# Memberships


@pytest.mark.row("R49", "R92")
def test_leaving_the_organisation_one_is_in_signs_out(house: House, browser: Browser, ola: Resident) -> None:
    """Every session there ends at once."""
    other, cookie = house.sign_in(ola), browser.cookie()
    answer = browser.post("/account/memberships/fjordly/leave")
    assert (answer.status, answer.location) == (303, "/login?said=left")
    assert "You have left the organisation" in browser.get(answer.location).words
    assert browser.cookie() is None
    assert is_dead(house, cookie)
    assert is_dead(house, other.cookie())
    assert house.member("fjordly", ola) is None
    assert house.kinds("fjordly")[0] == "organisation:member:left"
    assert not password_lets_in(house, ola)


def test_leaving_another_organisation_changes_nothing_here(house: House, browser: Browser, ola: Resident) -> None:
    """The session stays where it is; the other organisation's log says who left."""
    house.organisation("nordly", name="Nordly AS")
    house.person("siri@nordly.no", "nordly", Role.GLOBAL_ADMINISTRATOR)
    house.join(ola, "nordly")
    answer = browser.post("/account/memberships/nordly/leave")
    assert answer.location == "/account?said=left"
    assert "Nordly AS" not in browser.get(answer.location).words
    assert house.kinds("nordly") == ["organisation:member:left"]
    assert "organisation:member:left" not in house.kinds("fjordly")


@pytest.mark.row("R44")
@pytest.mark.parametrize(("slug", "role"), [("nordly", Role.GLOBAL_ADMINISTRATOR), ("vendor", Role.VENDOR)])
def test_the_last_who_can_govern_stays(house: House, slug: str, role: Role) -> None:
    """The last global administrator, and the vendor's last person; with a second one they may go."""
    house.organisation(slug, is_vendor=role is Role.VENDOR)
    tor = house.person("tor@vendor.no", slug, role, factor=True)
    browser = house.sign_in(tor)
    browser.get("/account")
    assert f"/account/memberships/{slug}/leave" not in browser.last.text
    answer = browser.post(f"/account/memberships/{slug}/leave")
    assert answer.status == 409
    assert "You are the last one who can govern the organisation" in answer.words
    assert house.member(slug, tor) is not None
    house.person("liv@vendor.no", slug, role)
    assert browser.post(f"/account/memberships/{slug}/leave").location == "/login?said=left"


@pytest.mark.row("R46")
@pytest.mark.parametrize("what", ["leave", "accept"])
@pytest.mark.parametrize("slug", ["nordly", "unknown", "%00"])
def test_an_organisation_that_one_is_not_in_is_as_unknown_as_any(
    house: House, browser: Browser, what: str, slug: str
) -> None:
    """Nobody learns whose organisation has which short name, and nobody makes themselves a member."""
    house.organisation("nordly")
    assert browser.post(f"/account/memberships/{slug}/{what}").status == 404
    assert house.kinds("nordly") == []


@pytest.mark.row("R92")
def test_an_invitation_is_accepted_from_the_account(house: House, browser: Browser, ola: Resident) -> None:
    """Once; with the role that was offered, and not with one that the browser sends along."""
    house.organisation("nordly", name="Nordly AS")
    house.join(ola, "nordly", accepted=False)
    assert "Nordly AS has invited you" in browser.get("/account").words
    answer = browser.post("/account/memberships/nordly/accept", role="global_administrator")
    assert answer.location == "/account?said=accepted"
    member = house.member("nordly", ola)
    assert member is not None
    assert (member.role, member.accepted_at is not None) == (Role.USER, True)
    assert house.kinds("nordly") == ["organisation:member:added"]
    browser.get("/account")
    assert browser.post("/account/memberships/nordly/accept").status == 404


@pytest.mark.row("R50")
def test_a_membership_that_requires_more_does_not_open_by_being_accepted(
    house: House, browser: Browser, ola: Resident
) -> None:
    """Going there leads to enrolment."""
    house.organisation("nordly")
    turned_on(house, "nordly")
    house.join(ola, "nordly", accepted=False)
    browser.post("/account/memberships/nordly/accept")
    browser.get("/choose-organisation")
    assert browser.post("/choose-organisation", organisation="nordly").location == "/login/enrol"
    assert browser.get("/account").location == "/login/enrol"
