"""Fjordly, whose global administrator calls the API from her browser."""

import pytest

from tests.web.api.programs import Program
from tests.web.house import House, Resident
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """A global administrator of Fjordly; there are the vendor and another organisation, too."""
    house.organisation("vendor", is_vendor=True)
    house.organisation("other")
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Holm", factor=True)


@pytest.fixture
def person(house: House, kari: Resident) -> Program:
    """Her, by the cookie of her browser."""
    return Program(house, browser=house.sign_in(kari))
