"""What applications ask for and are given, as it is stored. Tokens appear as SHA-256 digests only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from totrinn.app.applications.records import SigningAlgorithm
from totrinn.core.authorising import Acr


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a sign-in whose form has been found right (OpenID Connect Core §3.1.2.1)."""

    application_id: str
    redirect_uri: str
    challenge: str
    """Of PKCE, always by S256 (RFC 7636)."""
    scopes: tuple[str, ...]
    state: str = ""
    nonce: str = ""
    prompts: tuple[str, ...] = ()
    max_age: int | None = None
    """Seconds."""
    levels: tuple[str, ...] = ()
    """`acr_values`."""
    subject: str = ""
    """The person that the application believes to be signed in (`id_token_hint`); empty where it does not say."""
    login_hint: str = ""
    """What the person is likely to type as their address; it proves nothing."""


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request that waits for its person to sign in or to prove themselves again, or that was pushed."""

    asked: Asked
    created_at: datetime
    expires_at: datetime
    key: str = ""
    """Of one that stands in no row: what is done with it once is remembered under this random value."""


@dataclass(frozen=True, slots=True)
class Grant:
    """That an application relies on a session. Its id is the `sid` of tokens. Without a session it is over."""

    id: str
    application_id: str
    session_id: str | None
    person_id: str
    organisation_id: str


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What one answer gave: a code, and the tokens that come of it. They end with it, and it with its grant."""

    id: str
    grant: Grant
    redirect_uri: str
    challenge: str
    nonce: str
    scopes: tuple[str, ...]
    auth_time: datetime
    """When the person had last proven themselves; it stays, whatever is refreshed (OpenID Connect Core §12.2)."""
    level: Acr
    amr: tuple[str, ...]
    expires_at: datetime
    """Of the code."""
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A refresh token or access token that was found by its digest."""

    authorisation: Authorisation
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    """Of an access token; a refresh token lives as long as its session."""
    used_at: datetime | None = None
    """Of a refresh token: when it was exchanged for the next."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of our keys. It is published before it signs, and after."""

    id: str
    """The `kid`."""
    algorithm: SigningAlgorithm
    sealed_private: bytes
    """PKCS #8, DER."""
    public: str
    """The public JWK, as JSON."""
    created_at: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class Sweep:
    """At `due_at` all of an organisation whose sessions applications rely on must be judged."""

    organisation_id: str
    due_at: datetime


class Channel(StrEnum):
    """How an application is told that a session has ended: either way, or both, as agreed with it."""

    LOGOUT = "logout"
    """A logout token (OpenID Connect Back-Channel Logout 1.0)."""
    EVENTS = "events"
    """A security event token (RFC 8417), of the kind that CAEP calls `session-revoked`."""


class WhyEnded(StrEnum):
    """Why a grant is over, where it is known. The database ends grants whatever the reason; so often it is not."""

    SIGNED_OUT = "signed_out"
    BY_PERSON = "by_person"
    CREDENTIALS_CHANGED = "credentials_changed"
    BY_ADMINISTRATOR = "by_administrator"
    FACTOR_RESET = "factor_reset"
    ROLE_CHANGED = "role_changed"
    MEMBERSHIP_ENDED = "membership_ended"
    BY_PROVIDER = "by_provider"
    NOT_ADMITTED = "not_admitted"
    APPLICATION_OFF = "application_off"


@dataclass(frozen=True, slots=True)
class Told:
    """A grant that is over, whose application must be told by this channel; claimed by one teller for a while."""

    channel: Channel
    grant_id: str
    application_id: str
    person_id: str
    organisation_id: str
    application_name: str
    address: str
    algorithm: SigningAlgorithm
    ended_at: datetime
    """When it ended; where nobody knows why, when that was first seen."""
    why: WhyEnded | None
    attempts: int
