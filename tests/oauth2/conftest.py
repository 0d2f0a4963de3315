"""The house of the pages, and an application that is registered there."""

import pytest

from tests.oauth2.application import Application, register
from tests.web.conftest import blueprint, clock, house
from tests.web.house import House

__all__ = ["blueprint", "clock", "house"]


@pytest.fixture
def application(house: House) -> Application:
    """A confidential application."""
    house.organisation("vendor", is_vendor=True)
    return register(house)
