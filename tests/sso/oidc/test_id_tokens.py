"""An ID token is accepted only if all of it is as it must be."""

import base64
import warnings
from typing import Any

import pytest

from tests.sso.oidc.forgeries import FORGERIES, Forgery
from tests.sso.oidc.issuer import (
    ALGORITHMS,
    ANSWER,
    CHALLENGE,
    CLIENT,
    NOW,
    PARTY,
    SECOND,
    Canned,
    canned,
    header,
    id_claims,
    id_token,
    key,
    metadata,
    public,
    relying_party,
    signed,
    tokens,
)
from tests.sso.oidc.naive import believing, by_the_header
from totrinn.app.identity_providers import Identity, Rejected, Unavailable
from totrinn.sso.oidc import OidcRelyingParty
from totrinn.sso.oidc_refusals import OidcCheck, OidcRefusal

pytestmark = pytest.mark.row("R83")

CASES = [
    pytest.param(forgery, algorithm, id=f"{forgery.name}-{algorithm}")
    for forgery in FORGERIES
    for algorithm in ALGORITHMS
]


@pytest.fixture(scope="module")
def meeting() -> tuple[Canned, OidcRelyingParty]:
    """A provider and us, who know its documents already."""
    fetcher = canned()
    return fetcher, relying_party(fetcher)


def finish(fetcher: Canned, us: OidcRelyingParty, token: object) -> Identity | Rejected | Unavailable:
    """What we make of a token that the provider's endpoint hands out."""
    fetcher.redeemed = tokens(token)
    return us.finish(PARTY, CHALLENGE, ANSWER, NOW)


def test_there_are_enough_forgeries() -> None:
    """Each by its own name."""
    assert len(CASES) >= 250
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("forgery", "algorithm"), CASES)
def test_a_forgery_is_refused_for_its_own_reason(
    forgery: Forgery, algorithm: str, meeting: tuple[Canned, OidcRelyingParty]
) -> None:
    """Not by chance, through some other check that happens to fail."""
    result = finish(*meeting, forgery.make(algorithm))
    assert isinstance(result, Rejected)
    assert result.code == forgery.refusal
    assert len(result.detail) < 1000


GOOD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as_it_is": ({}, {}),
    "no_typ": ({"typ": ...}, {}),
    "typ_lower_case": ({"typ": "jwt"}, {}),
    "typ_long": ({"typ": "application/jwt"}, {}),
    "unknown_header": ({"x5t": "abc", "foo": {"bar": 1}}, {}),
    "x5c_of_2000_characters": ({"x5c": ["M" * 2000]}, {}),
    "true_signature_beside_jku": ({"jku": "https://evil.example/jwks"}, {}),
    "true_signature_beside_jwk": ({"jwk": {"kty": "oct", "k": "AA"}}, {}),
    "aud_list": ({}, {"aud": [CLIENT]}),
    "aud_several_with_azp": ({}, {"aud": ["other", CLIENT], "azp": CLIENT}),
    "azp": ({}, {"azp": CLIENT}),
    "no_at_hash": ({}, {"at_hash": ...}),
    "late_by_the_skew": ({}, {"iat": SECOND - 600, "exp": SECOND - 59}),
    "early_by_the_skew": ({}, {"iat": SECOND + 60, "nbf": SECOND + 60}),
    "old_but_not_too_old": ({}, {"iat": SECOND - 660}),
    "sub_255": ({}, {"sub": "a" * 255}),
    "null_for_nothing": ({}, {"amr": None, "acr": None, "sid": None, "groups": None, "email": None}),
    "claims_of_others": ({}, {"roles": [{"a": 1}], "é": "\n"}),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_accepted(name: str, algorithm: str, meeting: tuple[Canned, OidcRelyingParty]) -> None:
    """The checks are no stricter than the standard and the clocks of honest providers."""
    changes, claims = GOOD[name]
    token = signed(header(algorithm, **changes), id_claims(algorithm, **claims), algorithm)
    assert isinstance(finish(*meeting, token), Identity)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512"])
def test_every_announced_algorithm_of_ours_is_accepted(algorithm: str) -> None:
    """With at_hash by the hash of that algorithm."""
    fetcher = canned(
        document=metadata(id_token_signing_alg_values_supported=[algorithm, "none", "HS256"]), keys=[public(algorithm)]
    )
    assert isinstance(finish(fetcher, relying_party(fetcher), id_token(algorithm)), Identity)


def test_what_the_metadata_permits_beyond_our_list_stays_forbidden() -> None:
    """`none` and shared secrets are refused even if the provider announces them, with such a key in its set."""
    secret = {"kty": "oct", "kid": "key-RS256", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}
    document = metadata(id_token_signing_alg_values_supported=["none", "HS256", "RS256"])
    fetcher = canned(document=document, keys=[secret, public("RS256")])
    us = relying_party(fetcher)
    refused = [
        finish(fetcher, us, forgery.make("RS256"))
        for forgery in FORGERIES
        if forgery.name.startswith(("none", "hs256"))
    ]
    assert len(refused) > 10
    assert {each.code for each in refused if isinstance(each, Rejected)} == {OidcRefusal.ALGORITHM}
    assert all(isinstance(each, Rejected) for each in refused)


def test_what_cannot_be_foreseen_has_not_happened() -> None:
    """No forgery gets as far as the last resort."""
    assert OidcRefusal.UNREADABLE not in {forgery.refusal for forgery in FORGERIES}


def test_naive_relying_parties_let_forgeries_in() -> None:
    """The corpus has teeth: whoever believes, or does as the header says, accepts many of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [(forgery.name, forgery.make("RS256")) for forgery in FORGERIES]
        believed = {name for name, token in made if believing(token)}
        verified = {name for name, token in made if by_the_header(token)}
    assert believing(id_token())
    assert by_the_header(id_token())
    assert {"evil_key", "none_none", "other_payload", "twice_sub", "events", "typ_access_token"} <= believed
    assert {"none_none", "hs256_jwk", "unannounced_PS256", "typ_access_token", "twice_sub", "azp_0"} <= verified
    assert len(believed) > 80
    assert len(verified) > 60


def test_the_checks_are_told_in_their_order() -> None:
    """All of them after success, those before the failure otherwise."""
    fetcher = canned()
    us = relying_party(fetcher)
    good, bad = finish(fetcher, us, id_token()), finish(fetcher, us, id_token(nonce="other"))
    assert isinstance(good, Identity)
    assert isinstance(bad, Rejected)
    assert good.checks == (
        *("state", "code", "tokens", "algorithm", "key", "signature", "kind", "issuer", "audience", "times", "nonce"),
        *("access_token", "subject", "claims"),
    )
    assert bad.checks == good.checks[: good.checks.index(OidcCheck.NONCE)]
    assert {type(code) for code in (*good.checks, bad.code)} == {str}


def test_a_token_is_known_again_by_what_was_signed() -> None:
    """Another signature over the same words, which ECDSA lets anybody write, makes no other token."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    fetcher = canned()
    us = relying_party(fetcher)
    token = id_token("ES256")
    text, _, mark = token.rpartition(".")
    twin = f"{text}.{_mirrored(mark, order)}"
    results = [finish(fetcher, us, each) for each in (token, twin)]
    assert [type(each) for each in results] == [Identity, Identity]
    assert len({each.token_id for each in results if isinstance(each, Identity)}) == 1


def _mirrored(mark: str, order: int) -> str:
    raw = base64.urlsafe_b64decode(mark + "==")
    mirrored = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    return base64.urlsafe_b64encode(mirrored).rstrip(b"=").decode()


def test_the_corpus_signs_with_the_providers_keys() -> None:
    """So that nothing is refused merely for its signature."""
    assert {public(algorithm)["kid"] for algorithm in ALGORITHMS} == {"key-RS256", "key-ES256", "key-EdDSA"}
    assert key("RS256") is key("RS256")
