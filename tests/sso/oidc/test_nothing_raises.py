"""Whatever is sent ends as a value: nothing raises, and nothing changed is accepted."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.sso.oidc.issuer import (
    ANSWER,
    CHALLENGE,
    ISSUER,
    NOW,
    PARTY,
    canned,
    encode,
    header,
    id_claims,
    id_token,
    metadata,
    public,
    relying_party,
    signed,
    tokens,
)
from totrinn.app.identity_providers import Ended, Identity, Rejected, Unavailable
from totrinn.fetching.exchange import Fetched
from totrinn.sso.oidc_refusals import OidcRefusal

pytestmark = pytest.mark.row("R83", "R87")

JSON: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FUZZ = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

Result = Identity | Ended | Rejected | Unavailable | str | None


def text_of(value: object) -> bytes:
    """JSON as lenient writers write it."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


def is_foreseen(result: Result) -> bool:
    """Whether it was refused by a check, and not by the last resort."""
    return not isinstance(result, Rejected) or result.code != OidcRefusal.UNREADABLE


OURS = canned()
US = relying_party(OURS)


def finish(redeemed: Fetched) -> Result:
    """A sign-in with whatever the token endpoint answers."""
    OURS.redeemed = redeemed
    return US.finish(PARTY, CHALLENGE, ANSWER, NOW)


@FUZZ
@given(some.binary(max_size=200), some.integers(200, 499))
def test_any_answer_of_the_token_endpoint_ends_as_a_value(body: bytes, status: int) -> None:
    """Bytes."""
    result = finish(Fetched(status, "application/json", body))
    assert is_foreseen(result)
    assert not isinstance(result, Identity)


@FUZZ
@given(JSON)
def test_any_id_token_ends_as_a_value(value: Any) -> None:
    """Of any type."""
    result = finish(Fetched(200, "application/json", text_of({"id_token": value, "access_token": "a"})))
    assert is_foreseen(result)
    assert not isinstance(result, Identity)


@FUZZ
@given(some.sampled_from([*id_claims(), "azp", "nbf", "auth_time", "amr", "acr", "groups", "name", "sid"]), JSON)
def test_any_claim_of_any_type_ends_as_a_value(name: str, value: Any) -> None:
    """Signed by the provider; what must be exact is not accepted in any other form."""
    result = finish(tokens(signed(header(), id_claims(**{name: value}), "RS256")))
    assert is_foreseen(result)
    if isinstance(result, Identity) and name in {"iss", "nonce", "at_hash"}:
        assert value == id_claims()[name]


@FUZZ
@given(some.sampled_from(["alg", "kid", "typ", "crit", "jku", "jwk", "x5c", "b64", "cty", "zip", "enc"]), JSON)
def test_any_header_of_any_type_ends_as_a_value(name: str, value: Any) -> None:
    """Signed by the provider, too."""
    assert is_foreseen(finish(tokens(signed(header(**{name: value}), id_claims(), "RS256"))))


@FUZZ
@given(some.integers(0, 2000), some.integers(1, 255))
def test_a_token_with_one_byte_changed_is_refused(place: int, change: int) -> None:
    """Wherever it is."""
    good = id_token().encode()
    at = place % len(good)
    changed = good[:at] + bytes([good[at] ^ change]) + good[at + 1 :]
    result = finish(tokens(changed.decode("latin-1")))
    assert isinstance(result, Rejected)
    assert is_foreseen(result)


@FUZZ
@given(some.dictionaries(some.sampled_from(["code", "state", "iss", "error"]), some.text(max_size=30)), some.booleans())
def test_any_answer_of_a_browser_ends_as_a_value(answer: dict[str, str], has_state: bool) -> None:
    """With and without the right state."""
    OURS.redeemed = tokens(id_token(nonce="other"))
    right = {"state": CHALLENGE.state} if has_state else {}
    result = US.finish(PARTY, CHALLENGE, answer | right, NOW)
    assert isinstance(result, Rejected)
    assert is_foreseen(result)


@FUZZ
@given(some.sampled_from([*metadata(), "userinfo_endpoint", "code_challenge_methods_supported"]), JSON)
def test_any_discovery_document_ends_as_a_value(name: str, value: Any) -> None:
    """With any member of any type."""
    document = text_of({**metadata(), name: value})
    us = relying_party(canned(others={".well-known/openid-configuration": document}))
    assert is_foreseen(us.begin(PARTY, CHALLENGE, login_hint=""))
    assert is_foreseen(us.check_settings(PARTY))


@FUZZ
@given(
    some.sampled_from(["RS256", "ES256", "EdDSA"]),
    some.sampled_from([*"nexyd", "kty", "crv", "alg", "use", "kid"]),
    JSON,
)
def test_any_key_ends_as_a_value(algorithm: str, name: str, value: Any) -> None:
    """With any member of any type."""
    us = relying_party(canned(others={"jwks": text_of({"keys": [{**public(algorithm), name: value}]})}))
    assert is_foreseen(us.check_settings(PARTY))


@FUZZ
@given(some.text(max_size=50) | some.builds(lambda *parts: ".".join(map(encode, parts)), JSON, JSON, some.binary()))
def test_any_logout_token_ends_as_a_value(text: str) -> None:
    """A text, or three parts of anything."""
    result = US.read_logout(PARTY, {"logout_token": text}, NOW)
    assert isinstance(result, Rejected)
    assert is_foreseen(result)


def test_the_last_resort_holds(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of our own in the reading is a refusal, told in the log: no way in, and no way to bring a page down."""

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    fetcher = canned()
    monkeypatch.setattr(fetcher, "post", broken)
    with caplog.at_level(logging.ERROR, "totrinn.sso"):
        result = relying_party(fetcher).finish(PARTY, CHALLENGE, ANSWER, NOW)
    assert result == Rejected(OidcRefusal.UNREADABLE, "", ("state", "code"))
    assert "could not be read" in caplog.text
    assert ISSUER not in caplog.text
