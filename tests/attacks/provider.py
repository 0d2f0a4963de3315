"""An identity provider in the attacker's hands: it says whatever it is told to, and each answer passes as verified.

What the protocols themselves must refuse is tried elsewhere, against real providers. Here everything is tried that a
provider whose signature is right, or a browser that has been there, might do to get further than it should.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from totrinn.app.identity_providers import (
    Challenge,
    Ended,
    Identity,
    IdentityProviders,
    Party,
    Rejected,
    SamlSettings,
    Unavailable,
)
from totrinn.sso.keys import new_key

ADDRESS = "https://provider.example/authorize"
_KEY = new_key()


class ScriptedProvider(IdentityProviders):
    """Answers with what was prepared for a code; the code is checked against the challenge, as PKCE would."""

    def __init__(self) -> None:
        self.answers: dict[str, Identity | Rejected | Unavailable] = {}
        self.logouts: dict[str, Ended | Rejected] = {}
        self.challenges: dict[str, Challenge] = {}
        self.hanging = threading.Event()
        self.hanging.set()

    def says(self, identity: Identity | Rejected | Unavailable) -> str:
        """Prepares an answer; the code (or SAML answer) that stands for it."""
        code = secrets.token_urlsafe(16)
        self.answers[code] = identity
        return code

    def ends(self, ended: Ended | Rejected) -> str:
        """Prepares a logout; the token that stands for it."""
        token = secrets.token_urlsafe(16)
        self.logouts[token] = ended
        return token

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected | Unavailable:
        self.hanging.wait(20)
        self.challenges[challenge.state] = challenge
        words = {"state": challenge.state, "client": party.connection_id, "login_hint": login_hint}
        return f"{ADDRESS}?{urlencode(words)}"

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected | Unavailable:
        self.hanging.wait(20)
        if challenge is None and not isinstance(party.settings, SamlSettings):
            return Rejected("not_asked_for")
        given = answer.get("SAMLResponse") or answer.get("code", "")
        return self.answers.get(given, Rejected("unknown_code"))

    def read_logout(
        self, party: Party, answer: Mapping[str, str], raw_query: str, now: datetime
    ) -> Ended | Rejected | Unavailable:
        return self.logouts.get(answer.get("logout_token", ""), Rejected("unsigned"))

    def describe(self, party: Party) -> tuple[str, bytes]:
        return "application/json", b"{}"

    def new_key(self) -> bytes:
        return _KEY

    def read_metadata(self, text: bytes, *, entity_id: str = "") -> SamlSettings | Rejected:
        return Rejected("not_xml")

    def fetch_metadata(self, address: str, *, entity_id: str = "") -> SamlSettings | Rejected | Unavailable:
        return Unavailable("unreachable")

    def check_settings(self, party: Party) -> Rejected | Unavailable | None:
        return None


class NoRecords:
    """Domains without any record."""

    def texts(self, domain: str) -> tuple[str, ...]:
        return ()


def somebody(subject: str, email: str, now: datetime, **more: object) -> Identity:
    """Somebody whom a provider vouches for, with a token of its own."""
    plain = Identity(
        subject=subject,
        email=email,
        email_verified=True,
        name=subject.title(),
        groups=(),
        amr=(),
        acr="",
        authenticated_at=now,
        session="",
        ends_at=None,
        token_id=secrets.token_hex(16),
        token_expires_at=now + timedelta(minutes=5),
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # whatever field the test names


def state_of(location: str) -> str:
    """The state in the address to which the browser was sent."""
    return parse_qs(urlsplit(location).query)["state"][0]
