"""What an organisation may demand beyond its provider's word: evidence of two factors, and SSO instead of passwords."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.attacks.house import PASSWORD, Browser, House, app_of
from totrinn.app.closing_passwords import ClosingObstacle, close_passwords, possible_keepers
from totrinn.app.judging import Actor, judge
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules

ASE = "ase@nordlys.test"
DEMANDING = SsoRules(demands_evidence=True)


@pytest.fixture
def strict(house: House) -> str:
    """An organisation that demands evidence of two factors of its provider."""
    house.organisation("nordlys", required=True)
    return house.connection("nordlys", "nordlys.test", rules=DEMANDING)


@pytest.mark.row("R85")
@pytest.mark.parametrize(
    "said", [{"amr": ("pwd", "mfa")}, {"acr": "https://refeds.org/profile/mfa"}, {"amr": ("mfa",), "acr": "x"}]
)
def test_evidence_of_two_factors_lets_in(house: House, strict: str, said: dict[str, object]) -> None:
    """Whoever used two factors at the provider is asked for nothing more."""
    browser = house.browser()
    assert browser.sign_in_by_sso(strict, "ase", ASE, **said).headers["location"] == "/"
    assert browser.is_in()


@pytest.mark.row("R85")
@pytest.mark.parametrize(
    "said", [{}, {"amr": ("pwd",)}, {"amr": ("MFA",)}, {"amr": ("mfa2",)}, {"acr": "mfa "}, {"acr": "0"}]
)
def test_without_evidence_a_factor_of_ours_is_asked_for(house: House, strict: str, said: dict[str, object]) -> None:
    """What is absent, or said in other words, proves nothing: whoever has a factor here must use it."""
    house.enrolled(ASE, "nordlys")
    browser = house.browser()
    assert browser.sign_in_by_sso(strict, "ase", ASE, **said).headers["location"] == "/login/two-factor"
    assert not browser.is_in()
    browser.submit("/login/two-factor", code=house.apps[ASE].now())
    assert browser.is_in()


@pytest.mark.row("R85")
def test_evidence_from_long_ago_is_none_where_its_age_counts(house: House) -> None:
    """Where the organisation says how old it may be, older evidence, or one without a time, proves nothing."""
    house.organisation("nordlys")
    rules = replace(DEMANDING, evidence_age=timedelta(hours=1))
    connection = house.connection("nordlys", "nordlys.test", rules=rules)
    now = datetime.now(UTC)
    for at, location in (
        (now - timedelta(minutes=50), "/"),
        (now - timedelta(minutes=70), "/login/enrol"),
        (None, "/login/enrol"),
        (now + timedelta(hours=3), "/login/enrol"),
    ):
        browser = house.browser()
        answer = browser.sign_in_by_sso(connection, "ase", ASE, amr=("mfa",), authenticated_at=at)
        assert answer.headers["location"] == location, at


@pytest.mark.row("R29", "R85")
def test_the_provider_enrols_nobody_who_has_a_password(house: House, strict: str) -> None:
    """Whoever has a password here proves it before a secret is shown in their name; a wrong one opens nothing."""
    house.person(ASE, "nordlys")
    browser = house.browser()
    assert browser.sign_in_by_sso(strict, "ase", ASE).headers["location"] == "/login/enrol"
    assert browser.submit("/login/enrol").status_code == 422
    assert browser.submit("/login/enrol", password="wrong password it is").status_code == 422
    assert "otpauth" not in browser.get("/login/enrol").text
    assert browser.submit("/login/enrol", password=PASSWORD).status_code == 303
    app = _app(browser)
    answer = browser.submit("/login/enrol", "/login/enrol/confirm", code=app)
    assert answer.status_code == 200
    assert browser.is_in()


@pytest.mark.row("R85")
def test_whoever_has_nothing_but_sso_may_enrol_there(house: House, strict: str) -> None:
    """Without a password of their own, the provider's word is all that they have, and enough for a first factor."""
    browser = house.browser()
    assert browser.sign_in_by_sso(strict, "ase", ASE).headers["location"] == "/login/enrol"
    assert not browser.is_in()
    browser.submit("/login/enrol")
    assert browser.submit("/login/enrol", "/login/enrol/confirm", code=_app(browser)).status_code == 200
    assert browser.is_in()
    again = house.browser()
    assert again.sign_in_by_sso(strict, "ase", ASE).headers["location"] == "/login/two-factor"


@pytest.mark.row("R41", "R85")
def test_a_demand_for_evidence_bites_live_sessions(house: House) -> None:
    """Sessions without it go on with our factor where there is one, and end where there is none."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test")
    house.enrolled(ASE, "nordlys")
    has, lacks, proven = house.browser(), house.browser(), house.browser()
    has.sign_in_by_sso(connection, "ase", ASE)
    lacks.sign_in_by_sso(connection, "ola", "ola@nordlys.test")
    proven.sign_in_by_sso(connection, "kari", "kari@nordlys.test", amr=("mfa",))
    with house.database.writing() as unit:
        found = unit.connections.find(connection)
        assert found is not None
        assert unit.connections.save(replace(found, rules=DEMANDING), expected_revision=found.revision)
    assert has.get("/").headers["location"] == "/login/two-factor"
    assert lacks.get("/").headers["location"].startswith("/login?")
    assert proven.is_in()


@pytest.mark.row("R77")
def test_closing_passwords_shuts_the_password_of_whom_sso_governs_and_of_nobody_else(house: House) -> None:
    """Åse comes by SSO and no longer by password; Ola, who has no link, and the named administrators still do."""
    connection, keepers = _governed(house)
    house.person(ASE, "nordlys")
    house.person("ola@nordlys.test", "nordlys")
    house.browser().sign_in_by_sso(connection, "ase", ASE)
    before = house.browser()
    before.sign_in(ASE)
    assert before.is_in()
    assert _close(house, keepers) is None
    assert before.get("/").status_code == 303
    refused = house.browser().sign_in(ASE)
    assert refused.status_code == 403
    assert "/login/sso" in refused.text
    browser = house.browser()
    browser.sign_in("ola@nordlys.test")
    assert browser.is_in()
    keeper = house.browser()
    keeper.sign_in(keepers[0])
    keeper.submit("/login/two-factor", code=house.apps[keepers[0]].now())
    assert keeper.is_in()


@pytest.mark.row("R12", "R77")
def test_a_closed_password_still_tells_nothing_before_the_factor(house: House) -> None:
    """Whoever has a factor is asked for it first: a stolen password does not learn that it is closed."""
    connection, keepers = _governed(house)
    house.enrolled(ASE, "nordlys")
    house.browser().sign_in_by_sso(connection, "ase", ASE)
    house.require("nordlys", on=False)
    assert _close(house, keepers) is None
    assert house.browser().sign_in(ASE).headers["location"] == "/login/two-factor"
    assert house.browser().sign_in(ASE, "another password").status_code == 422


@pytest.mark.row("R50")
def test_closing_passwords_in_one_organisation_closes_none_in_another(house: House) -> None:
    """Elsewhere the person goes on with their password."""
    connection, keepers = _governed(house)
    house.organisation("fjordly")
    house.person(ASE, "nordlys")
    house.person(ASE, "fjordly")
    house.browser().sign_in_by_sso(connection, "ase", ASE)
    assert _close(house, keepers) is None
    browser = house.browser()
    browser.sign_in(ASE)
    page = browser.get("/choose-organisation")
    assert browser.send(page, "/choose-organisation", organisation="fjordly").headers["location"] == "/"
    assert browser.is_in()
    other = house.browser()
    other.sign_in(ASE)
    refused = other.submit("/choose-organisation", organisation="nordlys")
    assert refused.status_code == 403
    assert not other.is_in()


@pytest.mark.row("R44")
def test_passwords_are_closed_only_with_two_who_keep_theirs(house: House) -> None:
    """Fewer than two, somebody without a factor, a user, somebody of another organisation: refused."""
    _, keepers = _governed(house)
    house.person("nofactor@nordlys.test", "nordlys", Role.GLOBAL_ADMINISTRATOR)
    house.person("user@nordlys.test", "nordlys")
    for named in ((), keepers[:1], (keepers[0], keepers[0]), (keepers[0], "nofactor@nordlys.test")):
        assert isinstance(_close(house, tuple(named)), ClosingObstacle)
    assert _close(house, (keepers[0], "user@nordlys.test")) is ClosingObstacle.UNFIT_KEEPER


@pytest.mark.row("R44")
def test_who_keeps_a_password_keeps_role_membership_and_factor(house: House) -> None:
    """While passwords are closed, those who are named are neither demoted nor removed, nor lay their factor down."""
    _, keepers = _governed(house)
    assert _close(house, keepers) is None
    first = _signed_in(house, keepers[0])
    second = _id(house, keepers[1])
    page = first.get(f"/members/{second}")
    assert first.send(page, f"/members/{second}/role", role="user").status_code == 409
    assert first.send(page, f"/members/{second}/remove").status_code == 409
    assert first.send(first.get("/account"), "/account/memberships/nordlys/leave").status_code == 409
    with house.database.reading() as unit:
        (factor,) = unit.factors.of_person(_id(house, keepers[0]))
    house.require("nordlys", on=False)
    page = first.get("/account")
    answer = first.send(page, f"/account/second-factor/{factor.id}/remove", code=house.apps[keepers[0]].now())
    assert answer.status_code == 409
    with house.database.reading() as unit:
        assert len(unit.keepers.names(_organisation(house))) == 2


def _governed(house: House) -> tuple[str, tuple[str, str]]:
    """An organisation with a connection, and two global administrators who have a factor."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test")
    keepers = ("one@nordlys.test", "two@nordlys.test")
    for keeper in keepers:
        house.enrolled(keeper, "nordlys", Role.GLOBAL_ADMINISTRATOR)
    house.require("nordlys", on=False)
    return connection, keepers


def _close(house: House, keepers: tuple[str, ...]) -> object:
    """Closes passwords in the name of the first administrator, who has just signed in."""
    actor = _actor(house, "one@nordlys.test")
    return close_passwords(house.services, house.visitor(), actor, [_id(house, keeper) for keeper in keepers])


def _actor(house: House, email: str) -> Actor:
    browser = next(each for each in house.browsers if each.cookie("totrinn") and email in each.get("/account").text)
    judged = judge(house.services, house.visitor(), browser.cookie("totrinn") or "", next_="")
    assert isinstance(judged, Actor)
    return judged


def _signed_in(house: House, email: str) -> Browser:
    return next(each for each in house.browsers if each.cookie("totrinn") and email in each.get("/account").text)


def _id(house: House, email: str) -> str:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
    assert person is not None
    return person.id


def _organisation(house: House) -> str:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
    assert organisation is not None
    return organisation.id


def _app(browser: Browser) -> str:
    return app_of(browser.get("/login/enrol").text).now()


def test_who_may_keep_a_password_has_one_and_a_factor(house: House) -> None:
    """Only global administrators with both are offered."""
    _governed(house)
    house.person("nofactor@nordlys.test", "nordlys", Role.GLOBAL_ADMINISTRATOR)
    with house.database.reading() as unit:
        names = [member.email for member in possible_keepers(unit, _organisation(house))]
    assert names == ["one@nordlys.test", "two@nordlys.test"]
