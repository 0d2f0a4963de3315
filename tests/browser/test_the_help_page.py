"""The help page that this product makes true, played sentence by sentence; what concerns SSO is tried elsewhere.

> Aktivere tvungen tofaktor autentisering
> Virksomheter som benytter Jobadmin kan aktivere tvungen tofaktorautentisering (2FA) for sine brukere.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import installation
from tests.browser.chromium import Desk
from tests.browser.phone import AuthenticatorApp
from tests.browser.pictures import Album
from tests.browser.story import INGRID, JONAS, KARI, ORGANISATION, SUPPORT, THOMAS, Story
from tests.browser.visits import Visit
from tests.browser.words import LANGUAGES


@pytest.fixture(params=LANGUAGES)
def story(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Story]:
    """The story in each language, on an installation of its own."""
    words = LANGUAGES[request.param]
    with installation.served(tmp_path) as house:
        desk = Desk(browser)
        story = Story(house, desk, words, Album(words.code, tmp_path))
        story.begin()
        yield story
        desk.tidy()
        assert desk.hosts <= {house.address.removeprefix("http://")}


@pytest.mark.row("R24", "R25", "R97")
@pytest.mark.timeout(300)
def test_every_sentence_of_the_help_page_can_be_done(story: Story) -> None:
    """From the vendor's consent to the second sign-in, by the menus, fields and buttons that the page names."""
    jonas_has_it_already(story)
    kari = story.signed_in(KARI)
    it_must_be_made_available(story, kari)
    only_a_global_administrator_may(story)
    kari_turns_it_on(story, kari)
    kari_saves_at_the_bottom_of_the_page(story, kari)
    kari_confirms(story, kari)
    ingrid = story.visit()
    ingrid_signs_in_as_usual(story, ingrid)
    a_password_alone_leads_nowhere(ingrid)
    app = ingrid_opens_the_window(story, ingrid)
    ingrid_types_the_code(story, ingrid, app)
    ingrid_goes_on(story, ingrid)
    ingrid_signs_in_the_next_time(story, ingrid, app)
    what_the_others_see(story, kari, app)


def jonas_has_it_already(story: Story) -> None:
    """Nobody has required it of him."""
    jonas = story.signed_in(JONAS)
    jonas.page.goto("/account/second-factor")
    jonas.button(story.words.activate).click()
    jonas.confirm_enrolment(jonas.scan().code())
    expect(jonas.heading(story.words.active)).to_be_visible()


def it_must_be_made_available(story: Story, kari: Visit) -> None:
    """NB: Før virksomheten selv kan aktivere tvungen 2FA, må Grade Jobbnorge gjøre funksjonen tilgjengelig.

    Ta kontakt med vår support dersom dere ønsker at funksjonen skal aktiveres for dere.
    """
    kari.open_basic_settings()
    expect(kari.switch()).to_be_disabled()
    expect(kari.switch()).not_to_be_checked()
    kari.sees(story.words.not_available)
    kari.sees("Grade Jobbnorge")
    expect(kari.link(story.words.ask_support)).to_have_attribute("href", "mailto:support@jobbnorge.example")
    kari.link(story.words.ask_support).scroll_into_view_if_needed()
    story.camera(kari.page, "settings-locked")
    support_makes_it_available(story)
    kari.page.reload()
    expect(kari.switch()).to_be_enabled()
    expect(kari.switch()).not_to_be_checked()


def support_makes_it_available(story: Story) -> None:
    """… må Grade Jobbnorge gjøre funksjonen tilgjengelig."""
    stine = story.signed_in(SUPPORT)
    stine.enrol()
    stine.link(story.words.onward).click()
    expect(stine.heading(story.words.organisations)).to_be_visible()
    row = stine.page.get_by_role("row").filter(has_text=ORGANISATION)
    row.locator("summary").filter(has_text=story.words.make_available).click()
    row.get_by_role("textbox", name=story.words.why, exact=True).fill("Kari Fjeldstad, 4711")
    row.get_by_role("button", name=f"{story.words.make_available} – {ORGANISATION}", exact=True).click()
    stine.sees(story.words.now_available)


def only_a_global_administrator_may(story: Story) -> None:
    """Man må være global administrator for å kunne aktivere tvungen 2FA."""
    thomas = story.signed_in(THOMAS)
    thomas.open_basic_settings()
    thomas.sees(story.words.only_global)
    expect(thomas.switch()).to_be_disabled()
    expect(thomas.button(story.words.save)).to_have_count(0)
    expect(thomas.field(story.words.name)).not_to_be_editable()


def kari_turns_it_on(story: Story, kari: Visit) -> None:
    """2FA aktiveres under «Vedlikehold» > «Innstillinger» > «Grunninnstillinger» i Jobadmins hovedmeny.

    Bildet under viser at administrator har slått på krav om 2FA …
    """
    kari.page.goto("/")
    kari.open_basic_settings()
    kari.is_at("/settings/basic")
    expect(kari.page.get_by_text(story.words.unsaved)).to_be_hidden()
    kari.switch().check()
    kari.button(story.words.save).scroll_into_view_if_needed()
    story.camera(kari.page, "settings-switch")


def kari_saves_at_the_bottom_of_the_page(story: Story, kari: Visit) -> None:
    """… og at endringen må lagres nede på siden."""
    kari.sees(story.words.unsaved)
    save, switch = kari.button(story.words.save), kari.switch()
    below, above = save.bounding_box(), switch.bounding_box()
    assert below is not None
    assert above is not None
    assert below["y"] > above["y"]
    save.click()


def kari_confirms(story: Story, kari: Visit) -> None:
    """Etter lagring må administrator bekrefte endringen."""
    window = kari.window(story.words.question)
    expect(window).to_be_visible()
    expect(window).to_contain_text(story.words.at_once)
    expect(window).to_contain_text(story.words.you_too)
    expect(window).to_contain_text(story.words.nothing_changed_yet)
    for name in ("Kari Fjeldstad", "Thomas Nguyen", "Ingrid Solheim", "Sunniva Eikeland"):
        expect(window).to_contain_text(name)
    story.camera(kari.page, "confirm")
    window.get_by_role("button", name=story.words.confirm, exact=True).click()
    expect(kari.heading(story.words.must_enrol)).to_be_visible()
    story.apps[KARI] = kari.enrol()
    kari.link(story.words.onward).click()
    kari.sees(story.words.required_now)
    kari.sees(story.words.on_since)
    expect(kari.switch()).to_be_checked()


def ingrid_signs_in_as_usual(story: Story, ingrid: Visit) -> None:
    """Skriv inn e-post adressen og passordet ditt på vanlig måte.

    Etter å ha trykket på "Logg inn" vil dette bildet fremkomme på siden.
    """
    ingrid.open_sign_in()
    story.camera(ingrid.page, "sign-in")
    ingrid.type_password(INGRID)
    expect(ingrid.heading(story.words.must_enrol)).to_be_visible()
    expect(ingrid.button(story.words.activate)).to_be_visible()
    story.camera(ingrid.page, "enrol-required")


def a_password_alone_leads_nowhere(ingrid: Visit) -> None:
    """… må alle brukere som ikke logger inn via SSO sette opp 2FA før de får tilgang til Jobadmin.

    Det vil dermed ikke lenger være mulig å logge inn kun med e-postadresse og passord.
    """
    for path in ("/", "/account", "/settings/basic"):
        ingrid.page.goto(path)
        ingrid.is_at("/login/enrol")


def ingrid_opens_the_window(story: Story, ingrid: Visit) -> AuthenticatorApp:
    """Trykk på «Aktiver totrinnsbekreftelse».

    Etter at du har gjort dette vil det fremkomme et modalvindu på siden der du kan scanne QR kode.
    Du må benytte en autentiseringsapp på din smarttelefon for å sette opp 2FA. Scan Koden ved å åpne godkjenningsappen
    på din telefon. Hvis din godkjenningsapp ikke støtter scanning av QR-kode, kan du manuelt skrive koden som
    fremkommer i appen. Benytt valg i appen din for å legge til ny konto – og klikk deretter på valg for å scanne QR
    eller registrere manuell kode, alt etter hva appen din etterspør.
    """
    app = ingrid.open_enrolment()
    window = ingrid.window(story.words.activate)
    expect(window).to_be_visible()
    assert window.evaluate("window => window.matches(':modal')")
    ingrid.sees(story.words.cannot_scan)
    assert ingrid.manual_key().replace(" ", "") == app.secret
    assert {len(group) for group in ingrid.manual_key().split()} == {4}
    assert (app.issuer, app.label) == ("Jobadmin", INGRID)
    story.camera(ingrid.page, "enrol-window")
    return app


def ingrid_types_the_code(story: Story, ingrid: Visit, app: AuthenticatorApp) -> None:
    """Når QR-koden er scannet (evt. registrert manuelt) vil en kode vises i appen din.

    Skriv koden inn i feltet «Bekreft med engangskode fra app», slik bildet under viser.
    Trykk på «Aktiver totrinnsbekreftelse».
    """
    ingrid.confirm_enrolment(app.code())


def ingrid_goes_on(story: Story, ingrid: Visit) -> None:
    """Det vil fremkomme en melding på skjermen som bekrefter at 2FA er aktivert.

    Trykk på «Fortsett til Jobadmin» for å komme deg inn i løsningen.
    """
    expect(ingrid.page.get_by_role("status").filter(has=ingrid.heading(story.words.active))).to_be_visible()
    expect(ingrid.heading(story.words.keep_codes)).to_be_visible()
    story.camera(ingrid.page, "active")
    ingrid.link(story.words.onward).click()
    ingrid.is_at("/")
    expect(ingrid.heading(story.words.hello.format(name="Ingrid"))).to_be_visible()


def ingrid_signs_in_the_next_time(story: Story, ingrid: Visit, app: AuthenticatorApp) -> None:
    """Skriv inn e-post og passord.

    Åpne autentiseringsappen på telefonen din - og skriv inn koden som vises i appen din.
    """
    ingrid.sign_out()
    ingrid.sees(story.words.signed_out)
    ingrid.type_password(INGRID)
    expect(ingrid.heading(story.words.enter_code)).to_be_visible()
    story.camera(ingrid.page, "code")
    ingrid.type_code(app.code())
    expect(ingrid.heading(story.words.hello.format(name="Ingrid"))).to_be_visible()


def what_the_others_see(story: Story, kari: Visit, app: AuthenticatorApp) -> None:
    """What the help for administrators and for the help desk shows besides."""
    words = story.words
    menu = kari.page.get_by_role("navigation", name=words.main_menu, exact=True)
    menu.get_by_role("link", name=words.users, exact=True).click()
    kari.page.get_by_role("link").filter(has_text=words.not_set_up).first.click()
    row = kari.page.get_by_role("row").filter(has_text="Sunniva Eikeland")
    expect(row).to_contain_text(words.not_set_up)
    expect(kari.page.get_by_role("row").filter(has_text="Ingrid Solheim")).to_have_count(0)
    story.camera(kari.page, "users-not-set-up")
    kari.page.goto("/members?q=ingrid")
    kari.page.get_by_role("row").filter(has_text="Ingrid Solheim").get_by_role("link").click()
    kari.page.locator("summary").filter(has_text=words.reset).click()
    kari.button(words.reset).scroll_into_view_if_needed()
    story.camera(kari.page, "reset")
    ingrid = story.visit()
    ingrid.sign_in(INGRID)
    ingrid.type_code(app.code_when_off(3))
    ingrid.sees(words.three_minutes_fast)
    story.camera(ingrid.page, "clock-off")
    ingrid.link(words.use_recovery_code).click()
    expect(ingrid.heading(words.use_recovery_code)).to_be_visible()
    story.camera(ingrid.page, "recovery-code")
