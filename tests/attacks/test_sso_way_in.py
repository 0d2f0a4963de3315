"""What the organisation's SSO opens: that organisation, undisturbed, and nothing else."""

from datetime import UTC, datetime

import pytest

from tests.attacks.house import House
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules

ASE = "ase@nordlys.test"


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation that requires two-factor, and its connection."""
    house.organisation("nordlys", required=True)
    return house.connection("nordlys", "nordlys.test")


@pytest.mark.row("R77")
def test_whoever_comes_through_sso_is_let_in_undisturbed(house: House, nordlys: str) -> None:
    """The requirement does not concern the sign-in that the organisation's own provider has vouched for."""
    browser = house.browser()
    answer = browser.sign_in_by_sso(nordlys, "ase", ASE)
    assert answer.headers["location"] == "/"
    assert browser.is_in()


@pytest.mark.row("R77")
def test_the_same_person_with_a_password_must_enrol(house: House, nordlys: str) -> None:
    """Having come through SSO before is no label that a password could hide behind."""
    house.person(ASE, "nordlys")
    assert house.browser().sign_in_by_sso(nordlys, "ase", ASE).headers["location"] == "/"
    browser = house.browser()
    assert browser.sign_in(ASE).headers["location"] == "/login/enrol"
    assert not browser.is_in()


@pytest.mark.row("R77")
def test_a_leftover_factor_and_a_reset_do_not_disturb_sso(house: House, nordlys: str) -> None:
    """Neither an authenticator of earlier days nor the mark of a reset leads to a prompt."""
    house.enrolled(ASE, "nordlys")
    browser = house.browser()
    assert browser.sign_in_by_sso(nordlys, "ase", ASE).headers["location"] == "/"
    with house.database.writing() as unit:
        person = unit.people.find_by_email(ASE)
        assert person is not None
        unit.people.mark_must_enrol(person.id)
    again = house.browser()
    assert again.sign_in_by_sso(nordlys, "ase", ASE).headers["location"] == "/"
    assert again.is_in()


@pytest.mark.row("R50", "R77")
def test_sso_into_one_organisation_is_worth_nothing_in_another(house: House, nordlys: str) -> None:
    """A session through A's SSO neither changes to B, nor is told of B; B is as unknown as what does not exist."""
    house.organisation("fjordly")
    house.person(ASE, "nordlys")
    house.person(ASE, "fjordly")
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE)
    page = browser.get("/choose-organisation")
    assert "Fjordly" not in page.text
    foreign = browser.send(page, "/choose-organisation", organisation="fjordly")
    unknown = browser.send(page, "/choose-organisation", organisation="nowhere")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert "Fjordly" not in browser.get("/account").text
    assert browser.is_in()


@pytest.mark.row("R78")
def test_a_first_sign_in_makes_no_global_administrator(house: House) -> None:
    """Whoever comes for the first time is a user, unless one of the mapped groups says more."""
    house.organisation("nordlys")
    rules = SsoRules(
        default_role=Role.GLOBAL_ADMINISTRATOR,
        roles=(("chiefs", Role.GLOBAL_ADMINISTRATOR), ("it", Role.ADMINISTRATOR)),
    )
    connection = house.connection("nordlys", "nordlys.test", rules=rules)
    for subject, groups in (
        ("nobody", ()),
        ("helper", ("it", "other")),
        ("chief", ("it", "chiefs")),
        ("odd", ("Chiefs",)),
    ):
        house.browser().sign_in_by_sso(connection, subject, f"{subject}@nordlys.test", groups=groups)
    assert _roles(house, "nobody", "helper", "chief", "odd") == [
        Role.USER,
        Role.ADMINISTRATOR,
        Role.GLOBAL_ADMINISTRATOR,
        Role.USER,
    ]


def test_groups_are_followed_at_each_sign_in_but_the_last_global_administrator_stays(house: House) -> None:
    """Whoever leaves the group loses the role at the next sign-in; nobody is left without anyone who governs."""
    house.organisation("nordlys")
    rules = SsoRules(roles=(("chiefs", Role.GLOBAL_ADMINISTRATOR),))
    connection = house.connection("nordlys", "nordlys.test", rules=rules)
    for groups in (("chiefs",), ()):
        for subject in ("one", "two"):
            house.browser().sign_in_by_sso(connection, subject, f"{subject}@nordlys.test", groups=groups)
    assert _roles(house, "one", "two") == [Role.USER, Role.GLOBAL_ADMINISTRATOR]


@pytest.mark.row("R12")
def test_what_leads_nowhere_answers_alike(house: House, nordlys: str) -> None:
    """An unknown domain, one that is not proven, and one whose connection is off: the same page, the same status."""
    house.organisation("fjordly")
    off = house.connection("fjordly", "off.test")
    _switch(house, "fjordly", off, on=False)
    answers = [house.browser().submit("/login/sso", email=f"a@{domain}") for domain in ("unknown.test", "off.test")]
    bodies = {answer.text.replace("unknown.test", "").replace("off.test", "") for answer in answers}
    # The form's token is of each browser's own visit.
    assert {answer.status_code for answer in answers} == {422}
    assert len({_without_token(body) for body in bodies}) == 1


def test_an_address_of_a_proven_domain_leads_to_the_connection(house: House, nordlys: str) -> None:
    """Known or not, in whatever letter case: the address is handed on to the provider as a hint."""
    for typed in ("ASE@Nordlys.TEST ", "never-seen@nordlys.test"):
        answer = house.browser().submit("/login/sso", email=typed)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"/sso/{nordlys}/login?login_hint={typed.strip().lower()[:3]}")


def test_a_domain_that_two_organisations_have_proven_lets_one_choose(house: House, nordlys: str) -> None:
    """Both are offered, by their names; neither is chosen for anybody."""
    house.organisation("fjordly")
    other = house.connection("fjordly", "nordlys.test")
    answer = house.browser().submit("/login/sso", email=ASE)
    assert answer.status_code == 200
    assert f"/sso/{nordlys}/login" in answer.text
    assert f"/sso/{other}/login" in answer.text


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "target", ["//evil.test", "/\\evil.test", "https://evil.test", "/%09/evil.test", "/login", "/sso/x"]
)
def test_sso_leads_on_to_our_own_pages_only(house: House, nordlys: str, target: str) -> None:
    """What is no page of ours that one may go on to is forgotten."""
    browser = house.browser()
    state = browser.set_out(nordlys, next=target)
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/"


def test_sso_leads_on_to_where_one_wanted_to_go(house: House, nordlys: str) -> None:
    """A page of ours is remembered on the way to the provider and back."""
    browser = house.browser()
    state = browser.set_out(nordlys, next="/account")
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/account"


def _roles(house: House, *subjects: str) -> list[Role]:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
        assert organisation is not None
        people = [unit.people.find_by_email(f"{subject}@nordlys.test") for subject in subjects]
        members = [unit.members.find(organisation.id, person.id) for person in people if person]
    return [member.role for member in members if member]


def _switch(house: House, slug: str, connection: str, *, on: bool) -> None:
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        unit.connections.set_enabled(organisation.id, connection, is_enabled=on)


def _without_token(page: str) -> str:
    before, _, rest = page.partition('name="csrf" value="')
    parts = [before]
    while rest:
        rest = rest.partition('"')[2]
        before, _, rest = rest.partition('name="csrf" value="')
        parts.append(before)
    return "".join(parts)


def test_the_times_of_the_session_are_those_of_the_provider(house: House, nordlys: str) -> None:
    """A session does not outlive the end that the provider has set."""
    now = datetime.now(UTC)
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE, ends_at=now)
    assert not browser.is_in()
