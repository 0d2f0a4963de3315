"""What a provider says of itself is checked before it is used."""

import json
import warnings
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.sso.oidc.issuer import (
    ALGORITHMS,
    ANSWER,
    CHALLENGE,
    CLIENT,
    ISSUER,
    NOW,
    PARTY,
    Canned,
    canned,
    header,
    id_claims,
    id_token,
    key,
    kid,
    metadata,
    party,
    public,
    relying_party,
    signed,
    tokens,
)
from tests.sso.oidc.loopback import Behaviour, Visit, serving
from totrinn.app.identity_providers import ClientAuthentication, Identity, OidcSettings, Party, Rejected, Unavailable
from totrinn.fetching.connections import Bounds
from totrinn.fetching.exchange import Fetcher
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc import OidcRelyingParty
from totrinn.sso.oidc_refusals import OidcRefusal as No

pytestmark = pytest.mark.row("R83")

WELL_KNOWN = ".well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"


def check(fetcher: Canned, whose: Party = PARTY) -> Rejected | Unavailable | None:
    """What the test of the connection says."""
    return relying_party(fetcher).check_settings(whose)


def test_a_provider_that_offers_what_we_need_passes() -> None:
    """With each way of authentication that it offers."""
    for way in ClientAuthentication:
        document = metadata(token_endpoint_auth_methods_supported=[way], code_challenge_methods_supported=["S256"])
        assert check(canned(document=document), party(authentication=way)) is None


REQUIRED = (
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
    "id_token_signing_alg_values_supported",
)


@pytest.mark.parametrize(
    ("refusal", "changes"),
    [
        *((No.DOCUMENT_MALFORMED, {name: None}) for name in REQUIRED),
        *((No.DOCUMENT_MALFORMED, {name: 1}) for name in REQUIRED),
        *((No.DOCUMENT_MALFORMED, {name: ""}) for name in REQUIRED),
        *((No.DOCUMENT_MALFORMED, {name: {}}) for name in REQUIRED),
        *((No.DOCUMENT_MALFORMED, {name: [1]}) for name in REQUIRED),
        (No.DOCUMENT_MALFORMED, {"userinfo_endpoint": 1}),
        (No.DOCUMENT_MALFORMED, {"authorization_response_iss_parameter_supported": "true"}),
        (No.DOCUMENT_MALFORMED, {"token_endpoint_auth_methods_supported": "client_secret_basic"}),
        (No.DOCUMENT_MALFORMED, {"code_challenge_methods_supported": "S256"}),
        (No.METADATA_ISSUER, {"issuer": "https://evil.example"}),
        (No.METADATA_ISSUER, {"issuer": f"{ISSUER}/"}),
        (No.METADATA_ISSUER, {"issuer": "https://IDP.example"}),
        (No.UNSUITABLE, {"response_types_supported": ["id_token", "code id_token"]}),
        (No.UNSUITABLE, {"code_challenge_methods_supported": ["plain"]}),
        (No.UNSUITABLE, {"code_challenge_methods_supported": []}),
        (No.UNSUITABLE, {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
        (No.NO_COMMON_ALGORITHM, {"id_token_signing_alg_values_supported": ["none", "HS256", "RS1"]}),
        (No.NO_COMMON_ALGORITHM, {"id_token_signing_alg_values_supported": []}),
        (No.NO_USABLE_KEY, {"id_token_signing_alg_values_supported": ["ES512"]}),
    ],
)
def test_a_discovery_document_is_complete_and_suitable(refusal: No, changes: dict[str, Any]) -> None:
    """Whatever is missing, of the wrong type or not offered is told by its name."""
    result = check(canned(document={**metadata(), **changes} if None not in changes.values() else metadata(**changes)))
    assert isinstance(result, Rejected)
    assert result.code == refusal
    assert result.detail


@pytest.mark.row("R89")
@pytest.mark.parametrize(
    ("code", "address"),
    [
        (Failure.NOT_HTTPS, "http://idp.example/x"),
        (Failure.MALFORMED, "file:///etc/passwd"),
        (Failure.MALFORMED, "https://user@idp.example/"),
        (Failure.MALFORMED, "javascript:alert(1)"),
        (Failure.MALFORMED, "https://idp.example/#x"),
        (Failure.MALFORMED, "//idp.example/x"),
    ],
)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_an_endpoint_keeps_the_rules_for_addresses(name: str, code: Failure, address: str) -> None:
    """Also the one that we only send browsers to."""
    fetcher = canned(document=metadata(**{name: address}))
    result = check(fetcher)
    assert isinstance(result, Unavailable)
    assert result.code == code
    assert result.detail.startswith(f"{name}: ")
    begun = relying_party(fetcher).begin(PARTY, CHALLENGE, login_hint="")
    assert isinstance(begun, Unavailable)


def _small() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = RSAKey.generate_key(1024)
    return {**small.as_dict(private=False), "kid": kid("RS256")}


UNUSABLE: dict[str, dict[str, Any]] = {
    "symmetric": {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": kid("RS256")},
    "rsa_1024": _small(),
    "rsa_16384": {"kty": "RSA", "n": "_" * 2730, "e": "AQAB"},
    "rsa_exponent_1": public("RS256", e="AQ"),
    "rsa_exponent_even": public("RS256", e="Ag"),
    "rsa_exponent_huge": public("RS256", e="_" * 300),
    "rsa_no_number": public("RS256", n="é"),
    "rsa_list": public("RS256", n=["a"]),
    "rsa_without_n": public("RS256", n=None),
    "for_encryption": public("RS256", use="enc"),
    "for_something": public("RS256", use=["sig"]),
    "not_for_verifying": public("RS256", key_ops=["sign"]),
    "operations_text": public("RS256", key_ops="verify"),
    "other_algorithm_type": public("RS256", alg=1),
    "kid_number": public("RS256", kid=1),
    "not_on_the_curve": public("ES256", x="AAAA", y="AAAA"),
    "unknown_curve": public("ES256", crv="secp256k1"),
    "x25519": public("EdDSA", crv="X25519"),
    "no_type": public("RS256", kty=None),
    "type_list": public("RS256", kty=["RSA"]),
    "unknown_type": {"kty": "AKP", "kid": "x"},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_we_cannot_use_is_passed_over(name: str) -> None:
    """It verifies nothing, and does not spoil the others of the set."""
    alone = check(canned(keys=[UNUSABLE[name]]))
    assert isinstance(alone, Rejected)
    assert alone.code == No.NO_USABLE_KEY
    fetcher = canned(keys=[UNUSABLE[name], public("ES256")])
    assert check(fetcher) is None
    fetcher.redeemed = tokens(id_token("ES256"))
    assert isinstance(relying_party(fetcher).finish(PARTY, CHALLENGE, ANSWER, NOW), Identity)
    fetcher.redeemed = tokens(id_token("RS256"))
    refused = relying_party(fetcher).finish(PARTY, CHALLENGE, ANSWER, NOW)
    assert isinstance(refused, Rejected)
    assert refused.code == No.NO_MATCHING_KEY


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b'{"keys":[],"keys":[]}', b"<html>", b"\xff"]
)
def test_a_key_set_that_cannot_be_read_is_refused(document: bytes) -> None:
    """And so is one with more keys than anybody needs."""
    for text in (document, json.dumps({"keys": [public("RS256")] * 101}).encode()):
        result = check(canned(others={"jwks": text}))
        assert isinstance(result, Rejected)
        assert result.code == No.DOCUMENT_MALFORMED


@pytest.mark.parametrize("keys", [[], [1, "a", None, []]])
def test_an_empty_key_set_has_no_usable_key(keys: list[Any]) -> None:
    """What is no key at all is passed over, too."""
    result = check(canned(keys=keys))
    assert isinstance(result, Rejected)
    assert result.code == No.NO_USABLE_KEY


@pytest.mark.parametrize(
    ("keys", "token_kid", "is_accepted"),
    [
        ([public("RS256", kid=None)], ..., True),
        ([public("RS256"), public("ES256")], ..., True),
        ([public("RS256", kid=None)], kid("RS256"), False),
        ([public("RS256"), {**key("RS256 second").as_dict(private=False), "kid": "second"}], ..., False),
        ([public("RS256"), {**key("RS256 second").as_dict(private=False), "kid": "second"}], kid("RS256"), True),
        ([public("RS256"), {**key("RS256 second").as_dict(private=False), "kid": kid("RS256")}], kid("RS256"), False),
        ([public("RS256"), public("ES256", kid=kid("RS256"))], kid("RS256"), True),
        ([public("RS256", alg="RS256")], kid("RS256"), True),
        ([public("RS256", alg="PS256")], kid("RS256"), False),
        ([public("RS256", d="AAAA", p="AAAA")], kid("RS256"), True),
    ],
)
def test_the_key_is_chosen_by_us_and_only_one_may_fit(
    keys: list[dict[str, Any]], token_kid: object, is_accepted: bool
) -> None:
    """By name, type and purpose; where two fit, none does."""
    fetcher = canned(keys=keys)
    fetcher.redeemed = tokens(signed(header("RS256", kid=token_kid), id_claims("RS256"), "RS256"))
    result = relying_party(fetcher).finish(PARTY, CHALLENGE, ANSWER, NOW)
    assert isinstance(result, Identity) == is_accepted
    assert is_accepted or (isinstance(result, Rejected) and result.code == No.NO_MATCHING_KEY)


# Over a real network ------------------------------------------------------------------------------------------


def over_network(behaviour: Behaviour) -> Rejected | Unavailable | None:
    """The test of a connection to a server that behaves like this."""
    bounds = Bounds(seconds=0.5, connect_seconds=0.4)
    with serving(behaviour) as server:
        us = OidcRelyingParty(Fetcher(allow_private=True, bounds=bounds), "https://totrinn.example")
        return us.check_settings(replace(PARTY, settings=OidcSettings(f"http://127.0.0.1:{server.port}", CLIENT)))


def _after(first: bytes, endless: bytes) -> Behaviour:
    def behave(visit: Visit) -> None:
        visit.send(first)
        visit.drip(endless)

    return behave


@pytest.mark.row("R89")
@pytest.mark.parametrize(
    ("code", "behaviour"),
    [
        (Failure.TIMED_OUT, Visit.hang),
        (Failure.TIMED_OUT, _after(b"HTTP/1.1 200 OK\r\n\r\n{", b" ")),
        (Failure.REDIRECTED, lambda visit: visit.answer(b"", status="302 Found", more="Location: /other\r\n")),
        (Failure.BAD_STATUS, lambda visit: visit.answer(b"", status="503 Service Unavailable")),
        (Failure.TOO_LARGE, lambda visit: visit.answer(b" " * 300_000)),
        (No.DOCUMENT_MALFORMED, lambda visit: visit.answer(b"<html>", content_type="text/html")),
        (No.DOCUMENT_MALFORMED, lambda visit: visit.answer(b"[" * 200_000)),
        (No.METADATA_ISSUER, lambda visit: visit.answer(json.dumps(metadata()).encode())),
    ],
)
def test_a_provider_that_misbehaves_costs_a_moment(code: str, behaviour: Behaviour) -> None:
    """It hangs, drips, redirects, floods or talks nonsense: each ends as a value with its own code."""
    result = over_network(behaviour)
    assert result is not None
    assert result.code == code


def test_the_issuer_names_where_its_document_lies() -> None:
    """Below its path, with or without a slash at its end."""
    for issuer in (f"{ISSUER}/a", f"{ISSUER}/a/"):
        fetcher = canned()
        relying_party(fetcher).check_settings(party(issuer=issuer))
        assert fetcher.fetched == [f"{ISSUER}/a/{WELL_KNOWN}"]


def test_all_algorithms_of_the_corpus_are_ours() -> None:
    """So that the default document announces nothing else."""
    assert set(ALGORITHMS) == set(metadata()["id_token_signing_alg_values_supported"])
