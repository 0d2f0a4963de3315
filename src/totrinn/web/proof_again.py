"""On the form of something sensitive: everything that the person has is asked for once more after 20 minutes."""

from dataclasses import dataclass

from totrinn.app import own_factors
from totrinn.app.own_factors import Changed, StaleProof
from totrinn.app.proving import PasswordWrong, Throttled
from totrinn.app.sso_describing import way_of
from totrinn.core.codes import RecoveryCode, read_code
from totrinn.core.passwords import LONGEST
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.paths import sso_path


@dataclass(frozen=True, slots=True)
class Unproven:
    """What was typed proves nothing: the status to answer with, and a sentence for each field."""

    status: int
    errors: dict[str, str]


def stale_proof(ask: Ask) -> StaleProof | None:
    """What has to be proven again, as this request began; None when all is fresh."""
    return own_factors.stale_for_organisation(ask.me.live, ask.visitor)


def proof_view(ask: Ask, stale: StaleProof | None) -> dict[str, object] | None:
    """The same, for the fields of the page; through SSO it is the provider that asks, and this page comes after it."""
    if stale is None:
        return None
    return {"needs_code": stale.needs_code, "sso": _way_through_provider(ask) if stale.by_sso else None}


def _way_through_provider(ask: Ask) -> str:
    return sso_path(way_of(ask.services, ask.me), "login", again="1", next=ask.here)


def prove_again(ask: Ask) -> Unproven | None:
    """Checks the proof fields, where they were asked for and sent; None when nothing stands in the way of going on.

    The session then has a new cookie. Whether the proof is fresh enough, the use case itself judges.
    """
    stale = stale_proof(ask)
    if stale is None or stale.by_sso or "password" not in ask.form:
        return None
    return prove_now(ask)


def prove_now(ask: Ask) -> Unproven | None:
    """Checks the proof fields, however fresh the session's proof is; None when they are right."""
    password, code = ask.form.get("password", ""), ask.form.get("proof_code", "")
    if not password:
        return Unproven(422, {"password": ask.language.say("Type your password.")})
    if len(password) > LONGEST:
        return Unproven(422, {"password": sentences.own_password_refused(ask, PasswordWrong())})
    outcome = own_factors.prove_again(ask.services, ask.visitor, ask.me, password=password, code=code)
    if isinstance(outcome, Changed):
        ask.keep(Cookie.SESSION, outcome.token)
        return None
    if isinstance(outcome, Throttled):
        return Unproven(sentences.status_of(ask, outcome), {"form": sentences.throttled(ask, outcome)})
    if isinstance(outcome, PasswordWrong):
        return Unproven(422, {"password": sentences.own_password_refused(ask, outcome)})
    by_recovery = isinstance(read_code(code), RecoveryCode)
    return Unproven(422, {"proof_code": sentences.code_refused(ask, outcome, recovery=by_recovery)})
