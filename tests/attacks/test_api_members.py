"""Whoever adds members by the API becomes nobody by it."""

import pytest

from tests.attacks.house import Browser, House
from tests.attacks.programs import API, CSRF, program, token
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules

FJORDLY = "/organisations/fjordly"


@pytest.fixture
def boss(house: House) -> Browser:
    """The global administrator of an organisation that requires two-factor, signed in."""
    house.organisation("fjordly")
    return house.enrolled("boss@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)


def _role(house: House, person_id: str) -> Role:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        member = unit.members.find(organisation.id, person_id)
    assert member is not None
    return member.role


@pytest.mark.row("R51", "R78")
def test_nobody_holds_the_password_of_whom_the_provider_will_prove(house: House, boss: Browser) -> None:
    """Whoever adds members would else be the chief, with the role that their groups give, as soon as they come."""
    rules = SsoRules(roles=(("chiefs", Role.GLOBAL_ADMINISTRATOR),))
    connection = house.connection("fjordly", "fjordly.test", rules=rules)
    with program(house, token(house, "fjordly").text) as client:
        by_token = client.post(f"{FJORDLY}/members", json={"email": "chief@fjordly.test"})
    by_person = boss.http.post(f"{API}{FJORDLY}/members", json={"email": "vice@fjordly.test"}, headers=CSRF)
    assert [(each.status_code, each.json()["link"]) for each in (by_token, by_person)] == [(201, None)] * 2
    chief = house.browser()
    chief.sign_in_by_sso(connection, "chief", "chief@fjordly.test", groups=("chiefs",))
    assert chief.is_in()
    assert _role(house, by_token.json()["member"]["id"]) is Role.GLOBAL_ADMINISTRATOR
