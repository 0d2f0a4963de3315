"""docs/operate/high-availability.md: the page's machines are built, and one of them loses its power."""

import json
import logging
import time
from collections.abc import Callable

from tests.operate.building import setup_link
from tests.operate.following import Place, place
from tests.operate.page import read
from tests.operate.people import Browser, Person

PAGE = read("high-availability.md")
INSTALLING = read("embedded.md")
SECONDS_TO_TAKE_OVER = 90
"""On a machine as busy as one that runs tests; how long it really takes is printed."""


def test_a_primary_that_loses_its_power_takes_nothing_along() -> None:
    """What was acknowledged a moment before is there afterwards; people come in through the standby."""
    with place("high-availability.md") as here:
        here.let_in_by_ssh("node1", "node2")
        for node in ("node1", "node2"):
            here.follow(INSTALLING, "Install", on=node)
        printed = here.follow(PAGE, "etcd", "PostgreSQL under Patroni", "The nodes reach the primary")
        first, last = Person("kari@example.org"), Person("ola@example.org")
        browser = here.browser_beside("node1")
        first.accept(browser, setup_link(printed))
        lost = _member(here, "Leader")
        last.accept(here.browser_beside("node2"), setup_link(here.network["node1"].run("totrinn setup-link")))
        here.network[lost].lose_power()
        _comes_in_again(here, last)
        assert browser.is_in()
        _comes_back(here, lost)
        here.follow(PAGE, "When a machine is lost")
        _reaches_the_primary_by_proxy(here, first)
        here.all_done(PAGE)


def _reaches_the_primary_by_proxy(here: Place, person: Person) -> None:
    here.follow(PAGE, "Instead: HAProxy on each node")
    person.sign_in(here.browser_beside("node1"))
    before = _member(here, "Leader")
    here.follow(PAGE, "Before maintenance")
    _until(lambda: _member(here, "Leader") not in ("", before))
    _comes_in_again(here, person)


def _comes_in_again(here: Place, person: Person) -> None:
    """Logs the seconds that it took; whoever tried earlier was told to wait, and not let in."""
    since = time.monotonic()
    browser = here.browser_beside("node2")
    _until(lambda: _has_typed_password(person, browser))
    assert not browser.is_in()
    _until(lambda: _has_typed_code(person, browser))
    logging.getLogger(__name__).warning(
        "signed in %.1f s after another machine had to take over", time.monotonic() - since
    )


def _has_typed_password(person: Person, browser: Browser) -> bool:
    opened = browser.http.get("/login")
    if opened.status_code == 200:
        answer = browser.submit("/login", email=person.email, password=person.password)
        assert answer.status_code in (303, 503), answer.text
        return answer.status_code == 303
    assert opened.status_code == 503, opened.text
    return False


def _has_typed_code(person: Person, browser: Browser) -> bool:
    """Where one process of the node has found the new primary, the other may not have yet."""
    if browser.http.get("/login/two-factor").status_code == 503:
        return False
    browser.submit("/login/two-factor", code=person.code())
    return browser.is_in()


def _comes_back(here: Place, lost: str) -> None:
    here.network[lost].run("systemctl start etcd; systemctl start patroni")
    _until(lambda: _member(here, "Sync Standby") == lost)


def _member(here: Place, role: str) -> str:
    """The machine that has the role now; empty when none has."""
    printed = here.network["witness"].run(
        "curl --silent --fail http://database1:8008/cluster || curl --silent http://database2:8008/cluster || true"
    )
    members = json.loads(printed)["members"] if printed else []
    return next((member["name"] for member in members if member["role"] == role.lower().replace(" ", "_")), "")


def _until(met: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_TAKE_OVER
    while not met():
        assert time.monotonic() < give_up_at
        time.sleep(0.5)
