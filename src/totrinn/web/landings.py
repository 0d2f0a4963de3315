"""After a step of signing in: the cookies and the address that the landing calls for."""

from starlette.responses import Response

from totrinn.app.accounts import sign_out
from totrinn.app.landing import Admitted, Held, Landing
from totrinn.core.policy import Reason
from totrinn.web import messages
from totrinn.web.admission import STEP_PATHS
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.paths import continue_path, own_path


def follow(ask: Ask, landed: Landing) -> Response:
    """Goes where the sign-in has landed: in, to its next step, or back to the start."""
    if isinstance(landed, Admitted):
        let_in(ask, landed)
        if landed.by_recovery:
            return ask.go("/account/second-factor?after=recovery")
        return ask.go(continue_path(own_path(landed.next) or "/"))
    if isinstance(landed, Held):
        _leave_old_session(ask)
        ask.keep(Cookie.SIGNIN, landed.token)
        return ask.go(STEP_PATHS[landed.state])
    ask.drop(Cookie.SIGNIN)
    if landed.reason is Reason.NO_MEMBERSHIP:
        return ask.page("no_membership.html", 403)
    if landed.reason is Reason.PASSWORD_CLOSED:
        return messages.password_closed(ask)
    return ask.go("/login?said=ended")


def let_in(ask: Ask, admitted: Admitted) -> None:
    """Gives the browser its session; whatever it held before is dead."""
    _leave_old_session(ask)
    ask.keep(Cookie.SESSION, admitted.token)
    if admitted.device is not None:
        ask.keep(Cookie.DEVICE, admitted.device)
    ask.drop(Cookie.SIGNIN)
    ask.drop(Cookie.VISIT)


def _leave_old_session(ask: Ask) -> None:
    old = ask.jar.get(Cookie.SESSION)
    if old is not None and ask.actor is None:
        sign_out(ask.services, ask.visitor, old)
        ask.drop(Cookie.SESSION)
