"""The requirement: read, previewed, and confirmed by what the preview gave; by a token only where it strengthens."""

from totrinn.app import enforcing
from totrinn.app.api_tokens import Caller
from totrinn.app.enforcing import Changed, Refused, Unchanged
from totrinn.app.judging import Actor
from totrinn.app.records import Organisation
from totrinn.core.enforcement import CONFIRMATION_LIFETIME, Refusal, Wish
from totrinn.core.roles import Right
from totrinn.web.adoption import requirement_state
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import proof, stale_problem
from totrinn.web.api.shapes import Confirming, Named, Preview, ProofShape, RequirementShape, RequirementWish
from totrinn.web.typed_dates import FURTHEST

_NAMED = 100
_REFUSALS = {
    Refusal.NOT_ALLOWED: Code.NOT_ALLOWED,
    Refusal.NOT_AVAILABLE: Code.NOT_AVAILABLE,
    Refusal.ALWAYS: Code.ALWAYS,
    Refusal.DATE_PASSED: Code.DATE_PASSED,
    Refusal.UNKNOWN_CONFIRMATION: Code.UNKNOWN_CONFIRMATION,
    Refusal.EXPIRED: Code.EXPIRED,
    Refusal.SOMEONE_ELSE: Code.SOMEONE_ELSE,
    Refusal.PEOPLE_CHANGED: Code.PEOPLE_CHANGED,
    Refusal.STALE_PROOF: Code.FRESH_PROOF,
    Refusal.NEEDS_PERSON: Code.PERSON_NEEDED,
}


def read(call: Call) -> Done:
    """The requirement, with its revision as ETag."""
    return _done(call, call.organisation)


def preview(call: Call) -> Done | Problem:
    """Whom the change would hit, and the confirmation; nothing changes."""
    wish = Wish(call.body.on, call.body.from_ if call.body.on else None)
    if wish.from_ is not None and not call.visitor.now < wish.from_ <= call.visitor.now + FURTHEST:
        return Problem(Code.DATE_PASSED)
    proposed = enforcing.propose(call.services, call.visitor, call.caller, wish)
    if isinstance(proposed, Unchanged):
        return Problem(Code.UNCHANGED)
    if isinstance(proposed, Refused):
        return Problem(_REFUSALS[proposed.refusal])
    seen = proposed.preview
    with call.services.store.reading() as unit:
        missing = unit.members.missing_names(call.organisation.id, limit=_NAMED, offset=0)
    return Done(
        Preview(
            change=proposed.change,
            confirmation=proposed.token,
            expires_in=int(CONFIRMATION_LIFETIME.total_seconds()),
            missing=seen.missing,
            has=seen.has,
            sso=seen.sso,
            includes_me=seen.includes_me,
            names=[Named(id_, name) for id_, name in missing] if _may_see_members(call.caller) else [],
            proof=None if proposed.stale is None else ProofShape(**proof(proposed.stale)),
        )
    )


def confirm(call: Call) -> Done | Problem:
    """Makes exactly the change that was previewed, once."""
    expected = call.ask.headers.get("if-match")
    if expected not in (None, "*", f'"{call.organisation.policy.revision}"'):
        return Problem(Code.CHANGED_MEANWHILE)
    outcome = enforcing.confirm(call.services, call.visitor, call.caller, call.body.confirmation)
    if isinstance(outcome, Changed):
        with call.services.store.reading() as unit:
            return _done(call, unit.organisations.find(call.organisation.id) or call.organisation)
    if isinstance(outcome, Refused):
        return Problem(_REFUSALS[outcome.refusal])
    if outcome.refusal is Refusal.STALE_PROOF and outcome.stale is not None:
        return stale_problem(outcome.stale)
    return Problem(_REFUSALS[outcome.refusal or Refusal.UNKNOWN_CONFIRMATION])


def _may_see_members(caller: Caller) -> bool:
    """The names are shown to whoever may see the members; a person who may change the requirement may."""
    return isinstance(caller, Actor) or caller.may(Right.SEE_MEMBERS)


def _done(call: Call, organisation: Organisation) -> Done:
    policy = organisation.policy
    shape = RequirementShape(
        state=requirement_state(policy, call.visitor.now),  # type: ignore[arg-type]  # one of those words
        on=policy.requirement.stands(),
        since=policy.requirement.since,
        from_=policy.requirement.from_,
        available=policy.is_available,
        revision=policy.revision,
    )
    return Done(shape, etag=str(policy.revision))


_PATH = "/organisations/{slug}/requirement"
_REFUSED = (Code.NOT_AVAILABLE, Code.ALWAYS, Code.PERSON_NEEDED)

ENDPOINTS = (
    Endpoint(
        "GET", _PATH, Right.SEE_SETTINGS, "The requirement; its revision is the ETag.", read, answer=RequirementShape
    ),
    Endpoint(
        "POST",
        f"{_PATH}/preview",
        Right.CHANGE_REQUIREMENT,
        "Whom a change would hit, and the confirmation of exactly this change. A token may turn it on, or earlier.",
        preview,
        body=RequirementWish,
        answer=Preview,
        problems=(*_REFUSED, Code.UNCHANGED, Code.DATE_PASSED),
        answers_once=True,
    ),
    Endpoint(
        "PUT",
        _PATH,
        Right.CHANGE_REQUIREMENT,
        "Confirms what was previewed. `If-Match` holds it to a revision.",
        confirm,
        body=Confirming,
        answer=RequirementShape,
        problems=(
            *_REFUSED,
            Code.FRESH_PROOF,
            Code.UNKNOWN_CONFIRMATION,
            Code.EXPIRED,
            Code.SOMEONE_ELSE,
            Code.PEOPLE_CHANGED,
            Code.CHANGED_MEANWHILE,
        ),
    ),
)
