"""`/oauth2/authorize`: an application sends somebody to sign in; `/oauth2/par`: it says beforehand what it wants."""

from starlette.responses import RedirectResponse, Response

from totrinn.app.applications import authorising
from totrinn.app.applications.asking import NoWayBack
from totrinn.app.applications.authorising import Answered, Holder, Lapsed
from totrinn.app.applications.refusals import Refused
from totrinn.web import messages
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import A_CLIENT
from totrinn.web.oauth2.parameters import asked_again, of_browser, of_program
from totrinn.web.oauth2.replies import application_of, refuse, reply
from totrinn.web.routing import Page


def authorize(ask: Ask) -> Response:
    """A code for whoever is signed in; everybody else is sent to sign in, and on from there."""
    parameters = of_browser(ask)
    if parameters is None:
        return messages.no_way_back(ask, is_known=True)
    holder = Holder(ask.jar.get(Cookie.SESSION), ask.jar.get(Cookie.SIGNIN))
    outcome = authorising.ask(ask.services, ask.visitor, holder, parameters, issuer=ask.settings.base_url)
    if isinstance(outcome, NoWayBack):
        return messages.no_way_back(ask, is_known=outcome.is_known)
    if isinstance(outcome, Lapsed):
        return messages.request_lapsed(ask)
    if isinstance(outcome, Answered):
        return away(outcome)
    return ask.go(authorising.answer_path(outcome.request_id))


def authorize_posted(ask: Ask) -> Response:
    """The same, sent as a form (OpenID Connect Core §3.1.2.1)."""
    again = asked_again(ask)
    return messages.no_way_back(ask, is_known=True) if again is None else ask.go(again)


def away(answered: Answered) -> Response:
    """To the application; always by GET, so that nothing that was typed here goes along (RFC 9700 §4.12)."""
    return RedirectResponse(answered.address, status_code=303)


def push(ask: Ask) -> Response:
    """Keeps the request of an application that has proven itself (RFC 9126 §2)."""
    form = of_program(ask)
    application = application_of(ask, form)
    if isinstance(application, Refused):
        return refuse(application)
    pushed = authorising.push(ask.services, ask.visitor, application, form)
    if isinstance(pushed, Refused):
        return refuse(pushed)
    request_uri, seconds = pushed
    return reply({"request_uri": request_uri, "expires_in": seconds}, 201)


PAGES = (
    Page("/oauth2/authorize", A_CLIENT, get=authorize, post=authorize_posted),
    Page("/oauth2/par", A_CLIENT, post=push, for_programs=True),
)
