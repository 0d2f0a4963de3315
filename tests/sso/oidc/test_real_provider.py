"""With a certified provider that others wrote, all of it works together: node-oidc-provider, over the loopback."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urljoin, urlsplit

import httpx2
import pytest

from tests.providers.oidc_provider import KARI, OidcProvider, User, running_oidc_provider
from tests.sso.oidc.loopback import Visit, serving
from totrinn.app.identity_providers import (
    Challenge,
    ClientAuthentication,
    Ended,
    Identity,
    OidcSettings,
    Party,
    Rejected,
    Unavailable,
)
from totrinn.fetching.exchange import Fetcher
from totrinn.sso.keys import new_key
from totrinn.sso.oidc import OidcRelyingParty
from totrinn.sso.oidc_keys import own_key_set
from totrinn.sso.oidc_refusals import OidcRefusal as No

US = "http://127.0.0.1:1"
CALLBACK = f"{US}/sso/connection/callback"
KEY = new_key()
USERS = {"kari": KARI, "ola": User("ola@example.no", email_verified=False, amr=("pwd", "otp", "mfa"), acr="urn:high")}

pytestmark = pytest.mark.row("R83")


@dataclass
class Meeting:
    """A provider, us, and a browser between the two."""

    provider: OidcProvider
    party: Party
    us: OidcRelyingParty = field(default_factory=lambda: OidcRelyingParty(Fetcher(allow_private=True), US))
    browser: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=20, trust_env=False))

    def begin(self, challenge: Challenge) -> httpx2.Response:
        """The browser, sent to the provider, at its form or back at our door."""
        address = self.us.begin(self.party, challenge, login_hint="")
        assert isinstance(address, str)
        return self.follow(self.browser.get(address))

    def follow(self, response: httpx2.Response) -> httpx2.Response:
        """Goes where it is sent, as far as our door."""
        while response.is_redirect:
            target = urljoin(str(response.url), response.headers["location"])
            if target.startswith(US):
                return response
            response = self.browser.get(target)
        return response

    def sign_in(self, challenge: Challenge, user: str = "kari", **form: str) -> dict[str, str]:
        """The answer that the browser brings back."""
        page = self.begin(challenge)
        fields = {"login": user, "password": USERS[user].password, **form}
        return self.answer(self.follow(self.browser.post(str(page.url), data=fields)))

    def answer(self, response: httpx2.Response) -> dict[str, str]:
        """What stands in the address of our door."""
        address = response.headers["location"]
        assert address.startswith(f"{CALLBACK}?")
        return dict(parse_qsl(urlsplit(address).query))

    def finish(self, challenge: Challenge, answer: dict[str, str]) -> Identity | Rejected | Unavailable:
        """What we make of it."""
        return self.us.finish(self.party, challenge, answer, datetime.now(UTC))


def challenge(**changes: Any) -> Challenge:
    """A new one."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Challenge(state, nonce, verifier, "_id", datetime.now(UTC), **changes)


@contextmanager
def meeting(
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC, **options: Any
) -> Iterator[Meeting]:
    """A provider that runs, with our connection to it."""
    keys = own_key_set(KEY) if authentication is ClientAuthentication.PRIVATE_KEY_JWT else None
    with running_oidc_provider(
        [CALLBACK], users=USERS, authentication=authentication, client_keys=keys, **options
    ) as provider:
        settings = OidcSettings(provider.issuer, provider.client_id, authentication)
        met = Meeting(provider, Party("connection", 1, settings, provider.client_secret, KEY))
        with met.browser:
            yield met


@pytest.fixture(scope="module")
def usual() -> Iterator[Meeting]:
    """The usual one: a secret, and RS256."""
    with meeting() as met:
        yield met


@pytest.fixture(autouse=True)
def no_cookies(usual: Meeting) -> None:
    """Each test has a new browser."""
    usual.browser.cookies.clear()


def test_a_sign_in_with_a_secret_says_who_it_is(usual: Meeting) -> None:
    """All that the provider knows of Kari."""
    asked = challenge()
    assert usual.us.check_settings(usual.party) is None
    told = usual.finish(asked, usual.sign_in(asked))
    assert isinstance(told, Identity)
    assert (told.subject, told.email, told.email_verified) == ("kari", "kari@example.no", True)
    assert (told.name, told.groups, told.amr) == ("Kari Nordmann", ("staff",), ("pwd",))
    assert {"response_issuer", "signature", "nonce"} <= set(told.checks)


@pytest.mark.parametrize(
    ("authentication", "algorithm"),
    [(ClientAuthentication.PRIVATE_KEY_JWT, "ES256"), (ClientAuthentication.SECRET_POST, "EdDSA")],
)
def test_every_way_of_proving_and_signing_works(authentication: ClientAuthentication, algorithm: str) -> None:
    """Our key instead of a secret, and the provider's other algorithms."""
    with meeting(authentication, algorithm=algorithm, claims_by_userinfo_only=True) as met:
        assert met.us.check_settings(met.party) is None
        asked = challenge()
        told = met.finish(asked, met.sign_in(asked))
        assert isinstance(told, Identity)
        assert (told.subject, told.email, told.groups) == ("kari", "kari@example.no", ("staff",))
        assert "userinfo" in told.checks


@pytest.mark.row("R85", "R78")
def test_what_the_provider_says_of_the_proof_is_told(usual: Meeting) -> None:
    """Methods, level and time; and an address that is not verified stays so."""
    asked = challenge(is_fresh=True, context=("urn:high",))
    told = usual.finish(asked, usual.sign_in(asked, "ola"))
    assert isinstance(told, Identity)
    assert (told.amr, told.acr, told.email_verified) == (("pwd", "otp", "mfa"), "urn:high", False)
    assert told.authenticated_at is not None
    assert "freshness" in told.checks


@pytest.mark.row("R85")
def test_a_fresh_sign_in_shows_the_form_again(usual: Meeting) -> None:
    """Where an old one is enough, the provider sends the browser straight back."""
    usual.sign_in(challenge())
    assert usual.begin(challenge()).is_redirect
    assert "<form" in usual.begin(challenge(is_fresh=True)).text


def test_a_code_is_worth_something_once(usual: Meeting) -> None:
    """The second time the provider refuses, and says that it is the code."""
    asked = challenge()
    answer = usual.sign_in(asked)
    assert isinstance(usual.finish(asked, answer), Identity)
    again = usual.finish(asked, answer)
    assert isinstance(again, Rejected)
    assert (again.code, again.detail) == (No.CODE_REFUSED, "invalid_grant")


def test_a_code_without_its_verifier_is_worth_nothing(usual: Meeting) -> None:
    """Whoever intercepts a code cannot redeem it."""
    asked = challenge()
    answer = usual.sign_in(asked)
    stolen = usual.finish(replace(asked, verifier="v" * 43), answer)
    assert isinstance(stolen, Rejected)
    assert stolen.code == No.CODE_REFUSED


def test_a_code_of_another_sign_in_gives_no_identity(usual: Meeting) -> None:
    """Not even with the verifier that belongs to it: the nonce is another."""
    theirs, ours = challenge(), challenge()
    answer = usual.sign_in(theirs) | {"state": ours.state}
    injected = usual.finish(replace(ours, verifier=theirs.verifier), answer)
    assert isinstance(injected, Rejected)
    assert injected.code == No.NONCE


def test_a_wrong_secret_is_told_apart(usual: Meeting) -> None:
    """From a wrong code."""
    asked = challenge()
    answer = usual.sign_in(asked)
    wrong = usual.us.finish(replace(usual.party, secret="wrong"), asked, answer, datetime.now(UTC))
    assert isinstance(wrong, Rejected)
    assert wrong.code == No.CLIENT_REFUSED


def test_whoever_says_no_is_believed(usual: Meeting) -> None:
    """The provider's refusal comes back as one."""
    asked = challenge()
    refused = usual.finish(asked, usual.sign_in(asked, refuse="yes"))
    assert isinstance(refused, Rejected)
    assert refused.code == No.ACCESS_DENIED


def test_a_shared_secret_as_key_is_refused() -> None:
    """A provider that signs by HS256 is told so, whatever else it announces."""
    with meeting(algorithm="HS256") as met:
        asked = challenge()
        result = met.finish(asked, met.sign_in(asked))
    assert isinstance(result, Rejected)
    assert (result.code, result.detail) == (No.ALGORITHM, "HS256")


@pytest.mark.row("R87")
def test_a_logout_at_the_provider_reaches_us() -> None:
    """Its token names the session that the sign-in named, and an ID token is none."""
    with (
        serving(lambda visit: visit.answer(b"")) as door,
        meeting(backchannel_logout_uri=f"http://127.0.0.1:{door.port}/out") as met,
    ):
        asked = challenge()
        told = met.finish(asked, met.sign_in(asked))
        assert isinstance(told, Identity)
        page = met.browser.get(f"{met.provider.issuer}/session/end")
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        action = re.search(r'action="([^"]*)"', page.text)
        assert action is not None
        met.browser.post(action[1], data=form | {"logout": "yes"})
        assert door.arrived.acquire(timeout=20)
        ended = met.us.read_logout(met.party, _sent(door.visits[0]), datetime.now(UTC))
    assert isinstance(ended, Ended)
    assert (ended.subject, ended.sessions) == ("kari", (told.session,))


def _sent(visit: Visit) -> dict[str, str]:
    """The form that the provider posted."""
    return {name: values[0] for name, values in parse_qs(visit.body.decode()).items()}
