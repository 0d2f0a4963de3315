"""The form of a connection: what was typed, the connection that it amounts to, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from totrinn.app.connecting import Draft
from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, SamlSettings
from totrinn.app.sso_records import Connection
from totrinn.core.roles import ASSIGNABLE, Role
from totrinn.core.sso import SsoRules
from totrinn.web.languages import Language
from totrinn.web.sso_drafts import draft_problems

LONGEST_NAME = 100
_LONGEST = 500
_LONGEST_SECRET = 1000
_LONGEST_LIST = 20_000
_MOST_LINES = 200
_LONGEST_AGE = 525_600
_ON = "on"


@dataclass(slots=False)
class Reading:
    """One form on its way to a draft, collecting what is wrong."""

    language: Language
    sent: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, longest: int = _LONGEST) -> str:
        """One line, without blanks at its ends."""
        text = self.sent.get(name, "").strip()
        if len(text) > longest:
            self.errors[name] = self.language.say("This is too long.")
        elif not text.isprintable():
            self.errors[name] = self.language.say("This contains a character that cannot be shown.")
        return text

    def words(self, name: str) -> tuple[str, ...]:
        """Words between blanks, each once."""
        return tuple(dict.fromkeys(self.text(name).split()))

    def lines(self, name: str) -> tuple[str, ...]:
        """Lines that hold something, each once."""
        text = self.sent.get(name, "")
        found = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if len(found) > _MOST_LINES or any(len(line) > _LONGEST or not line.isprintable() for line in found):
            self.errors[name] = self.language.say("This is too long, or contains a character that cannot be shown.")
        return found

    def is_on(self, name: str) -> bool:
        """Whether the box is ticked."""
        return self.sent.get(name) == _ON


def fields_of(connection: Connection) -> dict[str, object]:
    """The form as it is when nothing has been typed. A secret is not among it."""
    settings, rules = connection.settings, connection.rules
    age = rules.evidence_age
    common = {
        "name": connection.name,
        "demands_evidence": rules.demands_evidence,
        "evidence": "\n".join(rules.evidence),
        "evidence_age": str(int(age.total_seconds() // 60)) if age is not None else "",
        "asks_for": "\n".join(rules.asks_for),
        "creates_members": rules.creates_members,
        "default_role": rules.default_role.value,
        **{f"roles_{role}": "\n".join(group for group, given in rules.roles if given is role) for role in ASSIGNABLE},
    }
    if isinstance(settings, OidcSettings):
        return {
            **common,
            "issuer": settings.issuer,
            "client_id": settings.client_id,
            "authentication": settings.authentication.value,
            "scopes": " ".join(settings.scopes),
            "groups_claim": settings.groups_claim,
            "trusts_email": settings.trusts_email,
        }
    return {
        **common,
        "email_attribute": settings.email_attribute,
        "name_attribute": settings.name_attribute,
        "groups_attribute": settings.groups_attribute,
        "allows_cbc": settings.allows_cbc,
        "allows_idp_initiated": settings.allows_idp_initiated,
    }


def typed_fields(connection: Connection, sent: Mapping[str, str]) -> dict[str, object]:
    """The form as it was typed, to be shown again. A secret is not among it."""
    standing = fields_of(connection)
    return {
        name: sent.get(name) == _ON if isinstance(value, bool) else sent.get(name, "")[:_LONGEST_LIST]
        for name, value in standing.items()
    }


def read_connection(
    language: Language, connection: Connection, sent: Mapping[str, str], *, allow_private: bool
) -> tuple[Draft, dict[str, str]]:
    """The connection as it is wanted, and a sentence for each field that is wrong."""
    reading = Reading(language, sent)
    name = read_name(reading)
    settings: OidcSettings | SamlSettings
    if isinstance(connection.settings, OidcSettings):
        settings = _read_oidc(reading)
    else:
        settings = _read_saml(reading, connection.settings)
    secret = _read_secret(reading) if isinstance(settings, OidcSettings) else None
    draft = Draft(name, settings, _read_rules(reading), secret)
    problems = draft_problems(language, draft, is_enabled=connection.is_enabled, allow_private=allow_private)
    return draft, {**problems, **reading.errors}


def read_name(reading: Reading, fallback: str = "") -> str:
    """What the button says."""
    name = " ".join(reading.text("name", LONGEST_NAME).split()) or fallback
    if not name:
        reading.errors["name"] = reading.language.say("Type a name.")
    return name


def _read_oidc(reading: Reading) -> OidcSettings:
    say = reading.language.say
    issuer, client_id, scopes = reading.text("issuer"), reading.text("client_id"), reading.words("scopes")
    try:
        authentication = ClientAuthentication(reading.sent.get("authentication", ""))
    except ValueError:
        authentication = ClientAuthentication.SECRET_BASIC
        reading.errors["authentication"] = say("Choose one of these.")
    groups_claim = reading.text("groups_claim", LONGEST_NAME)
    return OidcSettings(issuer, client_id, authentication, scopes, groups_claim, reading.is_on("trusts_email"))


def _read_secret(reading: Reading) -> str | None:
    """What replaces the secret; None, where nothing was typed, leaves it as it is."""
    secret = reading.sent.get("client_secret", "").strip()
    if len(secret) > _LONGEST_SECRET or not secret.isprintable():
        reading.errors["client_secret"] = reading.language.say("This is no client secret. Copy it once more.")
    return secret or None


def _read_saml(reading: Reading, standing: SamlSettings) -> SamlSettings:
    """The options; entity, addresses and certificates come from metadata alone."""
    return replace(
        standing,
        email_attribute=reading.text("email_attribute"),
        name_attribute=reading.text("name_attribute"),
        groups_attribute=reading.text("groups_attribute"),
        allows_cbc=reading.is_on("allows_cbc"),
        allows_idp_initiated=reading.is_on("allows_idp_initiated"),
    )


def _read_rules(reading: Reading) -> SsoRules:
    say = reading.language.say
    evidence = reading.lines("evidence")
    demands_evidence = reading.is_on("demands_evidence")
    role = {Role.USER.value: Role.USER, Role.ADMINISTRATOR.value: Role.ADMINISTRATOR}.get(
        reading.sent.get("default_role", "")
    )
    if role is None:
        reading.errors["default_role"] = say("Choose one of the roles.")
    return SsoRules(
        demands_evidence=demands_evidence,
        evidence=evidence,
        evidence_age=_read_age(reading),
        creates_members=reading.is_on("creates_members"),
        default_role=role or Role.USER,
        asks_for=reading.lines("asks_for"),
        roles=tuple((group, role) for role in ASSIGNABLE for group in reading.lines(f"roles_{role}")),
    )


def _read_age(reading: Reading) -> timedelta | None:
    typed = reading.text("evidence_age", 10)
    if not typed:
        return None
    minutes = int(typed) if typed.isascii() and typed.isdigit() else 0
    if not 1 <= minutes <= _LONGEST_AGE:
        reading.errors["evidence_age"] = reading.language.say("Write a whole number of minutes, or leave it empty.")
        return None
    return timedelta(minutes=minutes)
