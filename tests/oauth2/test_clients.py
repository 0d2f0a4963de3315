"""How an application proves that it is itself: in the one way that was agreed."""

import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.oauth2.application import Application, register
from tests.web.house import BASE_URL, House, now

TOKEN = "/oauth2/token"
REFRESH = {"grant_type": "refresh_token", "refresh_token": "guessed"}
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048),
    "PS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "EdDSA": OKPKey.generate_key("Ed25519"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class _AnyAlgorithm(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def _is_proven(answer: Any) -> bool:
    """Whether the application was believed: it is then told that its token is unknown."""
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] in ("invalid_grant", "invalid_client", "invalid_request")
    return bool(answer.json()["error"] == "invalid_grant")


def test_by_the_agreed_way_alone(house: House) -> None:
    """A secret that is right and comes in another way is refused, as is a public application's with a secret."""
    for way in ("client_secret_basic", "client_secret_post", "none"):
        application = register(house, authentication=way)
        secret = application.secret or "none"
        named = {"client_id": application.id, **REFRESH}
        ways = {
            "client_secret_basic": application.http.post(TOKEN, data=REFRESH, auth=(application.id, secret)),
            "client_secret_post": application.http.post(TOKEN, data={**named, "client_secret": secret}),
            "none": application.http.post(TOKEN, data=named),
        }
        assert {name: _is_proven(answer) for name, answer in ways.items()} == {name: name == way for name in ways}


def test_by_one_way_at_a_time(house: House) -> None:
    """Two at once, two names, or a header that cannot be read, are refused; a wrong secret is told with a challenge."""
    application = register(house)
    auth = (application.id, application.secret or "")
    both = application.http.post(TOKEN, data={**REFRESH, "client_secret": auth[1]}, auth=auth)
    assert both.json()["error"] == "invalid_request"
    two = application.http.post(TOKEN, data={**REFRESH, "client_id": "another"}, auth=auth)
    assert two.json()["error"] == "invalid_request"
    for header in ("Basic", "Basic !!!", f"Basic {b64encode(b'no colon').decode()}", "Bearer x", "Digest x"):
        assert not _is_proven(application.http.post(TOKEN, data=REFRESH, headers={"authorization": header}))
    wrong = application.http.post(TOKEN, data=REFRESH, auth=(application.id, "wrong"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    unknown = application.http.post(TOKEN, data=REFRESH, auth=("nobody", "wrong"))
    assert (unknown.status_code, unknown.text) == (401, wrong.text)


def test_one_that_is_switched_off_proves_nothing(house: House) -> None:
    """Its secret is still its own, and opens nothing."""
    application = register(house)
    assert _is_proven(application.refresh("guessed"))
    with house.services.store.writing() as unit:
        unit.applications.set_enabled(application.id, is_enabled=False)
    assert not _is_proven(application.refresh("guessed"))


def _with_keys(house: House) -> Application:
    keys = KeySet([*KEYS.values()])
    public = {"keys": [{**key.as_dict(private=False), "kid": name} for name, key in zip(KEYS, keys.keys, strict=True)]}
    return register(house, authentication="private_key_jwt", keys=json.dumps(public))


def _assertion(application: Application, algorithm: str = "ES256", key: Any = None, **changed: Any) -> str:
    at = int(now().timestamp())
    usual = {
        "iss": application.id,
        "sub": application.id,
        "aud": BASE_URL,
        "exp": at + 60,
        "iat": at,
        "jti": secrets.token_urlsafe(8),
    }
    claims = {name: value for name, value in {**usual, **changed}.items() if value is not None}
    header = {"alg": algorithm, "kid": algorithm if algorithm in KEYS else "ES256"}
    return jws.serialize_compact(header, json.dumps(claims), key or KEYS[algorithm], registry=_AnyAlgorithm())


def _show(application: Application, assertion: str, **more: str) -> bool:
    form = {**REFRESH, "client_assertion": assertion, "client_assertion_type": ASSERTION, **more}
    return _is_proven(application.http.post(TOKEN, data=form))


@pytest.mark.parametrize("algorithm", KEYS)
def test_by_what_it_has_signed(house: House, algorithm: str) -> None:
    """With each kind of key, meant for us by any of our names, and once."""
    application = _with_keys(house)
    for audience in (BASE_URL, f"{BASE_URL}/oauth2/token", f"{BASE_URL}/oauth2/par", ["x", BASE_URL]):
        assertion = _assertion(application, algorithm, aud=audience)
        assert _show(application, assertion)
        assert not _show(application, assertion)
    assert _show(application, _assertion(application, algorithm), client_id=application.id)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "another"},
        {"sub": "another"},
        {"aud": "https://another.example"},
        {"aud": None},
        {"aud": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1},
        {"exp": 1e300},
        {"exp": True},
        {"nbf": 99999999999},
        {"iat": 99999999999},
        {"iat": "now"},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"jti": "x" * 513},
    ],
)
def test_what_is_signed_must_be_meant_for_us_now(house: House, changed: dict[str, Any]) -> None:
    """Wrong names, no or a wrong audience, times that are none, no id: each is refused."""
    application = _with_keys(house)
    assert not _show(application, _assertion(application, **changed))
    assert _show(application, _assertion(application))


@pytest.mark.row("R69")
@pytest.mark.parametrize("kid", ["[]", "{}", "[[1]]", "1", "null", "true", '"\\ud800"'])
def test_a_key_may_be_named_in_any_way_and_nothing_breaks(house: House, kid: str) -> None:
    """Whoever knows the application's name can send this."""
    application = _with_keys(house)
    header, *rest = _assertion(application).split(".")
    named = urlsafe_b64encode(f'{{"alg":"ES256","kid":{kid}}}'.encode()).rstrip(b"=").decode()
    form = {**REFRESH, "client_assertion": ".".join([named, *rest]), "client_assertion_type": ASSERTION}
    answer = application.http.post(TOKEN, data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), header


def test_what_is_signed_is_refused_with_another_key_or_none(house: House) -> None:
    """By another's key, by a shared secret, by nothing, or good for longer than ten minutes."""
    application = _with_keys(house)
    late = int((now() + timedelta(minutes=13)).timestamp())
    body = _assertion(application).split(".")[1]
    for assertion in (
        _assertion(application, "ES256", ECKey.generate_key("P-256")),
        _assertion(application, "HS256", OctKey.generate_key(256)),
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"eyJhbGciOiJub25lIn0.{body}.AA",
        _assertion(application, exp=late),
        "a.b.c",
        "",
    ):
        assert not _show(application, assertion), assertion
    assert not _show(application, _assertion(application), client_assertion_type="urn:other")
    assert not _show(application, _assertion(application), client_secret="x")
