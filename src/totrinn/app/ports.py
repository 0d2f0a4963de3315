"""What use cases need of the world: storage, hashing, sealing, randomness. The edges implement it.

Rules that every implementation keeps (the contract suite in `tests/storage` tests them on each database):
- `Store.writing()` is one transaction that sees the latest committed state and excludes others that would write the
  same rows; it commits on leaving the block, and rolls back on an exception.
- Whatever is taken once (`take_…`) is taken by one conditional statement: of any number of parallel callers exactly one
  gets it.
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from totrinn.app.applications.grant_repositories import (
    Assertions,
    Authorisations,
    Grants,
    Requests,
    SigningKeys,
    Sweeps,
)
from totrinn.app.applications.openid import OpenId
from totrinn.app.applications.repositories import Applications
from totrinn.app.directory.repositories import Directory, Groups
from totrinn.app.faces import Faces
from totrinn.app.gate.repositories import GateReads, Passes
from totrinn.app.identity_providers import DomainRecords, IdentityProviders
from totrinn.app.key_repositories import Aftermath, Nodes, Sealed
from totrinn.app.log_repository import Log
from totrinn.app.observing import NOBODY, Observer
from totrinn.app.repositories import (
    Confirmations,
    Devices,
    Factors,
    Installation,
    Links,
    Members,
    Organisations,
    Outbox,
    People,
    Sessions,
    Signins,
    Throttles,
)
from totrinn.app.sso_repositories import Connections, Domains, Keepers, SpentTokens, SsoAttempts, SsoIdentities
from totrinn.app.token_repository import ApiTokens, RepeatedRequests
from totrinn.app.webhooks.repositories import Webhooks

__all__ = [
    "Aftermath",
    "ApiTokens",
    "Applications",
    "Assertions",
    "Authorisations",
    "Confirmations",
    "Connections",
    "Devices",
    "Directory",
    "DomainRecords",
    "Domains",
    "Faces",
    "Factors",
    "GateReads",
    "Grants",
    "Groups",
    "IdentityProviders",
    "Installation",
    "Keepers",
    "Links",
    "Log",
    "Members",
    "Nodes",
    "OpenId",
    "Organisations",
    "Outbox",
    "Passes",
    "Passwords",
    "People",
    "Randomness",
    "RepeatedRequests",
    "Requests",
    "Sealed",
    "Services",
    "Sessions",
    "SigningKeys",
    "Signins",
    "SpentTokens",
    "SsoAttempts",
    "SsoIdentities",
    "Store",
    "Sweeps",
    "Throttles",
    "Unit",
    "Vault",
    "Webhooks",
]

LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=2)
"""A node whose clock is further from the database's than this, or was set by more, is not ready (rule 4, R36)."""


def is_off(difference: timedelta) -> bool:
    """Whether a clock that differs by so much is not to be believed, in either direction."""
    return abs(difference) > LARGEST_CLOCK_DIFFERENCE


class Unit(Protocol):
    """Everything that can be read and written within one transaction."""

    people: People
    organisations: Organisations
    members: Members
    factors: Factors
    signins: Signins
    sessions: Sessions
    throttles: Throttles
    devices: Devices
    links: Links
    confirmations: Confirmations
    connections: Connections
    domains: Domains
    identities: SsoIdentities
    attempts: SsoAttempts
    spent: SpentTokens
    keepers: Keepers
    log: Log
    outbox: Outbox
    installation: Installation
    sealed: Sealed
    nodes: Nodes
    aftermath: Aftermath
    applications: Applications
    api_tokens: ApiTokens
    token_confirmations: Confirmations
    repeated_requests: RepeatedRequests
    requests: Requests
    grants: Grants
    authorisations: Authorisations
    assertions: Assertions
    signing_keys: SigningKeys
    sweeps: Sweeps
    directory: Directory
    groups: Groups
    webhooks: Webhooks
    passes: Passes
    faces: Faces


class Store(Protocol):
    """The database. Both kinds of transaction raise `StoreUnavailable` when it is gone, full, locked or too busy.

    `StoreCollided`, one of these, says that the transaction would probably succeed if it were begun anew.
    """

    def reading(self) -> AbstractContextManager[Unit]:
        """One consistent view, for reading only."""

    def writing(self) -> AbstractContextManager[Unit]:
        """One transaction that may write."""

    def clock_difference(self) -> timedelta:
        """By how much the database's clock is ahead of this machine's.

        Where both are one: by how much it has been set back since the store was opened.
        """


class Passwords(Protocol):
    """Password hashing (Argon2id). Every call costs one hash, whatever it is given."""

    def hash(self, password: str) -> str:
        """The encoded hash of a canonical password."""

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password is right; None (nobody, or no password) takes just as long, and is never right."""

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""

    def is_common(self, password: str) -> bool:
        """Whether the case-folded password stands on the list of common and breached ones."""


class Vault(Protocol):
    """Secrets at rest, and keyed digests."""

    @property
    def active(self) -> str:
        """The id of the key that it seals and signs with."""

    def seal(self, secret: bytes, context: str) -> bytes:
        """Encrypts, bound to the context (AEAD)."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts. Raises `SealBroken` when key, context or bytes do not fit."""

    def digest(self, value: str, purpose: str) -> bytes:
        """A keyed digest (HMAC-SHA-256) of something that must not be readable in a dump."""

    def sign(self, value: str, purpose: str) -> str:
        """`value.signature`, for values that a browser keeps for us."""

    def signed_value(self, signed: str, purpose: str) -> str | None:
        """The value, if the signature is ours."""

    def enclose(self, value: bytes, purpose: str) -> str:
        """Encrypts (AEAD) what others keep for us: URL-safe, and as often as anybody likes."""

    def enclosed(self, text: str, purpose: str) -> bytes | None:
        """The value, if we have enclosed it for this purpose; no second text has the same one."""


class Randomness(Protocol):
    """Fresh random values (CSPRNG)."""

    def token(self) -> str:
        """256 bits, URL-safe."""

    def id(self, now: datetime) -> str:
        """A UUIDv7."""

    def bytes(self, count: int) -> bytes:
        """Random bytes."""


@dataclass(frozen=True, slots=True)
class Services:
    """What every use case is handed."""

    store: Store
    passwords: Passwords
    vault: Vault
    random: Randomness
    providers: IdentityProviders
    domain_records: DomainRecords
    openid: OpenId
    application_name: str
    vendor_name: str
    observer: Observer = field(default=NOBODY)

    def digest(self, token: str) -> bytes:
        """What is stored of a random token: its SHA-256 (256 bits of entropy need no key and no salt)."""
        return hashlib.sha256(token.encode()).digest()
