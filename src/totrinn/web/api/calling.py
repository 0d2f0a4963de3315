"""Who calls: a program by a token, or a person in a session, by the same admission as pages; never both at once."""

from starlette.responses import Response

from totrinn.app.api_tokens import Caller, judge_token, log_refused_token
from totrinn.app.judging import Actor
from totrinn.core.api_tokens import PREFIX
from totrinn.core.events import Event, Kind
from totrinn.core.roles import may
from totrinn.web import csrf
from totrinn.web.admission import establish
from totrinn.web.api.endpoints import Endpoint
from totrinn.web.api.problems import Code, problem
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import SIGNED_IN

CSRF_HEADER = "x-totrinn-csrf"
"""Another site's page cannot send it without asking first (CORS), and is not answered if it asks."""
_SCHEME = "bearer"


def caller_of(ask: Ask) -> Caller | Response:
    """Who calls, read and judged afresh; else the refusal."""
    if PREFIX in ask.raw_query:
        return problem(ask, Code.TOKEN_IN_ADDRESS)
    given = ask.headers.getlist("authorization")
    if not given:
        return _by_session(ask)
    if len(given) > 1 or any(ask.jar.get(cookie) is not None for cookie in (Cookie.SESSION, Cookie.SIGNIN)):
        return problem(ask, Code.TWO_CREDENTIALS)
    scheme, _, text = given[0].partition(" ")
    bearer = judge_token(ask.services, ask.visitor, text) if scheme.lower() == _SCHEME else None
    return bearer or problem(ask, Code.INVALID_TOKEN)


def _by_session(ask: Ask) -> Caller | Response:
    refusal = establish(ask, SIGNED_IN)
    if refusal is not None:
        # RFC 9110 §15.5.2: a 401 says what would have been taken.
        refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal or ask.me


def refuse_forged(ask: Ask, caller: Caller) -> Response | None:
    """The refusal of a change that a browser may have been made to send; a token no browser adds by itself (R62)."""
    if not isinstance(caller, Actor):
        return None
    if CSRF_HEADER in ask.headers and not csrf.comes_from_elsewhere(ask.headers, ask.settings.base_url):
        return None
    return problem(ask, Code.FROM_ELSEWHERE)


def refuse_right(ask: Ask, caller: Caller, endpoint: Endpoint) -> Response | None:
    """The refusal of a caller whose role, or whose scopes, do not carry what is demanded; it stands in the log."""
    if isinstance(caller, Actor):
        return None if may(caller.role, endpoint.right) else refused(ask, caller, endpoint)
    if endpoint.scopes and caller.may(endpoint.right):
        return None
    return refused(ask, caller, endpoint)


def refused(ask: Ask, caller: Caller, endpoint: Endpoint) -> Response:
    """The refusal, logged (R92)."""
    if isinstance(caller, Actor):
        with ask.services.store.writing() as unit:
            source, detail = ask.visitor.source(caller.person.id), {"method": ask.method, "path": ask.path[:200]}
            where, who = caller.organisation.id, caller.person.id
            unit.log.write(Event(Kind.ACCESS_REFUSED, ask.visitor.now, source, where, who, detail))
        return problem(ask, Code.NOT_ALLOWED)
    log_refused_token(ask.services, ask.visitor, caller, method=ask.method, path=ask.path)
    if not endpoint.scopes:
        return problem(ask, Code.PERSON_NEEDED)
    if caller.may(endpoint.right):
        return problem(ask, Code.NOT_ALLOWED)
    return problem(ask, Code.INSUFFICIENT_SCOPE, scopes=list(endpoint.scopes))
