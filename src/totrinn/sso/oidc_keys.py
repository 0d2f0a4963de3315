"""Public keys: those of providers, as their key sets hold them (RFC 7517), and ours, as we hand it to them."""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from totrinn.sso.keys import load_key
from totrinn.sso.oidc_json import read_object
from totrinn.sso.oidc_refusals import OidcRefusal, Refused

ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", "")),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""What we accept, with the type of key and its curve: neither `none`, nor what a shared secret signs."""

_FEWEST_BITS, _MOST_BITS = 2048, 8192
_MOST_KEYS = 100
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}

PublicKey = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A public key with which a provider signs."""

    kid: str | None
    kind: tuple[str, str]
    """Its type and curve."""
    algorithm: str | None
    """The one algorithm that it is meant for, if the set says so."""
    key: PublicKey


def read_keys(document: bytes) -> tuple[ProviderKey, ...]:
    """The keys of a set that we can use; the others are passed over, as RFC 7517 §5 demands."""
    members = read_object(document)
    keys = members.get("keys") if members is not None else None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, "jwks_uri: keys")
    read = [_read_key(each) for each in keys if isinstance(each, dict)]
    return tuple(key for key in read if key is not None)


def choose_key(keys: tuple[ProviderKey, ...], kid: str | None, algorithm: str) -> ProviderKey | None:
    """The one key that fits; None when none does, or more than one."""
    fitting = [
        key
        for key in keys
        if (kid is None or key.kid == kid) and key.kind == ALGORITHMS[algorithm] and key.algorithm in {None, algorithm}
    ]
    return fitting[0] if len(fitting) == 1 else None


def _read_key(members: dict[str, Any]) -> ProviderKey | None:
    kind, kid, algorithm = members.get("kty"), members.get("kid"), members.get("alg")
    if not isinstance(kind, str) or kind not in _PUBLIC_MEMBERS:
        return None
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None) or not _is_for_signatures(members):
        return None
    public = {name: members.get(name) for name in _PUBLIC_MEMBERS[kind]}
    if not all(isinstance(value, str) and len(value) <= 2048 for value in public.values()):
        return None
    key = _import(kind, {name: str(value) for name, value in public.items()})
    curve = public.get("crv") or ""
    return None if key is None else ProviderKey(kid, (kind, str(curve)), algorithm, key)


def _is_for_signatures(members: dict[str, Any]) -> bool:
    operations = members.get("key_ops", ["verify"])
    return members.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _import(kind: str, public: dict[str, str]) -> PublicKey | None:
    """The key, from its public members alone: whatever else stands beside them has no effect."""
    members: dict[str, str | list[str]] = {"kty": kind, **public}
    try:
        if kind == "RSA":
            return RSAKey.import_key(members) if _has_good_size(public) else None
        return ECKey.import_key(members) if kind == "EC" else OKPKey.import_key(members)
    except (JoseError, ValueError, TypeError):
        return None


def _has_good_size(public: dict[str, str]) -> bool:
    modulus, exponent = _number(public["n"]), _number(public["e"])
    return _FEWEST_BITS <= modulus.bit_length() <= _MOST_BITS and 3 <= exponent < 1 << 32 and exponent % 2 == 1


def _number(text: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return 0


# Ours ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def own_key(der: bytes) -> RSAKey:
    """Our key of a connection, for signing; named by its thumbprint (RFC 7638)."""
    key = RSAKey.import_key(load_key(der), {"use": "sig", "alg": "RS256"})
    key.ensure_kid()
    return key


def own_key_set(der: bytes) -> bytes:
    """The set of our public keys, as the provider fetches it; empty when the connection has none."""
    keys = [own_key(der).as_dict(private=False)] if der else []
    return json.dumps({"keys": keys}, sort_keys=True).encode()
