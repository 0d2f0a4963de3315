"""The answer that comes by the browser is believed only if it belongs to the request, and to this provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sso.oidc.issuer import (
    ACCESS_TOKEN,
    ANSWER,
    CHALLENGE,
    ISSUER,
    NOW,
    PARTY,
    SECOND,
    Canned,
    canned,
    id_token,
    metadata,
    relying_party,
    tokens,
)
from totrinn.app.identity_providers import Challenge, Identity, Rejected, Unavailable
from totrinn.fetching.exchange import Fetched
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc_refusals import OidcRefusal as No

pytestmark = pytest.mark.row("R83")

NAMING = metadata(authorization_response_iss_parameter_supported=True)


def finish(
    fetcher: Canned, answer: dict[str, str], challenge: Challenge | None = CHALLENGE
) -> Identity | Rejected | Unavailable:
    """What we make of it."""
    return relying_party(fetcher).finish(PARTY, challenge, answer, NOW)


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        (No.STATE, ANSWER | {"state": "other"}),
        (No.STATE, ANSWER | {"state": ""}),
        (No.STATE, ANSWER | {"state": "é\ud800"}),
        (No.STATE, {"code": "code"}),
        (No.STATE, {"error": "access_denied"}),
        (No.RESPONSE_ISSUER, ANSWER | {"iss": "https://evil.example"}),
        (No.RESPONSE_ISSUER, ANSWER | {"iss": ""}),
        (No.RESPONSE_ISSUER, ANSWER | {"iss": f"{ISSUER}/"}),
        (No.RESPONSE_ISSUER, ANSWER | {"iss": "https://evil.example", "error": "access_denied"}),
        (No.ACCESS_DENIED, ANSWER | {"error": "access_denied"}),
        (No.PROVIDER_ERROR, ANSWER | {"error": "server_error"}),
        (No.PROVIDER_ERROR, ANSWER | {"error": ""}),
        (No.NO_CODE, {"state": CHALLENGE.state}),
        (No.NO_CODE, ANSWER | {"code": ""}),
        (No.NO_CODE, ANSWER | {"code": "a\nb"}),
        (No.NO_CODE, ANSWER | {"code": "a" * 10_000}),
    ],
)
def test_an_answer_that_is_not_to_our_request_redeems_nothing(refusal: No, answer: dict[str, str]) -> None:
    """The code is not even shown to the provider."""
    fetcher = canned()
    result = finish(fetcher, answer)
    assert isinstance(result, Rejected)
    assert result.code == refusal
    assert fetcher.posted == []


@pytest.mark.row("R81")
def test_nobody_signs_in_who_did_not_begin_here() -> None:
    """An answer without a request is refused before the provider is asked anything."""
    fetcher = canned()
    assert finish(fetcher, ANSWER, None) == Rejected(No.NOT_ASKED_FOR)
    assert fetcher.fetched == []


def test_a_wrong_state_costs_nothing() -> None:
    """Nothing is fetched for whoever does not know it; an empty one on our side opens nothing, either."""
    fetcher = canned()
    assert finish(fetcher, ANSWER | {"state": "other"}) == Rejected(No.STATE)
    assert finish(fetcher, ANSWER | {"state": ""}, replace(CHALLENGE, state="")) == Rejected(No.STATE)
    assert fetcher.fetched == []


def test_a_provider_that_names_itself_must_do_so() -> None:
    """An answer without `iss` could be another provider's (RFC 9207)."""
    missing = finish(canned(document=NAMING), ANSWER)
    assert isinstance(missing, Rejected)
    assert missing.code == No.RESPONSE_ISSUER
    named = finish(canned(document=NAMING), ANSWER | {"iss": ISSUER})
    assert isinstance(named, Identity)
    assert "response_issuer" in named.checks
    assert isinstance(finish(canned(), ANSWER | {"iss": ISSUER}), Identity)


def test_the_providers_error_code_is_told_and_nothing_else() -> None:
    """Neither its prose nor signs that could do harm."""
    result = finish(canned(), ANSWER | {"error": "a\nb", "error_description": "call this number"})
    assert result == Rejected(No.PROVIDER_ERROR, "a\N{REPLACEMENT CHARACTER}b", ("state",))


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (No.CLIENT_REFUSED, 401, b'{"error":"invalid_client"}'),
        (No.CODE_REFUSED, 400, b'{"error":"invalid_grant","error_description":"x"}'),
        (No.PROVIDER_ERROR, 400, b'{"error":"invalid_request"}'),
        (No.PROVIDER_ERROR, 400, b'{"error":["invalid_client"]}'),
        (No.PROVIDER_ERROR, 404, b"<html>"),
        (No.DOCUMENT_MALFORMED, 200, b"<html>"),
        (No.DOCUMENT_MALFORMED, 200, b""),
        (No.DOCUMENT_MALFORMED, 200, b"[]"),
        (No.DOCUMENT_MALFORMED, 200, b'{"id_token":1}'),
        (No.DOCUMENT_MALFORMED, 200, b'{"id_token":"a","access_token":1}'),
        (No.DOCUMENT_MALFORMED, 200, b'{"id_token":"a","id_token":"b"}'),
        (No.DOCUMENT_MALFORMED, 200, b'{"id_token":"\xff"}'),
        (No.NO_ID_TOKEN, 200, b"{}"),
        (No.NO_ID_TOKEN, 200, b'{"access_token":"a","id_token":null}'),
    ],
)
def test_what_the_token_endpoint_says_ends_in_its_own_code(refusal: No, status: int, body: bytes) -> None:
    """So that it can be told whether the secret is wrong or the code too old."""
    fetcher = canned()
    fetcher.redeemed = Fetched(status, "application/json", body)
    result = finish(fetcher, ANSWER)
    assert isinstance(result, Rejected)
    assert result.code == refusal
    assert result.checks == ("state", "code")


def test_a_provider_that_cannot_be_asked_is_unavailable() -> None:
    """Whichever of its endpoints it is."""
    hanging = Unavailable(Failure.TIMED_OUT)
    fetcher = canned()
    fetcher.redeemed = hanging
    assert finish(fetcher, ANSWER) == hanging
    assert finish(canned(others={"jwks": hanging}), ANSWER) == hanging
    assert finish(canned(others={".well-known/openid-configuration": hanging}), ANSWER) == hanging


@pytest.mark.row("R85")
@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(0, True), (-60, True), (30, True), (-61, False), (-3600, False), (None, True)]
)
def test_a_new_sign_in_that_was_demanded_must_be_new(seconds: int | None, is_accepted: bool) -> None:
    """An `auth_time` before the request is an old session; without one the caller learns that nothing is known."""
    fresh = replace(CHALLENGE, is_fresh=True, started_at=NOW - timedelta(minutes=1))
    at = ... if seconds is None else SECOND - 60 + seconds
    fetcher = canned()
    fetcher.redeemed = tokens(id_token(auth_time=at))
    result = finish(fetcher, ANSWER, fresh)
    if not is_accepted:
        assert isinstance(result, Rejected)
        assert result.code == No.NOT_FRESH
        return
    assert isinstance(result, Identity)
    assert ("freshness" in result.checks) == (seconds is not None)
    assert (result.authenticated_at is None) == (seconds is None)


def test_an_old_sign_in_counts_where_no_new_one_was_demanded() -> None:
    """And its time is told."""
    fetcher = canned()
    fetcher.redeemed = tokens(id_token(auth_time=SECOND - 86_400))
    result = finish(fetcher, ANSWER)
    assert isinstance(result, Identity)
    assert result.authenticated_at == NOW - timedelta(days=1)


def test_the_detail_of_a_refusal_is_short() -> None:
    """Whatever a provider has written at length."""
    long = f"https://idp.example/{'x' * 2000}"
    fetcher = canned(document=metadata(jwks_uri=long), others={long.removeprefix(f"{ISSUER}/"): b'{"keys": []}'})
    result = relying_party(fetcher).check_settings(PARTY)
    assert isinstance(result, Rejected)
    assert (result.code, len(result.detail)) == (No.NO_USABLE_KEY, 500)


def test_no_secret_is_told() -> None:
    """Neither in what is refused nor in what is shown of tokens."""
    shown: list[object] = [finish(canned(), ANSWER), PARTY]
    for changes in ({"nonce": "other"}, {"at_hash": "other"}, {"sub": ""}):
        fetcher = canned()
        fetcher.redeemed = tokens(id_token(**changes))
        shown.append(finish(fetcher, ANSWER))
    for secret in (str(PARTY.secret), CHALLENGE.nonce, CHALLENGE.verifier, ACCESS_TOKEN, id_token()):
        assert secret not in repr(shown)
