"""Connections as the providers' side needs them: what is sealed is opened for one exchange, what is new is sealed."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta

from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Challenge, Party
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.app.sso_records import Connection

_RANDOM_BYTES = 32
_EPOCH_KEY = "started_at"


def party_of(services: Services, connection: Connection) -> Party:
    """The connection, opened."""
    sealed_secret = connection.sealed_secret
    secret = services.vault.open(sealed_secret, secret_context(connection.id)).decode() if sealed_secret else None
    key = services.vault.open(connection.sealed_key, key_context(connection.id))
    return Party(connection.id, connection.revision, connection.settings, secret, key)


def sealed_secret(services: Services, connection_id: str, secret: str | None) -> bytes | None:
    """A client secret as it is stored."""
    return services.vault.seal(secret.encode(), secret_context(connection_id)) if secret else None


def sealed_key(services: Services, connection_id: str) -> bytes:
    """A fresh private key of ours for this connection, as it is stored."""
    return services.vault.seal(services.providers.new_key(), key_context(connection_id))


def new_challenge(services: Services, visitor: Visitor, *, context: tuple[str, ...]) -> Challenge:
    """Random values for what stands in a row while it is at a provider."""
    return Challenge(
        state=services.random.token(),
        nonce=services.random.token(),
        verifier=services.random.token(),
        request_id=f"_{services.random.bytes(_RANDOM_BYTES).hex()}",
        started_at=visitor.now,
        context=context,
    )


def sealed_challenge(services: Services, attempt_id: str, challenge: Challenge) -> bytes:
    """The challenge as it is stored: nonce and verifier are secrets while the sign-in is under way."""
    values = {**asdict(challenge), _EPOCH_KEY: challenge.started_at.isoformat()}
    return services.vault.seal(json.dumps(values).encode(), challenge_context(attempt_id))


def opened_challenge(services: Services, attempt_id: str, sealed: bytes) -> Challenge:
    """The same, opened. Raises `SealBroken`."""
    values = json.loads(services.vault.open(sealed, challenge_context(attempt_id)))
    started_at = datetime.fromisoformat(values.pop(_EPOCH_KEY))
    return Challenge(**{**values, "context": tuple(values["context"])}, started_at=started_at)


def usable_connection(unit: Unit, connection_id: str) -> Connection:
    """The connection, if people may sign in by it now. Raises `NotFound`: one switched off is as unknown as none."""
    connection = unit.connections.find(connection_id)
    if connection is None or not connection.is_enabled:
        raise NotFound(connection_id)
    organisation = unit.organisations.find(connection.organisation_id)
    if organisation is None or not organisation.is_active or organisation.is_vendor:
        raise NotFound(connection_id)
    return connection


def capped(ends_at: datetime, now: datetime, longest: timedelta) -> datetime:
    """The time, but not further off than `longest`: what a provider says must not fill our tables for ever."""
    return min(ends_at, now + longest)


def secret_context(connection_id: str) -> str:
    return f"connection secret {connection_id}"


def key_context(connection_id: str) -> str:
    return f"connection key {connection_id}"


def challenge_context(attempt_id: str) -> str:
    return f"sso attempt {attempt_id}"
