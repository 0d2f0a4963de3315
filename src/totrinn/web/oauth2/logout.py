"""`/oauth2/logout`: an application signs its person out here, too."""

from starlette.responses import RedirectResponse, Response

from totrinn.app.accounts import sign_out
from totrinn.app.applications.leaving import Leaving, leave
from totrinn.web import messages
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import A_CLIENT, ANYONE
from totrinn.web.oauth2.answer import set_out_anew
from totrinn.web.oauth2.parameters import asked_again, of_browser
from totrinn.web.routing import Page

_KEPT = ("client_id", "id_token_hint", "post_logout_redirect_uri", "state")


def log_out(ask: Ask) -> Response:
    """Signs out, or asks first where the application has not shown that it means this session."""
    parameters = of_browser(ask)
    if parameters is None:
        return messages.unreadable(ask, 400)
    session = ask.jar.get(Cookie.SESSION)
    leaving = leave(ask.services, session, parameters)
    if session is not None and not leaving.is_of_session:
        kept = {name: parameters[name] for name in _KEPT if name in parameters}
        return ask.page("oauth2_logout.html", 200, kept=kept, wanted_by=leaving.application)
    return _ended(ask, leaving)


def log_out_posted(ask: Ask) -> Response:
    """The same, sent as a form."""
    again = asked_again(ask)
    return messages.unreadable(ask, 400) if again is None else ask.go(again)


def confirm(ask: Ask) -> Response:
    """The person has said that they want it. No form leads to another site: the browser sets out from a page anew."""
    response = _ended(ask, leave(ask.services, ask.jar.get(Cookie.SESSION), ask.form))
    target = response.headers["location"]
    if target.startswith("/"):
        return response
    return set_out_anew(ask, target, heading=ask.language.say("You are signed out"))


def _ended(ask: Ask, leaving: Leaving) -> Response:
    if (session := ask.jar.get(Cookie.SESSION)) is not None:
        sign_out(ask.services, ask.visitor, session)
        ask.drop(Cookie.SESSION)
    return RedirectResponse(leaving.address, 303) if leaving.address else ask.go("/login?said=out")


PAGES = (
    Page("/oauth2/logout", A_CLIENT, get=log_out, post=log_out_posted),
    Page("/oauth2/logout/confirm", ANYONE, post=confirm),
)
