"""Settings, rules and tests of connections come back as they were written, or not at all."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.storage.sso_examples import OIDC, RULES, SAML, TEST
from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, ProviderKind, SamlSettings
from totrinn.app.sso_records import ConnectionTest
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.storage.columns import clean
from totrinn.storage.sso_json import (
    UnreadableSettings,
    read_rules,
    read_settings,
    read_test,
    write_rules,
    write_settings,
    write_test,
)

TEXTS = st.lists(st.text(), max_size=3).map(tuple)
PLAIN = st.text().map(clean)
KIND_OF: dict[type, ProviderKind] = {OidcSettings: ProviderKind.OIDC, SamlSettings: ProviderKind.SAML}


def written(value: Any) -> str:
    """Its JSON."""
    if isinstance(value, SsoRules):
        return write_rules(value)
    if isinstance(value, ConnectionTest):
        return write_test(value)
    return write_settings(KIND_OF[type(value)], value)


def read(type_: type, text: str) -> Any:
    """What this type reads in it."""
    if type_ is SsoRules:
        return read_rules(text)
    if type_ is ConnectionTest:
        return read_test(text)
    return read_settings(KIND_OF[type_], text)


@given(
    st.one_of(
        st.builds(
            OidcSettings, st.text(), st.text(), st.sampled_from(ClientAuthentication), TEXTS, st.text(), st.booleans()
        ),
        st.builds(
            SamlSettings, st.text(), st.text(), TEXTS, st.text(), st.text(), st.text(), st.text(), st.booleans(),
            st.booleans(),
        ),
        st.builds(
            SsoRules,
            st.booleans(),
            TEXTS,
            st.none() | st.timedeltas(timedelta(), timedelta(days=400)),
            st.booleans(),
            st.sampled_from(Role),
            TEXTS,
            st.lists(st.tuples(st.text(), st.sampled_from(Role)), max_size=3).map(tuple),
        ),
        st.builds(
            ConnectionTest,
            st.integers(1),
            st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            PLAIN,
            PLAIN,
            st.lists(PLAIN, max_size=3).map(tuple),
            st.lists(st.tuples(PLAIN, PLAIN), max_size=3).map(tuple),
            st.booleans(),
        ),
    )
)  # fmt: skip
def test_what_is_written_is_read(value: Any) -> None:
    """Whatever it is, it comes back the same, and what stands in the column is one line of ASCII."""
    text = written(value)
    assert read(type(value), text) == value
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("value", [OIDC, SAML, RULES, TEST], ids=lambda value: type(value).__name__)
def test_every_field_is_written(value: Any) -> None:
    """A field that is new is missing here until it is written, too; in these examples each differs from its default."""
    fields = dataclasses.fields(value)
    assert set(json.loads(written(value))) == {field.name for field in fields}
    assert all(getattr(value, field.name) != field.default for field in fields)
    assert read(type(value), written(value)) == value


@pytest.mark.parametrize("value", [OIDC, SAML, RULES, TEST], ids=lambda value: type(value).__name__)
def test_what_is_missing_unknown_or_of_another_type_is_not_read(value: Any) -> None:
    """Nothing is guessed: a member that is left out, added, or holds something else, makes all of it unreadable."""
    members = json.loads(written(value))
    spoilt: list[Any] = [{**members, "unknown": True}, [], None, "text", 7]
    for name, held in members.items():
        spoilt.append({key: other for key, other in members.items() if key != name})
        for other in ("false", 1, True, None, ["x"], [["a", "b", "c"]], [7], {"a": 1}, -1.5, "root"):
            if not isinstance(other, type(held)) and not (name == "evidence_age" and other in (1, None, -1.5)):
                spoilt.append({**members, name: other})
    for each in spoilt:
        with pytest.raises(UnreadableSettings):
            read(type(value), json.dumps(each))
    for text in ("", "{", "{}", "null", '{"a": NaN}'):
        with pytest.raises(UnreadableSettings):
            read(type(value), text)


@pytest.mark.parametrize(
    ("value", "known"),
    [(RULES, RULES.default_role), (RULES, Role.GLOBAL_ADMINISTRATOR), (OIDC, OIDC.authentication)],
)
def test_a_word_that_nobody_knows_is_not_read(value: Any, known: StrEnum) -> None:
    """An unknown role, or way of authentication, is no default."""
    text = written(value)
    assert json.dumps(known) in text
    with pytest.raises(UnreadableSettings):
        read(type(value), text.replace(json.dumps(known), '"emperor"'))


def test_settings_of_one_protocol_are_none_of_the_other() -> None:
    """Neither written nor read."""
    with pytest.raises(UnreadableSettings):
        write_settings(ProviderKind.SAML, OIDC)
    with pytest.raises(UnreadableSettings):
        write_settings(ProviderKind.OIDC, SAML)
    with pytest.raises(UnreadableSettings):
        read_settings(ProviderKind.SAML, written(OIDC))


def test_what_a_provider_said_is_cleaned() -> None:
    """Neither line breaks nor changes of direction come back from a test."""
    test = dataclasses.replace(TEST, detail="a\nb", claims=(("x\u202e", "y\0"),))
    found = read_test(write_test(test))
    assert found is not None
    assert (found.detail, found.claims) == ("a b", (("x ", "y "),))
    assert read_test(None) is None
