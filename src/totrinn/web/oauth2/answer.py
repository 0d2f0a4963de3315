"""`/oauth2/answer`: whoever has signed in for an application, or must prove themselves again, and then goes back to it.

Browsers hold the redirects of a form against the page's policy for forms, which knows no application. So signing in
leads to `/oauth2/continue`, where a new journey begins.
"""

from starlette.responses import Response

from totrinn.app.applications import authorising
from totrinn.app.applications.authorising import Answered, Lapsed, ToProve, answer_path
from totrinn.app.applications.stepping_up import prove_factor
from totrinn.app.applications.waiting import LONGEST_ID
from totrinn.app.own_factors import Changed
from totrinn.app.sso_describing import way_of
from totrinn.core.authorising import Step
from totrinn.core.codes import RecoveryCode, read_code
from totrinn.web import messages, sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import ANYONE, SIGNED_IN
from totrinn.web.oauth2.authorize import away
from totrinn.web.paths import continue_path, sso_path
from totrinn.web.proof_again import Unproven, prove_now
from totrinn.web.routing import Page

_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def show(ask: Ask) -> Response:
    """Back to the application, to the provider, or the page that asks for what is still to be proven."""
    request_id = _request_id(ask.query)
    outcome = authorising.answer(ask.services, ask.visitor, ask.me, request_id, issuer=ask.settings.base_url)
    if isinstance(outcome, Lapsed):
        return messages.request_lapsed(ask)
    if isinstance(outcome, Answered):
        return away(outcome)
    if outcome.at_provider:
        authorising.send_away(ask.services, ask.visitor, request_id)
        return ask.go(sso_path(way_of(ask.services, ask.me), "login", again="1", next=answer_path(request_id)))
    return _page(ask, outcome, request_id, 200)


def prove(ask: Ask) -> Response:
    """Checks what was typed, and goes on."""
    request_id = _request_id(ask.form)
    due = authorising.still_to_prove(ask.services, ask.visitor, ask.me, request_id)
    if due is not None and not due.at_provider:
        unproven = prove_now(ask) if due.step is Step.PROVE_AGAIN else _prove_factor(ask)
        if unproven is not None:
            return _page(ask, due, request_id, unproven.status, **unproven.errors)
    return ask.go(continue_path(answer_path(request_id)))


def go_on(ask: Ask) -> Response:
    """The end of a form's redirects: the browser sets out anew."""
    target = answer_path(_request_id(ask.query))
    return set_out_anew(ask, target, heading=ask.language.say("You are signed in"))


def set_out_anew(ask: Ask, target: str, *, heading: str) -> Response:
    """A page that sends the browser on at once; the target is one of ours, or was agreed with an application."""
    response = ask.page("oauth2_continue.html", 200, target=target, heading=heading)
    response.headers["Refresh"] = f"0; url={target}"
    return response


def _prove_factor(ask: Ask) -> Unproven | None:
    """The second factor alone."""
    typed = ask.form.get("code", "")
    outcome = prove_factor(ask.services, ask.visitor, ask.me, typed)
    if isinstance(outcome, Changed):
        ask.keep(Cookie.SESSION, outcome.token)
        return None
    by_recovery = isinstance(read_code(typed), RecoveryCode)
    return Unproven(
        sentences.status_of(ask, outcome), {"code": sentences.code_refused(ask, outcome, recovery=by_recovery)}
    )


def _page(ask: Ask, due: ToProve, request_id: str, status: int, **errors: str) -> Response:
    return ask.page(
        "oauth2_prove.html",
        status,
        request_id=request_id,
        wanted_by=due.application.name,
        needs_password=due.step is Step.PROVE_AGAIN,
        needs_code=due.step is Step.PROVE_AGAIN and ask.me.live.standing.has_factor,
        errors=errors,
    )


def _request_id(fields: dict[str, str]) -> str:
    """The id that the address or the form names; empty when it is none that we have made."""
    id_ = fields.get("request", "")
    return id_ if len(id_) <= LONGEST_ID and _ID.issuperset(id_) else ""


PAGES = (
    Page("/oauth2/continue", ANYONE, get=go_on),
    Page("/oauth2/answer", SIGNED_IN, get=show, post=prove, hashes=True),
)
