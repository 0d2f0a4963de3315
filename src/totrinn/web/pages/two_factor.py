"""`/login/two-factor`: the one-time code, or a recovery code."""

from starlette.responses import Response

from totrinn.app.landing import Admitted, Held, NowhereToGo
from totrinn.app.proving import ClockOff
from totrinn.app.signing_in import verify
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.demands import AT_VERIFICATION
from totrinn.web.landings import follow
from totrinn.web.routing import Page


def show(ask: Ask) -> Response:
    """Asks for the code."""
    return _page(ask, 200, way="recovery" if ask.query.get("way") == "recovery" else "app")


def submit(ask: Ask) -> Response:
    """Checks the code: from the app in `code`, or a recovery code in `recovery_code`."""
    by_recovery = "recovery_code" in ask.form
    typed = ask.form.get("recovery_code" if by_recovery else "code", "")
    outcome = verify(ask.services, ask.visitor, ask.signin_token, typed)
    if isinstance(outcome, (Admitted, Held, NowhereToGo)):
        return follow(ask, outcome)
    status = sentences.status_of(ask, outcome)
    way = "recovery" if by_recovery else "app"
    sentence = sentences.code_refused(ask, outcome, recovery=by_recovery)
    clock: dict[str, object] | None = None
    if isinstance(outcome, ClockOff):
        sentence = ask.language.say("Enter a new code once the clock is set.")
        clock = {"minutes": max(1, round(abs(outcome.seconds) / 60)), "fast": outcome.seconds > 0}
    return _page(ask, status, way=way, clock=clock, **{"recovery_code" if by_recovery else "code": sentence})


def _page(ask: Ask, status: int, *, way: str, clock: dict[str, object] | None = None, **errors: str) -> Response:
    held = ask.held
    with ask.services.store.reading() as unit:
        left = unit.factors.recovery_codes_left(held.signin.person_id)
        factors = unit.factors.of_person(held.signin.person_id)
    return ask.page(
        "login_two_factor.html",
        status,
        way=way,
        email=held.standing.person.email,
        organisation_name=held.standing.organisation.name if held.standing.organisation else None,
        clock=clock,
        errors=errors,
        recovery_left=left,
        issuer=next((each.issuer for each in factors if each.issuer), ask.settings.application_name),
    )


PAGES = (Page("/login/two-factor", AT_VERIFICATION, get=show, post=submit),)
