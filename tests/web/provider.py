"""Identity providers and the records of domains, as a test wants them: nothing here leaves the machine.

house.providers.answers = identity("kari@fjordly.no")      # or Rejected("…"), Unavailable("…")
house.records.texts_of["_totrinn.fjordly.no"] = ("totrinn-domain=…",)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from totrinn.app.identity_providers import (
    Challenge,
    Ended,
    Identity,
    OidcSettings,
    Party,
    Rejected,
    SamlSettings,
    Unavailable,
)

CERTIFICATE = "MIIB"
METADATA = SamlSettings(
    entity_id="https://idp.example.no/saml",
    sso_url="https://idp.example.no/saml/sso",
    certificates=(CERTIFICATE,),
    slo_url="https://idp.example.no/saml/slo",
)


def identity(email: str | None, *, subject: str = "", **more: object) -> Identity:
    """Whom the provider vouches for; each time with a token of its own."""
    now = datetime.now(UTC)
    known = Identity(
        subject=subject or f"sub of {email}",
        email=email,
        email_verified=True,
        name="",
        groups=(),
        amr=("pwd",),
        acr="",
        authenticated_at=now,
        session="",
        ends_at=None,
        token_id=f"token {now.timestamp()} {email}",
        token_expires_at=now + timedelta(minutes=5),
    )
    return replace(known, **more)  # type: ignore[arg-type]  # whatever fields the test names


@dataclass(slots=True)
class ScriptedProviders:
    """Implements `IdentityProviders`: answers what the test has written down, and remembers how it was asked."""

    begins: Rejected | Unavailable | None = None
    """What stands in the way of setting out; None: nothing."""
    answers: Identity | Rejected | Unavailable = field(default_factory=lambda: identity("kari@fjordly.no"))
    ends: Ended | Rejected | Unavailable = field(default_factory=lambda: Rejected("not_asked_for"))
    metadata: SamlSettings | Rejected | Unavailable = METADATA
    settings_problem: Rejected | Unavailable | None = None
    parties: list[Party] = field(default_factory=list)
    challenges: list[Challenge] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """The metadata, and the addresses of metadata, that were handed in."""

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected | Unavailable:
        """The address of a provider that is not there, with the state in it."""
        self.parties.append(party)
        self.challenges.append(challenge)
        asked = urlencode({"state": challenge.state, "login_hint": login_hint})
        return self.begins or f"https://idp.example.no/authorize?{asked}"

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected | Unavailable:
        """What the test has written down."""
        self.parties.append(party)
        return self.answers

    def read_logout(
        self, party: Party, answer: Mapping[str, str], raw_query: str, now: datetime
    ) -> Ended | Rejected | Unavailable:
        """What the test has written down."""
        self.parties.append(party)
        return self.ends

    def describe(self, party: Party) -> tuple[str, bytes]:
        """Something of the right kind."""
        if isinstance(party.settings, OidcSettings):
            return "application/json", b'{"keys":[]}'
        return "application/samlmetadata+xml", b"<EntityDescriptor/>"

    def new_key(self) -> bytes:
        """No key, but it costs nothing."""
        return b"key"

    def read_metadata(self, text: bytes, *, entity_id: str = "") -> SamlSettings | Rejected:
        """What the test has written down."""
        self.read.append(text.decode())
        assert not isinstance(self.metadata, Unavailable)
        return self.metadata

    def fetch_metadata(self, address: str, *, entity_id: str = "") -> SamlSettings | Rejected | Unavailable:
        """The same."""
        self.read.append(address)
        return self.metadata

    def check_settings(self, party: Party) -> Rejected | Unavailable | None:
        """What the test has written down."""
        self.parties.append(party)
        return self.settings_problem


@dataclass(slots=True)
class ScriptedRecords:
    """Implements `DomainRecords`."""

    texts_of: dict[str, tuple[str, ...] | Unavailable] = field(default_factory=dict)

    def texts(self, domain: str) -> tuple[str, ...] | Unavailable:
        """What the test has published."""
        return self.texts_of.get(domain, ())
