"""A connection is tried, switched on and off, and removed; its metadata is read."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from anyio.from_thread import start_blocking_portal

from tests.web.connected import (
    FORM,
    HOME,
    ISSUER,
    OIDC,
    RANDOM_ID,
    SAML,
    connected,
    have_tested,
    open_page,
    proven_domain,
    saved,
    stored,
)
from tests.web.house import PASSWORD, Browser, House, Resident
from tests.web.provider import METADATA, identity
from totrinn.app.identity_providers import OidcSettings, Rejected, SamlSettings, Unavailable
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Role
from totrinn.web.forms import LARGEST_BODY

STALE = timedelta(minutes=25)
NEW_SECRET = "enda-hemmeligere"


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of Fjordly."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """Hers, with the page open."""
    browser = house.sign_in(kari)
    assert browser.get(HOME).status == 200
    return browser


# It is tried


@pytest.mark.row("R85")
def test_a_test_goes_to_the_provider_and_shows_what_came_back(house: House, browser: Browser, kari: Resident) -> None:
    """Every check, every claim, and whether two factors were shown; nobody is signed in by it."""
    connection = connected(house)
    path = open_page(browser, connection)
    session = browser.cookie()
    house.providers.answers = identity(
        "kari@fjordly.no", amr=("mfa",), claims=(("sub", "s-1"), ("x", "<b>y</b>")), checks=("state", "signature")
    )
    away = browser.post(f"{path}/test").location
    assert away.startswith("https://idp.example.no/authorize?")
    state = re.search(r"state=([\w-]+)", away)
    assert state is not None
    back = browser.get(f"/sso/{connection.id}/callback?state={state[1]}&code=c")
    assert (back.status, back.location) == (303, path)
    page = browser.get(path)
    for words in ("Every check passed.", "2 checks passed", "The signature is the provider’s", "Two factors shown Yes"):
        assert words in page.words
    assert ("&lt;b&gt;y&lt;/b&gt;" in page.text, "<b>y</b>" in page.text) == (True, False)
    assert browser.cookie() == session
    assert stored(house, connection).is_tested
    assert house.sessions("fjordly", kari) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Rejected("nonce_mismatch", "came <x>", ("state",)), "The token was not made for this sign-in."),
        (Unavailable("unreachable"), "The server does not answer."),
        (Rejected("of_tomorrow"), "It failed for a reason"),
    ],
)
def test_a_test_that_fails_says_why(
    house: House, browser: Browser, outcome: Rejected | Unavailable, words: str
) -> None:
    """The cause, what to do, the code and what came; and it cannot be switched on."""
    connection = connected(house)
    path = open_page(browser, connection)
    house.providers.answers = outcome
    away = browser.post(f"{path}/test").location
    state = re.search(r"state=([\w-]+)", away)
    assert state is not None
    browser.get(f"/sso/{connection.id}/callback?state={state[1]}")
    page = browser.get(path)
    assert (words in page.words, outcome.code in page.words, "<x>" in page.text) == (True, True, False)
    assert browser.post(f"{path}/on").status == 409
    assert not stored(house, connection).is_enabled


@pytest.mark.parametrize("settings", [OidcSettings("", ""), OidcSettings(ISSUER, ""), SamlSettings("", "", ())])
def test_a_draft_cannot_be_tested(house: House, browser: Browser, settings: OidcSettings | SamlSettings) -> None:
    """There is nobody to ask; the page says what is missing."""
    connection = connected(house, settings=settings)
    path = open_page(browser, connection)
    answer = browser.post(f"{path}/test")
    assert (answer.status, "Then the connection can be tested" in answer.words) == (422, True)
    assert house.providers.challenges == []


def test_a_provider_that_cannot_be_asked_is_told_at_once(house: House, browser: Browser) -> None:
    """Without leaving the page."""
    connection = connected(house)
    path = open_page(browser, connection)
    house.providers.begins = Unavailable("unknown_host", "id.fjordly.no")
    answer = browser.post(f"{path}/test")
    assert (answer.status, "The name of the server cannot be found" in answer.words) == (422, True)
    assert "(unknown_host: id.fjordly.no)" in answer.words


# It is switched on and off, and removed


@pytest.mark.row("R84", "R92")
def test_only_what_has_passed_as_it_is_now_is_switched_on(house: House, browser: Browser) -> None:
    """Untested, failed, or changed since: not."""
    connection = connected(house)
    path = open_page(browser, connection)
    assert browser.post(f"{path}/on").status == 409
    have_tested(house, connection, code="nonce_mismatch")
    assert browser.post(f"{path}/on").status == 409
    have_tested(house, connection)
    saved(browser, connection)
    assert "changed since. Test it again" in browser.get(path).words
    assert browser.post(f"{path}/on").status == 409
    assert not stored(house, connection).is_enabled
    have_tested(house, connection)
    assert browser.post(f"{path}/on", guide="other").location == f"{path}?said=connection-on&guide=other"
    assert stored(house, connection).is_enabled
    browser.get(path)
    assert browser.post(f"{path}/off").location == f"{path}?said=connection-off"
    assert not stored(house, connection).is_enabled
    assert house.kinds("fjordly")[:2] == ["organisation:connection:switched_off", "organisation:connection:switched_on"]


@pytest.mark.row("R92")
def test_a_connection_is_removed(house: House, browser: Browser) -> None:
    """Domains that led to it lead nowhere, and its page is gone."""
    connection = connected(house, is_on=True)
    proven_domain(house, "fjordly.no", connection)
    path = open_page(browser, connection)
    assert "All links that were made by it end" in browser.last.words
    assert browser.post(f"{path}/remove").location == f"{HOME}?said=connection-removed"
    assert browser.get(path).status == 404
    with house.services.store.reading() as unit:
        domain = unit.domains.find(house.stored("fjordly").id, "fjordly.no")
    assert domain is not None
    assert domain.connection_id is None
    event = house.events("fjordly")[0]
    assert (event.kind, event.detail["connection"]) == ("organisation:connection:removed", "Fjordly-konto")


@pytest.mark.row("R53")
@pytest.mark.parametrize("what", ["", "/test", "/on", "/off", "/remove", "/metadata"])
def test_an_old_proof_changes_nothing(house: House, browser: Browser, clock: time_machine.Traveller, what: str) -> None:
    """The page asks for password and code; what was typed is kept, but no secret."""
    connection = connected(house, settings=SAML if what == "/metadata" else OIDC)
    have_tested(house, connection)
    before = stored(house, connection)
    clock.shift(STALE)
    path = open_page(browser, connection)
    sent = {**FORM, "name": "Noe nytt", "client_secret": NEW_SECRET, "metadata_url": "https://x.no/", "revision": "1"}
    answer = browser.post(f"{path}{what}", **sent)
    assert (answer.status, "more than 20 minutes since you signed in" in answer.words) == (422, True)
    assert ('name="proof_code"' in answer.text, NEW_SECRET in answer.text) == (True, False)
    assert ('value="Noe nytt"' in answer.text) == (what == "")
    assert stored(house, connection) == before
    assert house.providers.read == []
    assert house.providers.challenges == []


def test_the_proof_goes_along_with_the_form(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """And the connection is saved at once."""
    connection = connected(house)
    clock.shift(STALE)
    wrong = saved(browser, connection, password="feil", proof_code=kari.code())
    assert (wrong.status, 'id="save-password-error"' in wrong.text) == (422, True)
    answer = saved(browser, connection, password=PASSWORD, proof_code=kari.code())
    assert answer.status == 303, html.unescape(answer.words)
    assert stored(house, connection).revision == connection.revision + 1


@pytest.mark.row("R46")
def test_no_page_for_who_does_not_exist(browser: Browser) -> None:
    """An id that nobody has."""
    for what in ("", "/test", "/metadata", "/on", "/off", "/remove"):
        assert browser.get(f"{HOME}/{RANDOM_ID}{what}").status == 404


# Metadata


def pasted(browser: Browser, connection: Connection, **fields: str) -> int:
    """Sends the form of the metadata; the status."""
    return browser.post(f"{HOME}/{connection.id}/metadata", revision=browser.last.hidden("revision"), **fields).status


@pytest.mark.row("R92")
def test_metadata_is_pasted_or_fetched(house: House, browser: Browser) -> None:
    """Entity, addresses and certificates are taken from it and shown; the options stay."""
    connection = connected(house, settings=SamlSettings("", "", (), email_attribute="epost"))
    path = open_page(browser, connection)
    for fields in ({"metadata": "<EntityDescriptor/>"}, {"metadata_url": "https://idp.example.no/metadata"}):
        browser.get(path)
        answer = browser.post(f"{path}/metadata", revision=browser.last.hidden("revision"), **fields)
        assert (answer.status, answer.location) == (303, f"{path}?said=metadata")
        settings = stored(house, connection).settings
        assert isinstance(settings, SamlSettings)
        assert (settings.entity_id, settings.sso_url, settings.certificates, settings.email_attribute) == (
            METADATA.entity_id,
            METADATA.sso_url,
            METADATA.certificates,
            "epost",
        )
    assert house.providers.read == ["<EntityDescriptor/>", "https://idp.example.no/metadata"]
    page = browser.get(path)
    assert METADATA.entity_id in page.words
    assert re.search(r"SHA-256\) (?:[0-9A-F]{2}:){31}", page.words)


def test_a_certificate_is_added_beside_the_old_one(house: House, browser: Browser) -> None:
    """While it rolls over; of another provider, or a fifth one, none is added."""
    connection = connected(house, settings=SamlSettings(METADATA.entity_id, METADATA.sso_url, ("MIIA",)))
    open_page(browser, connection)
    assert pasted(browser, connection, metadata="<x/>", beside="on") == 303
    assert certificates(house, connection) == ("MIIA", "MIIB")
    house.providers.metadata = SamlSettings("https://other.example.no", METADATA.sso_url, ("MIIC",))
    open_page(browser, connection)
    assert pasted(browser, connection, metadata="<x/>", beside="on") == 422
    house.providers.metadata = SamlSettings(METADATA.entity_id, METADATA.sso_url, ("MIIC", "MIID", "MIIE"))
    open_page(browser, connection)
    assert pasted(browser, connection, metadata="<x/>", beside="on") == 422
    assert certificates(house, connection) == ("MIIA", "MIIB")
    open_page(browser, connection)
    assert pasted(browser, connection, metadata="<x/>") == 303
    assert certificates(house, connection) == ("MIIC", "MIID", "MIIE")


def certificates(house: House, connection: Connection) -> tuple[str, ...]:
    """Those that are pinned now."""
    settings = stored(house, connection).settings
    assert isinstance(settings, SamlSettings)
    return settings.certificates


@pytest.mark.row("R69")
@pytest.mark.parametrize(
    ("fields", "outcome", "words"),
    [
        ({}, METADATA, "Paste the metadata or type its address"),
        ({"metadata": "<x/>", "metadata_url": "https://x.no"}, METADATA, "one of the two"),
        ({"metadata": "<x>"}, Rejected("saml_not_xml", "line 1"), "(saml_not_xml: line 1)"),
        ({"metadata": "<x/>"}, Rejected("saml_several_providers"), "Type the entity ID of yours."),
        ({"metadata_url": "https://10.0.0.1"}, Unavailable("not_allowed_address"), "in a private network"),
    ],
)
def test_metadata_that_cannot_be_read_changes_nothing(
    house: House,
    browser: Browser,
    fields: dict[str, str],
    outcome: SamlSettings | Rejected | Unavailable,
    words: str,
) -> None:
    """The page says why."""
    connection = connected(house, settings=SAML)
    path = open_page(browser, connection)
    house.providers.metadata = outcome
    answer = browser.post(f"{path}/metadata", revision=browser.last.hidden("revision"), **fields)
    assert (answer.status, words in answer.words) == (422, True)
    assert stored(house, connection) == connection


def test_metadata_may_be_as_large_as_real_ones(house: House, browser: Browser) -> None:
    """Megabytes, where every other form takes 64 KiB."""
    connection = connected(house, settings=SAML)
    path = open_page(browser, connection)
    revision = browser.last.hidden("revision")
    assert browser.post(f"{path}/metadata", metadata="x" * 2_000_000, revision=revision).status == 303
    open_page(browser, connection)
    assert browser.post(path, **{**FORM, "revision": "1", "evidence": "x" * 70_000}).status == 413


def test_an_openid_connection_has_no_metadata(house: House, browser: Browser) -> None:
    """Its provider is discovered from the issuer."""
    connection = connected(house)
    path = open_page(browser, connection)
    assert browser.post(f"{path}/metadata", metadata="<x/>", revision="1").status == 404


def test_second_comers_metadata_is_not_taken(house: House, browser: Browser) -> None:
    """The revision counts here, too."""
    connection = connected(house, settings=SAML)
    path = open_page(browser, connection)
    assert browser.post(f"{path}/metadata", metadata="<x/>", revision="0").status == 409
    assert stored(house, connection) == connection


def _read_of(house: House, path: str, cookies: str) -> int:
    """How many bytes are read of a form of two megabytes."""
    chunks = [{"type": "http.request", "body": b"x" * 10_000, "more_body": number > 0} for number in range(200)]
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"cookie", cookies.encode())]
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers,
        "client": ("192.0.2.7", 1), "server": ("localhost", 8700), "scheme": "http", "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return chunks.pop()

    async def send(_: object) -> None:
        """Nobody listens."""

    with start_blocking_portal() as portal:
        portal.call(house.application, scope, receive, send)
    return (200 - len(chunks)) * 10_000


@pytest.mark.row("R52")
def test_a_stranger_cannot_fill_the_memory_with_large_forms(house: House, browser: Browser) -> None:
    """Megabytes are for whoever is signed in; of everybody else no more is kept than of any other form."""
    path = f"{HOME}/{connected(house, settings=SAML).id}/metadata"
    assert _read_of(house, path, f"totrinn={browser.cookie()}") == 2_000_000
    assert _read_of(house, path, "totrinn=made-up") <= LARGEST_BODY + 10_000
    assert _read_of(house, path, "") <= LARGEST_BODY + 10_000
