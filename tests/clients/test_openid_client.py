"""openid-client, a certified client library, gets in and is kept out as the specifications say.

It checks the signature of every ID token, `state`, `nonce`, `iss` and the times by itself.
"""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from tests.browser.installation import Installation
from tests.clients.conftest import run
from tests.clients.person import Person
from tests.providers.node import Talk

CALLBACK = "http://127.0.0.1:9/callback"
BYE = "http://127.0.0.1:9/bye"
SCOPE = "openid profile email organisation"
TWO_FACTOR = "urn:totrinn:acr:two-factor"
_number = count(1)


class Client:
    """One registered application on openid-client."""

    def __init__(self, talk: Talk, house: Installation, way: str, made: dict[str, Any], **begun: Any) -> None:
        self._talk = talk
        self.name = f"client {next(_number)}"
        self.made = made
        about = {"id": made["client_id"], "way": way, "secret": made.get("client_secret"), **begun}
        self.metadata = self.do("begin", issuer=house.address, **about)["metadata"]

    def ask(self, act: str, **more: Any) -> dict[str, Any]:
        """What comes of it: a result, or what the library says against it."""
        return self._talk.ask({"do": act, "client": self.name, **more})

    def do(self, act: str, **more: Any) -> dict[str, Any]:
        """What comes of something that succeeds."""
        answer = self.ask(act, **more)
        assert "error" not in answer, answer
        return answer

    def link(self, *, push: bool = False, **parameters: str) -> str:
        """Where the browser is sent."""
        usual = {"redirect_uri": CALLBACK, "scope": SCOPE}
        return str(self.do("link", push=push, parameters={**usual, **parameters})["url"])

    def sign_in(self, person: Person, *, push: bool = False, **parameters: str) -> dict[str, Any]:
        """The tokens, and what the ID token says."""
        back = person.go(self.link(push=push, **parameters), stop_at=CALLBACK)
        return self.do("back", url=back.url)


@pytest.fixture
def client(openid_client: Talk, house: Installation) -> Callable[..., Client]:
    """Registers an application, and sets the library up for it."""

    def made(way: str = "client_secret_basic", *options: str, **begun: Any) -> Client:
        usual = ("--redirect-uri", CALLBACK, "--logout-uri", BYE, "--authentication", way)
        printed = run(house, "application", "add", f"App {next(_number)}", *usual, *options, "--json")
        return Client(openid_client, house, way, json.loads(printed), **begun)

    return made


@pytest.fixture
def keyed(client: Callable[..., Client], tmp_path: Path) -> Callable[..., Client]:
    """The same for an application with a key of its own."""

    def made(algorithm: str, *options: str) -> Client:
        key: RSAKey | ECKey | OKPKey
        if algorithm == "RS256":
            key = RSAKey.generate_key(2048, {"kid": "k"})
        elif algorithm == "ES256":
            key = ECKey.generate_key("P-256", {"kid": "k"})
        else:
            key = OKPKey.generate_key("Ed25519", {"kid": "k"})
        file = tmp_path / "keys.json"
        file.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
        told = {"jwk": key.as_dict(private=True), "alg": algorithm, "kid": "k"}
        return client("private_key_jwt", "--keys", str(file), *options, key=told)

    return made


def returned(url: str) -> dict[str, str]:
    """What came back to the application."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_whole_visit_by_a_secret_in_the_header(
    client: Callable[..., Client], newcomer: Callable[[str], Person]
) -> None:
    """Sign-in by password and code, userinfo, rotation, re-use, introspection, revocation, and signing out."""
    app, person = client(), newcomer("siri")
    person.enrol()
    person.forget()
    begun = app.sign_in(person)
    assert person.asked_for[-2:] == ["password", "code"]
    tokens, claims = begun["tokens"], begun["claims"]
    assert (claims["email"], claims["name"], claims["organisation"]) == (person.email, "Siri", "fjordly")
    assert (claims["acr"], claims["amr"], claims["roles"]) == (TWO_FACTOR, ["pwd", "otp", "mfa"], ["user"])
    told = app.do("userinfo", token=tokens["access_token"], sub=claims["sub"])["told"]
    assert (told["sub"], told["organisation_name"]) == (claims["sub"], "Fjordly AS")
    assert app.do("introspect", token=tokens["access_token"])["told"]["active"] is True
    second = app.do("refresh", token=tokens["refresh_token"])
    assert second["claims"]["auth_time"] == claims["auth_time"]
    third = app.do("refresh", token=second["tokens"]["refresh_token"])
    # An older one than the last is nobody's retry: the whole family ends.
    assert app.ask("refresh", token=tokens["refresh_token"])["error"] == "invalid_grant"
    assert app.ask("refresh", token=third["tokens"]["refresh_token"])["error"] == "invalid_grant"
    assert app.do("introspect", token=third["tokens"]["access_token"])["told"] == {"active": False}
    again = app.sign_in(person)["tokens"]
    app.do("revoke", token=again["refresh_token"])
    assert app.ask("refresh", token=again["refresh_token"])["error"] == "invalid_grant"
    last = app.sign_in(person)["tokens"]
    parameters = {"id_token_hint": last["id_token"], "post_logout_redirect_uri": BYE, "state": "so long"}
    gone = person.go(app.do("leave", parameters=parameters)["url"], stop_at=BYE)
    assert gone.url == f"{BYE}?state=so+long"
    assert not person.is_in()
    assert app.ask("refresh", token=last["refresh_token"])["error"] == "invalid_grant"


def test_a_secret_in_the_form_and_eddsa(client: Callable[..., Client], kari: Person) -> None:
    """The ID token is signed as was agreed."""
    metadata = {"id_token_signed_response_alg": "EdDSA"}
    app = client("client_secret_post", "--signing", "EdDSA", metadata=metadata)
    assert app.sign_in(kari)["claims"]["email"] == kari.email


def test_whoever_expects_another_signature_is_not_signed_in(client: Callable[..., Client], kari: Person) -> None:
    """A client that was told nothing of EdDSA expects RS256, and says so."""
    app = client("client_secret_basic", "--signing", "EdDSA", metadata={"id_token_signed_response_alg": "RS256"})
    back = kari.go(app.link(), stop_at=CALLBACK)
    assert "alg" in app.ask("back", url=back.url)["said"]


def test_a_public_client_proves_itself_by_pkce(client: Callable[..., Client], kari: Person) -> None:
    """And may refresh, each time by a token that is new."""
    app = client("none")
    begun = app.sign_in(kari)
    assert begun["claims"]["email"] == kari.email
    assert app.do("refresh", token=begun["tokens"]["refresh_token"])["tokens"]["access_token"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
def test_a_key_of_its_own(keyed: Callable[..., Client], kari: Person, algorithm: str) -> None:
    """private_key_jwt in each of the usual algorithms; the request may be pushed by it, too."""
    app = keyed(algorithm)
    begun = app.sign_in(kari)
    assert app.do("refresh", token=begun["tokens"]["refresh_token"])["tokens"]["access_token"]
    assert app.sign_in(kari, push=True)["claims"]["email"] == kari.email


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post", "none"])
def test_a_request_is_pushed(client: Callable[..., Client], kari: Person, way: str) -> None:
    """The browser carries a name of it only (RFC 9126)."""
    app = client(way)
    link = app.link(push=True)
    assert set(returned(link)) == {"client_id", "request_uri"}
    back = kari.go(link, stop_at=CALLBACK)
    assert app.do("back", url=back.url)["claims"]["email"] == kari.email


def test_pushed_requests_can_be_demanded(client: Callable[..., Client], kari: Person) -> None:
    """Then no other is taken."""
    app = client("client_secret_basic", "--pushed")
    back = kari.go(app.link(), stop_at=CALLBACK)
    assert back.status in (0, 400)
    assert "code" not in returned(back.url)
    assert app.sign_in(kari, push=True)["claims"]["email"] == kari.email


def test_nobody_is_shown_a_page_who_must_not_be(
    client: Callable[..., Client], kari: Person, newcomer: Callable[[str], Person]
) -> None:
    """`prompt=none`: whoever is signed in comes back with a code, everybody else with the reason."""
    app = client()
    assert app.sign_in(kari, prompt="none")["claims"]["email"] == kari.email
    nobody = newcomer("nils")
    back = nobody.go(app.link(prompt="none"), stop_at=CALLBACK)
    assert app.ask("back", url=back.url)["error"] == "login_required"
    assert nobody.asked_for == []


def test_whoever_must_prove_it_again_does(client: Callable[..., Client], newcomer: Callable[[str], Person]) -> None:
    """`prompt=login` asks for all that the person has; `max_age` for nothing that is fresh; both tell when."""
    app, person = client(), newcomer("tuva")
    person.enrol()
    first = app.sign_in(person, max_age="3600")["claims"]["auth_time"]
    assert "proof_code" not in person.asked_for
    back = person.go(app.link(prompt="login", max_age="60"), stop_at=CALLBACK)
    assert person.asked_for[-2:] == ["password", "proof_code"]
    assert app.do("back", url=back.url, maxAge=60)["claims"]["auth_time"] >= first


def test_two_factors_can_be_demanded(
    client: Callable[..., Client], kari: Person, newcomer: Callable[[str], Person]
) -> None:
    """By `acr_values`: whoever has none cannot meet it, and the application is told."""
    app = client()
    assert app.sign_in(kari, acr_values=TWO_FACTOR)["claims"]["acr"] == TWO_FACTOR
    ola = newcomer("ola")
    assert app.sign_in(ola)["claims"]["acr"] == "urn:totrinn:acr:password"
    back = ola.go(app.link(acr_values=TWO_FACTOR), stop_at=CALLBACK)
    assert app.ask("back", url=back.url)["error"] == "unmet_authentication_requirements"


def test_a_code_is_worth_something_once(client: Callable[..., Client], kari: Person) -> None:
    """The second time ends all that the first was given."""
    app = client()
    back = kari.go(app.link(), stop_at=CALLBACK)
    given = app.do("back", url=back.url)["tokens"]
    assert app.ask("back", url=back.url)["error"] == "invalid_grant"
    assert app.do("introspect", token=given["access_token"])["told"] == {"active": False}
    assert app.ask("refresh", token=given["refresh_token"])["error"] == "invalid_grant"


def test_a_code_is_nobody_elses(client: Callable[..., Client], kari: Person) -> None:
    """Without its verifier it is worth nothing; and so is one for another application."""
    app = client()
    back = kari.go(app.link(), stop_at=CALLBACK)
    assert app.ask("back", url=back.url, verifier="x" * 43)["error"] == "invalid_grant"


@pytest.mark.row("R65")
def test_nobody_is_sent_to_an_address_that_was_not_agreed(client: Callable[..., Client], kari: Person) -> None:
    """What is asked wrongly is told to the application, but never at an address that is not its own."""
    app = client()
    for foreign in ("http://127.0.0.1:9/callback/", "https://evil.example/", f"{CALLBACK}@evil.example"):
        page = kari.go(app.link(redirect_uri=foreign), stop_at="http://127.0.0.1:9")
        assert (page.status, "evil.example" in page.url.partition("?")[0]) == (400, False)
    wrong: tuple[dict[str, Any], ...] = (
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"request": "e30.e30."},
        {"prompt": "none login"},
        {"response_mode": "form_post"},
    )
    for parameters in wrong:
        back = kari.go(app.link(**parameters), stop_at=CALLBACK)
        answer = returned(back.url)
        assert "code" not in answer
        assert answer["error"], parameters
        assert answer["iss"] == app.metadata["issuer"]
