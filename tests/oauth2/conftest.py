"""The house of the pages, and an application that is registered there."""

import pytest

from tests.oauth2.application import Application, register
from tests.web.conftest import blueprint, clock, house
from tests.web.house import House, now
from totrinn.app.applications.grant_records import SigningKey
from totrinn.app.applications.openid import NewKey
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.app.applications.signing_keys import signing_context
from totrinn.oidc_provider import JoseOpenId

__all__ = ["blueprint", "clock", "house"]


@pytest.fixture(scope="session")
def made_keys() -> dict[SigningAlgorithm, NewKey]:
    """One key for each algorithm, made once, as that takes its time."""
    return {algorithm: JoseOpenId().new_key(algorithm) for algorithm in SigningAlgorithm}


@pytest.fixture(autouse=True)
def vendor(house: House, made_keys: dict[SigningAlgorithm, NewKey]) -> None:
    """The vendor, whose applications they are, and the keys that sign for them."""
    house.organisation("vendor", is_vendor=True)
    with house.services.store.writing() as unit:
        for algorithm, made in made_keys.items():
            sealed = house.services.vault.seal(made.private, signing_context(made.id))
            unit.signing_keys.add(SigningKey(made.id, algorithm, sealed, made.public, now(), now()))


@pytest.fixture
def application(house: House, vendor: None) -> Application:
    """A confidential application."""
    return register(house)
