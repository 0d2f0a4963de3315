"""Whatever ends a session, or takes its admission, or takes the application away, refuses the very next request."""

from collections.abc import Callable

import pytest

from tests.attacks.house import OPERATOR, PASSWORD, Browser, House
from tests.gate.conftest import APP, OLA, OTHER
from tests.gate.visiting import CALL, Visit, registrar
from totrinn.app import administering, operating
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.judging import Actor, look_at
from totrinn.core.roles import Role

KARI = "kari@fjordly.test"
NEW_PASSWORD = "stille vann og lange netter"


def _application(house: House, host: str) -> Application:
    with house.database.reading() as unit:
        found = unit.applications.find_by_host(host)
    assert found is not None
    return found


def _administrator(house: House) -> Actor:
    browser = house.enrolled(KARI, "fjordly", Role.GLOBAL_ADMINISTRATOR)
    actor = look_at(house.services, house.visitor(), browser.cookie("totrinn"))
    assert actor is not None
    return actor


def _id(house: House) -> str:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(OLA)
    assert person is not None
    return person.id


def _signed_out(visit: Visit) -> None:
    visit.home.submit("/account", "/logout")


def _signed_out_elsewhere(visit: Visit) -> None:
    other = visit.home.house.browser()
    other.sign_in(OLA)
    other.submit("/login/two-factor", code=visit.home.house.apps[OLA].now())
    assert other.submit("/account", "/account/sessions/end-others").status_code == 303


def _ended_by_an_administrator(visit: Visit) -> None:
    house = visit.home.house
    administering.end_sessions(house.services, house.visitor(), _administrator(house), _id(house))


def _removed(visit: Visit) -> None:
    house = visit.home.house
    administering.remove_member(house.services, house.visitor(), _administrator(house), _id(house))


def _reset(visit: Visit) -> None:
    house = visit.home.house
    operating.reset_by_operator(house.services, house.visitor(), OPERATOR, OLA, why="lost")


def _disabled(visit: Visit) -> None:
    with visit.home.house.database.writing() as unit:
        unit.people.set_active(_id(visit.home.house), is_active=False)


def _password_changed(visit: Visit) -> None:
    house = visit.home.house
    with house.database.writing() as unit:
        unit.people.set_password(_id(house), house.services.passwords.hash(NEW_PASSWORD), house.visitor().now)


def _switched_off(visit: Visit) -> None:
    house = visit.home.house
    registering.switch(house.services, registrar(house), _application(house, APP).id, is_enabled=False)


def _unregistered(visit: Visit) -> None:
    house = visit.home.house
    registering.remove(house.services, registrar(house), _application(house, APP).id)


def _moved(visit: Visit) -> None:
    """Its host now belongs to the other application."""
    house = visit.home.house
    for host, hosts in ((APP, ()), (OTHER, (OTHER, APP))):
        application = _application(house, host)
        changed = registering.change(
            house.services,
            registrar(house),
            application.id,
            Agreement(name=application.name, hosts=hosts),
            expected_revision=application.revision,
        )
        assert isinstance(changed, registering.Registered)


ENDINGS: dict[Callable[[Visit], None], int] = {
    _signed_out: 401,
    _signed_out_elsewhere: 401,
    _ended_by_an_administrator: 401,
    _removed: 401,
    _reset: 401,
    _disabled: 401,
    _password_changed: 401,
    _switched_off: 403,
    _unregistered: 403,
    _moved: 401,
}


@pytest.mark.row("R41")
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__.strip("_"))
def test_the_next_request_is_refused(visit: Visit, ending: Callable[[Visit], None]) -> None:
    """No check in between, and nothing that has to be told to anybody."""
    ending(visit)
    assert visit.status() == ENDINGS[ending]


@pytest.mark.row("R41")
def test_a_requirement_bites_a_pass_of_somebody_without_a_factor(house: House) -> None:
    """Others, who have one, are not disturbed."""
    ola = house.enrolled(OLA, "fjordly")
    house.require("fjordly", on=False)
    house.person(KARI, "fjordly")
    kari = house.browser()
    kari.sign_in(KARI)
    hers, his = Visit(kari, APP), Visit(ola, APP)
    hers.enter()
    his.enter()
    assert (hers.status(), his.status()) == (200, 200)
    house.require("fjordly")
    assert (hers.status(), his.status()) == (401, 200)
    house.require("fjordly", on=False)
    assert hers.status() == 401, "what has ended does not come back"


@pytest.mark.row("R41")
def test_an_application_that_changes_otherwise_disturbs_nobody(visit: Visit) -> None:
    """A new name, or one more host, ends no pass."""
    house = visit.home.house
    application = _application(house, APP)
    agreement = Agreement(name="New name", hosts=(APP, "more.test"))
    registering.change(house.services, registrar(house), application.id, agreement, expected_revision=1)
    assert visit.status() == 200


def test_a_session_that_is_renewed_keeps_its_passes(house: House, ola: Browser) -> None:
    """Changing the password in this browser gives the session a new id, and ends only the others'."""
    visit = Visit(ola, APP)
    visit.enter()
    form = ola.get("/account/password")
    answer = ola.send(
        form, "/account/password", password=PASSWORD, new_password=NEW_PASSWORD, code=house.apps[OLA].now()
    )
    assert answer.status_code == 303, answer.text
    assert visit.status() == 200


def test_one_who_comes_by_sso_is_let_in_and_refused_when_the_connection_goes_off(house: House) -> None:
    """SSO is not disturbed by the requirement; its end is felt at once."""
    house.require("fjordly")
    connection = house.connection("fjordly", "fjordly.test")
    browser = house.browser()
    assert browser.sign_in_by_sso(connection, "subject", OLA).status_code == 303
    visit = Visit(browser, APP)
    visit.enter()
    answer = visit.check(headers=CALL)
    assert answer.status_code == 200
    assert answer.headers["x-totrinn-acr"] == "urn:totrinn:acr:sso"
    with house.database.writing() as unit:
        found = unit.connections.find(connection)
        assert found is not None
        unit.connections.set_enabled(found.organisation_id, connection, is_enabled=False)
    assert visit.status() == 401
