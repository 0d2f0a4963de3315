"""`/login/enrol`: held here until a second factor is set up. The secret is made on asking, shown, and confirmed."""

from starlette.responses import Response

from totrinn.app.authenticators import NothingPending, shown_secret
from totrinn.app.enrolling import Enrolled, PasswordNeeded, confirm, needs_password, start
from totrinn.app.judging import verdict_on_signin
from totrinn.app.landing import Held, NowhereToGo
from totrinn.app.proving import PasswordWrong, Throttled
from totrinn.app.records import Standing
from totrinn.core.policy import Method, Reason
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import AT_ANY_STEP, AT_ENROLMENT
from totrinn.web.enrol_window import pending_view
from totrinn.web.landings import follow, let_in
from totrinn.web.onward import HERE, Onward, way_on
from totrinn.web.paths import own_path
from totrinn.web.recovery_sheet import recovery_page
from totrinn.web.routing import Page

_REASONS = {
    Reason.RESET: "reset",
    Reason.VENDOR: "vendor",
    Reason.HAS_FACTOR: "has_factor",
    Reason.SSO_WITHOUT_EVIDENCE: "sso",
}


def show(ask: Ask) -> Response:
    """Says what is required and why; shows the secret again while one is pending."""
    return _page(ask, 200)


def begin(ask: Ask) -> Response:
    """Makes the pending secret, and shows it by GET so that a reload shows the same one."""
    outcome = start(ask.services, ask.visitor, ask.signin_token, ask.form.get("password"))
    if isinstance(outcome, Held):
        ask.keep(Cookie.SIGNIN, outcome.token)
        return ask.go("/login/enrol")
    if isinstance(outcome, NowhereToGo):
        return follow(ask, outcome)
    if isinstance(outcome, PasswordNeeded):
        return _page(ask, 422, password=ask.language.say("Type your password."))
    if not isinstance(outcome, (PasswordWrong, Throttled)):
        raise TypeError(outcome)
    return _page(ask, sentences.status_of(ask, outcome), password=sentences.own_password_refused(ask, outcome))


def finish(ask: Ask) -> Response:
    """Confirms with a code from the app; admits, and shows the recovery codes this once."""
    standing = ask.held.standing
    outcome = confirm(ask.services, ask.visitor, ask.signin_token, ask.form.get("code", ""))
    if isinstance(outcome, Enrolled):
        let_in(ask, outcome.landed)
        return recovery_page(
            ask,
            outcome.recovery_codes,
            occasion="enrolled",
            onward=_onward(ask, standing, own_path(outcome.landed.next)),
            signing_in=True,
            organisation_name=standing.organisation.name if standing.organisation else None,
            email=standing.person.email,
        )
    if isinstance(outcome, NowhereToGo):
        return follow(ask, outcome)
    if isinstance(outcome, NothingPending):
        expired = ask.language.say("The key has expired, as ten minutes have passed. Start again to get a new one.")
        return _page(ask, 422, form=expired)
    return _page(ask, 422, code=sentences.code_refused(ask, outcome))


def why(ask: Ask) -> Response:
    """Why a second factor is asked for, this time."""
    standing = ask.held.standing
    organisation = standing.organisation
    return ask.page(
        "why.html",
        organisation_name=organisation.name if organisation else None,
        reason=_reason(ask),
        required_since=organisation.policy.requirement.since if organisation else None,
        proven_at=ask.held.signin.proof.proven_at,
        email=standing.person.email,
    )


def _page(ask: Ask, status: int, **errors: str) -> Response:
    held = ask.held
    signin, standing = held.signin, held.standing
    pending = None
    if signin.pending is not None and signin.pending.is_open(ask.visitor.now):
        with ask.services.store.reading() as unit:
            pending = pending_view(shown_secret(ask.services, unit, standing.person, signin.pending))
        pending["expires_at"] = min(signin.pending.expires_at, signin.expires_at)
    return ask.page(
        "login_enrol.html",
        status,
        email=standing.person.email,
        organisation_name=standing.organisation.name if standing.organisation else None,
        reason=_reason(ask),
        other_organisations=standing.membership_count > 1 and signin.proof.method is not Method.SSO,
        needs_password=needs_password(signin, ask.visitor),
        pending=pending,
        closed="closed" in ask.query,
        errors=errors,
    )


def _onward(ask: Ask, standing: Standing, wanted: str) -> Onward:
    """Where the person was on the way to; else the application. The vendor's staff have their work here."""
    if standing.organisation is not None and standing.organisation.is_vendor:
        return Onward(ask.application_name, wanted or HERE)
    way = way_on(ask)
    return Onward(way.name, wanted or way.address)


def _reason(ask: Ask) -> str:
    return _REASONS.get(verdict_on_signin(ask.held, ask.visitor.now).reason, "required")


PAGES = (
    Page("/login/enrol", AT_ENROLMENT, get=show, post=begin, hashes=True),
    Page("/login/enrol/confirm", AT_ENROLMENT, post=finish),
    Page("/login/why", AT_ANY_STEP, get=why),
)
