"""The one admission check: what a route demands, beside what this request has proven. Deny is the default.

This is the only place where a verdict becomes a response. Whoever is held at a step of signing in is sent to that step
(pages) or told so by a code (programs); nobody reaches a handler whose demand is not met.
"""

from enum import StrEnum

from starlette.responses import Response

from totrinn.app.judging import Actor, Gone, judge
from totrinn.app.landing import Held
from totrinn.app.records import OpenSignin
from totrinn.app.signing_in import find_signin
from totrinn.core.events import Event, Kind
from totrinn.core.roles import may
from totrinn.core.signin import State
from totrinn.web import csrf, messages
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import Demand, Level
from totrinn.web.paths import with_next

STEP_PATHS = {
    State.VERIFYING: "/login/two-factor",
    State.CHOOSING: "/choose-organisation",
    State.MUST_ENROL: "/login/enrol",
    State.MUST_REPROVE: "/login/enrol",
    State.ENROLLING: "/login/enrol",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROGRAM_PATHS = ("/api/", "/oauth2/", "/scim/")
_PEOPLE_PATHS = ("/oauth2/authorize", "/oauth2/answer", "/oauth2/continue", "/oauth2/logout")


class Code(StrEnum):
    """What programs are told instead of being sent to a page."""

    SIGN_IN_REQUIRED = "sign_in_required"
    VERIFICATION_REQUIRED = "verification_required"
    CHOICE_REQUIRED = "choice_required"
    ENROLMENT_REQUIRED = "enrolment_required"


_VERDICTS = {State.VERIFYING: "MustVerify", State.CHOOSING: "MustChoose"}
_CODES = {State.VERIFYING: Code.VERIFICATION_REQUIRED, State.CHOOSING: Code.CHOICE_REQUIRED}


def admit(ask: Ask, demand: Demand) -> Response | None:
    """None when the handler may run; else the answer instead of it."""
    refused = establish(ask, demand)
    if refused is not None:
        return refused
    if ask.body_problem is not None:
        return messages.unreadable(ask, ask.body_problem)
    if not (ask.method in SAFE_METHODS or demand.from_elsewhere or _is_from_our_page(ask, demand)):
        return messages.too_old(ask)
    if demand.level is Level.ANYONE:
        return None
    if ask.actor is not None and demand.right is not None and not may(ask.actor.role, demand.right):
        return refuse_right(ask)
    if demand.of_person and ask.me.came_by_sso:
        return messages.own_credentials(ask)
    acts_on_organisation = demand.of_organisation and ask.method not in SAFE_METHODS
    if acts_on_organisation and ask.form.get("organisation") != ask.me.organisation.slug:
        return messages.changed_organisation(ask)
    return None


def refuse_right(ask: Ask) -> Response:
    """The session is admitted, its role is not enough: said to the person, and written to the log (R92)."""
    actor = ask.me
    with ask.services.store.writing() as unit:
        unit.log.write(
            Event(
                Kind.ACCESS_REFUSED,
                ask.visitor.now,
                ask.visitor.source(actor.person.id),
                organisation_id=actor.organisation.id,
                person_id=actor.person.id,
                detail={"method": ask.method, "path": ask.path[:200]},
            )
        )
    return messages.not_allowed(ask)


def is_program(ask: Ask) -> bool:
    """Whether the answer is for a program: told by a status and a code, never redirected."""
    if ask.path.startswith(_PROGRAM_PATHS) and not ask.path.startswith(_PEOPLE_PATHS):
        return True
    accepts = ask.headers.get("accept", "")
    return "json" in accepts and "html" not in accepts


def to_step(ask: Ask, state: State) -> Response:
    """Sends an unfinished sign-in to the step where it stands."""
    if is_program(ask):
        return messages.problem(401, code_at(state), ask.language.say("The sign-in is not finished."))
    return ask.go(STEP_PATHS[state])


def code_at(state: State) -> Code:
    """What programs are told of a sign-in that stands at this step."""
    return _CODES.get(state, Code.ENROLMENT_REQUIRED)


def to_login(ask: Ask) -> Response:
    """Sends whoever has proven nothing to the sign-in page, and back afterwards; says what has ended, if it has."""
    if is_program(ask):
        return messages.problem(401, Code.SIGN_IN_REQUIRED, ask.language.say("Sign in first."))
    said = ""
    for cookie, word in ((Cookie.SESSION, "over"), (Cookie.SIGNIN, "late")):
        if ask.jar.get(cookie) is not None:
            ask.drop(cookie)
            said = word
    return ask.go(with_next("/login", ask.here if ask.method == "GET" else "", said=said))


def establish(ask: Ask, demand: Demand) -> Response | None:
    """Who asks, and whether their sign-in has come far enough: None, or the answer that sends them there."""
    if demand.level is Level.ANYONE:
        return None
    if demand.level is Level.TOKEN:
        return messages.problem(401, Code.SIGN_IN_REQUIRED, "A token is needed")
    observer = ask.services.observer
    if demand.level is not Level.UNFINISHED:
        judged = _judge_session(ask)
        if isinstance(judged, Actor):
            observer.judged("Admit")
            ask.actor = judged
            return None
        if isinstance(judged, Held):
            observer.judged(_verdict_at(judged.state))
            ask.keep(Cookie.SIGNIN, judged.token)
            ask.drop(Cookie.SESSION)
            return to_step(ask, judged.state)
    found = _find_signin(ask)
    observer.judged("SignInRequired" if found is None else _verdict_at(found.signin.state))
    if found is None:
        return _without_signin(ask, demand)
    if demand.level is Level.SESSION or found.signin.state not in demand.steps:
        return to_step(ask, found.signin.state)
    ask.signin = found
    return None


def _verdict_at(state: State) -> str:
    """The verdict that holds an unfinished sign-in at its step."""
    return _VERDICTS.get(state, "MustEnrol")


def _without_signin(ask: Ask, demand: Demand) -> Response:
    if demand.level is Level.UNFINISHED and ask.jar.get(Cookie.SESSION) is not None:
        return ask.go("/") if not is_program(ask) else to_login(ask)
    return to_login(ask)


def _judge_session(ask: Ask) -> Actor | Held | Gone | None:
    token = ask.jar.get(Cookie.SESSION)
    if token is None:
        return None
    return judge(ask.services, ask.visitor, token, next_=ask.here if ask.method == "GET" else "")


def _find_signin(ask: Ask) -> OpenSignin | None:
    token = ask.jar.get(Cookie.SIGNIN)
    return None if token is None else find_signin(ask.services, ask.visitor, token)


def _is_from_our_page(ask: Ask, demand: Demand) -> bool:
    if csrf.comes_from_elsewhere(ask.headers, ask.settings.base_url):
        return False
    token = ask.form.get("csrf", "")
    if ask.actor is not None:
        return csrf.is_token_for(ask.jar.get(Cookie.SESSION), token)
    if ask.signin is not None:
        return csrf.is_token_for(ask.jar.get(Cookie.SIGNIN), token)
    if demand.level is not Level.ANYONE:
        return False
    visit = ask.jar.get(Cookie.VISIT)
    if csrf.is_visit(ask.services, visit) and csrf.is_token_for(visit, token):
        return True
    return any(csrf.is_token_for(ask.jar.get(cookie), token) for cookie in (Cookie.SESSION, Cookie.SIGNIN))
