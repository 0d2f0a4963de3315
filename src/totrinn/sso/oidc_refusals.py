"""Why an OpenID provider's answer is not accepted, and what it has passed: the vocabulary of the OpenID half."""

from enum import StrEnum

from totrinn.app.identity_providers import Unavailable


class OidcRefusal(StrEnum):
    """The codes of `Rejected`, one a cause."""

    # The provider's own documents
    DOCUMENT_MALFORMED = "document_malformed"
    """A document of the provider cannot be read, or lacks what it must have; the detail says which and what."""
    METADATA_ISSUER = "metadata_issuer"
    """The discovery document is that of another issuer than the one that was typed."""
    UNSUITABLE = "provider_unsuitable"
    """The provider does not offer what we need: the code flow, PKCE with S256, or our way of authentication."""
    NO_COMMON_ALGORITHM = "no_common_algorithm"
    """The provider signs by no algorithm that we accept; with HS256 or none alone, for example."""
    NO_USABLE_KEY = "no_usable_key"
    """The provider's key set holds no public key that we can use: RSA of 2048 bits or more, P-256 to 521, Ed25519."""
    SECRET_MISSING = "secret_missing"
    """The agreed way of authentication needs a client secret, and none was given."""

    # The answer that the browser brings
    NOT_ASKED_FOR = "not_asked_for"
    """Nobody here began this sign-in."""
    STATE = "state_mismatch"
    """The answer belongs to another request."""
    RESPONSE_ISSUER = "response_issuer"
    """The answer names another issuer, or none where the provider promises to name itself (RFC 9207)."""
    ACCESS_DENIED = "access_denied"
    """The person, or the provider's rules, said no."""
    PROVIDER_ERROR = "provider_error"
    """The provider could not do what was asked, at its page or at its token endpoint; the detail is its error code."""
    NO_CODE = "no_code"
    """The answer carries no code."""

    # The answer of the token endpoint
    CLIENT_REFUSED = "client_refused"
    """The provider does not know us: client id or secret is wrong, or our key is not registered."""
    CODE_REFUSED = "code_refused"
    """The provider does not redeem the code: it is too old, used already, or for another redirect address."""
    NO_ID_TOKEN = "no_id_token"
    """The provider answered without an ID token; the scope `openid` may be missing."""

    # The form and the signature of a token
    TOKEN_MALFORMED = "token_malformed"
    """What came is no signed token, or one that two readers could read differently."""
    OTHER_KIND = "token_of_other_kind"
    """A token that is meant for something else: an access token, a logout token for an ID token, or the reverse."""
    ALGORITHM = "algorithm_not_allowed"
    """The token is signed by an algorithm that we do not accept or the provider has not announced."""
    EXTENSION = "extension_not_understood"
    """The token says that it must not be accepted by whoever does not know its extensions (`crit`)."""
    NO_MATCHING_KEY = "no_matching_key"
    """Not exactly one key of the provider fits what the token says of its key."""
    SIGNATURE = "signature_invalid"
    """The signature is not the provider's, or the token was changed."""

    # What a token says
    CLAIM = "claim_malformed"
    """A claim is missing, of the wrong type or out of range; the detail is its name."""
    ISSUER = "issuer_mismatch"
    """The token is another provider's."""
    AUDIENCE = "audience_mismatch"
    """The token is meant for another client, or was given to one (`azp`)."""
    EXPIRED = "token_expired"
    """The token has expired; a clock may be wrong."""
    NOT_YET = "token_not_yet_valid"
    """The token comes from the future; a clock is wrong."""
    TOO_OLD = "token_too_old"
    """The token was issued long before it came."""
    TOO_LASTING = "token_lasts_too_long"
    """The token would be valid for longer than any honest one."""
    NONCE = "nonce_mismatch"
    """The token was not made for this sign-in."""
    ACCESS_TOKEN = "access_token_mismatch"
    """The ID token and the access token beside it do not belong together (`at_hash`)."""
    SUBJECT = "subject_malformed"
    """`sub` is missing, or not 1 to 255 printable ASCII signs."""
    NOT_FRESH = "authentication_not_fresh"
    """The provider let an earlier sign-in count, where a new one was demanded."""
    USERINFO_SUBJECT = "userinfo_subject"
    """The userinfo endpoint speaks of somebody else than the ID token."""
    LOGOUT_EVENT = "logout_event_missing"
    """The token says nothing of a logout."""
    UNREADABLE = "unreadable"
    """The answer broke our reader in a way that nobody foresaw; the log has more."""


class OidcCheck(StrEnum):
    """The codes of `checks`, in the order in which they are made."""

    STATE = "state"
    RESPONSE_ISSUER = "response_issuer"
    CODE = "code"
    TOKENS = "tokens"
    """The code, our authentication and the PKCE verifier were accepted."""
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    KIND = "kind"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    TIMES = "times"
    NONCE = "nonce"
    ACCESS_TOKEN = "access_token"
    """`at_hash` was there, and right."""
    SUBJECT = "subject"
    CLAIMS = "claims"
    FRESHNESS = "freshness"
    """A new sign-in was demanded, and has taken place."""
    USERINFO = "userinfo"
    LOGOUT_EVENT = "logout_event"


class Refused(Exception):
    """A check failed. It never leaves this package: `OidcRelyingParty` makes a `Rejected` of it."""

    def __init__(self, refusal: OidcRefusal, detail: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.detail = detail


class Unreached(Exception):
    """The provider could not be asked. It never leaves this package, either."""

    def __init__(self, unavailable: Unavailable) -> None:
        super().__init__(unavailable.code)
        self.unavailable = unavailable


class Examination:
    """One answer under examination, with the checks that it has passed so far."""

    def __init__(self) -> None:
        self._passed: list[str] = []

    @property
    def passed(self) -> tuple[str, ...]:
        """The codes, in their order."""
        return tuple(self._passed)

    def passes(self, check: OidcCheck) -> None:
        """Notes a check that everything before this call has made."""
        self._passed.append(check.value)


def require(holds: bool, refusal: OidcRefusal, detail: str = "") -> None:
    """Refuses unless it holds."""
    if not holds:
        raise Refused(refusal, detail)
