"""`/account`: what belongs to the person: second factor, sessions, activity, organisations, password, language."""

from starlette.responses import Response

from totrinn.app import accounts
from totrinn.app.accounts import WeakPassword, change_password, shortest_password
from totrinn.app.administering import (
    KeepsPassword,
    LastGlobalAdministrator,
    accept_invitation,
    is_last_global_administrator,
    leave,
)
from totrinn.app.judging import is_over
from totrinn.app.own_factors import Changed
from totrinn.app.ports import Unit
from totrinn.app.proving import PasswordWrong, Throttled
from totrinn.app.records import LiveSession, LoggedEvent, Membership
from totrinn.core.codes import RECOVERY_CODE_COUNT, RecoveryCode, read_code
from totrinn.core.passwords import LONGEST
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import AS_ONESELF, SIGNED_IN
from totrinn.web.event_sentences import own_event_text
from totrinn.web.languages import CODES
from totrinn.web.notices import notice
from totrinn.web.pages.own_factors import held_back_sentence
from totrinn.web.proof_again import stale_proof
from totrinn.web.routing import Page

_ACTIVITY = 10


def show(ask: Ask) -> Response:
    """Everything about the account on one page."""
    return _page(ask, 200)


def show_password(ask: Ask) -> Response:
    """Asks for the current password and a new one."""
    return _password_page(ask, 200)


def submit_password(ask: Ask) -> Response:
    """Changes the password; everything else that the old one opened is ended."""
    password, new_password = ask.form.get("password", ""), ask.form.get("new_password", "")
    if not password:
        return _password_page(ask, 422, password=ask.language.say("Type your password."))
    if len(password) > LONGEST:
        return _password_page(ask, 422, password=sentences.own_password_refused(ask, PasswordWrong()))
    code = ask.form.get("code", "")
    outcome = change_password(
        ask.services,
        ask.visitor,
        ask.me,
        password=password,
        new_password=new_password,
        code=code,
    )
    if isinstance(outcome, Changed):
        ask.keep(Cookie.SESSION, outcome.token)
        return ask.go("/account?said=password")
    if isinstance(outcome, WeakPassword):
        return _password_page(ask, 422, new_password=sentences.weak_password(ask.language, outcome))
    if isinstance(outcome, Throttled):
        return _password_page(ask, sentences.status_of(ask, outcome), form=sentences.throttled(ask, outcome))
    if isinstance(outcome, PasswordWrong):
        return _password_page(ask, 422, password=sentences.own_password_refused(ask, outcome))
    by_recovery = isinstance(read_code(code), RecoveryCode)
    return _password_page(ask, 422, code=sentences.code_refused(ask, outcome, recovery=by_recovery))


def end_session(ask: Ask) -> Response:
    """Ends one of one's own sessions."""
    accounts.end_session(ask.services, ask.visitor, ask.me, ask.params["id"])
    return ask.go("/account?said=sessions")


def end_others(ask: Ask) -> Response:
    """Ends all of one's own sessions but this one."""
    accounts.end_other_sessions(ask.services, ask.visitor, ask.me)
    return ask.go("/account?said=sessions")


def set_language(ask: Ask) -> Response:
    """The person's own language."""
    wish = ask.form.get("language", "")
    if wish not in CODES:
        return _page(ask, 422, form=ask.language.say("Choose one of the languages."))
    accounts.set_language(ask.services, ask.visitor, ask.me, wish)
    return ask.go("/account?said=language")


def leave_organisation(ask: Ask) -> Response:
    """Leaves an organisation; the session goes with it if it was in that one."""
    slug = ask.params["slug"]
    outcome = leave(ask.services, ask.visitor, ask.me, slug)
    if isinstance(outcome, LastGlobalAdministrator):
        return _page(ask, 409, form=_last_sentence(ask))
    if isinstance(outcome, KeepsPassword):
        return _page(ask, 409, form=sentences.keeps_password(ask.language))
    if slug != ask.me.organisation.slug:
        return ask.go("/account?said=left")
    ask.drop(Cookie.SESSION)
    return ask.go("/login?said=left")


def accept(ask: Ask) -> Response:
    """Accepts a membership that somebody has offered."""
    accept_invitation(ask.services, ask.visitor, ask.me, ask.params["slug"])
    return ask.go("/account?said=accepted")


def to_account(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go("/account")


def _page(ask: Ask, status: int, **errors: str) -> Response:
    person = ask.me.person
    with ask.services.store.reading() as unit:
        factors = unit.factors.of_person(person.id)
        held = accounts.own_holders(unit, ask.me)
        left = unit.factors.recovery_codes_left(person.id)
        sessions = accounts.own_sessions(unit, ask.me)
        memberships = accounts.own_memberships(unit, ask.me)
        activity = accounts.own_activity(unit, ask.me, limit=_ACTIVITY)
        rows = [_membership(ask, unit, one) for one in memberships if one.accepted_at is not None]
    return ask.page(
        "account.html",
        status,
        nav="account",
        notice=notice(ask),
        factors=[
            {"id": one.id, "kind": one.kind, "added_at": one.created_at, "used_at": one.used_at} for one in factors
        ],
        recovery={"left": left, "of": RECOVERY_CODE_COUNT} if factors else None,
        may_remove=not held,
        why_not_remove=held_back_sentence(ask, held) if held and factors else None,
        marked=person.must_enrol,
        sessions=[_session(ask, live) for live in sessions if not is_over(live, ask.visitor.now)],
        activity=[_activity(ask, event) for event in activity],
        password_changed_at=person.password_changed_at,
        came_by_sso=ask.me.came_by_sso,
        language=person.language,
        memberships=rows,
        invitations=[
            {"slug": one.organisation.slug, "name": one.organisation.name, "role": one.role.value}
            for one in memberships
            if one.accepted_at is None
        ],
        errors=errors,
    )


def _activity(ask: Ask, event: LoggedEvent) -> dict[str, object]:
    text, details = own_event_text(ask.language, event, zone=ask.me.organisation.time_zone)
    return {"text": text, "at": event.at, "details": details}


def _session(ask: Ask, live: LiveSession) -> dict[str, object]:
    session, organisation = live.session, live.standing.organisation
    return {
        "id": session.id,
        "browser": session.browser,
        "address": session.address,
        "last_seen": session.last_seen,
        "created_at": session.created_at,
        "organisation_name": organisation.name if organisation else "",
        "is_this": session.id == ask.me.live.session.id,
    }


def _membership(ask: Ask, unit: Unit, membership: Membership) -> dict[str, object]:
    organisation = membership.organisation
    is_last = is_last_global_administrator(unit, organisation.id, membership.person_id)
    return {
        "slug": organisation.slug,
        "name": organisation.name,
        "role": membership.role.value,
        "is_current": organisation.id == ask.me.organisation.id,
        "may_leave": not is_last,
        "why_not": _last_sentence(ask) if is_last else None,
    }


def _last_sentence(ask: Ask) -> str:
    return ask.language.say("You are the last one who can govern the organisation. Give somebody else that role first.")


def _password_page(ask: Ask, status: int, **errors: str) -> Response:
    return ask.page(
        "account_password.html",
        status,
        nav="account",
        minimum=shortest_password(ask.services, ask.me.person),
        needs_code=ask.me.live.standing.has_factor and stale_proof(ask) is not None,
        errors=errors,
    )


PAGES = (
    Page("/account", SIGNED_IN, get=show),
    Page("/account/password", AS_ONESELF, get=show_password, post=submit_password, hashes=True),
    Page("/account/sessions/end-others", SIGNED_IN, get=to_account, post=end_others),
    Page("/account/sessions/{id}/end", SIGNED_IN, get=to_account, post=end_session),
    Page("/account/language", SIGNED_IN, get=to_account, post=set_language),
    Page("/account/memberships/{slug}/leave", SIGNED_IN, get=to_account, post=leave_organisation),
    Page("/account/memberships/{slug}/accept", AS_ONESELF, get=to_account, post=accept),
)
