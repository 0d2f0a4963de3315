"""Organisations with connections, and the form of a connection as it is sent."""

from dataclasses import replace

from tests.web.house import Answer, Browser, House, now
from totrinn.app.connecting import ConnectionObstacle, Draft, add_by_operator
from totrinn.app.identity_providers import OidcSettings, SamlSettings
from totrinn.app.landing import Visitor
from totrinn.app.owning_domains import add_by_operator as add_domain
from totrinn.app.owning_domains import vouch
from totrinn.app.sso_records import Connection, ConnectionTest
from totrinn.core.events import Source
from totrinn.core.sso import SsoRules

HOME = "/settings/sso"
SECRET = "den-hemmelige-frasen"
ISSUER = "https://id.fjordly.no"
OIDC = OidcSettings(ISSUER, "client-1")
SAML = SamlSettings("https://idp.example.no/saml", "https://idp.example.no/saml/sso", ("MIIB",))
RANDOM_ID = "01900000-0000-7000-8000-000000000000"
OPERATOR = Source("operator:root", "", "")
FORM = {
    "name": "Fjordly-konto",
    "issuer": ISSUER,
    "client_id": "client-1",
    "client_secret": "",
    "authentication": "client_secret_post",
    "scopes": "openid email",
    "groups_claim": "roles",
    "trusts_email": "on",
    "demands_evidence": "on",
    "evidence": "mfa\r\n\r\n  hwk  \r\n",
    "evidence_age": "90",
    "asks_for": "urn:mfa",
    "creates_members": "on",
    "default_role": "administrator",
    "roles_global_administrator": "sjefer",
    "roles_administrator": "",
    "roles_user": "alle",
}


def visitor() -> Visitor:
    """Whoever acts behind everybody's back."""
    return Visitor(now=now(), address="", browser="", device=None)


def connected(
    house: House,
    slug: str = "fjordly",
    settings: OidcSettings | SamlSettings = OIDC,
    *,
    name: str = "Fjordly-konto",
    is_on: bool = False,
) -> Connection:
    """A connection that nobody has tested, switched off unless wished otherwise."""
    secret = SECRET if isinstance(settings, OidcSettings) else None
    made = add_by_operator(house.services, visitor(), OPERATOR, slug, Draft(name, settings, SsoRules(), secret))
    assert not isinstance(made, ConnectionObstacle)
    with house.services.store.writing() as unit:
        unit.connections.set_enabled(made.organisation_id, made.id, is_enabled=is_on)
    return replace(made, is_enabled=is_on)


def have_tested(house: House, connection: Connection, **result: object) -> None:
    """Has it tested, with this result; else it passed."""
    right = ConnectionTest(stored(house, connection).revision, now(), "", "", ("state",), (("sub", "s1"),))
    with house.services.store.writing() as unit:
        unit.connections.set_test(connection.id, replace(right, **result))  # type: ignore[arg-type]  # as the test says


def stored(house: House, connection: Connection) -> Connection:
    """The connection as it now stands in the tables."""
    with house.services.store.reading() as unit:
        found = unit.connections.find(connection.id)
    assert found is not None
    return found


def proven_domain(house: House, name: str = "fjordly.no", connection: Connection | None = None) -> None:
    """A domain that the vendor vouches for."""
    add_domain(house.services, visitor(), OPERATOR, "fjordly", name, connection.id if connection else None)
    vouch(house.services, visitor(), OPERATOR, "fjordly", name)


def open_page(browser: Browser, connection: Connection) -> str:
    """The connection's page, for its forms; its address."""
    path = f"{HOME}/{connection.id}"
    assert browser.get(path).status == 200
    return path


def saved(browser: Browser, connection: Connection, **changed: str) -> Answer:
    """Opens the page and sends the whole form, with something changed."""
    path = open_page(browser, connection)
    return browser.post(path, **{**FORM, "revision": browser.last.hidden("revision"), **changed})
