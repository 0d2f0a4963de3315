"""`serve` as a program of its own: from `init` to the first answer, and to an end in good order."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD, environment, program
from tests.cli.conftest import House
from totrinn.demo.browser import Browser

PROGRAM: tuple[str, ...] = (sys.executable, "-m", "totrinn")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running `totrinn serve`."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, text
        finally:
            connection.close()

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Tells it to stop; its status, and what it said on stderr."""
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@contextmanager
def serving(data: Path, *more: str, **settings: str) -> Iterator[Server]:
    """`totrinn serve` for as long as the block lasts."""
    port = free_port()
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--data", str(data), "--port", str(port), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**settings),
    )
    server = Server(process, port)
    try:
        _wait_for(server)
        yield server
    finally:
        process.kill()
        process.communicate(timeout=30)


def _wait_for(server: Server) -> None:
    last = time.monotonic() + 90
    while True:
        try:
            if server.get("/health/live")[0] == 200:
                return
        except OSError:
            if time.monotonic() > last or server.process.poll() is not None:
                raise
            time.sleep(0.02)


def test_from_init_to_a_held_sign_in(tmp_path: Path) -> None:
    """What the operator does on the first day, with programs of their own: init, link, serve, account, sign-in."""
    data = tmp_path / "data"
    link = program("init", "--data", str(data)).link("setup")
    with serving(data) as server:
        assert server.get("/health/ready")[0] == 200
        browser = Browser(f"http://localhost:{server.port}", server.port)
        form = browser.visit(link).form(link)
        made = browser.post(form, email="staff@vendor.example", name="Tor-Arne", password=PASSWORD)
        assert made.status == 200
        held = browser.post(browser.visit("/login").form("/login"), email="staff@vendor.example", password=PASSWORD)
        assert held.path == "/login/enrol"
        status, said = server.end(signal.SIGTERM)
    assert (status, said) == (0, "")


@pytest.mark.row("R69")
def test_answers_say_nothing_about_the_server(house: House) -> None:
    """No name, no version; and a request id, by which a line of the log is found."""
    with serving(house.data) as server:
        headers = server.get("/login")[1]
        assert "server" not in headers
        assert "uvicorn" not in str(headers).lower()
        assert headers["x-request-id"] != server.get("/login")[1]["x-request-id"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_it_ends_in_good_order(house: House, how: signal.Signals) -> None:
    """Status 0, and no traceback."""
    with serving(house.data) as server:
        assert server.end(how) == (0, "")


def test_several_processes_serve_behind_one_port(house: House) -> None:
    """`--workers 2` answers, and ends in good order."""
    with serving(house.data, "--workers", "2") as server:
        assert [server.get("/health/ready")[0] for _ in range(5)] == [200] * 5
        assert server.end(signal.SIGTERM)[0] == 0


def test_a_taken_port_is_said(house: House) -> None:
    """One line, not a stack."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = house.run("serve", "--port", str(taken.getsockname()[1]))
    assert outcome.status == 1
    assert outcome.err.endswith("is taken by another program\n")


@pytest.mark.row("R66")
def test_passwords_in_the_clear_are_refused(house: House) -> None:
    """Plain http beyond this machine does not start."""
    outcome = house.run("serve", TOTRINN_BASE_URL="http://login.example")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "https" in outcome.err


def test_the_embedded_form_is_migrated_by_serving(house: House) -> None:
    """A new program renews the tables by itself, before it looks whether there is an installation in them."""
    database = house.data / "totrinn.sqlite3"
    database.write_bytes(b"")
    outcome = house.run("serve", "--port", str(free_port()))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "totrinn init" in outcome.err
    assert house.run("doctor").status == 1


def test_failures_are_told_as_lines_of_json(house: House) -> None:
    """What goes wrong while serving is one object a line, with the request's id and without one-time tokens."""
    import logging

    from totrinn.serving.logs import JsonLines, request_id

    request_id.set("abc")
    record = logging.makeLogRecord({"name": "totrinn.web", "levelname": "ERROR", "msg": "request failed"})
    record.path = "/setup/hemmelig-token?x=1"
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "request failed"
    assert line["request_id"] == "abc"
    assert line["path"] == "/setup/…?x=1"


def test_commands_print_the_address_that_is_served(tmp_path: Path) -> None:
    """Whoever has not told a command of an address gets links to the server which ran last; a setting wins."""
    data = tmp_path / "data"
    program("init", "--data", str(data))
    with serving(data) as server:
        assert f"http://localhost:{server.port}/setup/" in program("setup-link", "--data", str(data)).out
    told = program("setup-link", "--data", str(data), TOTRINN_BASE_URL="https://login.example.org")
    assert "https://login.example.org/setup/" in told.out
    assert f"http://localhost:{server.port}/setup/" in program("setup-link", "--data", str(data)).out
