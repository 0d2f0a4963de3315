"""An application's request meets a session: a code, a step that is still to be done, or a refusal.

Whoever must sign in or prove themselves first comes back to the request as it was *read*, by the id under which it
waits: what stood in the address is not read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from totrinn.app.applications import waiting
from totrinn.app.applications.addresses import extended, is_registered
from totrinn.app.applications.asking import NoWayBack, SentBack, read_pushed, read_request
from totrinn.app.applications.grant_records import Asked, StoredRequest
from totrinn.app.applications.granting import grant_code
from totrinn.app.applications.records import Application, ClientAuthentication
from totrinn.app.applications.refusals import Error, Refused
from totrinn.app.judging import Actor, acting, is_over, look_at, verdict_on
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.authorising import Demands, Prompt, Step, Unmet, weigh
from totrinn.core.lifetimes import SIGNIN_LIFETIME
from totrinn.core.policy import Deny
from totrinn.core.roles import Right

_PUSHED_URI = "urn:ietf:params:oauth:request_uri:"
_PUSHED_LIVES = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Holder:
    """What the browser holds: the cookies of a session and of an unfinished sign-in, if any."""

    session: str | None
    signin: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The browser goes back to the application, with a code or with a refusal."""

    address: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request waits under this id until its person has signed in, or proven themselves again."""

    request_id: str


@dataclass(frozen=True, slots=True)
class ToProve:
    """Before the request is answered the person must prove this: on a page of ours, or at their provider."""

    step: Step
    application: Application
    at_provider: bool


@dataclass(frozen=True, slots=True)
class Lapsed:
    """There is no such request any more: it was answered, or waited for too long."""


def ask(
    services: Services, visitor: Visitor, holder: Holder, parameters: Mapping[str, str], *, issuer: str
) -> Answered | Waiting | NoWayBack | Lapsed:
    """A request comes by a browser."""
    stored = _stored(services, visitor, parameters)
    if isinstance(stored, SentBack):
        return Answered(_refusal(stored, issuer))
    if not isinstance(stored, StoredRequest):
        return stored
    asked = stored.asked
    actor = look_at(services, visitor, holder.session)
    step = _why_nobody(services, visitor, holder) if actor is None else _weigh(stored, actor, visitor.now)
    if actor is not None and step is Step.ISSUE:
        with services.store.writing() as unit:
            current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
            if stored.key and not waiting.spend(services, unit, stored):
                return Lapsed()
            return _issue(services, unit, visitor, current, asked, issuer)
    if isinstance(step, Unmet) and (actor is not None or Prompt.NONE in asked.prompts):
        return Answered(_refusal(SentBack(asked.redirect_uri, asked.state, step), issuer))
    return Waiting(_wait(services, replace(stored, expires_at=visitor.now + SIGNIN_LIFETIME), holder))


def answer(
    services: Services, visitor: Visitor, actor: Actor, request_id: str, *, issuer: str
) -> Answered | ToProve | Lapsed:
    """A request that has waited, for a person who is signed in by now; answered once."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        found = _considered(services, unit, visitor, current, request_id)
        if isinstance(found, Lapsed | ToProve):
            return found
        stored, refused = found
        if not waiting.take(services, unit, request_id, stored):
            return Lapsed()
        if refused is not None:
            return Answered(_refusal(SentBack(stored.asked.redirect_uri, stored.asked.state, refused), issuer))
        return _issue(services, unit, visitor, current, stored.asked, issuer)


def still_to_prove(services: Services, visitor: Visitor, actor: Actor, request_id: str) -> ToProve | None:
    """What must be proven before the request is answered; None where there is nothing, or no such request."""
    with services.store.reading() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        found = _considered(services, unit, visitor, current, request_id)
    return found if isinstance(found, ToProve) else None


def send_away(services: Services, visitor: Visitor, request_id: str) -> None:
    """Remembers that the request's person is sent to their provider, which is done once."""
    with services.store.writing() as unit:
        stored = waiting.find(services, unit, request_id, waiting.WAITING, visitor.now)
        if stored is not None:
            waiting.send_away(services, unit, request_id, stored)


@dataclass(frozen=True, slots=True)
class SignInFor:
    """For which application somebody signs in, and as whom, as far as it knows."""

    application: str
    login_hint: str


def sign_in_for(services: Services, visitor: Visitor, target: str) -> SignInFor | None:
    """Whom the sign-in is for that leads on to this path; None where it is for no application."""
    beginning = answer_path("")
    if not target.startswith(beginning):
        return None
    with services.store.reading() as unit:
        request_id = target.removeprefix(beginning)
        stored = waiting.find(services, unit, request_id, waiting.WAITING, visitor.now)
        application = unit.applications.find(stored.asked.application_id) if stored else None
    return SignInFor(application.name, stored.asked.login_hint) if stored and application else None


def push(
    services: Services, visitor: Visitor, application: Application, parameters: Mapping[str, str]
) -> tuple[str, int] | Refused:
    """Keeps a request that an application pushes: its `request_uri`, and for how many seconds it holds (RFC 9126).

    There is a row for an application that has proven itself. Anybody can push in the name of one that cannot.
    """
    with services.store.reading() as unit:
        asked = read_pushed(unit, services, application, parameters)
    if isinstance(asked, Refused):
        return asked
    pushed = StoredRequest(asked, visitor.now, visitor.now + _PUSHED_LIVES)
    if application.agreement.authentication is ClientAuthentication.NONE:
        request_id = waiting.enclose(services, pushed, waiting.PUSHED)
    else:
        request_id = waiting.store(services, pushed)
    return f"{_PUSHED_URI}{request_id}", int(_PUSHED_LIVES.total_seconds())


def _considered(
    services: Services, unit: Unit, visitor: Visitor, current: Actor, request_id: str
) -> tuple[StoredRequest, Unmet | None] | ToProve | Lapsed:
    """The request, and why it is refused if it is; else what is still to be proven for it."""
    stored = waiting.find(services, unit, request_id, waiting.WAITING, visitor.now)
    application = unit.applications.find(stored.asked.application_id) if stored else None
    # Addresses may have been taken back since: nothing goes there any more, not even a refusal.
    if stored is None or application is None or not _may_be_answered(application, stored.asked):
        return Lapsed()
    step = _weigh(stored, current, visitor.now)
    at_provider = step is Step.PROVE_AGAIN and current.came_by_sso
    if at_provider and waiting.was_sent_away(services, unit, request_id, stored):
        # They were asked to prove themselves now, and the provider says that they have not.
        return stored, Unmet.LOGIN_REQUIRED
    if isinstance(step, Unmet):
        return stored, step
    return (stored, None) if step is Step.ISSUE else ToProve(step, application, at_provider)


def _stored(
    services: Services, visitor: Visitor, parameters: Mapping[str, str]
) -> StoredRequest | NoWayBack | SentBack | Lapsed:
    """What is asked for, read now or pushed before; the row of what was pushed is taken, once."""
    uri = parameters.get("request_uri", "")
    if not uri.startswith(_PUSHED_URI):
        with services.store.reading() as unit:
            asked = read_request(unit, services, parameters)
        return StoredRequest(asked, visitor.now, visitor.now) if isinstance(asked, Asked) else asked
    request_id = uri.removeprefix(_PUSHED_URI)
    with services.store.reading() as unit:
        pushed = waiting.find(services, unit, request_id, waiting.PUSHED, visitor.now)
        if pushed is None or pushed.asked.application_id != parameters.get("client_id"):
            return Lapsed()
        application = unit.applications.find(pushed.asked.application_id)
        if application is None or not _may_be_answered(application, pushed.asked):
            return NoWayBack(is_known=application is not None)
    if pushed.key:
        return pushed
    with services.store.writing() as unit:
        return pushed if waiting.take(services, unit, request_id, pushed) else Lapsed()


def _wait(services: Services, request: StoredRequest, holder: Holder) -> str:
    """Has the request wait; a sign-in that is under way in this browser then leads on to it."""
    # Whatever is too long to wait in its id was pushed by an application that had proven itself.
    is_short = waiting.fits(request.asked)
    request_id = waiting.enclose(services, request, waiting.WAITING) if is_short else waiting.store(services, request)
    if holder.signin is None:
        return request_id
    with services.store.reading() as unit:
        found = unit.signins.find(services.digest(holder.signin))
    if found is not None:
        with services.store.writing() as unit:
            unit.signins.set_next(found.signin.id, answer_path(request_id))
    return request_id


def answer_path(request_id: str) -> str:
    """Where a request that waits is answered."""
    return f"/oauth2/answer?request={request_id}"


def _may_be_answered(application: Application, asked: Asked) -> bool:
    return application.is_enabled and is_registered(application.agreement.redirect_uris, asked.redirect_uri)


def _why_nobody(services: Services, visitor: Visitor, holder: Holder) -> Unmet:
    """Whether somebody must begin at the beginning, or only go on."""
    if holder.session is None and holder.signin is None:
        return Unmet.LOGIN_REQUIRED
    with services.store.reading() as unit:
        live = unit.sessions.find(services.digest(holder.session)) if holder.session else None
        signin = unit.signins.find(services.digest(holder.signin)) if holder.signin else None
    is_held = (
        live is not None and not is_over(live, visitor.now) and not isinstance(verdict_on(live, visitor.now), Deny)
    )
    is_under_way = signin is not None and visitor.now < signin.signin.expires_at
    return Unmet.INTERACTION_REQUIRED if is_held or is_under_way else Unmet.LOGIN_REQUIRED


def _weigh(stored: StoredRequest, actor: Actor, now: datetime) -> Step | Unmet:
    asked = stored.asked
    if asked.subject not in {"", actor.person.id}:
        return Unmet.LOGIN_REQUIRED
    demands = Demands(
        asked_at=stored.created_at,
        prompts=frozenset(map(Prompt, asked.prompts)),
        max_age=None if asked.max_age is None else timedelta(seconds=asked.max_age),
        levels=asked.levels,
    )
    has_factor = actor.live.standing.has_factor
    return weigh(demands, actor.live.session.proof, has_factor=has_factor, now=now)


def _issue(services: Services, unit: Unit, visitor: Visitor, current: Actor, asked: Asked, issuer: str) -> Answered:
    code = grant_code(services, unit, visitor, current, asked)
    if code is None:
        return Answered(_refusal(SentBack(asked.redirect_uri, asked.state, Error.UNAUTHORIZED_CLIENT), issuer))
    return Answered(extended(asked.redirect_uri, {"code": code, "state": asked.state, "iss": issuer}))


def _refusal(refused: SentBack, issuer: str) -> str:
    """Back with an error; `iss` says who answers, so that answers of two servers are not mixed up (RFC 9207)."""
    return extended(
        refused.redirect_uri,
        {"error": refused.error, "error_description": refused.description, "state": refused.state, "iss": issuer},
    )
