"""`/.well-known/openid-configuration` and `/oauth2/jwks`: what we are, and the keys that we sign with."""

import json

from starlette.responses import Response

from totrinn.app.applications.claims import Scope
from totrinn.app.applications.records import ClientAuthentication, SigningAlgorithm
from totrinn.app.applications.signing_keys import all_keys
from totrinn.core.authorising import Acr
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.languages import CODES
from totrinn.web.oauth2.replies import reply
from totrinn.web.routing import Page

_KEPT = "public, max-age=300"
_CLAIMS = (
    "iss", "sub", "aud", "exp", "iat", "nonce", "at_hash", "sid", "auth_time", "acr", "amr", "name", "locale", "email",
    "email_verified", "organisation", "organisation_id", "organisation_name", "roles",
)  # fmt: skip
_ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")


def configuration(ask: Ask) -> Response:
    """The metadata (OpenID Connect Discovery §3, RFC 8414)."""
    return _kept({**_places(ask.settings.base_url), **_abilities()})


def _places(issuer: str) -> dict[str, object]:
    at = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "userinfo_endpoint": "userinfo",
        "revocation_endpoint": "revoke",
        "introspection_endpoint": "introspect",
        "end_session_endpoint": "logout",
        "pushed_authorization_request_endpoint": "par",
        "jwks_uri": "jwks",
    }
    return {"issuer": issuer, **{name: f"{issuer}/oauth2/{place}" for name, place in at.items()}}


def _abilities() -> dict[str, object]:
    ways = [each.value for each in ClientAuthentication]
    confidential = [each for each in ways if each != ClientAuthentication.NONE]
    algorithms = list(_ASSERTION_ALGORITHMS)
    return {
        "scopes_supported": [each.value for each in Scope],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [each.value for each in SigningAlgorithm],
        "token_endpoint_auth_methods_supported": ways,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [each.value for each in Acr],
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "claims_supported": list(_CLAIMS),
        "ui_locales_supported": list(CODES),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def keys(ask: Ask) -> Response:
    """The set of our public keys (RFC 7517 §5), with those that are yet to sign, and those that have ceased to."""
    published = all_keys(ask.services, ask.visitor.now)
    return _kept({"keys": [json.loads(key.public) for key in published]})


def _kept(body: dict[str, object]) -> Response:
    """Applications may keep it for some minutes."""
    response = reply(body)
    response.headers["Cache-Control"] = _KEPT
    return response


PAGES = (
    Page("/.well-known/openid-configuration", ANYONE, get=configuration, for_programs=True, for_scripts=True),
    Page("/oauth2/jwks", ANYONE, get=keys, for_programs=True, for_scripts=True),
)
