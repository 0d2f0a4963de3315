"""The list of members, one member, and what administrators do with them."""

import re
from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident
from totrinn.core.roles import Role

UNKNOWN = "01900000-0000-7000-8000-000000000000"


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


@pytest.fixture
def helper(house: House, kari: Resident) -> Browser:
    """An administrator's who is not a global one."""
    per = house.person("per@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    return house.sign_in(per)


def open_member(browser: Browser, resident: Resident) -> str:
    """The member's page, for its forms; its address."""
    path = f"/members/{resident.id}"
    assert browser.get(path).status == 200
    return path


# The list


def test_the_list_says_who_gets_in_how(house: House, browser: Browser, ola: Resident) -> None:
    """Name, address, role, state and last sign-in of each member, with the numbers of each kind."""
    house.person("eva@fjordly.no", "fjordly", name="Eva Uten")
    words = browser.get("/members").words
    assert "1 of 3 has not set up two-factor authentication" in words
    assert "All 3 Not set up 1 Set up 2 SSO 0" in words
    assert "Ola Nordmann ola@fjordly.no Role User Set up" in words
    assert "Eva Uten eva@fjordly.no Role User Not set up" in words
    assert "Kari (you)" in words


def test_the_list_is_searched_and_filtered(house: House, browser: Browser, ola: Resident) -> None:
    """By name or address, by state, and both together."""
    house.person("eva@fjordly.no", "fjordly", name="Eva Uten")
    assert "Ola Nordmann" not in browser.get("/members?filter=missing").words
    assert "Eva Uten" not in browser.get("/members?q=NORDMANN").words
    assert "Ola Nordmann" in browser.get("/members?q=nordmann&filter=has").words
    assert "Nobody matches “nordmann”" in browser.get("/members?q=nordmann&filter=missing").words


@pytest.mark.row("R69")
@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=%00",
        "before=",
        "before=%C2%B2.%C2%B2",
        "q=kari&after=x.99999999999999999999",
        "q=kari&before=-1.-1",
        "filter=everything",
        "filter=' OR 1=1 --",
        "q=%00",
        "q=%25_%27",
        "q=" + "x" * 3000,
        "q=%ff",
        "q=a&q=b",
        "q=<script>alert(1)</script>",
    ],
)
def test_odd_questions_are_answered(browser: Browser, query: str) -> None:
    """Whatever stands in the address, the list is a list, and repeats nothing as code."""
    page = browser.get(f"/members?{query}")
    assert page.status == 200
    assert "<script>alert" not in page.text


@pytest.mark.row("R46")
def test_the_list_shows_this_organisation_only(house: House, browser: Browser) -> None:
    """Members of others are neither listed, found nor counted."""
    house.organisation("nordly")
    house.person("siri@nordly.no", "nordly", name="Siri Fremmed")
    assert "Siri" not in browser.get("/members").words
    assert "Siri Fremmed siri" not in browser.get("/members?q=siri").words
    assert "All 1" in browser.last.words


def test_of_the_invited_nothing_is_told(house: House, browser: Browser) -> None:
    """Whoever has not accepted is listed as invited; how they sign in elsewhere is not this organisation's business."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", name="Siri", factor=True)
    house.join(siri, "fjordly", accepted=False)
    words = browser.get("/members").words
    assert "Siri siri@nordly.no Role User Invited" in words
    words = browser.get(f"/members/{siri.id}").words
    assert "has not accepted the invitation yet" in words
    assert "Set up on" not in words
    assert "Reset two-factor" not in words


# Who may


@pytest.mark.row("R46", "R47")
def test_users_see_no_members(house: House, ola: Resident, kari: Resident) -> None:
    """The list and its pages are for administrators."""
    browser = house.sign_in(ola)
    for path in ("/members", f"/members/{kari.id}", f"/members/{UNKNOWN}"):
        assert browser.get(path).status == 403
    assert "session:access:refused" in house.kinds("fjordly")


@pytest.mark.row("R46", "R47")
@pytest.mark.parametrize("action", ["role", "sessions", "reset", "remove"])
def test_users_do_nothing_with_members(house: House, ola: Resident, kari: Resident, action: str) -> None:
    """Not to others, and not to themselves."""
    browser = house.sign_in(ola)
    for person in (kari, ola):
        fields = {"organisation": "fjordly", "role": "global_administrator", "why": "because"}
        assert browser.post(f"/members/{person.id}/{action}", **fields).status == 403
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.role is Role.USER


@pytest.mark.row("R34", "R47", "R92")
@pytest.mark.parametrize("action", ["role", "reset"])
def test_administrators_neither_change_roles_nor_reset(
    house: House, helper: Browser, ola: Resident, action: str
) -> None:
    """Both are the global administrator's; an administrator is refused, and it is logged."""
    path = open_member(helper, ola)
    assert "Reset two-factor" not in helper.last.words
    assert helper.post(f"{path}/{action}", role="administrator", why="because").status == 403
    assert house.kinds("fjordly")[0] == "session:access:refused"
    member = house.member("fjordly", ola)
    assert member is not None
    assert (member.role, member.state) == (Role.USER, "has")


@pytest.mark.row("R46")
@pytest.mark.parametrize("action", ["sessions", "remove"])
def test_administrators_manage_no_global_administrators(
    house: House, helper: Browser, kari: Resident, action: str
) -> None:
    """They may neither end the sessions of a global administrator nor remove one."""
    house.sign_in(kari)
    path = open_member(helper, kari)
    assert "Only a global administrator can remove a global administrator." in helper.last.words
    assert helper.post(f"{path}/{action}", organisation="fjordly").status == 403
    assert house.member("fjordly", kari) is not None
    assert house.sessions("fjordly", kari) == 1


@pytest.mark.row("R46")
@pytest.mark.parametrize("action", ["", "/role", "/sessions", "/reset", "/remove"])
def test_foreign_ids_are_as_unknown_as_random_ones(house: House, browser: Browser, action: str) -> None:
    """A person of another organisation, an unknown id and no id at all give one and the same answer."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", factor=True)
    answers = []
    for id_ in (siri.id, UNKNOWN, siri.id.upper(), "x", "%00", "%ff", "1' OR '1'='1", "x" * 3000):
        path = f"/members/{id_}{action}"
        browser.get("/members")
        fields = {"organisation": "fjordly", "role": "user", "why": "because"}
        answer = browser.post(path, **fields) if action else browser.get(path)
        assert answer.status == 404, path
        answers.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(set(answers)) == 1
    assert house.member("nordly", siri) is not None


@pytest.mark.parametrize("action", ["role", "sessions", "reset", "remove"])
def test_the_forms_have_no_pages(browser: Browser, ola: Resident, action: str) -> None:
    """Asked for by GET, as when the language is switched, they lead to the member and change nothing."""
    answer = browser.get(f"/members/{ola.id}/{action}")
    assert (answer.status, answer.location) == (303, f"/members/{ola.id}")


@pytest.mark.row("R42", "R46")
@pytest.mark.parametrize("action", ["role", "sessions", "reset", "remove"])
def test_a_form_of_another_organisation_changes_nothing(
    house: House, kari: Resident, ola: Resident, action: str
) -> None:
    """After changing organisation in another window, the old window's forms are answered with 409."""
    house.organisation("nordly")
    house.join(kari, "nordly", Role.GLOBAL_ADMINISTRATOR)
    house.join(ola, "nordly")
    browser = house.sign_in(kari, organisation="nordly")
    path = open_member(browser, ola)
    answer = browser.post(f"{path}/{action}", organisation="fjordly", role="administrator", why="because")
    assert answer.status == 409
    assert "You have changed to Nordly in another window" in answer.words
    for slug in ("fjordly", "nordly"):
        member = house.member(slug, ola)
        assert member is not None
        assert member.role is Role.USER


# Roles


@pytest.mark.row("R49")
def test_a_role_counts_from_the_next_request_on(house: House, browser: Browser, ola: Resident) -> None:
    """Given and taken, it changes what a session that is open already may do."""
    his = house.sign_in(ola)
    assert his.get("/members").status == 403
    path = open_member(browser, ola)
    answer = browser.post(f"{path}/role", role="administrator")
    assert (answer.status, answer.location) == (303, f"{path}?said=role")
    assert his.get("/members").status == 200
    browser.get(path)
    browser.post(f"{path}/role", role="user")
    assert his.get("/members").status == 403
    assert house.kinds("fjordly").count("organisation:role:changed") == 2


@pytest.mark.row("R48")
@pytest.mark.parametrize("role", ["vendor", "", "root", "GLOBAL_ADMINISTRATOR", None])
def test_only_the_organisations_own_roles_are_given(
    house: House, browser: Browser, ola: Resident, role: str | None
) -> None:
    """Nobody becomes one of the vendor's staff, or anything else that the page does not offer."""
    path = open_member(browser, ola)
    answer = browser.post(f"{path}/role", role=role)
    assert answer.status == 422
    assert "Choose one of the roles" in answer.words
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.role is Role.USER


@pytest.mark.row("R44")
def test_the_last_global_administrator_keeps_the_role(house: House, browser: Browser, kari: Resident) -> None:
    """An organisation is never left without; with a second one, she may step down."""
    path = open_member(browser, kari)
    answer = browser.post(f"{path}/role", role="user")
    assert answer.status == 409
    assert "must have at least one global administrator" in answer.words
    house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    answer = browser.post(f"{path}/role", role="user")
    assert answer.location == "/?said=role"
    assert "The role has been changed." in browser.get(answer.location).words


@pytest.mark.row("R29", "R42")
@pytest.mark.parametrize("role", ["administrator", "global_administrator"])
def test_a_change_of_role_asks_for_a_stale_proof(
    house: House, browser: Browser, kari: Resident, ola: Resident, clock: time_machine.Traveller, role: str
) -> None:
    """After 20 minutes password and code are asked for, the choice is kept, and with both it goes on."""
    clock.shift(timedelta(minutes=21))
    path = open_member(browser, ola)
    for wrong in ({}, {"password": ""}, {"password": "wrong"}, {"password": PASSWORD, "proof_code": "123456"}):
        answer = browser.post(f"{path}/role", role=role, **wrong)
        assert answer.status == 422
        assert f'value="{role}" checked' in answer.text
        # Said at the form that was sent, and not at the other one that asks for the same.
        assert answer.text.count('aria-invalid="true"') == 1
        assert f'id="role-{"proof_code" if wrong.get("proof_code") else "password"}-error"' in answer.text
        member = house.member("fjordly", ola)
        assert member is not None
        assert member.role is Role.USER
    clock.shift(timedelta(seconds=90))
    answer = browser.post(f"{path}/role", role=role, password=PASSWORD, proof_code=kari.code())
    assert answer.location == f"{path}?said=role"
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.role == role


@pytest.mark.row("R29")
def test_taking_a_role_away_asks_for_a_stale_proof(
    house: House, browser: Browser, ola: Resident, clock: time_machine.Traveller
) -> None:
    """Whoever sits down at a session left open cannot unmake an administrator either."""
    house.set_role("fjordly", ola, Role.ADMINISTRATOR)
    clock.shift(timedelta(minutes=21))
    path = open_member(browser, ola)
    assert browser.post(f"{path}/role", role="user").status == 422
    member = house.member("fjordly", ola)
    assert member is not None
    assert member.role is Role.ADMINISTRATOR


# Sessions and membership


@pytest.mark.row("R57", "R59")
def test_ending_sessions_ends_those_here(house: House, browser: Browser, ola: Resident) -> None:
    """The member's sessions in this organisation are dead at once; those elsewhere live on."""
    house.organisation("nordly")
    house.join(ola, "nordly")
    here = house.sign_in(ola, organisation="fjordly")
    path = open_member(browser, ola)
    assert "Signed in in 1 place." in browser.last.words
    answer = browser.post(f"{path}/sessions")
    assert answer.location == f"{path}?said=sessions"
    assert here.get("/").location.startswith("/login")


@pytest.mark.row("R59")
def test_ending_ones_own_sessions_keeps_this_one(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """Her other browser is signed out, this one is not."""
    clock.shift(timedelta(seconds=60))
    other = house.sign_in(kari)
    path = open_member(browser, kari)
    browser.post(f"{path}/sessions")
    assert browser.get("/members").status == 200
    assert other.get("/members").location.startswith("/login")


@pytest.mark.row("R49")
def test_a_removed_member_is_out_at_once(house: House, helper: Browser, ola: Resident) -> None:
    """Membership, role and every session here end together; it stands in the log."""
    his = house.sign_in(ola)
    path = open_member(helper, ola)
    answer = helper.post(f"{path}/remove")
    assert (answer.status, answer.location) == (303, "/members?said=removed")
    assert his.get("/").location.startswith("/login")
    assert house.member("fjordly", ola) is None
    assert house.kinds("fjordly")[0] == "organisation:member:removed"
    assert helper.get(path).status == 404


def test_nobody_removes_themselves_here(house: House, browser: Browser, kari: Resident) -> None:
    """The page says where one leaves, and a form sent all the same changes nothing."""
    path = open_member(browser, kari)
    assert "You cannot remove yourself here" in browser.last.words
    assert browser.post(f"{path}/remove").status == 409
    assert house.member("fjordly", kari) is not None


@pytest.mark.row("R62")
@pytest.mark.parametrize("action", ["role", "sessions", "reset", "remove"])
def test_without_our_own_form_nothing_is_done(house: House, browser: Browser, ola: Resident, action: str) -> None:
    """A form that another site has sent is refused."""
    path = open_member(browser, ola)
    before = house.member("fjordly", ola)
    answer = browser.post(f"{path}/{action}", csrf="0" * 64, role="administrator", why="because")
    assert answer.status == 403
    assert house.member("fjordly", ola) == before
