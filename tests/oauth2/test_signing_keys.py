"""Our keys for tokens: made when they are needed, published before they sign and after, and renewed in time."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.oauth2.application import Application, at_once, register
from tests.web.house import Browser, House, now
from totrinn.app.applications import signing_keys
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.app.landing import Visitor
from totrinn.core.events import Source

pytestmark = pytest.mark.row("R86")
OPERATOR = Source("operator:test")


def _published(application: Application) -> list[dict[str, Any]]:
    answer = application.http.get("/oauth2/jwks")
    assert answer.status_code == 200
    return list(answer.json()["keys"])


def _visitor() -> Visitor:
    return Visitor(now(), "", "")


@pytest.fixture
def browser(house: House, application: Application) -> Browser:
    """A browser in which somebody is signed in."""
    house.organisation("fjordly")
    return house.sign_in(house.person("kari@fjordly.no", "fjordly"))


def _kid(application: Application, browser: Browser) -> str:
    header = application.tokens(browser)["id_token"].partition(".")[0]
    return str(json.loads(_decoded(header))["kid"])


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_first_keys_are_made_once_however_many_ask(house: House, application: Application) -> None:
    """One for each algorithm, public halves only, named by their thumbprints."""
    with house.services.store.writing() as unit:
        for key in unit.signing_keys.all():
            unit.signing_keys.forget(key.id)
    askers = at_once(application, 4)
    with ThreadPoolExecutor(4) as pool:
        assert {json.dumps(keys) for keys in pool.map(_published, askers)} == {json.dumps(_published(application))}
    keys = _published(application)
    assert {key["alg"] for key in keys} == {"RS256", "EdDSA"}
    assert len(keys) == 2
    assert all(key["use"] == "sig" and key["kid"] for key in keys)
    assert not {"d", "p", "q", "k"} & {name for key in keys for name in key}


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(
    house: House, application: Application, browser: Browser, clock: time_machine.Traveller
) -> None:
    """At every moment the key that signs has been in the set for an hour, and stays there for a day."""
    old = _kid(application, browser)
    signing_keys.rotate(house.services, _visitor(), OPERATOR)
    assert len(signing_keys.rotate(house.services, _visitor(), OPERATOR)) == 4
    assert {key["kid"] for key in _published(application)} > {old}
    assert _kid(application, browser) == old
    clock.shift(timedelta(minutes=30))
    _kid(application, browser)
    clock.shift(timedelta(minutes=31))
    new = _kid(application, browser)
    assert new != old
    signing_keys.keep(house.services, _visitor(), OPERATOR)
    assert {old, new} <= {key["kid"] for key in _published(application)}
    clock.shift(timedelta(hours=25))
    signing_keys.keep(house.services, _visitor(), OPERATOR)
    kids = {key["kid"] for key in _published(application)}
    assert (old in kids, new in kids, len(kids)) == (False, True, 2)
    assert house.kinds("vendor").count("installation:signing_key:added") == 2


def test_keys_are_renewed_by_age(house: House, application: Application, clock: time_machine.Traveller) -> None:
    """After ninety days, and not before."""
    clock.shift(timedelta(days=89))
    signing_keys.keep(house.services, _visitor(), OPERATOR)
    assert len(_published(application)) == 2
    clock.shift(timedelta(days=1, minutes=1))
    signing_keys.keep(house.services, _visitor(), OPERATOR)
    signing_keys.keep(house.services, _visitor(), OPERATOR)
    assert len(_published(application)) == 4


def test_each_application_gets_the_algorithm_that_was_agreed(house: House, browser: Browser) -> None:
    """RS256 unless something else was, and of nothing that it may choose itself."""
    by_edwards = register(house, signing=SigningAlgorithm.EDDSA)
    given = by_edwards.tokens(browser)
    header = json.loads(_decoded(given["id_token"].partition(".")[0]))
    assert (header["alg"], header["typ"]) == ("EdDSA", "JWT")
    keys = [json.dumps(key) for key in _published(by_edwards)]
    claims = house.services.openid.claims_of_ours(given["id_token"], keys)
    assert claims is not None
    assert claims["at_hash"] == house.services.openid.half_hash(given["access_token"], SigningAlgorithm.EDDSA)
