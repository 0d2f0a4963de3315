"""What `doctor` finds of connections to identity providers, without asking any of them."""

import base64
import binascii
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509

from totrinn.app.identity_providers import SamlSettings
from totrinn.config import Settings, is_loopback

if TYPE_CHECKING:
    from totrinn.app.ports import Unit
    from totrinn.app.sso_records import Connection
    from totrinn.storage import Database

ENDS_SOON = timedelta(days=30)
_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Observation:
    """What is to be known of a connection, and the line that mends it."""

    text: str
    mend: str = ""


def observe(settings: Settings, database: "Database", now: datetime) -> Iterator[Observation]:
    """Of every organisation's connections: certificates that end, addresses that may not be asked."""
    with database.reading() as unit:
        for slug, connection in _connections(unit):
            name = f"{connection.name} of {slug}"
            yield from _ending(name, connection, now)
            if connection.is_enabled and not settings.allow_private_addresses:
                yield from _unreachable(name, connection)


def _connections(unit: "Unit") -> "Iterator[tuple[str, Connection]]":
    for offset in range(0, unit.organisations.count(), _AT_A_TIME):
        for summary in unit.organisations.summaries(query="", filter_="all", limit=_AT_A_TIME, offset=offset):
            for connection in unit.connections.of_organisation(summary.organisation.id):
                yield summary.organisation.slug, connection


def _ending(name: str, connection: "Connection", now: datetime) -> Iterator[Observation]:
    """Only the certificate that ends last counts: while one rolls over, the older one is about to end anyhow."""
    if not isinstance(connection.settings, SamlSettings):
        return
    ends = max((end for text in connection.settings.certificates if (end := _end_of(text))), default=None)
    if ends is None or ends - now > ENDS_SOON:
        return
    word = "ends" if ends > now else "has ended"
    text = (
        f"{name}: its pinned certificate {word} on {ends:%Y-%m-%d}. It goes on working, as dates are not looked at; "
        "but the provider may change to another"
    )
    yield Observation(text, "ask the organisation for the provider's new metadata")


def _end_of(certificate: str) -> datetime | None:
    try:
        loaded = x509.load_der_x509_certificate(base64.b64decode(certificate, validate=True))
    except (ValueError, binascii.Error):
        return None
    return loaded.not_valid_after_utc.astimezone(UTC)


def _unreachable(name: str, connection: "Connection") -> Iterator[Observation]:
    if isinstance(connection.settings, SamlSettings):
        return
    issuer = urlsplit(connection.settings.issuer)
    if issuer.scheme != "https" or _is_private(issuer.hostname or ""):
        text = f"{name}: {connection.settings.issuer} will not be asked, so that nobody can sign in by it"
        yield Observation(text, "TOTRINN_ALLOW_PRIVATE_ADDRESSES=yes (if the provider stands on a network of yours)")


def _is_private(host: str) -> bool:
    """As far as its form tells; the addresses behind a name are seen when it is looked up."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return is_loopback(host)
