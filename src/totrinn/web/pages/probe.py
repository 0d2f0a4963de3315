"""`/health/probe`: what arrives of a request, told to whoever holds the installation's keys; to others there is none.

The asker signs a value and a time; the answer signs them for another purpose, so that the asker knows who answered.
"""

import secrets
from datetime import UTC, datetime, timedelta

from starlette.responses import JSONResponse, PlainTextResponse, Response

from totrinn.app.ports import Vault
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page

PATH = "/health/probe"
_ASKED, _ANSWERED = "probe", "answer to a probe"
_GOOD_FOR = timedelta(minutes=1)
_LONGEST = 300


def signed_probe(vault: Vault, now: datetime) -> str:
    """A value for one question, good for a minute."""
    return vault.sign(f"{secrets.token_urlsafe(16)} {int(now.timestamp())}", _ASKED)


def answered_by_us(vault: Vault, probe: str, answer: str) -> bool:
    """Whether the answer is to this question, and by an installation with these keys."""
    return vault.signed_value(answer, _ANSWERED) == vault.signed_value(probe, _ASKED)


def probe(ask: Ask) -> Response:
    """Tells the asker what of this very request arrived here."""
    headers, vault = ask.headers, ask.services.vault
    value = vault.signed_value(headers.get("x-totrinn-probe", "")[:_LONGEST], _ASKED)
    if value is None or not _is_of_now(value, ask.visitor.now):
        return PlainTextResponse("not found\n", 404)
    return JSONResponse(
        {
            "answer": vault.sign(value, _ANSWERED),
            "client": ask.visitor.address,
            "forwarded_for": ", ".join(headers.getlist("x-forwarded-for")),
            "host": headers.get("host", ""),
        }
    )


def _is_of_now(value: str, now: datetime) -> bool:
    asked_at = datetime.fromtimestamp(int(value.rpartition(" ")[2]), UTC)
    return abs(now - asked_at) < _GOOD_FOR


PAGES = (Page(PATH, ANYONE, get=probe),)
