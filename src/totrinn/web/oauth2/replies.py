"""Answers to programs: JSON, and errors as OAuth 2.0 writes them (RFC 6749 §5.2, RFC 6750 §3)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from totrinn.app.applications.proving_clients import authenticated
from totrinn.app.applications.records import Application
from totrinn.app.applications.refusals import Error, Refused
from totrinn.web.ask import Ask
from totrinn.web.oauth2.parameters import credentials_of

_STATUS = {Error.INVALID_CLIENT: 401, Error.INVALID_TOKEN: 401, Error.INSUFFICIENT_SCOPE: 403}


def reply(body: Mapping[str, Any], status: int = 200) -> Response:
    """A JSON object."""
    return JSONResponse(body, status)


def refuse(refused: Refused) -> Response:
    """The refusal, with the status that belongs to it; a challenge goes with 401."""
    body = {"error": refused.error.value, "error_description": refused.description}
    response = reply({name: text for name, text in body.items() if text}, _STATUS.get(refused.error, 400))
    if refused.error is Error.INVALID_CLIENT:
        response.headers["WWW-Authenticate"] = 'Basic realm="totrinn"'
    return response


def challenge(refused: Refused | None) -> Response:
    """What a request without a good access token is answered; without any it is told of no error (RFC 6750 §3.1)."""
    if refused is None:
        response: Response = Response(status_code=401)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    response = refuse(refused)
    response.headers["WWW-Authenticate"] = f'Bearer error="{refused.error.value}"'
    return response


def application_of(ask: Ask, form: dict[str, str]) -> Application | Refused:
    """The application that has proven itself with this request."""
    credentials = credentials_of(ask, form)
    if isinstance(credentials, Refused):
        return credentials
    issuer = ask.settings.base_url
    audiences = frozenset({issuer, f"{issuer}/oauth2/token", f"{issuer}/oauth2/par"})
    return authenticated(ask.services, credentials, ask.visitor.now, audiences=audiences)
