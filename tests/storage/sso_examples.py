"""Rows of SSO to test with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.storage.examples import NOW, add_member, add_organisation, new_id
from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, ProviderKind, SamlSettings
from totrinn.app.ports import Unit
from totrinn.app.records import Person
from totrinn.app.sso_records import (
    AttemptPurpose,
    Connection,
    ConnectionTest,
    Domain,
    SsoAttempt,
    SsoIdentity,
)
from totrinn.core.policy import Method, Proof, SsoProof
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules

OIDC = OidcSettings(
    issuer="https://idp.example.no/fjord",
    client_id="totrinn",
    authentication=ClientAuthentication.PRIVATE_KEY_JWT,
    scopes=("openid", "email"),
    groups_claim="roller",
    trusts_email=True,
)
SAML = SamlSettings(
    entity_id="urn:fjord",
    sso_url="https://idp.example.no/sso",
    certificates=("MIIBone", "MIIBtwo"),
    slo_url="https://idp.example.no/slo",
    email_attribute="mail",
    name_attribute="navn",
    groups_attribute="grupper",
    allows_cbc=True,
    allows_idp_initiated=True,
)
RULES = SsoRules(
    demands_evidence=True,
    evidence=("mfa", "urn:høyt"),
    evidence_age=timedelta(hours=8, microseconds=1),
    creates_members=False,
    default_role=Role.ADMINISTRATOR,
    asks_for=("urn:høyt", "urn:lavt"),
    roles=(("Drift\tøst", Role.GLOBAL_ADMINISTRATOR), ("Alle", Role.USER)),
)
TEST = ConnectionTest(3, NOW, "wrong_audience", "expected a, got ø", ("issuer", "signature"), (("sub", "æ"),), True)


def a_connection(organisation_id: str, **changes: Any) -> Connection:
    """A connection that is switched on and has not been tried."""
    connection = Connection(
        id=new_id(),
        organisation_id=organisation_id,
        kind=ProviderKind.OIDC,
        name="Fjord ID",
        is_enabled=True,
        revision=1,
        settings=OIDC,
        rules=SsoRules(),
        sealed_secret=b"sealed secret",
        sealed_key=b"sealed key",
        test=None,
        created_at=NOW,
    )
    return replace(connection, **changes)


def a_domain(organisation_id: str, **changes: Any) -> Domain:
    """A domain that is not proven and leads nowhere."""
    domain = Domain(organisation_id, "fjord.example", None, "totrinn=123", None, "", NOW)
    return replace(domain, **changes)


def an_identity(connection: Connection, person_id: str, **changes: Any) -> SsoIdentity:
    """A link of a person by this connection."""
    id_ = new_id()
    identity = SsoIdentity(id_, connection.id, connection.organisation_id, f"subject {id_}", person_id, NOW, NOW)
    return replace(identity, **changes)


def an_attempt(connection_id: str, **changes: Any) -> SsoAttempt:
    """A sign-in that is at the provider."""
    attempt = SsoAttempt(
        id=new_id(),
        connection_id=connection_id,
        connection_revision=7,
        purpose=AttemptPurpose.SIGN_IN,
        browser=b"digest of a cookie",
        sealed_challenge=b"sealed challenge",
        answer="",
        next="/members?page=2",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    return replace(attempt, **changes)


def add_connection(unit: Unit, organisation_id: str | None = None, **changes: Any) -> Connection:
    """Stores a connection, of an organisation of its own if none is named."""
    connection = a_connection(organisation_id or add_organisation(unit).id, **changes)
    unit.connections.add(connection)
    return connection


def add_domain(unit: Unit, organisation_id: str, **changes: Any) -> Domain:
    """Stores a domain."""
    domain = a_domain(organisation_id, **changes)
    assert unit.domains.add(domain)
    return domain


def add_identity(unit: Unit, connection: Connection, person_id: str, **changes: Any) -> SsoIdentity:
    """Stores a link."""
    identity = an_identity(connection, person_id, **changes)
    assert unit.identities.add(identity)
    return identity


def add_linked(unit: Unit, connection: Connection, **changes: Any) -> tuple[Person, SsoIdentity]:
    """Stores a member without a password, and their link."""
    person = add_member(unit, connection.organisation_id, **{"password_hash": None, **changes})
    return person, add_identity(unit, connection, person.id)


def a_proof(identity: SsoIdentity, **changes: Any) -> Proof:
    """What a sign-in by this link has proven."""
    return Proof(Method.SSO, NOW, None, replace(SsoProof(identity.organisation_id, identity.id), **changes))
