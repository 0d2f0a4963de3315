"""Many at the same moment, on each kind of database: what is good once is given once, and nothing of ours fails."""

from functools import partial

import pytest

from tests.oauth2.application import Application, at_once, register
from tests.oauth2.houses import house
from tests.oauth2.together import together
from tests.web.house import Browser, House, Resident

__all__ = ["house"]
MANY = 8
ROUNDS = 5
pytestmark = pytest.mark.row("R86")


@pytest.fixture
def kari(house: House, vendor: None) -> Resident:
    """Somebody with a password alone."""
    house.organisation("fjordly")
    return house.person("kari@fjordly.no", "fjordly")


@pytest.fixture
def application(house: House, vendor: None) -> Application:
    """One whose tokens are signed quickly."""
    return register(house, signing="EdDSA")


def test_of_all_who_bring_the_same_code_one_is_given_tokens(
    house: House, application: Application, kari: Resident
) -> None:
    """And they are taken back, as the code was in several hands."""
    browser, workers = house.sign_in(kari), at_once(application, MANY)
    for _ in range(ROUNDS):
        code = application.code(browser)
        answers = together([partial(worker.exchange, code) for worker in workers])
        assert sorted(answer.status_code for answer in answers) == [200, *[400] * (MANY - 1)]
        (given,) = (answer.json() for answer in answers if answer.status_code == 200)
        assert application.userinfo(given["access_token"]).status_code == 401


def test_all_who_bring_the_same_refresh_token_are_given_the_same_next_one(
    house: House, application: Application, kari: Resident
) -> None:
    """And it is good."""
    token, workers = application.tokens(house.sign_in(kari))["refresh_token"], at_once(application, MANY)
    for _ in range(ROUNDS):
        answers = together([partial(worker.refresh, token) for worker in workers])
        assert [answer.status_code for answer in answers] == [200] * MANY
        (token,) = {answer.json()["refresh_token"] for answer in answers}


def test_ending_and_giving_do_not_wait_for_each_other(house: House, application: Application, kari: Resident) -> None:
    """While tokens are refreshed and codes are given, sessions and grants end: nobody gets an error of ours."""
    workers = at_once(application, 3)
    organisation = house.stored("fjordly")

    def end_sessions() -> None:
        with house.services.store.writing() as unit:
            unit.sessions.end_of_person(kari.id)

    def end_grants() -> None:
        with house.services.store.writing() as unit:
            unit.grants.end_of_member(organisation.id, kari.id)

    for _ in range(ROUNDS):
        browser = house.sign_in(kari)
        token = application.tokens(browser)["refresh_token"]
        windows: list[Browser] = [house.same_browser(browser) for _ in range(3)]
        refreshing = [partial(worker.refresh, token) for worker in workers]
        asking = [partial(window.get, application.link()) for window in windows]
        answers = together([*refreshing, *asking, end_sessions, end_grants])
        assert {answer.status_code for answer in answers[:3]} <= {200, 400}
        assert {answer.status for answer in answers[3:6]} == {303}
        assert application.refresh(token).status_code == 400
