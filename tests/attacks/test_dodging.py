"""Ways round the requirement by changing one's own place: leaving, joining, removing, other people's organisations."""

import re

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import OPERATOR, PASSWORD, Browser, House, hidden
from totrinn.app import operating
from totrinn.core.roles import Role

OLA = "ola@fjordly.test"
KARI = "kari@fjordly.test"


def _id(house: House, email: str) -> str:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
    assert person is not None
    return person.id


def _factors(house: House, email: str) -> list[str]:
    with house.database.reading() as unit:
        return [factor.id for factor in unit.factors.of_person(_id(house, email))]


def _stands(house: House, slug: str) -> bool:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
    assert organisation is not None
    return organisation.policy.requirement.stands()


def _offered(house: House, email: str, slug: str, role: Role = Role.USER) -> None:
    made = operating.create_person(
        house.services, house.visitor(), OPERATOR, email=email, name="", slug=slug, role=role, password=None
    )
    assert isinstance(made, operating.MembershipOffered)


def _removal(house: House, browser: Browser, clock: Clock) -> httpx2.Response:
    code = clock.code(house.apps[OLA])
    return browser.submit(f"/account/second-factor/{_factors(house, OLA)[0]}/remove", code=code, password=PASSWORD)


@pytest.mark.row("R50")
def test_the_last_factor_stays_while_any_of_ones_organisations_requires_it_be_it_for_later(
    house: House, clock: Clock
) -> None:
    """Neither from another organisation, nor before the date, nor by the vendor's withdrawing can it be removed."""
    house.organisation("fjordly")
    house.organisation("mild")
    house.enrolled(OLA, "fjordly")
    house.person(OLA, "mild")
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    house.require("fjordly", on=False)
    clock.pass_by(minutes=5)
    kari = house.browser()
    kari.sign_in(KARI)
    basic = {"name": "Fjordly", "language": "nb", "time_zone": "Pacific/Kiritimati"}
    window = kari.submit("/settings/basic", **basic, require_two_factor="on", required_from="01.06.2030")
    assert kari.send(window, "/settings/basic/confirm").status_code == 303
    assert _stands(house, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    browser.submit("/login/two-factor", code=clock.code(house.apps[OLA]))
    browser.submit("/choose-organisation", organisation="mild")
    assert browser.is_in()
    clock.pass_by(seconds=60)
    refused = _removal(house, browser, clock)
    assert refused.status_code == 409
    assert "Fjordly" in refused.text
    assert len(_factors(house, OLA)) == 1
    assert browser.submit("/account", "/account/memberships/fjordly/leave").status_code == 303
    clock.pass_by(seconds=60)
    assert _removal(house, browser, clock).status_code == 303
    assert _factors(house, OLA) == []


@pytest.mark.row("R50")
def test_joining_again_without_a_factor_is_held_at_enrolment(house: House) -> None:
    """Whoever left, removed the factor and comes back by an invitation is held like everybody else."""
    house.organisation("streng", required=True)
    house.organisation("mild")
    house.person(OLA, "mild")
    _offered(house, OLA, "streng")
    browser = house.browser()
    browser.sign_in(OLA)
    assert browser.is_in()
    assert browser.submit("/account", "/account/memberships/streng/accept").status_code == 303
    assert browser.submit("/choose-organisation", organisation="streng").headers["location"] == "/login/enrol"
    assert not browser.is_in()


@pytest.mark.row("R34")
@pytest.mark.row("R50")
def test_the_mark_of_a_reset_holds_in_every_organisation(house: House) -> None:
    """After a reset the person is held at enrolment in the organisation that requires nothing, too."""
    house.organisation("mild")
    house.organisation("annen")
    house.enrolled(OLA, "mild")
    house.require("mild", on=False)
    house.person(OLA, "annen")
    operating.reset_by_operator(house.services, house.visitor(), OPERATOR, OLA, why="lost")
    for slug in ("mild", "annen"):
        browser = house.browser()
        browser.sign_in(OLA)
        answer = browser.submit("/choose-organisation", organisation=slug)
        assert answer.headers["location"] == "/login/enrol", slug
        assert not browser.is_in()


@pytest.mark.row("R34")
@pytest.mark.row("R46")
def test_an_organisation_cannot_reset_whom_it_has_only_invited_or_shares(house: House) -> None:
    """Inviting somebody does not give power over their factor, and neither does sharing them."""
    house.organisation("fjordly")
    house.organisation("ond")
    house.enrolled(OLA, "fjordly")
    house.person("mallory@ond.test", "ond", Role.GLOBAL_ADMINISTRATOR)
    mallory = house.browser()
    mallory.sign_in("mallory@ond.test")
    ola = _id(house, OLA)
    unknown = mallory.submit(f"/members/{_id(house, 'mallory@ond.test')}", f"/members/{ola}/reset", why="x")
    assert unknown.status_code == 404
    _offered(house, OLA, "ond")
    assert mallory.submit(f"/members/{ola}", f"/members/{ola}/reset", why="x").status_code == 409
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("ond")
        assert organisation is not None
        unit.members.accept(organisation.id, ola, house.visitor().now)
    assert mallory.submit(f"/members/{ola}", f"/members/{ola}/reset", why="x").status_code == 409
    assert len(_factors(house, OLA)) == 1


def _two_organisations(house: House) -> tuple[Browser, Browser]:
    """An administrator and a global administrator of one, who are signed in; in the other a stranger."""
    house.organisation("fjordly")
    house.organisation("annen")
    house.person(OLA, "fjordly", Role.ADMINISTRATOR)
    house.person("per@fjordly.test", "fjordly")
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    house.person("fremmed@annen.test", "annen")
    administrator, governor = house.browser(), house.browser()
    administrator.sign_in(OLA)
    governor.sign_in(KARI)
    return administrator, governor


@pytest.mark.row("R46")
@pytest.mark.row("R48")
def test_ids_of_elsewhere_are_unknown_and_no_form_gives_the_vendors_role(house: House) -> None:
    """A foreign id is answered exactly as an invented one, and the form of roles knows no role of the vendor's."""
    _, governor = _two_organisations(house)
    per, foreign = _id(house, "per@fjordly.test"), _id(house, "fremmed@annen.test")
    unknown = "01900000-0000-7000-8000-000000000000"
    for act in ("role", "sessions", "remove", "reset"):
        answers = [
            governor.submit(f"/members/{per}", f"/members/{who}/{act}", role="user", why="x")
            for who in (foreign, unknown)
        ]
        texts = {
            re.sub(r'name="csrf" value="\w+"', "", one.text.replace(who, "…"))
            for one, who in zip(answers, (foreign, unknown), strict=True)
        }
        assert [answer.status_code for answer in answers] == [404, 404], act
        assert len(texts) == 1, act
    for role in ("vendor", "VENDOR", "owner", ""):
        assert governor.submit(f"/members/{per}", f"/members/{per}/role", role=role).status_code == 422


@pytest.mark.row("R47")
@pytest.mark.row("R48")
def test_other_fields_are_not_looked_at_and_no_role_does_anothers_work(house: House) -> None:
    """An administrator changes no roles and no settings; fields that a form does not have change nothing."""
    administrator, governor = _two_organisations(house)
    per, foreign = _id(house, "per@fjordly.test"), _id(house, "fremmed@annen.test")
    for role in ("global_administrator", "administrator"):
        for who in (per, _id(house, OLA)):
            assert administrator.submit(f"/members/{per}", f"/members/{who}/role", role=role).status_code == 403
    kari = _id(house, KARI)
    for act in ("sessions", "remove", "reset"):
        assert administrator.submit(f"/members/{per}", f"/members/{kari}/{act}", why="x").status_code == 403, act
    basic = {"name": "Fjordly", "language": "nb", "time_zone": "Europe/Oslo"}
    more = {"slug": "vendor", "is_vendor": "1", "always": "1", "available_since": "", "role": "vendor", "id": foreign}
    assert governor.submit("/settings/basic", **basic, **more).status_code == 303
    assert administrator.submit("/settings/basic", **basic, require_two_factor="on").status_code == 403
    assert governor.submit("/settings/basic", **{**basic, "organisation": "annen"}).status_code == 409
    for path in ("/vendor", "/vendor/organisations/annen"):
        assert governor.get(path).status_code == 403
    with house.database.reading() as unit:
        member = unit.members.of_person(_id(house, OLA))[0]
        assert member.role is Role.ADMINISTRATOR
        assert unit.members.of_person(per)[0].role is Role.USER
        assert unit.organisations.find_by_slug("fjordly") is not None
    assert not _stands(house, "fjordly")


@pytest.mark.row("R40")
@pytest.mark.row("R53")
def test_two_persons_sign_ins_in_one_browser_do_not_lend_each_other_anything(house: House) -> None:
    """The cookies and forms of one sign-in do not carry another one further, in whatever mixture."""
    house.organisation("streng", required=True)
    house.enrolled("mallory@streng.test", "streng").submit("/", "/logout")
    house.person(OLA, "streng")
    mallory, victim = house.browser(), house.browser()
    mallory.sign_in("mallory@streng.test")
    theirs = mallory.get("/login/two-factor")
    victim.sign_in(OLA)
    held = victim.cookie("totrinn-signin")
    mixed = house.browser()
    mixed.http.cookies.set("totrinn-signin", str(held), domain="localhost.local")
    code = house.apps["mallory@streng.test"].now()
    for path in ("/login/two-factor", "/login/enrol/confirm", "/login/enrol"):
        answer = mixed.http.post(path, data={**hidden(theirs.text), "code": code})
        assert answer.status_code in (303, 403), path
        assert not mixed.is_in()
    mallory.submit("/login/two-factor", code=code)
    assert mallory.is_in()
    session = mallory.cookie("totrinn")
    both = {"cookie": f"totrinn-signin={held}; totrinn={session}"}
    page = httpx2.get(house.address + "/account", headers=both)
    assert OLA not in page.text
    secret = httpx2.post(house.address + "/login/enrol", data=hidden(page.text), headers=both)
    assert secret.status_code == 403
    assert _factors(house, OLA) == []


@pytest.mark.row("R41")
@pytest.mark.row("R40")
def test_the_requirement_turned_on_between_two_steps_holds(house: House) -> None:
    """Between the password and the choice of the organisation, and while switching, the present rule counts."""
    house.organisation("mild")
    house.organisation("annen")
    house.person(OLA, "mild")
    house.person(OLA, "annen")
    choosing, inside = house.browser(), house.browser()
    choosing.sign_in(OLA)
    page = choosing.get("/choose-organisation")
    inside.sign_in(OLA)
    inside.submit("/choose-organisation", organisation="annen")
    other = inside.get("/choose-organisation")
    house.require("mild")
    assert choosing.send(page, "/choose-organisation", organisation="mild").headers["location"] == "/login/enrol"
    assert inside.send(other, "/choose-organisation", organisation="mild").headers["location"] == "/login/enrol"
    assert not choosing.is_in()
    assert not inside.is_in()
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("annen")
        assert organisation is not None
        unit.members.remove(organisation.id, _id(house, OLA))
    assert inside.submit("/login/enrol", "/choose-organisation", organisation="annen").status_code == 404


@pytest.mark.row("R67")
@pytest.mark.row("R92")
def test_names_and_reasons_are_only_ever_text(house: House) -> None:
    """Markup, formulas and line ends in names, reasons and browsers' names run nowhere and begin no line."""
    house.organisation("fjordly")
    house.person(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.browser()
    browser.http.headers["user-agent"] = "<script>alert('ua')</script>"
    browser.sign_in(KARI)
    name = "<img src=x onerror=alert(1)>{{7*7}}\"'"
    saved = browser.submit("/settings/basic", name=name, language="nb", time_zone="Europe/Oslo")
    assert saved.status_code == 303
    for bad in ("Fjord\r\nBcc: evil@evil.test", "Fjord\u202ely", "Fjord\u2028ly", "x" * 101, " \t "):
        answer = browser.submit("/settings/basic", name=bad, language="nb", time_zone="Europe/Oslo")
        assert answer.status_code == 422, bad
    for path in ("/", "/account", "/members", "/log", "/settings/basic", "/log?q=<script>", "/members?q='><script>"):
        text = browser.get(path).text
        assert "<img src=x" not in text, path
        assert "<script>" not in text.replace("<script src", ""), path
        assert "49" not in text.partition("onerror")[2][:40], path
