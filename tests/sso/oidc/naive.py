"""Relying parties as one should not write them: the controls that show which forgeries have teeth."""

import base64
import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from tests.sso.oidc.issuer import CHALLENGE, CLIENT, ISSUER, SECOND, key, kid, public


def believing(token: object) -> bool:
    """Reads the claims and checks them, but no signature."""
    try:
        claims = json.loads(_decoded(str(token).split(".")[1]))
        return _looks_right(claims)
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def by_the_header(token: object) -> bool:
    """Verifies by whatever algorithm the header names, with the key of that name, and compares loosely."""
    try:
        head = json.loads(_decoded(str(token).split(".")[0]))
        algorithm = head["alg"]
        keys: list[Any] = [key(each) for each in ("RS256", "ES256", "EdDSA") if head.get("kid") in {None, kid(each)}]
        if algorithm.startswith("HS"):
            keys = [OctKey.import_key(json.dumps(public(each)).encode()) for each in ("RS256", "ES256", "EdDSA")]
        if algorithm.lower() == "none":
            return believing(token)
        return any(_verifies(str(token), algorithm, each) for each in keys) and believing(token)
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _verifies(token: str, algorithm: str, signer: Any) -> bool:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(token, signer, registry=registry)
    except (JoseError, ValueError, TypeError, AttributeError):
        return False
    return True


def _looks_right(claims: Any) -> bool:
    return bool(
        claims["iss"] == ISSUER
        and CLIENT in claims["aud"]
        and claims["exp"] > SECOND
        and CHALLENGE.nonce in claims["nonce"]
        and claims["sub"]
    )


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")
