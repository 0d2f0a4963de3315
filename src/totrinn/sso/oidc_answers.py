"""The answer that the browser brings back from the provider (OpenID Connect Core §3.1.2.5, RFC 9207)."""

import hmac
from collections.abc import Mapping

from totrinn.app.identity_providers import Challenge
from totrinn.sso.oidc_discovery import Metadata
from totrinn.sso.oidc_json import mismatch, shown
from totrinn.sso.oidc_refusals import Examination, OidcCheck, OidcRefusal, require

_LONGEST = 8192


def check_state(challenge: Challenge, answer: Mapping[str, str], examination: Examination) -> None:
    """The answer belongs to this request of this browser."""
    given, expected = answer.get("state", "").encode(errors="replace"), challenge.state.encode()
    require(bool(expected) and hmac.compare_digest(given, expected), OidcRefusal.STATE)
    examination.passes(OidcCheck.STATE)


def read_code(answer: Mapping[str, str], metadata: Metadata, examination: Examination) -> str:
    """The code, if the answer is this provider's and no refusal."""
    issuer = answer.get("iss")
    if issuer is not None or metadata.names_itself:
        require(issuer == metadata.issuer, OidcRefusal.RESPONSE_ISSUER, mismatch(metadata.issuer, issuer))
        examination.passes(OidcCheck.RESPONSE_ISSUER)
    error = answer.get("error")
    if error is not None:
        require(error != "access_denied", OidcRefusal.ACCESS_DENIED, "access_denied")
        require(error is None, OidcRefusal.PROVIDER_ERROR, shown(error))
    code = answer.get("code", "")
    require(0 < len(code) <= _LONGEST and code.isprintable(), OidcRefusal.NO_CODE)
    examination.passes(OidcCheck.CODE)
    return code
