"""What we send: a request that only this browser can use, and a proof of who we are."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sso.oidc.issuer import (
    ANSWER,
    CHALLENGE,
    CLIENT,
    ISSUER,
    NOW,
    PARTY,
    SECOND,
    canned,
    metadata,
    party,
    relying_party,
)
from totrinn.app.identity_providers import Challenge, ClientAuthentication, Identity, Party, Rejected
from totrinn.sso.keys import new_key
from totrinn.sso.oidc_refusals import OidcRefusal as No

pytestmark = pytest.mark.row("R83")

KEY = new_key()
CALLBACK = "https://totrinn.example/sso/connection/callback"


def request(
    challenge: Challenge = CHALLENGE, *, login_hint: str = "", endpoint: str = f"{ISSUER}/auth"
) -> list[tuple[str, str]]:
    """The parameters of the address to which the browser is sent."""
    address = relying_party(canned(document=metadata(authorization_endpoint=endpoint))).begin(
        PARTY, challenge, login_hint=login_hint
    )
    assert isinstance(address, str)
    assert address.startswith(f"{ISSUER}/auth?")
    return parse_qsl(urlsplit(address).query, strict_parsing=True)


def test_a_request_is_bound_to_browser_connection_and_moment() -> None:
    """By state, nonce, the challenge of PKCE, and an address of ours that belongs to the connection."""
    digest = hashlib.sha256(CHALLENGE.verifier.encode()).digest()
    assert request() == [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", CHALLENGE.state),
        ("nonce", CHALLENGE.nonce),
        ("code_challenge", base64.urlsafe_b64encode(digest).rstrip(b"=").decode()),
        ("code_challenge_method", "S256"),
    ]


def test_the_verifier_stays_here() -> None:
    """Until the code is redeemed."""
    assert CHALLENGE.verifier not in repr(request(replace(CHALLENGE, is_fresh=True), login_hint="x"))


@pytest.mark.row("R85")
def test_more_is_asked_for_where_it_is_wanted() -> None:
    """A new sign-in, a context, and the person whom we expect."""
    challenge = replace(CHALLENGE, is_fresh=True, context=("urn:a", "urn:b"))
    assert request(challenge, login_hint="kari+x@example.no")[8:] == [
        ("login_hint", "kari+x@example.no"),
        ("prompt", "login"),
        ("max_age", "0"),
        ("acr_values", "urn:a urn:b"),
    ]


def test_what_the_providers_address_says_already_is_kept() -> None:
    """Some tell their customers apart by it."""
    assert request(endpoint=f"{ISSUER}/auth?tenant=a%20b")[0] == ("tenant", "a b")


def redeem(party_: Party) -> tuple[dict[str, str], str]:
    """Fields and authorization that we send to the token endpoint."""
    fetcher = canned()
    result = relying_party(fetcher).finish(party_, CHALLENGE, ANSWER, NOW)
    assert isinstance(result, Identity)
    ((address, fields, authorization),) = fetcher.posted
    assert address == f"{ISSUER}/token"
    return dict(fields), authorization


EXCHANGE = {
    "grant_type": "authorization_code",
    "code": "code",
    "redirect_uri": CALLBACK,
    "code_verifier": CHALLENGE.verifier,
}


def test_a_secret_is_sent_form_encoded_in_the_header() -> None:
    """RFC 6749 §2.3.1: a colon or a percent sign in either part would otherwise be read wrongly."""
    fields, authorization = redeem(replace(party(), secret="a:b%c d+é"))
    assert fields == EXCHANGE
    scheme, _, value = authorization.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(value) == b"totrinn:a%3Ab%25c+d%2B%C3%A9"


def test_a_secret_is_sent_in_the_form_where_that_is_agreed() -> None:
    """And then not in the header."""
    fields, authorization = redeem(party(authentication=ClientAuthentication.SECRET_POST))
    assert fields == EXCHANGE | {"client_id": CLIENT, "client_secret": str(PARTY.secret)}
    assert authorization == ""


def test_a_key_proves_who_we_are_for_a_minute_and_for_this_provider() -> None:
    """By a token that is verified with what we publish, and that never comes twice."""
    ours = replace(party(authentication=ClientAuthentication.PRIVATE_KEY_JWT), key=KEY, secret=None)
    content_type, document = relying_party(canned()).describe(ours)
    assert content_type == "application/jwk-set+json"
    keys = KeySet.import_key_set(json.loads(document))
    proofs = [redeem(ours) for _ in range(2)]
    read = [jwt.decode(fields["client_assertion"], keys, algorithms=["RS256"]) for fields, _ in proofs]
    claims: list[dict[str, Any]] = [dict(each.claims) for each in read]
    assert len({each.pop("jti") for each in claims}) == 2
    assert claims == [{"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "iat": SECOND, "exp": SECOND + 60}] * 2
    assert read[0].header["kid"] == keys.keys[0].thumbprint()
    fields, authorization = proofs[0]
    assert authorization == ""
    assert fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in fields


@pytest.mark.row("R90")
def test_only_the_public_half_of_our_key_is_published() -> None:
    """And nothing where there is no key."""
    us = relying_party(canned())
    (shown,) = json.loads(us.describe(replace(PARTY, key=KEY))[1])["keys"]
    assert sorted(shown) == ["alg", "e", "kid", "kty", "n", "use"]
    assert us.describe(PARTY)[1] == b'{"keys": []}'


@pytest.mark.parametrize("way", [ClientAuthentication.SECRET_BASIC, ClientAuthentication.SECRET_POST])
def test_without_a_secret_nothing_is_sent(way: ClientAuthentication) -> None:
    """Whoever sets the connection up learns what is missing."""
    without = replace(party(authentication=way), secret=None)
    fetcher = canned(document=metadata(token_endpoint_auth_methods_supported=[way]))
    us = relying_party(fetcher)
    for result in (us.finish(without, CHALLENGE, ANSWER, NOW), us.check_settings(without)):
        assert isinstance(result, Rejected)
        assert result.code == No.SECRET_MISSING
    assert fetcher.posted == []
