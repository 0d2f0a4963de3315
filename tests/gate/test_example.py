"""`examples/jobadmin-gate`, as its README says to run it, behind nginx and behind Caddy, in a real browser."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.attacks.house import PASSWORD, House, running_house
from tests.browser.chromium import Desk, running
from tests.gate import proxies
from tests.gate.proxies import JOBADMIN_EXAMPLE, Ports, free_ports
from tests.gate.visiting import prepare, protect

KINDS = {"nginx": proxies.example_nginx, "caddy": proxies.example_caddy}
OLA = "ola@fjordly.test"
_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Trial:
    """Totrinn, the example, and its proxy."""

    house: House
    address: str


@contextmanager
def _application(port: int) -> Iterator[None]:
    command = [sys.executable, str(JOBADMIN_EXAMPLE / "app.py"), str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONWARNINGS": ""})
    last = time.monotonic() + _PATIENCE_SECONDS
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < last
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


@pytest.fixture(params=KINDS)
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    """One for each proxy."""
    proxy, application = free_ports(2)
    host = f"jobadmin.localhost:{proxy}"
    with ExitStack() as stack:
        house = stack.enter_context(running_house(tmp_path))
        prepare(house)
        protect(house, host)
        house.person(OLA, "fjordly")
        stack.enter_context(_application(application))
        ports = Ports(proxy, int(house.address.rpartition(":")[2]), application, 0)
        folder = tmp_path / "proxy"
        folder.mkdir()
        stack.enter_context(KINDS[request.param](folder, ports))
        yield Trial(house, f"http://{host}")


@pytest.fixture
def page(trial: Trial) -> Iterator[Page]:
    """A page of a browser with nothing in it."""
    with running() as browser:
        desk = Desk(browser)
        yield desk.sit_down(trial.address, language="en")
        desk.tidy()


def _sign_in(page: Page) -> None:
    page.get_by_label("Email address").fill(OLA)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.browser
def test_a_browser_signs_in_works_signs_out_and_is_held_by_the_requirement(trial: Trial, page: Page) -> None:
    """All of it by clicking: no policy of a page of ours stands in the way to another host."""
    page.goto(f"{trial.address}/?from=mail")
    _sign_in(page)
    page.wait_for_url(f"{trial.address}/?from=mail")
    expect(page.get_by_text("You are ola (ola@fjordly.test), user.")).to_be_visible()
    expect(page.get_by_text("You signed in with one factor.")).to_be_visible()
    page.get_by_label("Note").fill("Jobb <b>nr.</b> 1 æøå")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("ola: Jobb <b>nr.</b> 1 æøå")).to_be_visible()

    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url(f"{trial.house.address}/oauth2/logout")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{trial.address}/")
    _sign_in(page)
    page.wait_for_url(f"{trial.address}/")

    trial.house.require("fjordly")
    page.goto(f"{trial.address}/?from=list")
    _sign_in(page)
    page.wait_for_url(f"{trial.house.address}/login/enrol")
    page.goto(f"{trial.address}/")
    page.wait_for_url(f"{trial.house.address}/login/enrol")
