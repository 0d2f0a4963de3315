"""Settings, rules and tests of connections as JSON: every member is there, known, and of its type, or it is not read.

What an administrator typed comes back to the last sign; what a provider said is cleaned like all text of others.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from totrinn.app.errors import TotrinnError
from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, ProviderKind, SamlSettings
from totrinn.app.sso_records import ConnectionTest
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.storage.columns import clean, instant, microseconds


class UnreadableSettings(TotrinnError):
    """What is stored of a connection is not what this program writes; nothing of it is believed."""

    code = "unreadable_settings"


def write_settings(kind: ProviderKind, settings: OidcSettings | SamlSettings) -> str:
    """The settings, as JSON. Raises `UnreadableSettings` for those of another protocol."""
    if kind is ProviderKind.OIDC and isinstance(settings, OidcSettings):
        return _dumped(_oidc_members(settings))
    if kind is ProviderKind.SAML and isinstance(settings, SamlSettings):
        return _dumped(_saml_members(settings))
    raise UnreadableSettings(f"{type(settings).__name__} are no settings for {kind}")


def read_settings(kind: ProviderKind, text: str) -> OidcSettings | SamlSettings:
    """The settings in this JSON. Raises `UnreadableSettings`."""
    with _read(text) as members:
        return _oidc_of(members) if kind is ProviderKind.OIDC else _saml_of(members)


def _oidc_members(settings: OidcSettings) -> dict[str, Any]:
    return {
        "issuer": settings.issuer,
        "client_id": settings.client_id,
        "authentication": settings.authentication.value,
        "scopes": settings.scopes,
        "groups_claim": settings.groups_claim,
        "trusts_email": settings.trusts_email,
    }


def _oidc_of(members: "_Members") -> OidcSettings:
    return OidcSettings(
        issuer=members.text("issuer"),
        client_id=members.text("client_id"),
        authentication=ClientAuthentication(members.text("authentication")),
        scopes=members.texts("scopes"),
        groups_claim=members.text("groups_claim"),
        trusts_email=members.flag("trusts_email"),
    )


def _saml_members(settings: SamlSettings) -> dict[str, Any]:
    return {
        "entity_id": settings.entity_id,
        "sso_url": settings.sso_url,
        "certificates": settings.certificates,
        "slo_url": settings.slo_url,
        "email_attribute": settings.email_attribute,
        "name_attribute": settings.name_attribute,
        "groups_attribute": settings.groups_attribute,
        "allows_cbc": settings.allows_cbc,
        "allows_idp_initiated": settings.allows_idp_initiated,
    }


def _saml_of(members: "_Members") -> SamlSettings:
    return SamlSettings(
        entity_id=members.text("entity_id"),
        sso_url=members.text("sso_url"),
        certificates=members.texts("certificates"),
        slo_url=members.text("slo_url"),
        email_attribute=members.text("email_attribute"),
        name_attribute=members.text("name_attribute"),
        groups_attribute=members.text("groups_attribute"),
        allows_cbc=members.flag("allows_cbc"),
        allows_idp_initiated=members.flag("allows_idp_initiated"),
    )


def write_rules(rules: SsoRules) -> str:
    """The rules, as JSON; the age of evidence in seconds."""
    return _dumped(
        {
            "demands_evidence": rules.demands_evidence,
            "evidence": rules.evidence,
            "evidence_age": None if rules.evidence_age is None else rules.evidence_age.total_seconds(),
            "creates_members": rules.creates_members,
            "default_role": rules.default_role.value,
            "asks_for": rules.asks_for,
            "roles": [(group, role.value) for group, role in rules.roles],
        }
    )


def read_rules(text: str) -> SsoRules:
    """The rules in this JSON. Raises `UnreadableSettings`."""
    with _read(text) as members:
        return SsoRules(
            demands_evidence=members.flag("demands_evidence"),
            evidence=members.texts("evidence"),
            evidence_age=members.duration("evidence_age"),
            creates_members=members.flag("creates_members"),
            default_role=Role(members.text("default_role")),
            asks_for=members.texts("asks_for"),
            roles=tuple((group, Role(role)) for group, role in members.pairs("roles")),
        )


def write_test(test: ConnectionTest) -> str:
    """What came back when the connection was tried, as JSON, cleaned."""
    return _dumped(
        {
            "revision": test.revision,
            "at": microseconds(test.at),
            "code": clean(test.code),
            "detail": clean(test.detail),
            "checks": [clean(check) for check in test.checks],
            "claims": [(clean(name), clean(value)) for name, value in test.claims],
            "has_evidence": test.has_evidence,
        }
    )


def read_test(text: str | None) -> ConnectionTest | None:
    """The test in this JSON; None when there was none. Raises `UnreadableSettings`."""
    if text is None:
        return None
    with _read(text) as members:
        return ConnectionTest(
            revision=members.number("revision"),
            at=members.time("at"),
            code=members.text("code"),
            detail=members.text("detail"),
            checks=members.texts("checks"),
            claims=members.pairs("claims"),
            has_evidence=members.flag("has_evidence"),
        )


def _dumped(members: dict[str, Any]) -> str:
    # In ASCII, where every sign that a column of text would clean away is escaped.
    return json.dumps(members, ensure_ascii=True, sort_keys=True)


@contextmanager
def _read(text: str) -> Iterator["_Members"]:
    """The members of a JSON object, every one of which must be taken."""
    try:
        members = _Members(json.loads(text))
        yield members
        members.end()
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise UnreadableSettings(f"what is stored of a connection cannot be read: {type(error).__name__}") from error


class _Members:
    """The members of a JSON object, each taken once and by its type. Raises `TypeError`, `KeyError` or `ValueError`."""

    def __init__(self, members: Any) -> None:
        self._left: dict[str, Any] = dict(_checked(members, dict))

    def text(self, name: str) -> str:
        """A text."""
        return str(self._take(name, str))

    def flag(self, name: str) -> bool:
        """True or false; the text `false` is neither."""
        return bool(self._take(name, bool))

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self._take(name, int))

    def time(self, name: str) -> datetime:
        """A time, in microseconds."""
        return instant(self.number(name))

    def duration(self, name: str) -> timedelta | None:
        """Seconds; None where there is no limit."""
        seconds = self._left.pop(name)
        return None if seconds is None else timedelta(seconds=_checked(seconds, (int, float)))

    def texts(self, name: str) -> tuple[str, ...]:
        """Some texts."""
        return tuple(_checked(each, str) for each in self._take(name, list))

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Some pairs of texts."""
        return tuple((_checked(one, str), _checked(two, str)) for one, two in self._take(name, list))

    def end(self) -> None:
        """Raises `KeyError` when a member is left that nobody knows."""
        if self._left:
            raise KeyError(*self._left)

    def _take(self, name: str, type_: type) -> Any:
        return _checked(self._left.pop(name), type_)


def _checked(value: Any, type_: type | tuple[type, ...]) -> Any:
    """The value, if it is of this type; true and false are no numbers."""
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        raise TypeError(f"{type(value).__name__} is not what is expected")
    return value
