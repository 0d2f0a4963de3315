"""Implements `app.applications.openid.OpenId` on joserfc, which is loaded when it is first needed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from totrinn.app.applications.openid import NewKey, OpenId
from totrinn.app.applications.records import SigningAlgorithm

_SMALLEST_RSA = 2048


class JoseOpenId(OpenId):
    """Tokens and keys as OpenID Connect and JOSE write them."""

    __slots__ = ()

    def is_key_set(self, text: str) -> bool:
        """Whether the text is a JWK set of public keys that an application may sign with, at least one."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            keys = KeySet.import_key_set(json.loads(text)).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return False
        return bool(keys) and all(not key.is_private and _is_strong(key) for key in keys)

    def new_key(self, algorithm: SigningAlgorithm) -> NewKey:
        """Makes a key: RSA with 3072 bits, or Ed25519."""
        from totrinn.oidc_provider import signing

        return signing.new_key(algorithm)

    def sign(
        self, private: bytes, claims: Mapping[str, Any], *, algorithm: SigningAlgorithm, key_id: str, kind: str
    ) -> str:
        """The claims as a signed token of this `typ`."""
        from totrinn.oidc_provider import signing

        return signing.sign(private, claims, algorithm=algorithm, key_id=key_id, kind=kind)

    def half_hash(self, token: str, algorithm: SigningAlgorithm) -> str:
        """The left half of the token's hash."""
        from totrinn.oidc_provider import signing

        return signing.half_hash(token, algorithm)

    def claims_of_ours(self, token: str, public_keys: Sequence[str]) -> dict[str, Any] | None:
        """What a token says that one of these keys of ours has signed."""
        from totrinn.oidc_provider import reading

        return reading.claims_of_ours(token, public_keys)

    def claims_of_assertion(self, token: str, key_set: str) -> dict[str, Any] | None:
        """What an assertion says that one of an application's keys has signed."""
        from totrinn.oidc_provider import reading

        return reading.claims_of_assertion(token, key_set)

    def unverified(self, token: str, claim: str) -> str:
        """A claim of a token whose signature nobody has looked at."""
        from totrinn.oidc_provider import reading

        return reading.unverified(token, claim)


def _is_strong(key: object) -> bool:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if isinstance(key, RSAKey):
        return bool(key.public_key.key_size >= _SMALLEST_RSA)
    return isinstance(key, (ECKey, OKPKey))
