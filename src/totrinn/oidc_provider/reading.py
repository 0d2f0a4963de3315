"""Tokens that come to us: our own, brought back, and what applications sign to prove themselves.

The key is chosen by us, from our own list or from what was agreed with the application. What a token's header offers
besides (`jku`, `x5u`, `jwk`) is never looked at.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from totrinn.oidc_provider.signing import Registry

_FORM = re.compile(r"([\w-]{1,4096})\.([\w-]{1,8192})\.([\w-]{1,1366})", re.ASCII)
_KINDS = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""What applications may sign with, and the type and curve of the key."""
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_OURS = frozenset({"RS256", "EdDSA"})
_REGISTRY = Registry(frozenset(_KINDS))
_TYPES: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

PublicKey = RSAKey | ECKey | OKPKey


def claims_of_ours(token: str, public_keys: Sequence[str]) -> dict[str, Any] | None:
    """What a token says that one of these public keys, each a JWK as JSON, has signed."""
    header = _header(token)
    if header is None or header.get("alg") not in _OURS:
        return None
    known = [json.loads(each) for each in public_keys]
    fitting = [each for each in known if each["kid"] == header.get("kid") and each["alg"] == header["alg"]]
    return _verified(token, header["alg"], fitting)


def claims_of_assertion(token: str, key_set: str) -> dict[str, Any] | None:
    """What an assertion says that one of the keys of the set has signed."""
    header = _header(token)
    if header is None or header.get("alg") not in _KINDS:
        return None
    kid = header.get("kid")
    known = [each for each in json.loads(key_set)["keys"] if kid is None or each.get("kid") in (None, kid)]
    return _verified(token, header["alg"], known)


def unverified(token: str, claim: str) -> str:
    """A claim of a token whose signature nobody has looked at; empty when there is none that is a text."""
    parts = _FORM.fullmatch(token)
    value = (_object(parts[2]) or {}).get(claim) if parts else None
    return value if isinstance(value, str) else ""


def _header(token: str) -> dict[str, Any] | None:
    """The header, if it is one that we can honour: `crit` and `b64` change what is signed."""
    parts = _FORM.fullmatch(token)
    header = _object(parts[1]) if parts else None
    if header is None or "crit" in header or "b64" in header or not isinstance(header.get("alg"), str):
        return None
    return header


def _verified(token: str, algorithm: str, known: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    for key in _keys(algorithm, known):
        try:
            payload = jws.deserialize_compact(token, key, registry=_REGISTRY).payload
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        return _read_object(payload)
    return None


def _keys(algorithm: str, known: Sequence[dict[str, Any]]) -> Iterator[PublicKey]:
    """The keys that fit the algorithm, made of their public members alone."""
    kind, curve = _KINDS[algorithm]
    for members in known:
        if members.get("kty") != kind or (curve is not None and members.get("crv") != curve):
            continue
        if members.get("use", "sig") != "sig":
            continue
        yield _TYPES[kind].import_key({"kty": kind, **{name: members[name] for name in _MEMBERS[kind]}})


def _object(part: str) -> dict[str, Any] | None:
    try:
        return _read_object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except binascii.Error:
        return None


def _read_object(text: bytes) -> dict[str, Any] | None:
    """The JSON object in it; None for all else, and for what two readers could read differently."""
    try:
        value = json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)
