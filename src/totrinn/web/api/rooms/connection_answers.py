"""A connection as the API tells it, and as it is wanted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from totrinn.app.connecting import Draft
from totrinn.app.identity_providers import OidcSettings, Rejected, SamlSettings, Unavailable
from totrinn.app.sso_records import Connection, Domain
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.web.api.endpoints import Call, Done, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import plain
from totrinn.web.api.sso_shapes import (
    CertificateShape,
    ClaimShape,
    ConnectionShape,
    GroupRole,
    LastTest,
    OidcConnection,
    OidcWanted,
    OurAddresses,
    SamlConnection,
    SamlWanted,
    TriedShape,
)
from totrinn.web.sso_codes import cause
from totrinn.web.sso_ready import is_complete
from totrinn.web.sso_views import certificate_view, our_addresses


def draft_of(wanted: OidcWanted | SamlWanted, standing: SamlSettings) -> Draft:
    """The connection that is wanted. `standing`: what is known of a SAML provider by its metadata."""
    rules = SsoRules(
        demands_evidence=wanted.demands_evidence,
        evidence=_once(wanted.evidence),
        evidence_age=None if wanted.evidence_age is None else timedelta(minutes=wanted.evidence_age),
        creates_members=wanted.creates_members,
        default_role=Role(wanted.default_role),
        asks_for=_once(wanted.asks_for),
        roles=tuple((each.group, Role(each.role)) for each in wanted.roles),
    )
    if isinstance(wanted, OidcWanted):
        settings = OidcSettings(
            wanted.issuer,
            wanted.client_id,
            wanted.authentication,
            _once(wanted.scopes),
            wanted.groups_claim,
            wanted.trusts_email,
        )
        return Draft(plain(wanted.name), settings, rules, wanted.client_secret)
    return Draft(plain(wanted.name), _with_options(wanted, standing), rules)


def _with_options(wanted: SamlWanted, standing: SamlSettings) -> SamlSettings:
    return SamlSettings(
        standing.entity_id,
        standing.sso_url,
        standing.certificates,
        standing.slo_url,
        wanted.email_attribute,
        wanted.name_attribute,
        wanted.groups_attribute,
        wanted.allows_cbc,
        wanted.allows_idp_initiated,
    )


def _once(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def told_connection(call: Call, connection: Connection) -> Done:
    """All of it, with its revision as ETag."""
    with call.services.store.reading() as unit:
        domains = unit.domains.of_organisation(connection.organisation_id)
    return Done(_details(call, connection, domains), etag=str(connection.revision))


def _standing(call: Call, connection: Connection, domains: Sequence[Domain]) -> dict[str, Any]:
    """What both kinds have."""
    rules, age = connection.rules, connection.rules.evidence_age
    return {
        "id": connection.id,
        "name": connection.name,
        "is_enabled": connection.is_enabled,
        "is_tested": connection.is_tested,
        "is_complete": is_complete(connection.settings),
        "demands_evidence": rules.demands_evidence,
        "evidence": rules.evidence,
        "evidence_age": None if age is None else int(age.total_seconds() // 60),
        "asks_for": rules.asks_for,
        "creates_members": rules.creates_members,
        "default_role": rules.default_role.value,
        "roles": [GroupRole(group, role.value) for group, role in rules.roles],  # type: ignore[arg-type]  # as assigned
        "domains": names_led_to(connection, domains),
        "ours": OurAddresses(**our_addresses(call.ask, connection)),
        "revision": connection.revision,
        "created_at": connection.created_at,
    }


def _details(call: Call, connection: Connection, domains: Sequence[Domain]) -> OidcConnection | SamlConnection:
    settings, standing = connection.settings, _standing(call, connection, domains)
    if isinstance(settings, OidcSettings):
        return OidcConnection(
            **standing,
            issuer=settings.issuer,
            client_id=settings.client_id,
            has_secret=connection.sealed_secret is not None,
            authentication=settings.authentication,
            scopes=settings.scopes,
            groups_claim=settings.groups_claim,
            trusts_email=settings.trusts_email,
        )
    return SamlConnection(
        **standing,
        entity_id=settings.entity_id,
        sso_url=settings.sso_url,
        slo_url=settings.slo_url,
        certificates=[_certificate(each, call.visitor.now) for each in settings.certificates],
        email_attribute=settings.email_attribute,
        name_attribute=settings.name_attribute,
        groups_attribute=settings.groups_attribute,
        allows_cbc=settings.allows_cbc,
        allows_idp_initiated=settings.allows_idp_initiated,
    )


def _certificate(certificate: str, now: datetime) -> CertificateShape:
    seen = certificate_view(certificate, now)
    return CertificateShape(seen.fingerprint, seen.until, seen.is_over)


def in_a_list(connection: Connection, domains: Sequence[Domain]) -> ConnectionShape:
    """As much of it as a list tells."""
    return ConnectionShape(
        id=connection.id,
        kind=connection.kind.value,
        name=connection.name,
        is_enabled=connection.is_enabled,
        is_tested=connection.is_tested,
        demands_evidence=connection.rules.demands_evidence,
        domains=names_led_to(connection, domains),
        created_at=connection.created_at,
    )


def names_led_to(connection: Connection, domains: Sequence[Domain]) -> list[str]:
    """The domains whose addresses are led to the connection."""
    return [domain.name for domain in domains if domain.connection_id == connection.id]


def told_test(call: Call, connection: Connection) -> LastTest:
    """What came back when it was tried last."""
    test = connection.test
    if test is None:
        return LastTest(None)
    return LastTest(
        TriedShape(
            at=test.at,
            passed=test.passed,
            is_current=test.revision == connection.revision,
            cause=test.code,
            says=cause(call.ask.language, test.code) if test.code else "",
            detail=test.detail,
            checks=list(test.checks),
            claims=[ClaimShape(name, value) for name, value in test.claims],
            has_evidence=test.has_evidence,
        )
    )


def unusable(call: Call, failure: Rejected | Unavailable) -> Problem:
    """The provider, or what was said of it, cannot be used: the cause in words, and by its code."""
    more = {"cause": failure.code, "detail": failure.detail}
    return Problem(Code.PROVIDER, more, title=cause(call.ask.language, failure.code))
