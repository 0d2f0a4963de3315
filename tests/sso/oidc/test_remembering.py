"""What a provider says of itself is remembered for a while, renewed while others go on, and forgotten in time."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from tests.sso.oidc.issuer import (
    ANSWER,
    CHALLENGE,
    ISSUER,
    NOW,
    PARTY,
    Canned,
    Clock,
    canned,
    header,
    id_claims,
    metadata,
    public,
    relying_party,
    signed,
    tokens,
)
from totrinn.app.identity_providers import Identity, Party, Rejected, Unavailable
from totrinn.fetching.exchange import Fetched
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc import OidcRelyingParty

pytestmark = pytest.mark.row("R83")

WELL_KNOWN = ".well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"


@dataclass
class Waiting(Canned):
    """Tells that it fetches, and waits until it may."""

    fetching: threading.Event | None = None
    go_on: threading.Event | None = None

    def get(
        self, address: str, *, accept: str = "application/json", bearer: str = "", limit: int = 1 << 20
    ) -> Fetched | Unavailable:
        """The document, when it may."""
        if self.fetching is not None and self.go_on is not None:
            self.fetching.set()
            assert self.go_on.wait(10)
        return super().get(address, accept=accept, bearer=bearer, limit=limit)


def finish(us: OidcRelyingParty, whose: Party = PARTY) -> Identity | Rejected | Unavailable:
    """A sign-in."""
    return us.finish(whose, CHALLENGE, ANSWER, NOW)


def test_documents_are_remembered_for_a_while() -> None:
    """A sign-in fetches nothing that is known; half an hour later the discovery is renewed, the keys more often."""
    fetcher, clock = canned(), Clock()
    us = relying_party(fetcher, clock)
    assert isinstance(finish(us), Identity)
    assert isinstance(finish(us), Identity)
    assert fetcher.fetched == [f"{ISSUER}/{WELL_KNOWN}", JWKS]
    clock.seconds += 301
    finish(us)
    assert fetcher.fetched[2:] == [JWKS]
    clock.seconds += 1801
    finish(us)
    assert fetcher.fetched[3:] == [f"{ISSUER}/{WELL_KNOWN}", JWKS]


def test_an_outage_is_not_felt_until_what_is_remembered_is_too_old() -> None:
    """Keys for ten minutes, the discovery document for an hour."""
    fetcher, clock = canned(), Clock()
    us = relying_party(fetcher, clock)
    finish(us)
    fetcher.documents.clear()
    clock.seconds += 599
    assert isinstance(finish(us), Identity)
    clock.seconds += 2
    assert isinstance(finish(us), Unavailable)
    assert isinstance(us.begin(PARTY, CHALLENGE, login_hint=""), str)
    clock.seconds += 3600
    assert isinstance(us.begin(PARTY, CHALLENGE, login_hint=""), Unavailable)


def test_a_crowd_does_not_wait_for_whoever_renews() -> None:
    """While one of them fetches the keys anew, the others go on with those that are known."""
    fetching, go_on = threading.Event(), threading.Event()
    fetcher, clock = Waiting(canned().documents), Clock()
    us = relying_party(fetcher, clock)
    finish(us)
    fetcher.fetching, fetcher.go_on = fetching, go_on
    clock.seconds += 301
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(finish, us)
        assert fetching.wait(10)
        assert isinstance(finish(us), Identity)
        assert isinstance(finish(us), Identity)
        go_on.set()
        assert isinstance(first.result(10), Identity)
    assert fetcher.fetched.count(JWKS) == 2


def test_new_settings_forget_what_was_known_under_the_old() -> None:
    """And no connection sees what is remembered of another."""
    fetcher = canned()
    us = relying_party(fetcher)
    for whose in (PARTY, replace(PARTY, revision=2), replace(PARTY, connection_id="other")):
        assert isinstance(finish(us, whose), Identity)
    assert fetcher.fetched == [f"{ISSUER}/{WELL_KNOWN}", JWKS] * 3


def test_a_new_key_is_found_at_once_but_strange_tokens_fetch_nothing() -> None:
    """An unknown key has the set fetched anew, at most once a minute."""
    fetcher, clock = canned(keys=[public("ES256")]), Clock()
    us = relying_party(fetcher, clock)
    assert isinstance(finish(us), Rejected)
    fetcher.documents[JWKS] = json.dumps({"keys": [public("RS256")]}).encode()
    assert isinstance(finish(us), Rejected)
    assert fetcher.fetched.count(JWKS) == 1
    clock.seconds += 60
    assert isinstance(finish(us), Identity)
    assert fetcher.fetched.count(JWKS) == 2
    fetcher.redeemed = tokens(signed(header("RS256", kid="strange"), id_claims("RS256"), "RS256"))
    clock.seconds += 61
    for _ in range(5):
        assert isinstance(finish(us), Rejected)
    assert fetcher.fetched.count(JWKS) == 3


def test_a_fetch_that_fails_counts_as_one() -> None:
    """A provider that is down is not asked for its keys at every strange token."""
    fetcher, clock = canned(), Clock()
    us = relying_party(fetcher, clock)
    finish(us)
    fetcher.redeemed = tokens(signed(header("RS256", kid="strange"), id_claims("RS256"), "RS256"))
    fetcher.documents[JWKS] = Unavailable(Failure.TIMED_OUT)
    clock.seconds += 61
    results = [finish(us) for _ in range(3)]
    assert [type(each) for each in results] == [Unavailable, Rejected, Rejected]
    assert fetcher.fetched.count(JWKS) == 2


FAILURES = [
    {"document": Unavailable(Failure.TIMED_OUT, "idp.example")},
    {"document": b"{}"},
    {"keys": Unavailable(Failure.BAD_STATUS, "500")},
    {"keys": b"no keys"},
]


@pytest.mark.row("R83", "R87")
@pytest.mark.parametrize("broken", FAILURES)
def test_strangers_cannot_have_a_failing_provider_asked_as_often_as_they_like(
    broken: dict[str, bytes | Unavailable],
) -> None:
    """Fifty logout tokens within ten seconds are told the same, by one fetch; then it is tried again."""
    fetcher, clock = canned(), Clock()
    name, document = (f"{ISSUER}/{WELL_KNOWN}", broken["document"]) if "document" in broken else (JWKS, broken["keys"])
    right, fetcher.documents[name] = fetcher.documents[name], document
    us = relying_party(fetcher, clock)
    token = signed(header(), id_claims(), "RS256")

    def told() -> object:
        result = us.read_logout(PARTY, {"logout_token": token}, NOW)
        return (result.code, result.detail) if isinstance(result, Rejected | Unavailable) else result

    results = {told() for _ in range(50)}
    assert len(results) == 1
    assert fetcher.fetched.count(name) == 1
    finish(us, replace(PARTY, revision=2))
    assert fetcher.fetched.count(name) == 2
    clock.seconds += 9.9
    assert told() in results
    assert fetcher.fetched.count(name) == 2
    fetcher.documents[name] = right
    clock.seconds += 0.1
    assert isinstance(finish(us), Identity)
    assert fetcher.fetched.count(name) == 3


def test_a_renewal_that_fails_is_not_tried_by_everybody() -> None:
    """While what is remembered still counts, nobody waits for a provider that is down, but one in ten seconds."""
    fetcher, clock = canned(), Clock()
    us = relying_party(fetcher, clock)
    finish(us)
    fetcher.documents[JWKS] = Unavailable(Failure.TIMED_OUT)
    clock.seconds += 301
    assert [type(finish(us)) for _ in range(20)] == [Identity] * 20
    assert fetcher.fetched.count(JWKS) == 2
    clock.seconds += 10
    finish(us)
    assert fetcher.fetched.count(JWKS) == 3


def test_that_there_was_no_place_is_not_remembered() -> None:
    """Nobody was asked then: the next one may find a place."""
    fetcher = canned()
    name = f"{ISSUER}/{WELL_KNOWN}"
    right, fetcher.documents[name] = fetcher.documents[name], Unavailable(Failure.BUSY.value)
    us = relying_party(fetcher)
    assert finish(us) == Unavailable(Failure.BUSY)
    fetcher.documents[name] = right
    assert isinstance(finish(us), Identity)


def test_remembered_failures_are_bounded() -> None:
    """Whatever the number of connections."""
    fetcher = canned()
    fetcher.documents.clear()
    us = relying_party(fetcher)
    for number in range(1100):
        us.begin(replace(PARTY, revision=number), CHALLENGE, login_hint="")
    us.begin(replace(PARTY, revision=1099), CHALLENGE, login_hint="")
    assert len(fetcher.fetched) == 1100
    us.begin(replace(PARTY, revision=0), CHALLENGE, login_hint="")
    assert len(fetcher.fetched) == 1101


def test_the_test_of_a_connection_asks_in_spite_of_a_failure() -> None:
    """And when it has found the provider well, so have all."""
    fetcher = canned()
    right, fetcher.documents[JWKS] = fetcher.documents[JWKS], Unavailable(Failure.TIMED_OUT)
    us = relying_party(fetcher)
    assert isinstance(finish(us), Unavailable)
    assert isinstance(us.check_settings(PARTY), Unavailable)
    fetcher.documents[JWKS] = right
    assert isinstance(finish(us), Unavailable)
    assert us.check_settings(PARTY) is None
    assert isinstance(finish(us), Identity)


def test_the_test_of_a_connection_believes_nothing_remembered() -> None:
    """Whoever has just mended the provider must see it."""
    fetcher = canned(document=metadata(response_types_supported=["id_token"]))
    us = relying_party(fetcher)
    assert isinstance(us.check_settings(PARTY), Rejected)
    fetcher.documents[f"{ISSUER}/{WELL_KNOWN}"] = json.dumps(metadata()).encode()
    assert us.check_settings(PARTY) is None
    assert isinstance(finish(us), Identity)
    assert len(fetcher.fetched) == 3


def test_what_is_remembered_is_bounded() -> None:
    """Whatever the number of connections; the oldest is forgotten first."""
    fetcher = canned()
    us = relying_party(fetcher)
    for number in range(1100):
        us.begin(replace(PARTY, revision=number), CHALLENGE, login_hint="")
    us.begin(replace(PARTY, revision=1099), CHALLENGE, login_hint="")
    assert len(fetcher.fetched) == 1100
    us.begin(replace(PARTY, revision=0), CHALLENGE, login_hint="")
    assert len(fetcher.fetched) == 1101
