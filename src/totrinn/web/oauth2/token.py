"""`/oauth2/token`: a code, or a refresh token, is exchanged (RFC 6749 §3.2)."""

from starlette.responses import Response

from totrinn.app.applications.exchanging import Tokens, exchange_code
from totrinn.app.applications.records import Application
from totrinn.app.applications.refreshing import refresh
from totrinn.app.applications.refusals import Error, Refused
from totrinn.web.ask import Ask
from totrinn.web.demands import A_CLIENT
from totrinn.web.oauth2.parameters import of_program
from totrinn.web.oauth2.replies import application_of, refuse, reply
from totrinn.web.routing import Page


def give(ask: Ask) -> Response:
    """Tokens for an application that has proven itself."""
    form = of_program(ask)
    application = application_of(ask, form)
    if isinstance(application, Refused):
        return refuse(application)
    outcome = _exchanged(ask, application, form)
    if isinstance(outcome, Refused):
        return refuse(outcome)
    return reply(
        {
            "access_token": outcome.access_token,
            "token_type": "Bearer",
            "expires_in": outcome.expires_in,
            "refresh_token": outcome.refresh_token,
            "id_token": outcome.id_token,
            "scope": " ".join(outcome.scopes),
        }
    )


def _exchanged(ask: Ask, application: Application, form: dict[str, str]) -> Tokens | Refused:
    kind, issuer = form.get("grant_type", ""), ask.settings.base_url
    needed = {"authorization_code": ("code", "redirect_uri", "code_verifier"), "refresh_token": ("refresh_token",)}
    if not kind:
        return Refused(Error.INVALID_REQUEST, "grant_type is missing")
    if kind not in needed:
        return Refused(Error.UNSUPPORTED_GRANT_TYPE, "only authorization_code and refresh_token are supported")
    missing = [name for name in needed[kind] if name not in form]
    if missing:
        return Refused(Error.INVALID_REQUEST, f"{missing[0]} is missing")
    if kind == "refresh_token":
        return refresh(
            ask.services,
            ask.visitor,
            application,
            issuer=issuer,
            refresh_token=form["refresh_token"],
            scope=form.get("scope"),
        )
    return exchange_code(
        ask.services,
        ask.visitor,
        application,
        issuer=issuer,
        code=form["code"],
        redirect_uri=form["redirect_uri"],
        verifier=form["code_verifier"],
    )


PAGES = (Page("/oauth2/token", A_CLIENT, post=give, for_programs=True, for_scripts=True),)
