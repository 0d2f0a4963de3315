"""`/oauth2/userinfo`, `/oauth2/introspect`, `/oauth2/revoke`: what a token tells, what it is worth, and its end."""

from starlette.responses import Response

from totrinn.app.applications import introspecting
from totrinn.app.applications.records import ClientAuthentication
from totrinn.app.applications.refusals import Error, Refused
from totrinn.web.ask import Ask
from totrinn.web.demands import A_CLIENT
from totrinn.web.oauth2.parameters import bearer_of, of_program
from totrinn.web.oauth2.replies import application_of, challenge, refuse, reply
from totrinn.web.routing import Page


def userinfo(ask: Ask) -> Response:
    """The claims of the person whose access token it is (OpenID Connect Core §5.3)."""
    token = bearer_of(ask)
    if token is None or isinstance(token, Refused):
        return challenge(token)
    claims = introspecting.userinfo(ask.services, ask.visitor, token)
    if claims is None:
        return challenge(Refused(Error.INVALID_TOKEN, "the token is unknown, or its session has ended"))
    return reply(claims)


def introspect(ask: Ask) -> Response:
    """What one of the application's own tokens is worth now (RFC 7662); public applications may not ask."""
    form = of_program(ask)
    application = application_of(ask, form)
    if isinstance(application, Refused):
        return refuse(application)
    if application.agreement.authentication is ClientAuthentication.NONE:
        return refuse(Refused(Error.INVALID_CLIENT, "only an application that can prove itself may ask"))
    if "token" not in form:
        return refuse(Refused(Error.INVALID_REQUEST, "token is missing"))
    issuer = ask.settings.base_url
    return reply(introspecting.introspect(ask.services, ask.visitor, application, form["token"], issuer=issuer))


def revoke(ask: Ask) -> Response:
    """Ends one of the application's own tokens; of any other it says the same (RFC 7009 §2.2)."""
    form = of_program(ask)
    application = application_of(ask, form)
    if isinstance(application, Refused):
        return refuse(application)
    if "token" not in form:
        return refuse(Refused(Error.INVALID_REQUEST, "token is missing"))
    introspecting.revoke(ask.services, application, form["token"])
    return Response(status_code=200)


PAGES = (
    Page("/oauth2/userinfo", A_CLIENT, get=userinfo, post=userinfo, for_programs=True, for_scripts=True),
    Page("/oauth2/introspect", A_CLIENT, post=introspect, for_programs=True),
    Page("/oauth2/revoke", A_CLIENT, post=revoke, for_programs=True, for_scripts=True),
)
