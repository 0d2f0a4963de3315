"""The demonstration's OpenID provider gives what is asked for rightly, and nothing else."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from totrinn.demo.people import NORDLYS, PEOPLE, person
from totrinn.demo.provider import MOST_CODES, Client, DemoProvider, TokenRefusal, challenge_of, subject_of
from totrinn.demo.provider_pages import ProviderPages
from totrinn.web.application import route_table

BASE = "http://localhost:8700"
CALLBACK = f"{BASE}/sso/1/callback"
SECRET = "a+b %:æ/ secret"
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
VERIFIER = "v" * 43
AASE, SIVERT = person("aase"), person("sivert")


def asked(**changes: str) -> dict[str, str]:
    """An authorization request as it should be, with changes; an empty text leaves a parameter out."""
    parameters = {
        "client_id": "totrinn",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email profile",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value}


def sent(code: str, **changes: str) -> dict[str, str]:
    """What goes to the token endpoint."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }


def basic(client_id: str = "totrinn", secret: str = SECRET) -> str:
    """The header by which the client proves itself."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


@pytest.fixture
def provider() -> DemoProvider:
    """A provider with one client."""
    return DemoProvider(BASE, Client("totrinn", SECRET, CALLBACK))


def claims_in(provider: DemoProvider, tokens: object) -> dict[str, Any]:
    """The claims of an ID token that the published key verifies."""
    assert isinstance(tokens, dict)
    keys = KeySet.import_key_set(provider.key_set())  # type: ignore[arg-type] # what is published is a key set
    token = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
    return dict(token.claims)


def test_a_code_is_worth_a_signed_token_about_who_signed_in(provider: DemoProvider) -> None:
    """Every claim that the other side needs is there, bound to its request."""
    code = provider.issue(asked(), AASE, NOW)
    claims = claims_in(provider, provider.redeem(basic(), sent(code), NOW + timedelta(seconds=5)))
    second = int(NOW.timestamp())
    assert claims == {
        "iss": f"{BASE}/demo/provider",
        "aud": "totrinn",
        "sub": "nordlys-aase",
        "iat": second + 5,
        "exp": second + 305,
        "auth_time": second,
        "nonce": "the nonce",
        "email": "aase@nordlys.example",
        "email_verified": True,
        "name": "Åse Bakken",
        "groups": ["Alle tilsette"],
        "amr": ["pwd", "mfa"],
    }


def test_what_it_says_of_factors_is_each_persons_own(provider: DemoProvider) -> None:
    """Somebody with a password alone is not said to have used two factors."""
    tokens = provider.redeem(basic(), sent(provider.issue(asked(), SIVERT, NOW)), NOW)
    assert claims_in(provider, tokens)["amr"] == ["pwd"]


def test_a_code_counts_once(provider: DemoProvider) -> None:
    """The second time it is worth nothing."""
    code = provider.issue(asked(), AASE, NOW)
    assert isinstance(provider.redeem(basic(), sent(code), NOW), dict)
    assert provider.redeem(basic(), sent(code), NOW) is TokenRefusal.INVALID_GRANT


@pytest.mark.parametrize(("seconds", "counts"), [(59, True), (60, False)])
def test_a_code_counts_for_a_minute(provider: DemoProvider, seconds: int, counts: bool) -> None:
    """Then it is worth nothing."""
    code = provider.issue(asked(), AASE, NOW)
    outcome = provider.redeem(basic(), sent(code), NOW + timedelta(seconds=seconds))
    assert isinstance(outcome, dict) is counts


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": challenge_of(VERIFIER)},
        {"redirect_uri": "https://elsewhere.example/callback"},
    ],
)
def test_a_code_is_for_who_asked(provider: DemoProvider, changes: dict[str, str]) -> None:
    """Another verifier or another address gets nothing, and the code that was tried is spent."""
    code = provider.issue(asked(), AASE, NOW)
    assert provider.redeem(basic(), sent(code, **changes), NOW) is TokenRefusal.INVALID_GRANT
    assert provider.redeem(basic(), sent(code), NOW) is TokenRefusal.INVALID_GRANT


@pytest.mark.parametrize("code", ["", "another"])
def test_what_was_never_issued_is_worth_nothing(provider: DemoProvider, code: str) -> None:
    """Nobody can make a code up."""
    provider.issue(asked(), AASE, NOW)
    assert provider.redeem(basic(), sent(code), NOW) is TokenRefusal.INVALID_GRANT


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !",
        "Basic /w==",
        basic(secret="other"),
        basic(client_id="other"),
        basic().replace("B", "b", 1)[1:],
    ],
)
def test_only_the_client_redeems(provider: DemoProvider, authorization: str) -> None:
    """Whoever cannot prove to be it is told no more, and spends no code."""
    code = provider.issue(asked(), AASE, NOW)
    assert provider.redeem(authorization, sent(code), NOW) is TokenRefusal.INVALID_CLIENT
    assert isinstance(provider.redeem(basic(), sent(code), NOW), dict)


def test_only_codes_are_redeemed(provider: DemoProvider) -> None:
    """No password, no refresh token, no client of its own right."""
    code = provider.issue(asked(), AASE, NOW)
    refused = provider.redeem(basic(), sent(code, grant_type="client_credentials"), NOW)
    assert refused is TokenRefusal.UNSUPPORTED_GRANT_TYPE


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?x=1"},
        {"redirect_uri": "https://elsewhere.example/callback"},
    ],
)
def test_nobody_else_is_answered(provider: DemoProvider, changes: dict[str, str]) -> None:
    """One client, one address, to the letter."""
    assert provider.is_from_client(asked())
    assert not provider.is_from_client(asked(**changes))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, ""),
        ({"prompt": "login", "max_age": "0"}, ""),
        ({"prompt": "none"}, "login_required"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "æ" * 43}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://elsewhere.example/request"}, "request_uri_not_supported"),
    ],
)
def test_the_client_is_told_what_is_wrong(provider: DemoProvider, changes: dict[str, str], error: str) -> None:
    """By the codes of the standards; it always asks anew, and so cannot answer without asking."""
    assert provider.problem_with(asked(**changes)) == error


def test_the_way_back_names_state_and_issuer(provider: DemoProvider) -> None:
    """To the client's own address, whatever stands in the request."""
    url = urlsplit(provider.way_back(asked(state="a&b=c", redirect_uri="https://elsewhere.example"), code="x y"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == CALLBACK
    assert parse_qs(url.query) == {"code": ["x y"], "state": ["a&b=c"], "iss": [provider.issuer]}


def test_it_knows_the_people_of_its_organisation_and_nobody_else(provider: DemoProvider) -> None:
    """By what never changes, not by their addresses."""
    assert {who.key for who in provider.people()} == {who.key for who in PEOPLE if who.organisation == NORDLYS}
    assert provider.find(subject_of(AASE)) is AASE
    for unknown in ("", "aase", AASE.email, "nordlys-kari", subject_of(person("kari"))):
        assert provider.find(unknown) is None


def test_it_does_not_grow_without_end(provider: DemoProvider) -> None:
    """The oldest codes give way."""
    first, *_, last = [provider.issue(asked(), AASE, NOW) for _ in range(MOST_CODES + 1)]
    assert provider.redeem(basic(), sent(first), NOW) is TokenRefusal.INVALID_GRANT
    assert isinstance(provider.redeem(basic(), sent(last), NOW), dict)


def test_its_key_set_is_public(provider: DemoProvider) -> None:
    """Nothing of the private key is in it, and the secret is in no representation."""
    keys = provider.key_set()["keys"]
    assert isinstance(keys, list)
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}]
    assert SECRET not in repr(Client("totrinn", SECRET, CALLBACK))


def test_it_is_where_it_says(provider: DemoProvider) -> None:
    """Every address of its discovery document is a route of the demonstration; none is one of anything else."""
    demonstration = {page.path for page in ProviderPages(provider).pages()}
    told = {value.removeprefix(BASE) for value in provider.metadata().values() if str(value).startswith(BASE)}  # type: ignore[attr-defined] # those are texts
    assert told <= demonstration
    assert f"{urlsplit(provider.issuer).path}/.well-known/openid-configuration" in demonstration
    assert [route.path for route in route_table() if route.path.startswith("/demo")] == []
