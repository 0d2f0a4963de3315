"""A provider, or whoever governs it, reaches beyond its own organisation neither by force nor by nuisance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.attacks.house import OPERATOR, PASSWORD, House, app_of
from totrinn.app import connecting, operating, using_links
from totrinn.app.identity_providers import Ended, OidcSettings, SamlSettings
from totrinn.app.judging import Actor, judge
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules

KARI = "kari@nordlys.test"
SAML = SamlSettings("https://provider.example/idp", "https://provider.example/sso", ("MII",))
DEMANDING = SsoRules(demands_evidence=True)


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation with a connection, and a person who belongs to another one, too."""
    house.organisation("nordlys")
    house.organisation("hemmelig")
    house.person(KARI, "nordlys")
    house.person(KARI, "hemmelig", Role.GLOBAL_ADMINISTRATOR)
    return house.connection("nordlys", "nordlys.test", rules=DEMANDING)


@pytest.mark.row("R46", "R77")
def test_a_held_sign_in_is_told_of_no_other_organisation(house: House, nordlys: str) -> None:
    """Neither does the choice name one, nor does the log there tell of an attempt to choose it."""
    browser = house.browser()
    assert browser.sign_in_by_sso(nordlys, "kari", KARI).headers["location"] == "/login/enrol"
    page = browser.get("/choose-organisation")
    assert "Hemmelig" not in page.text
    assert browser.send(page, "/choose-organisation", organisation="hemmelig").status_code == 404
    assert "signin:organisation:chosen" not in _kinds(house, "hemmelig")


@pytest.mark.row("R14")
def test_wrong_codes_behind_a_provider_close_nothing_elsewhere(house: House) -> None:
    """They count for that organisation alone; the person's own sign-in takes the next code."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", rules=DEMANDING)
    house.enrolled(KARI, "nordlys")
    behind = house.browser()
    behind.sign_in_by_sso(connection, "kari", KARI)
    statuses = [behind.submit("/login/two-factor", code="000000").status_code for _ in range(8)]
    assert statuses[-1] == 429
    own = house.browser()
    own.sign_in(KARI)
    own.submit("/login/two-factor", code=house.apps[KARI].now())
    assert own.is_in()


@pytest.mark.row("R59")
def test_a_session_through_sso_ends_no_sign_in_elsewhere(house: House, nordlys: str) -> None:
    """Signing out all others through SSO leaves a password sign-in that is under way as it is."""
    own = house.browser()
    own.sign_in(KARI)
    through = house.browser()
    through.sign_in_by_sso(nordlys, "kari", KARI, amr=("mfa",))
    through.send(through.get("/account"), "/account/sessions/end-others")
    own.submit("/choose-organisation", organisation="hemmelig")
    assert own.is_in()


@pytest.mark.row("R53", "R62")
def test_a_link_to_a_provider_swaps_no_session_unasked(house: House, nordlys: str) -> None:
    """Whoever is signed in elsewhere is asked; neither the link alone is enough, nor an answer that came unasked."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    victim = house.browser()
    victim.sign_in("ola@fjordly.test")
    asked = victim.get(f"/sso/{nordlys}/login")
    assert asked.status_code == 200
    assert victim.is_in()
    evil = house.connection("nordlys", settings=replace(SAML, allows_idp_initiated=True))
    posted = victim.http.post(f"/sso/{evil}/acs", data={"SAMLResponse": house.vouched("m", "m@nordlys.test")})
    assert victim.get(posted.headers["location"]).status_code == 200
    assert "ola@fjordly.test" in victim.get("/account").text


@pytest.mark.row("R81")
def test_an_unasked_answer_belongs_to_the_browser_that_posted_it(house: House) -> None:
    """The address at which it waits is worth nothing in another browser."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", settings=replace(SAML, allows_idp_initiated=True))
    attacker, victim = house.browser(), house.browser()
    posted = attacker.http.post(f"/sso/{connection}/acs", data={"SAMLResponse": house.vouched("m", "m@nordlys.test")})
    victim.get("/login")
    assert victim.get(posted.headers["location"]).status_code == 400
    assert not victim.is_in()


@pytest.mark.row("R28", "R58")
def test_a_factor_set_up_on_a_providers_word_ends_with_the_first_password(house: House) -> None:
    """Whoever chooses a first password sets up a factor anew; what the provider had planted opens nothing."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", rules=DEMANDING)
    planted = house.browser()
    planted.sign_in_by_sso(connection, "new", "new@nordlys.test")
    planted.submit("/login/enrol")
    app = app_of(planted.get("/login/enrol").text)
    planted.submit("/login/enrol", "/login/enrol/confirm", code=app.now())
    assert planted.is_in()
    link = operating.issue_password_link(house.services, house.visitor(), OPERATOR, "new@nordlys.test")
    assert isinstance(link, operating.Link)
    using_links.choose_password(house.services, house.visitor(), link.token, PASSWORD)
    assert not planted.is_in()
    own = house.browser()
    assert own.sign_in("new@nordlys.test").headers["location"] == "/login/enrol"


@pytest.mark.row("R78")
def test_another_provider_inherits_no_link(house: House) -> None:
    """When the issuer changes, its subjects are strangers, live sessions end, and it is off until it has been tried."""
    house.organisation("nordlys")
    house.enrolled("sjef@nordlys.test", "nordlys", Role.GLOBAL_ADMINISTRATOR)
    connection = house.connection("nordlys", "nordlys.test")
    old = house.browser()
    old.sign_in_by_sso(connection, "1001", KARI)
    _change(house, connection, settings=OidcSettings("https://another.example", "nordlys"))
    assert not old.is_in()
    assert house.browser().get(f"/sso/{connection}/login").status_code == 404
    _switch_on(house, connection)
    assert house.browser().sign_in_by_sso(connection, "1001", "ola@nordlys.test").headers["location"] == "/"
    assert "Ola" not in old.get("/login").text
    with house.database.reading() as unit:
        link = unit.identities.find(connection, "1001")
        assert link is not None
        person = unit.people.find(link.person_id)
    assert person is not None
    assert person.email == "ola@nordlys.test"


@pytest.mark.row("R41", "R85")
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])
def test_evidence_by_words_that_count_no_more_is_none(house: House, at_once: bool) -> None:
    """However the words and the demand are changed, nobody stays in by evidence that the organisation rules out."""
    house.organisation("nordlys")
    house.enrolled("sjef@nordlys.test", "nordlys", Role.GLOBAL_ADMINISTRATOR)
    lax, words = SsoRules(evidence=("pwd", "mfa")), ("mfa",)
    connection = house.connection("nordlys", "nordlys.test", rules=lax)
    browser = house.browser()
    browser.sign_in_by_sso(connection, "kari", KARI, amr=("pwd",))
    if not at_once:
        _change(house, connection, rules=replace(lax, evidence=words))
        assert browser.is_in(), "nothing is demanded: nobody is disturbed"
    _change(house, connection, rules=replace(DEMANDING, evidence=words))
    assert not browser.is_in()


@pytest.mark.row("R87")
def test_what_the_provider_ended_is_not_finished_either(house: House) -> None:
    """A sign-in that waits for the second factor ends with the provider's session."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", rules=DEMANDING)
    house.enrolled(KARI, "nordlys")
    browser = house.browser()
    browser.sign_in_by_sso(connection, "kari", KARI, session="s1")
    page = browser.get("/login/two-factor")
    token = house.provider.ends(Ended("", ("s1",), "one", datetime.now(UTC) + timedelta(minutes=2)))
    httpx2.post(f"{house.address}/sso/{connection}/backchannel-logout", data={"logout_token": token})
    browser.send(page, "/login/two-factor", code=house.apps[KARI].now())
    assert not browser.is_in()


@pytest.mark.row("R49")
def test_whoever_left_comes_back_by_no_providers_word(house: House) -> None:
    """After leaving, an offer and the provider do not make a member of somebody who has a password to accept with."""
    house.organisation("nordlys")
    house.organisation("fjordly")
    connection = house.connection("nordlys", "nordlys.test")
    house.person(KARI, "nordlys")
    house.person(KARI, "fjordly")
    house.browser().sign_in_by_sso(connection, "kari", KARI)
    own = house.browser()
    own.sign_in(KARI)
    own.submit("/choose-organisation", organisation="nordlys")
    own.send(own.get("/account"), "/account/memberships/nordlys/leave")
    operating.create_person(
        house.services, house.visitor(), OPERATOR, email=KARI, name="", slug="nordlys", role=Role.USER, password=None
    )
    assert house.browser().sign_in_by_sso(connection, "kari", KARI).status_code == 403


@pytest.mark.row("R92")
def test_everybody_who_is_turned_away_stands_in_the_log(house: House) -> None:
    """Whom a provider vouches for is no stranger, however many of them come in one minute."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", rules=SsoRules(creates_members=False))
    for name in ("kari", "ola", "siri"):
        assert house.browser().sign_in_by_sso(connection, name, f"{name}@nordlys.test").status_code == 403
    assert _kinds(house, "nordlys").count("signin:sso:refused") == 3


@pytest.mark.row("R92")
def test_strangers_fill_no_log_and_no_table(house: House) -> None:
    """Junk is told once a minute, and an answer that is wrong is not kept."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", settings=SAML)
    for number in range(30):
        httpx2.post(f"{house.address}/sso/{connection}/backchannel-logout", data={"logout_token": f"junk {number}"})
    assert _kinds(house, "nordlys").count("signin:sso:refused") <= 2
    browser = house.browser()
    state = browser.set_out(connection)
    posted = browser.http.post(f"/sso/{connection}/acs", data={"SAMLResponse": "A" * 300_000, "RelayState": state})
    assert posted.status_code == 400
    with house.database.reading() as unit:
        attempt = unit.attempts.find(house.services.digest(state))
    assert attempt is None


def test_the_back_button_leads_on_where_the_sign_in_is_over(house: House) -> None:
    """Whoever is in, and goes back to the address of the answer, is shown the first page."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test")
    browser = house.browser()
    state, code = browser.set_out(connection), house.vouched("kari", KARI)
    browser.come_back(connection, state, code)
    assert browser.come_back(connection, state, code).headers["location"] == "/"
    assert browser.is_in()


@pytest.mark.row("R50")
def test_choosing_what_leads_nowhere_ends_no_session(house: House) -> None:
    """A password session that chooses an organisation which takes none stays where it is."""
    house.organisation("nordlys")
    house.organisation("fjordly")
    connection = house.connection("nordlys", "nordlys.test")
    for keeper in ("one@nordlys.test", "two@nordlys.test"):
        house.enrolled(keeper, "nordlys", Role.GLOBAL_ADMINISTRATOR)
    house.require("nordlys", on=False)
    house.person(KARI, "nordlys")
    house.person(KARI, "fjordly")
    house.browser().sign_in_by_sso(connection, "kari", KARI)
    browser = house.browser()
    browser.sign_in(KARI)
    browser.submit("/choose-organisation", organisation="fjordly")
    _close(house)
    assert browser.submit("/choose-organisation", organisation="nordlys").status_code == 403
    assert browser.is_in()


def _kinds(house: House, slug: str) -> list[str]:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        return [e.kind for e in unit.log.of_organisation(organisation.id, kind="", before=None, limit=200)]


def _boss(house: House) -> Actor:
    browser = next(each for each in house.browsers if each.cookie("totrinn") and "sjef@" in each.get("/account").text)
    judged = judge(house.services, house.visitor(), browser.cookie("totrinn") or "", next_="")
    assert isinstance(judged, Actor)
    return judged


def _change(
    house: House, connection: str, *, settings: OidcSettings | None = None, rules: SsoRules | None = None
) -> None:
    with house.database.reading() as unit:
        before = unit.connections.find(connection)
    assert before is not None
    draft = connecting.Draft(before.name, settings or before.settings, rules or before.rules)
    done = connecting.change_connection(
        house.services, house.visitor(), _boss(house), connection, draft, expected_revision=before.revision
    )
    assert isinstance(done, Connection)


def _switch_on(house: House, connection: str) -> None:
    connecting.switch_on_by_operator(house.services, house.visitor(), OPERATOR, connection)


def _close(house: House) -> None:
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
        assert organisation is not None
        keepers = [member.id for member in unit.members.global_administrators(organisation.id)]
        unit.keepers.close(organisation.id, keepers)
