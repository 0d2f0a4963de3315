"""Signed tokens (RFC 7515): who signed one is settled before a word of it is believed.

The algorithm must be one that we accept *and* the provider announced; the key is chosen by us, from the provider's own
set. What the header offers besides (`jku`, `x5u`, `jwk`) is never looked at.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

from totrinn.sso.oidc_json import read_object, shown
from totrinn.sso.oidc_keys import ALGORITHMS, ProviderKey
from totrinn.sso.oidc_refusals import Examination, OidcCheck, OidcRefusal, Refused, require

_LONGEST_HEADER, _LONGEST_PAYLOAD, _LONGEST_SIGNATURE = 8192, 120_000, 1366
"""Characters, as they are transmitted."""
_FORM = re.compile(
    rf"([\w-]{{1,{_LONGEST_HEADER}}})\.([\w-]{{1,{_LONGEST_PAYLOAD}}})\.([\w-]{{0,{_LONGEST_SIGNATURE}}})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature is the provider's."""

    header: dict[str, Any]
    claims: dict[str, Any]
    digest: str
    """SHA-256 of what is signed, in hex. The signature has no part in it: others could write one anew (r, -s)."""

    @property
    def kind(self) -> str:
        """`typ` in lower case; empty when there is none."""
        return str(self.header.get("typ", "")).lower().removeprefix("application/")


class _Registry(JWSRegistry):
    """The library's limits and lists, replaced by ours: it verifies, and what may be verified was settled before."""

    max_header_length = _LONGEST_HEADER

    def get_alg(self, name: str) -> JWSAlgModel:
        """One of our own list."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]

    def check_header(self, header: dict[str, Any]) -> None:
        """Nothing more: `_read_header` has looked at all that has an effect."""


_REGISTRY = _Registry()

FindKey = Callable[[str | None, str], ProviderKey]
"""The provider's key for a `kid` and an algorithm; raises `Refused` or `Unreached`."""


def open_token(
    token: object, *, expected_algorithms: frozenset[str], find_key: FindKey, examination: Examination
) -> SignedToken:
    """What a token says, once its signature is verified; raises `Refused`, or what `find_key` raises."""
    parts = _FORM.fullmatch(token) if isinstance(token, str) else None
    if parts is None:
        raise Refused(OidcRefusal.TOKEN_MALFORMED)
    header, claims = _object(parts[1]), _object(parts[2])
    algorithm, kid = _read_header(header, expected_algorithms)
    examination.passes(OidcCheck.ALGORITHM)
    key = find_key(kid, algorithm)
    examination.passes(OidcCheck.KEY)
    _verify(parts[0], key)
    examination.passes(OidcCheck.SIGNATURE)
    return SignedToken(header, claims, sha256(f"{parts[1]}.{parts[2]}".encode()).hexdigest())


def _object(part: str) -> dict[str, Any]:
    try:
        members = read_object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        members = None
    if members is None:
        raise Refused(OidcRefusal.TOKEN_MALFORMED)
    return members


def _read_header(header: dict[str, Any], expected_algorithms: frozenset[str]) -> tuple[str, str | None]:
    """The algorithm and the name of the key."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in expected_algorithms & ALGORITHMS.keys():
        raise Refused(OidcRefusal.ALGORITHM, shown(algorithm))
    # `b64` changes what is signed, even where `crit` does not name it.
    require("crit" not in header and "b64" not in header, OidcRefusal.EXTENSION)
    require(isinstance(header.get("typ", ""), str), OidcRefusal.OTHER_KIND, shown(header.get("typ")))
    if not isinstance(kid, str | None):
        raise Refused(OidcRefusal.NO_MATCHING_KEY, shown(kid))
    return algorithm, kid


def _verify(token: str, key: ProviderKey) -> None:
    try:
        jws.deserialize_compact(token, key.key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        raise Refused(OidcRefusal.SIGNATURE) from error
