"""The rows behind sign-ins through SSO: connections, domains, links, and sign-ins that are still at the provider."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from totrinn.app.identity_providers import OidcSettings, ProviderKind, SamlSettings
from totrinn.app.records import Organisation
from totrinn.core.sso import SsoRules


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What came back when an administrator tried the connection."""

    revision: int
    """The settings that were tried; others prove nothing."""
    at: datetime
    code: str
    """Why it failed; empty when every check passed."""
    detail: str
    checks: tuple[str, ...]
    claims: tuple[tuple[str, str], ...]
    has_evidence: bool = False

    @property
    def passed(self) -> bool:
        """Whether it would have been a sign-in."""
        return not self.code


@dataclass(frozen=True, slots=True)
class Connection:
    """One organisation's agreement with one identity provider. What is secret in it is sealed."""

    id: str
    organisation_id: str
    kind: ProviderKind
    name: str
    """What its button says."""
    is_enabled: bool
    revision: int
    """Rises with every change of the settings or the rules: what was begun before is not finished after."""
    settings: OidcSettings | SamlSettings
    rules: SsoRules
    sealed_secret: bytes | None
    sealed_key: bytes
    test: ConnectionTest | None
    created_at: datetime

    @property
    def is_tested(self) -> bool:
        """Whether the settings as they are have been tried, and passed."""
        return self.test is not None and self.test.passed and self.test.revision == self.revision


@dataclass(frozen=True, slots=True)
class Domain:
    """An e-mail domain that an organisation says is its own; until it is proven, that means nothing."""

    organisation_id: str
    name: str
    """Lower-case A-labels, as in canonical addresses."""
    connection_id: str | None
    """Where its addresses are sent to sign in."""
    challenge: str
    """What the TXT record must hold."""
    proven_at: datetime | None
    proven_by: str
    """`dns`, or who of the vendor vouched; empty while unproven."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SsoIdentity:
    """The link: (connection, subject) is this person."""

    id: str
    connection_id: str
    organisation_id: str
    subject: str
    person_id: str
    created_at: datetime
    used_at: datetime


class AttemptPurpose(StrEnum):
    """What somebody goes to the provider for."""

    SIGN_IN = "sign_in"
    TEST = "test"
    UNASKED = "unasked"
    """The provider sent somebody by itself, where the connection allows it."""


@dataclass(frozen=True, slots=True)
class SsoAttempt:
    """A test that is at the provider, or an answer that waits for its browser: of one connection as it was."""

    id: str
    connection_id: str
    connection_revision: int
    purpose: AttemptPurpose
    browser: bytes
    """The digest of the cookie of the browser that it belongs to; of a sign-in the state says which that is."""
    sealed_challenge: bytes
    answer: str
    """What the provider posted, until the browser fetches it by a request of our own; empty before."""
    next: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SsoWay:
    """A way in for the addresses of a proven domain."""

    organisation: Organisation
    connection: Connection


@dataclass(frozen=True, slots=True)
class SsoUse:
    """How often a connection was signed in by, with and without evidence of two factors."""

    connection_id: str
    with_evidence: int
    without_evidence: int
