"""`/settings/face`: what the application is called, on the pages and in people's apps."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
import time_machine

from tests.web.house import PASSWORD, Answer, Browser, House, Resident, now
from tests.web.own_account import at_second_step, begun, lets_in, set_up, wait_for_next_code
from tests.web.test_face import kari, send, tor
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

__all__ = ["kari", "tor"]

VENDORS, OWN = "Søkerportalen", "Fjordlys jobbrom"


def named(answer: Answer) -> set[str]:
    """What of the three names stands on the page."""
    return {name for name in ("Jobadmin", VENDORS, OWN) if name in answer.text.replace("Jobadmin support", "")}


def logged_in_half_way(house: House, resident: Resident) -> Browser:
    """A browser that has proven the password, and nothing more."""
    browser = house.browser()
    browser.get("/login")
    browser.post("/login", email=resident.email, password=PASSWORD)
    return browser


@pytest.mark.row("R92")
def test_the_vendor_names_the_application(house: House, tor: Browser, kari: Resident) -> None:
    """In titles and headings, before anybody has signed in and after; without a name it is that of the settings."""
    assert named(house.browser().get("/login")) == {"Jobadmin"}
    assert "Left empty, it is “Jobadmin”." in tor.get("/settings/face").words
    assert send(tor, name=f"  {VENDORS[:4]}{VENDORS[4:]} ").status == 303
    page = house.browser().get("/login")
    assert f"Sign in – {VENDORS}</title>" in page.text
    assert f"To {VENDORS}" in page.words
    assert named(house.sign_in(kari).get("/")) == {VENDORS}
    event = house.events("vendor")[0]
    assert (event.kind, event.detail["name"]) == ("organisation:face:changed", VENDORS)
    assert send(tor, name="").status == 303
    assert named(house.browser().get("/login")) == {"Jobadmin"}


@pytest.mark.row("R46")
def test_an_organisations_own_name_is_seen_after_the_password(house: House, tor: Browser, kari: Resident) -> None:
    """Never by what stands in the address; never in another organisation; and only while the vendor lets it."""
    assert send(tor, name=VENDORS, lets_others="on").status == 303
    hers = house.sign_in(kari)
    assert f"Left empty, it is “{VENDORS}”." in hers.get("/settings/face").words
    assert send(hers, name=OWN).status == 303
    assert named(hers.get("/account")) == {OWN}
    fresh = house.browser()
    for address in ("/login", "/login?organisation=fjordly", "/login?name=Fjordlys+jobbrom", "/login/sso"):
        assert named(fresh.get(address)) == {VENDORS}
    held = logged_in_half_way(house, kari)
    assert f"– {OWN}</title>" in held.get("/login/two-factor").text
    house.organisation("nordly", name="Nordly AS")
    other = house.sign_in(house.person("siri@nordly.no", "nordly", Role.GLOBAL_ADMINISTRATOR))
    assert named(other.get("/")) == {VENDORS}
    assert send(tor, name=VENDORS).status == 303
    assert named(hers.get("/account")) == {VENDORS}


@pytest.mark.row("R25")
def test_what_is_the_persons_own_bears_the_vendors_name(house: House, tor: Browser, kari: Resident) -> None:
    """The authenticator, the recovery codes and the mails about the account belong to no organisation."""
    send(tor, name=VENDORS, lets_others="on")
    send(house.sign_in(kari), name=OWN)
    house.organisation("nordly", name="Nordly AS")
    nils = house.person("nils@nordly.no", "fjordly", name="Nils Nes")
    browser = house.sign_in(nils)
    begun(browser)
    shown = browser.get("/account/second-factor")
    assert f"{OWN}</title>" in shown.text
    assert f"Add {VENDORS} to the app" in shown.words
    assert f"otpauth://totp/{VENDORS}:nils@nordly.no?" in unquote(shown.text)
    assert f"issuer={VENDORS}&amp;" in unquote(shown.text)
    set_up(browser)
    browser.get("/account/recovery-codes")
    sheet = browser.post("/account/recovery-codes")
    assert f"Recovery codes for {VENDORS}" in unquote(sheet.text)
    with house.services.store.reading() as unit:
        (mail,) = unit.outbox.newest(limit=5)
    assert mail.values["application"] == VENDORS


@pytest.mark.row("R22", "R25")
def test_a_new_name_leaves_enrolled_apps_as_they_are(
    house: House, tor: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """Their codes go on counting, and whoever is asked for one is told the name that their own app shows."""
    send(tor, name=VENDORS)
    nils = house.person("nils@fjordly.no", "fjordly")
    secret, _ = set_up(house.sign_in(nils))
    send(tor, name="Noe helt annet")
    wait_for_next_code(clock)
    nils = replace(nils, secret=secret)
    page = at_second_step(house, nils).get("/login/two-factor")
    assert f"find the code for {VENDORS}." in page.words
    assert "– Noe helt annet</title>" in page.text
    assert lets_in(house, nils, code=nils.code())
    assert "find the code for Jobadmin." in at_second_step(house, kari).get("/login/two-factor").words


def test_enrolment_at_the_sign_in_names_the_issuer_too(house: House, tor: Browser) -> None:
    """What the page tells to look for is what the app will show."""
    send(tor, name=VENDORS)
    house.organisation("strict", name="Strict AS", requirement=Requirement(since=now()))
    held = logged_in_half_way(house, house.person("ola@strict.no", "strict"))
    held.get("/login/enrol")
    held.post("/login/enrol")
    page = held.get("/login/enrol")
    assert f"Add {VENDORS} to the app" in page.words
    assert f"issuer={VENDORS}&amp;" in unquote(page.text)


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 41,
        "Jobadmin: logg inn",
        "Jobb\u202eadmin",
        "Jobb\u200badmin",
        "Jobb\0admin",
        "–",
        " \u00a0!",
        "Jo\u0334\u0335\u0336\u0337b",
        "\ue000",
        "\u3164",
        "Jobb\u1160admin",
        "Jobb\u2800admin",
        "Jobb\ufe0fadmin",
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(house: House, tor: Browser, typed: str) -> None:
    """Neither long, nor empty of meaning, nor with anything that is unseen or that apps would cut it at."""
    answer = send(tor, name=typed)
    assert answer.status in (400, 422)
    assert named(house.browser().get("/login")) == {"Jobadmin"}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Jobb \t rom ", "Jobb rom"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("<b>R&D</b>", "&lt;b&gt;R&amp;D&lt;/b&gt;"),
        ("x" * 40, "x" * 40),
        ("%(name)s {{ 7 * 7 }}", "%(name)s {{ 7 * 7 }}"),
    ],
)
def test_a_name_is_shown_as_it_is_meant(house: House, tor: Browser, typed: str, shown: str) -> None:
    """Composed, with single spaces; and never more than text."""
    assert send(tor, name=typed).status == 303
    assert f"– {shown}</title>" in house.browser().get("/login").text


@pytest.mark.row("R1")
def test_no_password_is_the_name(house: House, tor: Browser, kari: Resident) -> None:
    """Nor begins with it: whoever guesses begins there."""
    send(tor, name="Jobbsenteret i Fjordly")
    hers = house.sign_in(kari)
    hers.get("/account/password")
    answer = hers.post(
        "/account/password", password=PASSWORD, proof_code=kari.code(), new_password="Jobbsenteret i Fjordly"
    )
    assert answer.status == 422
