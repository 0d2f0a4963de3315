"""Reading what an application asks for (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 7636, RFC 9126).

The order is the protection: who asks, and whether the answer may go where they say, is settled before anything is
answered there, even a refusal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from totrinn.app.applications.addresses import is_registered
from totrinn.app.applications.claims import Scope, known_scopes
from totrinn.app.applications.grant_records import Asked
from totrinn.app.applications.records import Application, ClientAuthentication
from totrinn.app.applications.refusals import Error, Refused
from totrinn.app.applications.waiting import LONGEST_ASKED, fits
from totrinn.app.ports import Services, Unit
from totrinn.core.authorising import Prompt

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MAX_AGE = re.compile(r"[0-9]{1,9}", re.ASCII)
_LONGEST = {"state": 2048, "nonce": 1024, "login_hint": 254, "acr_values": 500}
_WITHOUT_EFFECT = "consent"
"""The vendor's own applications need none, so that nothing is asked."""
_PROMPTS = frozenset(each.value for each in Prompt) | {_WITHOUT_EFFECT}
_UNSUPPORTED = {
    "request": Error.REQUEST_NOT_SUPPORTED,
    "request_uri": Error.REQUEST_URI_NOT_SUPPORTED,
    "registration": Error.REGISTRATION_NOT_SUPPORTED,
}


@dataclass(frozen=True, slots=True)
class NoWayBack:
    """The answer can go nowhere: nobody known asks, or it is to go where it was not agreed. Said to the person."""

    is_known: bool


@dataclass(frozen=True, slots=True)
class SentBack:
    """The request is refused, and the application is told so by the browser."""

    redirect_uri: str
    state: str
    error: str
    description: str = ""


def read_request(unit: Unit, services: Services, parameters: Mapping[str, str]) -> Asked | NoWayBack | SentBack:
    """What came to the authorisation endpoint by a browser."""
    application = unit.applications.find(parameters.get("client_id", ""))
    if application is None or not application.is_enabled:
        return NoWayBack(is_known=False)
    redirect_uri = parameters.get("redirect_uri", "")
    if not is_registered(application.agreement.redirect_uris, redirect_uri):
        return NoWayBack(is_known=True)
    state = parameters.get("state", "")
    if application.agreement.requires_pushed:
        return SentBack(redirect_uri, state, Error.INVALID_REQUEST, "this application must push its requests")
    read = _read_short(unit, services, application, parameters)
    return SentBack(redirect_uri, state, read.error, read.description) if isinstance(read, Refused) else read


def read_pushed(
    unit: Unit, services: Services, application: Application, parameters: Mapping[str, str]
) -> Asked | Refused:
    """What an application that has proven itself has pushed (RFC 9126 §2.1)."""
    if parameters.get("client_id", application.id) != application.id:
        return Refused(Error.INVALID_REQUEST, "client_id is another application's")
    if not is_registered(application.agreement.redirect_uris, parameters.get("redirect_uri", "")):
        return Refused(Error.INVALID_REQUEST, "redirect_uri is not registered")
    if application.agreement.authentication is ClientAuthentication.NONE:
        return _read_short(unit, services, application, parameters)
    return _read(unit, services, application, parameters)


def _read_short(
    unit: Unit, services: Services, application: Application, parameters: Mapping[str, str]
) -> Asked | Refused:
    """What anybody can ask for in the application's name; it must be able to wait without a row of ours."""
    read = _read(unit, services, application, parameters)
    if isinstance(read, Refused) or fits(read):
        return read
    return Refused(
        Error.INVALID_REQUEST, f"the request is longer than {LONGEST_ASKED} bytes: shorten state and nonce, or push it"
    )


def _read(unit: Unit, services: Services, application: Application, parameters: Mapping[str, str]) -> Asked | Refused:
    refused = _wrong_form(parameters) or _wrong_challenge(parameters) or _wrong_demands(parameters)
    if refused is not None:
        return refused
    subject = _subject(unit, services, parameters.get("id_token_hint", ""))
    if subject is None:
        return Refused(Error.INVALID_REQUEST, "id_token_hint is no ID token of ours")
    return Asked(
        application_id=application.id,
        redirect_uri=parameters["redirect_uri"],
        challenge=parameters["code_challenge"],
        scopes=known_scopes(parameters["scope"]),
        state=parameters.get("state", ""),
        nonce=parameters.get("nonce", ""),
        prompts=tuple(each for each in parameters.get("prompt", "").split() if each != _WITHOUT_EFFECT),
        max_age=int(parameters["max_age"]) if "max_age" in parameters else None,
        levels=tuple(parameters.get("acr_values", "").split()),
        subject=subject,
        login_hint=parameters.get("login_hint", ""),
    )


def _wrong_form(parameters: Mapping[str, str]) -> Refused | None:
    for name, error in _UNSUPPORTED.items():
        if name in parameters:
            return Refused(error, f"{name} is not supported")
    for name, longest in _LONGEST.items():
        if len(parameters.get(name, "")) > longest:
            return Refused(Error.INVALID_REQUEST, f"{name} is longer than {longest} characters")
    if "response_type" not in parameters:
        return Refused(Error.INVALID_REQUEST, "response_type is missing")
    if parameters["response_type"] != "code":
        return Refused(Error.UNSUPPORTED_RESPONSE_TYPE, "only response_type=code is supported")
    if parameters.get("response_mode", "query") != "query":
        return Refused(Error.INVALID_REQUEST, "only response_mode=query is supported")
    if Scope.OPENID not in known_scopes(parameters.get("scope", "")):
        return Refused(Error.INVALID_SCOPE, "scope must contain openid")
    return None


def _wrong_challenge(parameters: Mapping[str, str]) -> Refused | None:
    """PKCE is demanded of every application, and left out or weakened by none (RFC 9700 §2.1.1)."""
    if parameters.get("code_challenge_method") != "S256":
        return Refused(Error.INVALID_REQUEST, "PKCE is required: code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(parameters.get("code_challenge", "")):
        return Refused(Error.INVALID_REQUEST, "code_challenge must be the base64url of a SHA-256")
    return None


def _wrong_demands(parameters: Mapping[str, str]) -> Refused | None:
    prompts = frozenset(parameters.get("prompt", "").split())
    if not prompts <= _PROMPTS:
        return Refused(Error.INVALID_REQUEST, "prompt has an unknown value")
    if Prompt.NONE in prompts and len(prompts) > 1:
        return Refused(Error.INVALID_REQUEST, "prompt=none stands alone")
    if "max_age" in parameters and not _MAX_AGE.fullmatch(parameters["max_age"]):
        return Refused(Error.INVALID_REQUEST, "max_age is no number of seconds")
    return None


def _subject(unit: Unit, services: Services, hint: str) -> str | None:
    """Whom the application believes to be signed in; empty where it does not say, None where the hint is not ours."""
    if not hint:
        return ""
    claims = services.openid.claims_of_ours(hint, [key.public for key in unit.signing_keys.all()])
    return None if claims is None else str(claims.get("sub", "")) or None
