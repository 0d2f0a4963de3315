"""The organisations' identity providers, as use cases see them: what is agreed with one, what it answered, what failed.

`totrinn.sso` implements `IdentityProviders`. It speaks OpenID Connect and SAML 2.0, checks everything that an answer
says against what was asked, and knows nothing of persons, organisations or rights. Nothing of it runs inside a
transaction, as a provider may take its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ProviderKind(StrEnum):
    """The protocol that a connection speaks."""

    OIDC = "oidc"
    SAML = "saml"


class ClientAuthentication(StrEnum):
    """How we prove to an OpenID provider who we are (OpenID Connect Core §9)."""

    SECRET_BASIC = "client_secret_basic"
    SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """What is agreed with an OpenID provider; all else is discovered from its issuer."""

    issuer: str
    client_id: str
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str = "groups"
    """The claim that lists the groups or roles of the person."""
    trusts_email: bool = False
    """An address counts as verified when the claim `email_verified` is missing. A `false` is believed, always."""


@dataclass(frozen=True, slots=True)
class SamlSettings:
    """What is agreed with a SAML identity provider, as read from its metadata."""

    entity_id: str
    sso_url: str
    """Where requests go, by the HTTP-Redirect binding."""
    certificates: tuple[str, ...]
    """The pinned signing certificates: DER in base64, without line breaks; two of them while one rolls over."""
    slo_url: str = ""
    """Where logout messages go, by the HTTP-Redirect binding; empty when the provider offers none."""
    email_attribute: str = ""
    """The attribute with the e-mail address; empty: the usual names, then a NameID that is an address."""
    name_attribute: str = ""
    groups_attribute: str = ""
    allows_cbc: bool = False
    """Encrypted assertions in CBC mode are accepted, too; AES-GCM always is."""
    allows_idp_initiated: bool = False
    """Answers that nobody here has asked for are accepted."""


@dataclass(frozen=True, slots=True)
class Party:
    """A connection opened for use: what is agreed, our secret and our private key in the clear."""

    connection_id: str
    revision: int
    """Rises with every change of the settings; whatever is remembered of a provider is remembered under both."""
    settings: OidcSettings | SamlSettings
    secret: str | None = field(default=None, repr=False)
    key: bytes = field(default=b"", repr=False)
    """Our RSA key for this connection: PKCS #8, DER."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What binds one answer to one request of one browser; all values are random, 128 bits or more, URL-safe."""

    state: str = field(repr=False)
    """`state` of OpenID Connect, `RelayState` of SAML: what the answer is found by."""
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """PKCE (RFC 7636): 43 to 128 characters."""
    request_id: str
    """`ID` of the SAML request: an NCName."""
    started_at: datetime
    is_fresh: bool = False
    """The person must prove themselves to the provider anew (`prompt=login` and `max_age=0`, `ForceAuthn`)."""
    context: tuple[str, ...] = ()
    """The `acr_values` or authentication contexts that are asked for, if any."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says this is, after every check has passed."""

    subject: str
    """Unique and never reassigned within the provider: `sub`, or the NameID."""
    email: str | None
    """As the provider wrote it; the caller makes it canonical."""
    email_verified: bool
    name: str
    groups: tuple[str, ...]
    amr: tuple[str, ...]
    """RFC 8176 values (OpenID Connect only)."""
    acr: str
    """`acr`, or the `AuthnContextClassRef`; empty when there is none."""
    authenticated_at: datetime | None
    """`auth_time`, or `AuthnInstant`."""
    session: str
    """`sid`, or the `SessionIndex`, by which the provider will name the session that it ends; may be empty."""
    ends_at: datetime | None
    """`SessionNotOnOrAfter`: no session of ours may outlive it."""
    token_id: str
    """What is accepted once only: the assertion's id, or a digest of the ID token."""
    token_expires_at: datetime
    """Until then, tolerance included, the token would be accepted if it came again."""
    claims: tuple[tuple[str, str], ...] = ()
    """Everything that came back, as (name, value), to be shown to whoever tests the connection. No tokens."""
    checks: tuple[str, ...] = ()
    """The stable codes of the checks that it passed, in their order."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider's answer is not accepted; `code` is stable, one a cause.

    `detail` is for whoever sets the connection up: what was expected and what came. It holds no secret and no token.
    """

    code: str
    detail: str = ""
    checks: tuple[str, ...] = ()
    """The checks that had passed before."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider could not be asked: it hangs, refuses, or stands where we may not reach. `code` is stable."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The provider has ended sessions: those of this subject, of this session of theirs, or of this session alone."""

    subject: str
    """Empty when only a session is named."""
    sessions: tuple[str, ...]
    """Empty: all of the subject's."""
    token_id: str
    token_expires_at: datetime
    reply_to: str = ""
    """Where the browser is sent with our answer (SAML single logout), signed already; else empty."""


class IdentityProviders(Protocol):
    """What can be asked of a connection's provider. No method raises for what a provider or a browser sends."""

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected | Unavailable:
        """The address to which the browser is sent to prove who it is."""

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected | Unavailable:
        """Who the answer says it is. `challenge` is None for an answer that was not asked for.

        `answer` holds the parameters as they came: `code`, `state`, `iss`, `error`…, or `SAMLResponse`.
        """

    def read_logout(
        self, party: Party, answer: Mapping[str, str], raw_query: str, now: datetime
    ) -> Ended | Rejected | Unavailable:
        """What a logout token (OpenID Connect Back-Channel Logout §2.6) or a signed `LogoutRequest` ends.

        `raw_query` is the query exactly as it came, over which a redirected request is signed.
        """

    def describe(self, party: Party) -> tuple[str, bytes]:
        """(content type, document) that tells the provider about us: our key set (RFC 7517), or our SAML metadata."""

    def new_key(self) -> bytes:
        """A fresh RSA key, as `Party.key` holds it."""

    def read_metadata(self, text: bytes, *, entity_id: str = "") -> SamlSettings | Rejected:
        """The settings in a SAML provider's metadata; `entity_id` chooses one of several."""

    def fetch_metadata(self, address: str, *, entity_id: str = "") -> SamlSettings | Rejected | Unavailable:
        """The same, fetched from its address."""

    def check_settings(self, party: Party) -> Rejected | Unavailable | None:
        """Whether the provider can be reached and offers what we need: discovery, keys, algorithms."""


class DomainRecords(Protocol):
    """The public records of domains."""

    def texts(self, domain: str) -> tuple[str, ...] | Unavailable:
        """The TXT records of a domain (RFC 1035 §3.3.14); none when there are none or no such domain."""
