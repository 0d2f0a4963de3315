"""`/account/second-factor`, `/account/recovery-codes`: one's own second factor, from a session proven freshly."""

from starlette.responses import Response

from totrinn.app import own_factors
from totrinn.app.authenticators import NothingPending, shown_secret
from totrinn.app.errors import NotFound
from totrinn.app.own_factors import Changed, HeldBack, StaleProof
from totrinn.app.proving import PasswordWrong, Throttled
from totrinn.app.records import Session
from totrinn.core.codes import RECOVERY_CODE_COUNT
from totrinn.core.enrolment import is_fresh
from totrinn.core.passwords import LONGEST
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import AS_ONESELF
from totrinn.web.enrol_window import pending_view
from totrinn.web.onward import way_on
from totrinn.web.proof_again import proof_view, prove_again, stale_proof
from totrinn.web.recovery_sheet import recovery_page
from totrinn.web.routing import Page


def show(ask: Ask) -> Response:
    """What it takes to set up, or replace, an app; shows the secret again while one is pending."""
    return _page(ask, 200)


def begin(ask: Ask) -> Response:
    """Proves the person again where that is due, makes the pending secret, and shows it by GET."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = own_factors.start(ask.services, ask.visitor, ask.me)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, password=ask.language.say("Type your password."))
    return ask.go("/account/second-factor")


def finish(ask: Ask) -> Response:
    """Confirms with a code from the new app, and shows new recovery codes this once."""
    outcome = own_factors.confirm(ask.services, ask.visitor, ask.me, ask.form.get("code", ""))
    if isinstance(outcome, Changed):
        ask.keep(Cookie.SESSION, outcome.token)
        return recovery_page(
            ask,
            outcome.recovery_codes,
            occasion="replaced" if outcome.replaced else "enrolled",
            onward=None if outcome.replaced else way_on(ask),
            signing_in=False,
        )
    if isinstance(outcome, StaleProof):
        return ask.go("/account/second-factor")
    if isinstance(outcome, NothingPending):
        expired = ask.language.say("The key has expired, as ten minutes have passed. Start again to get a new one.")
        return _page(ask, 422, form=expired)
    return _page(ask, 422, code=sentences.code_refused(ask, outcome))


def to_second_factor(ask: Ask) -> Response:
    """The form has no page of its own."""
    return ask.go("/account/second-factor")


def show_removal(ask: Ask) -> Response:
    """Asks for a fresh code before anything is removed."""
    return _removal_page(ask, 200)


def remove(ask: Ask) -> Response:
    """Removes the app, where no organisation of one's own forbids it."""
    password, code = ask.form.get("password", ""), ask.form.get("code", "")
    if len(password) > LONGEST:
        return _removal_page(ask, 422, password=sentences.own_password_refused(ask, PasswordWrong()))
    outcome = own_factors.remove(ask.services, ask.visitor, ask.me, ask.params["id"], code, password=password)
    if isinstance(outcome, Changed):
        ask.keep(Cookie.SESSION, outcome.token)
        return ask.go("/account?said=factor-removed")
    if isinstance(outcome, StaleProof):
        return _removal_page(ask, 422, password=ask.language.say("Type your password."))
    if isinstance(outcome, HeldBack):
        return _removal_page(ask, 409, form=held_back_sentence(ask, outcome.organisations))
    if isinstance(outcome, NothingPending):
        raise NotFound
    if isinstance(outcome, Throttled):
        return _removal_page(ask, sentences.status_of(ask, outcome), form=sentences.throttled(ask, outcome))
    if isinstance(outcome, PasswordWrong):
        return _removal_page(ask, 422, password=sentences.own_password_refused(ask, outcome))
    return _removal_page(ask, 422, code=sentences.code_refused(ask, outcome))


def show_codes(ask: Ask) -> Response:
    """How many recovery codes are left, and a button for new ones."""
    return _codes_page(ask, 200)


def renew_codes(ask: Ask) -> Response:
    """Makes ten new recovery codes, shown this once."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _codes_page(ask, unproven.status, **unproven.errors)
    outcome = own_factors.renew_recovery_codes(ask.services, ask.visitor, ask.me)
    if isinstance(outcome, StaleProof):
        return _codes_page(ask, 422, password=ask.language.say("Type your password."))
    if isinstance(outcome, NothingPending):
        return ask.go("/account/second-factor")
    return recovery_page(ask, outcome, occasion="renewed", onward=None, signing_in=False)


def held_back_sentence(ask: Ask, organisations: tuple[str, ...]) -> str:
    """Why the last factor stays: these organisations require it."""
    return ask.language.say(
        "%(organisation)s requires two-factor authentication. You can replace what you use, but not remove the last one.",  # noqa: E501 - one sentence
        organisation=", ".join(organisations),
    )


def _page(ask: Ask, status: int, **errors: str) -> Response:
    live = ask.me.live
    with ask.services.store.reading() as unit:
        current = unit.sessions.find_by_id(live.session.id) or live
        pending = current.session.pending
        view = None
        if pending is not None and pending.is_open(ask.visitor.now):
            view = pending_view(shown_secret(ask.services, unit, ask.me.person, pending))
    stale = None if Cookie.SESSION in ask.cookies_to_set else stale_proof(ask)
    return ask.page(
        "account_second_factor.html",
        status,
        nav="account",
        replacing=live.standing.has_factor,
        after_recovery=_let_in_by_recovery(current.session),
        pending=None if stale else view,
        proof=proof_view(ask, stale),
        errors=errors,
    )


def _let_in_by_recovery(session: Session) -> bool:
    """Whether a recovery code stood for the app: then a new phone is worth setting up."""
    return "mfa" in session.amr and "otp" not in session.amr


def _removal_page(ask: Ask, status: int, **errors: str) -> Response:
    with ask.services.store.reading() as unit:
        factors = unit.factors.of_person(ask.me.person.id)
    factor = next((one for one in factors if one.id == ask.params["id"]), None)
    if factor is None:
        raise NotFound
    return ask.page(
        "account_remove_factor.html",
        status,
        nav="account",
        factor={"id": factor.id, "added_at": factor.created_at, "used_at": factor.used_at},
        is_last=len(factors) == 1,
        needs_password=not is_fresh(ask.me.live.session.proof, has_factor=False, now=ask.visitor.now),
        errors=errors,
    )


def _codes_page(ask: Ask, status: int, **errors: str) -> Response:
    with ask.services.store.reading() as unit:
        left = unit.factors.recovery_codes_left(ask.me.person.id)
    if not ask.me.live.standing.has_factor:
        return ask.go("/account/second-factor")
    stale = None if Cookie.SESSION in ask.cookies_to_set else stale_proof(ask)
    return ask.page(
        "account_recovery_codes.html",
        status,
        nav="account",
        recovery={"left": left, "of": RECOVERY_CODE_COUNT},
        proof=proof_view(ask, stale),
        errors=errors,
    )


PAGES = (
    Page("/account/second-factor", AS_ONESELF, get=show, post=begin, hashes=True),
    Page("/account/second-factor/confirm", AS_ONESELF, get=to_second_factor, post=finish),
    Page("/account/second-factor/{id}/remove", AS_ONESELF, get=show_removal, post=remove, hashes=True),
    Page("/account/recovery-codes", AS_ONESELF, get=show_codes, post=renew_codes, hashes=True),
)
