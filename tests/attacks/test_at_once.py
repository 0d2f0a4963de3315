"""Many at the same time: whatever is given once is given to exactly one."""

import re
import time

import httpx2
import pytest

from tests.attacks.house import Browser, House, at_once, hidden

MANY = 50


def _waiting_at(house: House, email: str, count: int) -> list[tuple[Browser, httpx2.Response]]:
    browsers = []
    for _ in range(count):
        browser = house.browser()
        browser.sign_in(email)
        browsers.append((browser, browser.get("/login/two-factor")))
    return browsers


@pytest.mark.row("R16")
@pytest.mark.row("R17")
def test_one_code_sent_fifty_times_at_once_lets_one_in(house: House) -> None:
    """Fifty unfinished sign-ins of one person send the same code: one is admitted, and one only."""
    house.organisation("fjordly")
    house.enrolled("ola@fjordly.test", "fjordly")
    waiting = _waiting_at(house, "ola@fjordly.test", MANY)
    code = house.apps["ola@fjordly.test"].now()
    acts = [lambda b=b, p=p: b.send(p, "/login/two-factor", code=code) for b, p in waiting]
    at_once(acts)
    assert sum(browser.is_in() for browser, _ in waiting) == 1


@pytest.mark.row("R32")
def test_one_recovery_code_sent_twenty_times_at_once_lets_one_in(house: House) -> None:
    """Twenty unfinished sign-ins send the same recovery code: one is admitted."""
    house.organisation("fjordly", required=True)
    house.person("ola@fjordly.test", "fjordly")
    first = house.browser()
    first.sign_in("ola@fjordly.test")
    shown = first.enrol("ola@fjordly.test").text
    codes = set(re.findall(r"\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b", shown))
    assert len(codes) == 10
    code = codes.pop()
    waiting = _waiting_at(house, "ola@fjordly.test", 20)
    acts = [lambda b=b, p=p: b.send(p, "/login/two-factor", recovery_code=code) for b, p in waiting]
    at_once(acts)
    assert sum(browser.is_in() for browser, _ in waiting) == 1


@pytest.mark.row("R27")
def test_of_two_secrets_confirmed_at_once_one_counts(house: House) -> None:
    """Ten browsers of one person confirm ten secrets at once: one is enrolled and in, the others are out."""
    house.organisation("fjordly", required=True)
    person = house.person("ola@fjordly.test", "fjordly")
    waiting = []
    for _ in range(10):
        browser = house.browser()
        browser.sign_in("ola@fjordly.test")
        app = browser.begin_enrolment()
        waiting.append((browser, browser.get("/login/enrol"), app))
    acts = [lambda b=b, p=p, a=a: b.send(p, "/login/enrol/confirm", code=a.at(time.time())) for b, p, a in waiting]
    at_once(acts)
    with house.database.reading() as unit:
        assert len(unit.factors.of_person(person)) == 1
    assert sum(browser.is_in() for browser, _, _ in waiting) == 1


@pytest.mark.row("R53")
def test_one_unfinished_sign_in_sent_many_times_makes_one_session(house: House) -> None:
    """The same browser sends the same right code ten times at once: at most one session comes of it."""
    house.organisation("fjordly")
    person = house.person("ola@fjordly.test", "fjordly")
    house.enrolled("kari@fjordly.test", "fjordly")
    house.require("fjordly")
    owner = house.browser()
    owner.sign_in("ola@fjordly.test")
    owner.enrol("ola@fjordly.test")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    page = browser.get("/login/two-factor")
    cookie = f"totrinn-signin={browser.cookie('totrinn-signin')}"
    code = house.apps["ola@fjordly.test"].now()
    fields = {**hidden(page.text), "code": code}
    acts = [
        lambda: httpx2.post(house.address + "/login/two-factor", data=fields, headers={"cookie": cookie}, timeout=30)
        for _ in range(10)
    ]
    at_once(acts)
    with house.database.reading() as unit:
        assert len(unit.sessions.of_person(person)) == 2
