"""What the use cases need of OpenID Connect: the signatures and the forms that its specifications prescribe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from totrinn.app.applications.records import SigningAlgorithm


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key for tokens."""

    id: str
    """The `kid`: its thumbprint (RFC 7638)."""
    private: bytes
    """PKCS #8, DER."""
    public: str
    """The public JWK (RFC 7517), as JSON, with `kid`, `alg` and `use`."""


class OpenId(Protocol):
    """Tokens and keys as OpenID Connect and JOSE write them."""

    def is_key_set(self, text: str) -> bool:
        """Whether it is a JWK set (RFC 7517 §5) of public keys only, at least one, and all of them strong."""

    def new_key(self, algorithm: SigningAlgorithm) -> NewKey:
        """Makes a key, which for RSA takes up to some seconds."""

    def sign(
        self, private: bytes, claims: Mapping[str, Any], *, algorithm: SigningAlgorithm, key_id: str, kind: str
    ) -> str:
        """The claims as a signed token (RFC 7515) of this `typ`."""

    def half_hash(self, token: str, algorithm: SigningAlgorithm) -> str:
        """The left half of the token's hash (`at_hash`, OpenID Connect Core §3.1.3.6)."""

    def claims_of_ours(self, token: str, public_keys: Sequence[str]) -> dict[str, Any] | None:
        """What a token says that one of these keys of ours has signed, however old it is; None for all else."""

    def claims_of_assertion(self, token: str, key_set: str) -> dict[str, Any] | None:
        """What an assertion says that one of an application's keys has signed (RFC 7523); None for all else."""

    def unverified(self, token: str, claim: str) -> str:
        """A claim of a token whose signature nobody has looked at: good for finding the key, and nothing more."""
