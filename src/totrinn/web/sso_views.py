"""What the pages of SSO show of connections, their tests, their certificates, and domains."""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from totrinn.app.identity_providers import SamlSettings
from totrinn.app.owning_domains import BY_DNS, record_of
from totrinn.app.sso_describing import our_side
from totrinn.app.sso_records import Connection, ConnectionTest, Domain
from totrinn.web.ask import Ask
from totrinn.web.sso_codes import cause, check
from totrinn.web.sso_ready import is_complete

# `Validity` in a certificate: a sequence of two times, each of one of two forms (RFC 5280 §4.1.2.5).
_TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
_VALIDITY = re.compile(rb"\x30[\x1e-\x22]" + _TIME + _TIME)


def connection_row(ask: Ask, connection: Connection) -> dict[str, object]:
    """A connection as it stands in a list."""
    test = connection.test
    return {
        "id": connection.id,
        "name": connection.name,
        "kind": connection.kind.value,
        "is_enabled": connection.is_enabled,
        "is_tested": connection.is_tested,
        "has_failed": test is not None and not test.passed and test.revision == connection.revision,
        "is_complete": is_complete(connection.settings),
        "sign_in": f"{ask.settings.base_url}{our_side(connection.id).login}",
    }


def our_addresses(ask: Ask, connection: Connection) -> dict[str, str]:
    """Our side of it, as the provider must know it: whole addresses."""
    base, ours = ask.settings.base_url, our_side(connection.id)
    return {
        "callback": f"{base}{ours.callback}",
        "acs": f"{base}{ours.acs}",
        "metadata": f"{base}{ours.metadata}",
        "backchannel_logout": f"{base}{ours.backchannel_logout}",
        "single_logout": f"{base}{ours.single_logout}",
        "sign_in": f"{base}{ours.login}",
        "signed_out": f"{base}/login?said=out",
    }


def test_view(ask: Ask, connection: Connection) -> dict[str, object] | None:
    """What came back when the connection was tried; None while it has not been."""
    test = connection.test
    if test is None:
        return None
    return {
        "at": test.at,
        "passed": test.passed,
        "is_current": test.revision == connection.revision,
        "checks": [check(ask.language, code) for code in test.checks],
        "claims": test.claims,
        "has_evidence": test.has_evidence,
        **_failure(ask, test),
    }


def _failure(ask: Ask, test: ConnectionTest) -> dict[str, object]:
    said = cause(ask.language, test.code) if test.code else ""
    return {"code": test.code, "cause": said, "detail": test.detail}


def metadata_view(settings: SamlSettings, now: datetime) -> dict[str, object]:
    """What has been read of the provider."""
    return {
        "entity_id": settings.entity_id,
        "sso_url": settings.sso_url,
        "slo_url": settings.slo_url,
        "certificates": [certificate_view(certificate, now) for certificate in settings.certificates],
    }


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A pinned certificate; its fingerprint is empty when it cannot be read."""

    fingerprint: str
    until: datetime | None
    is_over: bool


def certificate_view(certificate: str, now: datetime) -> CertificateView:
    """Its fingerprint as other programs write it, and until when it is meant to be used."""
    try:
        document = b64decode(certificate, validate=True)
    except (binascii.Error, ValueError):
        return CertificateView("", None, is_over=False)
    digest = sha256(document).hexdigest().upper()
    until = _valid_until(document)
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return CertificateView(fingerprint, until, is_over=until is not None and until < now)


def _valid_until(document: bytes) -> datetime | None:
    """The end of the validity, for people to read: what counts is that the certificate is pinned."""
    found = _VALIDITY.search(document)
    if found is None:
        return None
    short, long = found[3], found[4]
    text = long.decode() if long else f"{'19' if short[:2] >= b'50' else '20'}{short.decode()}"
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def domain_row(domain: Domain) -> dict[str, object]:
    """A domain, with the record that proves it while it is unproven."""
    record = record_of(domain)
    return {
        "name": domain.name,
        "connection": domain.connection_id or "",
        "is_proven": domain.proven_at is not None,
        "proven_at": domain.proven_at,
        "by_dns": domain.proven_by == BY_DNS,
        "record_name": record.name,
        "record_value": record.value,
    }
