"""What the pages of an organisation's SSO share: whose they are, which form was sent, the proof that is due."""

from totrinn.app.errors import NotFound
from totrinn.app.own_factors import StaleProof
from totrinn.app.records import Organisation
from totrinn.core.enforcement import Refusal
from totrinn.web import sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.proof_again import proof_view, stale_proof

HOME = "/settings/sso"


def own_organisation(ask: Ask) -> Organisation:
    """The session's organisation. The vendor's own has no SSO (rule 11). Raises `NotFound`."""
    if ask.me.organisation.is_vendor:
        raise NotFound
    return ask.me.organisation


def sent_form(ask: Ask) -> str:
    """The form that was sent, by the end of its address; empty when the page was only opened."""
    return ask.path.rpartition("/")[2] if ask.method == "POST" else ""


def proof_asked_for(ask: Ask) -> dict[str, object] | None:
    """What has to be proven again before anything is changed here; nothing right after it has been."""
    return None if Cookie.SESSION in ask.cookies_to_set else proof_view(ask, stale_proof(ask))


def stale_words(ask: Ask) -> str:
    """Nothing was changed, as the proof is too old."""
    return sentences.refusal(ask.language, Refusal.STALE_PROOF)


def stale_in_form(ask: Ask, stale: StaleProof) -> dict[str, str]:
    """The same for a form that comes again with the fields of the proof in it: the first of them takes the focus."""
    return {"form": stale_words(ask)} if stale.by_sso else {"password": ask.language.say("Type your password.")}
