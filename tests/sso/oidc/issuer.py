"""An OpenID provider that exists in memory only, and signs whatever it is told to."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from totrinn.app.identity_providers import Challenge, OidcSettings, Party, Unavailable
from totrinn.fetching.exchange import Fetched, Fetcher
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc import OidcRelyingParty
from totrinn.sso.oidc_claims import access_token_hash

ISSUER = "https://idp.example"
CLIENT = "totrinn"
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
ACCESS_TOKEN = "access-token"
ALGORITHMS = ("RS256", "ES256", "EdDSA")

CHALLENGE = Challenge("state-0123456789abcdef", "nonce-0123456789abcdef", "v" * 43, "_id", NOW)
ANSWER = {"code": "code", "state": CHALLENGE.state}
PARTY = Party("connection", 1, OidcSettings(ISSUER, CLIENT), secret="a-word-between-us")

Key = RSAKey | ECKey | OKPKey | OctKey


@cache
def key(name: str) -> Key:
    """A key by name: the algorithm that it is for, and whose it is."""
    algorithm, _, _ = name.partition(" ")
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm])
    return OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else RSAKey.generate_key(2048)


def kid(algorithm: str) -> str:
    """The name of the provider's key."""
    return f"key-{algorithm}"


def public(algorithm: str, **members: Any) -> dict[str, Any]:
    """The provider's public key as its set shows it; RSA keys serve for all algorithms of RSA."""
    shown: dict[str, Any] = {**key(algorithm).as_dict(private=False), "kid": kid(algorithm), "use": "sig", **members}
    return {name: value for name, value in shown.items() if value is not None}


def metadata(**members: Any) -> dict[str, Any]:
    """The discovery document, with changes; what is set to None is left out."""
    document = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


def encode(value: object) -> str:
    """Base64url of JSON, or of the bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signature(text: str, algorithm: str, signer: Key) -> str:
    """A signature over a text, by any algorithm."""
    model: JWSAlgModel = JWSRegistry.algorithms[algorithm]
    return encode(model.sign(text.encode(), signer))


def signed(header: object, claims: object, algorithm: str, signer: Key | None = None) -> str:
    """A token with any header and any claims."""
    text = f"{encode(header)}.{encode(claims)}"
    return f"{text}.{signature(text, algorithm, signer or key(algorithm))}"


def id_claims(algorithm: str = "RS256", **changes: Any) -> dict[str, Any]:
    """The claims of a good ID token, with changes; `...` leaves one out."""
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "subject",
        "iat": SECOND,
        "exp": SECOND + 3600,
        "nonce": CHALLENGE.nonce,
        "at_hash": access_token_hash(ACCESS_TOKEN, algorithm),
        "email": "kari@example.no",
        "email_verified": True,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def header(algorithm: str = "RS256", **changes: Any) -> dict[str, Any]:
    """The header of a good token, with changes; `...` leaves one out."""
    members = {"alg": algorithm, "kid": kid(algorithm), "typ": "JWT", **changes}
    return {name: value for name, value in members.items() if value is not ...}


def id_token(algorithm: str = "RS256", **changes: Any) -> str:
    """A good ID token, with changes of its claims."""
    return signed(header(algorithm), id_claims(algorithm, **changes), algorithm)


@dataclass
class Canned(Fetcher):
    """Fetches what lies here, and nothing else."""

    documents: dict[str, bytes | Unavailable] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    posted: list[tuple[str, Mapping[str, str], str]] = field(default_factory=list)
    redeemed: Fetched | Unavailable = field(default_factory=lambda: tokens(id_token()))

    def __post_init__(self) -> None:
        super().__init__()

    def get(
        self, address: str, *, accept: str = "application/json", bearer: str = "", limit: int = 1 << 20
    ) -> Fetched | Unavailable:
        """A document."""
        self.fetched.append(f"{address} {bearer}".strip())
        document = self.documents.get(address, Unavailable(Failure.BAD_STATUS, "404"))
        return Fetched(200, "application/json", document) if isinstance(document, bytes) else document

    def post(
        self, address: str, fields: Mapping[str, str], *, authorization: str = "", limit: int = 1 << 20
    ) -> Fetched | Unavailable:
        """What a code is worth."""
        self.posted.append((address, dict(fields), authorization))
        return self.redeemed


def tokens(token: object, **members: Any) -> Fetched:
    """An answer of the token endpoint."""
    answer = {"id_token": token, "access_token": ACCESS_TOKEN, "token_type": "Bearer", **members}
    return Fetched(200, "application/json", json.dumps(answer).encode())


def canned(
    *,
    document: dict[str, Any] | None = None,
    keys: list[dict[str, Any]] | None = None,
    others: Mapping[str, bytes | Unavailable] | None = None,
) -> Canned:
    """A provider with these documents."""
    known = [public(algorithm) for algorithm in ALGORITHMS] if keys is None else keys
    documents: dict[str, bytes | Unavailable] = {
        f"{ISSUER}/.well-known/openid-configuration": json.dumps(document or metadata()).encode(),
        f"{ISSUER}/jwks": json.dumps({"keys": known}).encode(),
    }
    documents |= {f"{ISSUER}/{name}": value for name, value in (others or {}).items()}
    return Canned(documents)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        """The seconds."""
        return self.seconds


def relying_party(fetcher: Fetcher, clock: Callable[[], float] | None = None) -> OidcRelyingParty:
    """We, who ask this provider."""
    return OidcRelyingParty(fetcher, "https://totrinn.example", clock=clock or Clock())


def party(**changes: Any) -> Party:
    """The connection, with changes of its settings."""
    settings = PARTY.settings
    assert isinstance(settings, OidcSettings)
    return replace(PARTY, settings=replace(settings, **changes))
