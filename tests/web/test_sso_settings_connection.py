"""A connection is begun, and set up."""

from datetime import timedelta

import pytest

from tests.web.connected import (
    FORM,
    HOME,
    ISSUER,
    SAML,
    SECRET,
    connected,
    open_page,
    saved,
    stored,
)
from tests.web.house import Browser, House, Resident
from totrinn.app.identity_providers import (
    ClientAuthentication,
    OidcSettings,
    ProviderKind,
    SamlSettings,
)
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Role
from totrinn.core.sso import DEFAULT_EVIDENCE

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


def connections(house: House) -> tuple[Connection, ...]:
    """Fjordly's."""
    with house.services.store.reading() as unit:
        return unit.connections.of_organisation(house.stored("fjordly").id)


def begun(house: House, browser: Browser, provider: str, kind: str = "oidc", name: str = "") -> Connection:
    """A connection that was begun on the page, which is then open."""
    browser.get(f"{HOME}/new?kind={kind}")
    answer = browser.post(f"{HOME}/new", kind=kind, provider=provider, name=name)
    (made,) = connections(house)
    assert (answer.status, answer.location) == (303, f"{HOME}/{made.id}?guide={provider}")
    assert browser.get(answer.location).status == 200
    return made


# It begins


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("oidc", ["Microsoft Entra ID", "Google Workspace", "Okta", "Keycloak", "Feide", "ID-porten"]),
        ("saml", ["Microsoft Entra ID", "Google Workspace", "Okta", "Keycloak", "AD FS"]),
    ],
)
def test_ready_made_kinds_of_provider_are_offered(browser: Browser, kind: str, names: list[str]) -> None:
    """Those that speak the protocol, and any other."""
    words = browser.get(f"{HOME}/new?kind={kind}").words
    assert [name for name in names if name not in words] == []
    assert ("AD FS" in words, "ID-porten" in words) == (kind == "saml", kind == "oidc")
    assert "Another one that speaks" in words
    assert browser.get(f"{HOME}/new?kind=x").status == 200


@pytest.mark.row("R92")
@pytest.mark.parametrize("provider", ["entra", "google", "okta", "keycloak", "feide", "idporten", "other"])
def test_an_openid_connection_is_begun_with_what_is_known(house: House, browser: Browser, provider: str) -> None:
    """Switched off; its page has the addresses that the provider needs, whole, and the steps."""
    made = begun(house, browser, provider, name="Jobbkonto")
    assert (made.is_enabled, made.kind, made.name) == (False, ProviderKind.OIDC, "Jobbkonto")
    assert house.kinds("fjordly")[0] == "organisation:connection:added"
    for page in ("callback", "backchannel-logout", "login"):
        assert f"http://localhost:8700/sso/{made.id}/{page}" in browser.last.text
    assert ("key set" in browser.last.words.lower()) == (provider == "idporten")
    assert "Test this connection" not in browser.last.words


@pytest.mark.parametrize("provider", ["entra", "google", "okta", "keycloak", "adfs", "other"])
def test_a_saml_connection_is_begun_without_metadata(house: House, browser: Browser, provider: str) -> None:
    """Its page has our addresses, and asks for theirs."""
    made = begun(house, browser, provider, "saml", name="Jobbkonto")
    assert (made.kind, made.settings) == (ProviderKind.SAML, SamlSettings("", "", ()))
    for page in ("metadata", "acs", "slo", "login"):
        assert f"http://localhost:8700/sso/{made.id}/{page}" in browser.last.text
    assert "as soon as the metadata has been read" in browser.last.words


def test_what_is_the_same_for_everybody_is_filled_in(house: House, browser: Browser) -> None:
    """ID-porten: issuer, key instead of secret, level; its name where none was typed."""
    made = begun(house, browser, "idporten")
    assert made.name == "ID-porten"
    assert made.settings == OidcSettings(
        "https://idporten.no", "", ClientAuthentication.PRIVATE_KEY_JWT, ("openid", "profile")
    )
    assert made.rules.asks_for == ("idporten-loa-substantial",)
    assert set(DEFAULT_EVIDENCE) < set(made.rules.evidence)


@pytest.mark.row("R48", "R63")
@pytest.mark.parametrize(
    "fields",
    [
        {"provider": ""},
        {"provider": "adfs", "name": "x"},
        {"provider": "other"},
        {"provider": "entra", "name": "x" * 101},
        {"provider": "entra", "name": "a\x07b"},
        {"provider": "<script>"},
    ],
)
def test_what_cannot_be_begun_is_not(house: House, browser: Browser, fields: dict[str, str]) -> None:
    """Another one needs a name; a protocol that a provider does not speak is not offered."""
    answer = browser.post(f"{HOME}/new", kind="oidc", **fields)
    assert answer.status == 422
    assert "<script>" not in answer.text.partition("<main")[2]
    assert connections(house) == ()


def test_the_provider_is_known_by_its_address(house: House, browser: Browser) -> None:
    """Steps of another one can be chosen; an unknown name shows those of the one that it is."""
    connection = connected(house, settings=OidcSettings("https://login.microsoftonline.com/t/v2.0", "c"))
    path = open_page(browser, connection)
    assert "Step by step: Microsoft Entra ID" in browser.last.words
    assert "Step by step: Okta" in browser.get(f"{path}?guide=okta").words
    assert "Step by step: Microsoft Entra ID" in browser.get(f"{path}?guide=%22x").words


# It is set up


@pytest.mark.row("R92")
def test_everything_of_an_openid_connection_is_saved(house: House, browser: Browser) -> None:
    """And shown again as it was saved."""
    connection = connected(house)
    answer = saved(browser, connection, name=" Ny   konto ", client_secret=NEW_SECRET)
    assert (answer.status, answer.location) == (303, f"{HOME}/{connection.id}?said=saved")
    now = stored(house, connection)
    assert (now.name, now.revision) == ("Ny konto", connection.revision + 1)
    assert now.settings == OidcSettings(
        ISSUER, "client-1", ClientAuthentication.SECRET_POST, ("openid", "email"), "roles", trusts_email=True
    )
    rules = now.rules
    assert (rules.demands_evidence, rules.evidence, rules.evidence_age) == (True, ("mfa", "hwk"), timedelta(minutes=90))
    assert (rules.creates_members, rules.default_role, rules.asks_for) == (True, Role.ADMINISTRATOR, ("urn:mfa",))
    assert rules.roles == (("alle", Role.USER), ("sjefer", Role.GLOBAL_ADMINISTRATOR))
    assert house.kinds("fjordly")[0] == "organisation:connection:changed"
    page = browser.get(answer.location)
    for shown in ("Ny konto", "mfa\nhwk", 'value="90"', "sjefer", "client_secret_post"):
        assert shown in page.text


@pytest.mark.row("R92")
def test_a_secret_is_never_shown(house: House, browser: Browser) -> None:
    """Neither the stored one nor one that was just typed; where nothing is typed, it stays."""
    connection = connected(house)
    before = stored(house, connection).sealed_secret
    pages = [browser.get(f"{HOME}/{connection.id}"), browser.get(HOME)]
    pages.append(saved(browser, connection, client_secret=NEW_SECRET, name=""))
    pages.append(saved(browser, connection, client_secret=NEW_SECRET, revision="99"))
    assert stored(house, connection).sealed_secret == before
    saved(browser, connection)
    assert stored(house, connection).sealed_secret == before
    saved(browser, connection, client_secret=NEW_SECRET)
    assert stored(house, connection).sealed_secret not in (before, None)
    pages += [browser.get(f"{HOME}/{connection.id}"), browser.get("/log")]
    assert [page.status for page in pages] == [200, 200, 422, 409, 200, 200]
    assert not any(secret in page.text for page in pages for secret in (SECRET, NEW_SECRET))
    assert "Saved. Type a new one to replace it, or if the issuer changes." in pages[-2].words
    assert not any(SECRET in str(event.detail) for event in house.events("fjordly"))


@pytest.mark.row("R63", "R69")
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("issuer", "id.fjordly.no"),
        ("issuer", "ftp://id.fjordly.no"),
        ("issuer", "https://id.fjordly.no/?tenant=1"),
        ("issuer", "https://user@id.fjordly.no"),
        ("issuer", "https://[x"),
        ("issuer", "http://id.fjordly.no"),
        ("issuer", "https://a\\b"),
        ("issuer", "https://id.fjordly.no/a b"),
        ("issuer", "https://id.fjordly.no/\x01"),
        ("issuer", "https://id.fjordly.no/\ta"),
        ("issuer", "https://id.fjordly.no:0"),
        ("issuer", "https://id_.fjordly..no"),
        ("issuer", "https://id.fjordly.no/<b>"),
        ("client_id", "x" * 501),
        ("client_secret", "x" * 1001),
        ("client_secret", "a\x07b"),
        ("authentication", "none"),
        ("scopes", "email"),
        ("groups_claim", "x" * 101),
        ("evidence", ""),
        ("evidence", "x\n" * 201 + "\n".join(str(number) for number in range(300))),
        ("evidence_age", "0"),
        ("evidence_age", "ten"),
        ("evidence_age", "²"),
        ("evidence_age", "99999999"),
        ("asks_for", "x" * 501),
        ("default_role", "global_administrator"),
        ("default_role", "vendor"),
        ("roles_user", "a\x07b"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    house: House, browser: Browser, field: str, typed: str
) -> None:
    """Nothing is saved, and the fault stands at its field."""
    connection = connected(house)
    before = stored(house, connection)
    answer = saved(browser, connection, **{"groups_claim": "<egne>", field: typed})
    assert answer.status == 422
    assert f'id="{field}-error"' in answer.text
    if field not in ("groups_claim", "client_secret"):
        assert 'value="&lt;egne&gt;"' in answer.text
    assert stored(house, connection) == before


def test_a_draft_may_lack_what_one_that_is_on_may_not(house: House, browser: Browser) -> None:
    """Issuer and client ID."""
    draft = connected(house)
    assert saved(browser, draft, issuer="", client_id="").status == 303
    in_use = connected(house, is_on=True, name="I bruk")
    answer = saved(browser, in_use, issuer="", client_id="")
    assert (answer.status, answer.words.count("cannot be without it")) == (422, 2)


@pytest.mark.row("R48")
def test_who_comes_second_reads_what_stands_now(house: House, browser: Browser) -> None:
    """And overwrites nothing; without a revision, nobody saves anything."""
    connection = connected(house)
    path = open_page(browser, connection)
    old = browser.last.hidden("revision")
    assert saved(browser, connection, name="Den første").status == 303
    browser.get(path)
    answer = browser.post(path, **{**FORM, "name": "Den andre", "revision": old})
    assert (answer.status, "Someone else has changed this" in answer.words) == (409, True)
    assert ('value="Den første"' in answer.text, "Den andre" in answer.text) == (True, False)
    for revision in ("", "x", "-1", "0", "²", "99999999999"):
        browser.get(path)
        assert browser.post(path, **{**FORM, "name": "Den tredje", "revision": revision}).status == 409
    assert stored(house, connection).name == "Den første"


def test_options_of_saml_are_saved_and_metadata_stays(house: House, browser: Browser) -> None:
    """The form holds options only."""
    connection = connected(house, settings=SAML)
    answer = saved(browser, connection, email_attribute="epost", allows_cbc="on", allows_idp_initiated="on")
    assert answer.status == 303
    settings = stored(house, connection).settings
    assert isinstance(settings, SamlSettings)
    assert (settings.email_attribute, settings.allows_cbc, settings.allows_idp_initiated) == ("epost", True, True)
    assert (settings.entity_id, settings.certificates) == (SAML.entity_id, SAML.certificates)
