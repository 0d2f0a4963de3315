"""Our own keys and what they sign (RFC 7515, RFC 7518, RFC 8037). joserfc is loaded when it is first needed."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from joserfc import jws
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from totrinn.app.applications.openid import NewKey
from totrinn.app.applications.records import SigningAlgorithm

_KEY_BITS = 3072
"""128 bits of strength (NIST SP 800-57 part 1, table 2)."""
_KEY_TYPES = {SigningAlgorithm.RS256: "RSA", SigningAlgorithm.EDDSA: "OKP"}
_HASHES = {SigningAlgorithm.RS256: "sha256", SigningAlgorithm.EDDSA: "sha512"}
"""Of Ed25519 it is SHA-512, with which it signs."""

SigningKeyOfJose = RSAKey | OKPKey


class Registry(JWSRegistry):
    """The library's list of algorithms, replaced by one of ours: which may be used was settled before."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self._names = names

    def get_alg(self, name: str) -> JWSAlgModel:
        """One of our own list. Raises `KeyError` for any other."""
        if name not in self._names:
            raise KeyError(name)
        return self.algorithms[name]


_OURS = Registry(frozenset(each.value for each in SigningAlgorithm))


def new_key(algorithm: SigningAlgorithm) -> NewKey:
    """A fresh key, named by its thumbprint."""
    made = (
        rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        if algorithm is SigningAlgorithm.RS256
        else ed25519.Ed25519PrivateKey.generate()
    )
    private = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = _loaded(private, algorithm)
    id_ = key.thumbprint()
    members = {**key.as_dict(private=False), "kid": id_, "alg": algorithm.value, "use": "sig"}
    return NewKey(id_, private, json.dumps(members, sort_keys=True))


def sign(private: bytes, claims: Mapping[str, Any], *, algorithm: SigningAlgorithm, key_id: str, kind: str) -> str:
    """The claims as a signed token in its compact form."""
    header = {"alg": algorithm.value, "typ": kind, "kid": key_id}
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
    return jws.serialize_compact(header, payload, _loaded(private, algorithm), registry=_OURS)


def half_hash(token: str, algorithm: SigningAlgorithm) -> str:
    """The left half of the token's hash."""
    digest = hashlib.new(_HASHES[algorithm], token.encode("ascii")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=16)
def _loaded(private: bytes, algorithm: SigningAlgorithm) -> SigningKeyOfJose:
    """The key in it, remembered: loading an RSA key checks it, which takes some 30 ms.

    It is given no `alg`, as the library would then refuse it under another name of the same algorithm.
    """
    key = load_der_private_key(private, password=None)
    if isinstance(key, rsa.RSAPrivateKey) and _KEY_TYPES[algorithm] == "RSA":
        return RSAKey.import_key(key)
    if isinstance(key, ed25519.Ed25519PrivateKey) and _KEY_TYPES[algorithm] == "OKP":
        return OKPKey.import_key(key)
    raise ValueError("the key is of another type than its algorithm")
