"""Nodes: `totrinn serve` as programs of their own, one or several over one database, and those who ask them."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from tests.cli.commands import environment
from totrinn.web.csrf import token_for

Result = TypeVar("Result")
_PATIENCE_SECONDS = 40
_SECONDS_TO_START = 100


@dataclass(frozen=True, slots=True)
class Installed:
    """Where an installation is: the folder of its keys, and the address of its database."""

    data: Path
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    location: str
    cookies: Mapping[str, str]
    text: str

    def hidden(self, name: str) -> str:
        """The value of the first hidden field of this name."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.text)
        assert found, self.text
        return found[1]


class Node:
    """A running `totrinn serve`."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port

    def get(self, path: str, **cookies: str) -> Answer:
        """Asks for a page."""
        return self.ask("GET", path, None, cookies)

    def post(self, path: str, seed: str, fields: Mapping[str, str], **cookies: str) -> Answer:
        """Sends a form of a page that was shown under the cookie with the value `seed`."""
        return self.ask("POST", path, urlencode({"csrf": token_for(seed), **fields}), cookies)

    def ask(
        self,
        method: str,
        path: str,
        body: str | None,
        cookies: Mapping[str, str],
        *,
        seconds: float = _PATIENCE_SECONDS,
    ) -> Answer:
        """One request on a connection of its own, as behind a load balancer."""
        headers = {"Cookie": "; ".join(f"{name.replace('_', '-')}={value}" for name, value in cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.send(method, path, body, headers, seconds=seconds)

    def send(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: Mapping[str, str],
        *,
        seconds: float = _PATIENCE_SECONDS,
    ) -> Answer:
        """The same with these headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            text = response.read().decode()
            given = (line.partition(";")[0].partition("=") for line in response.headers.get_all("set-cookie", []))
            jar = {name: value.strip('"') for name, _, value in given}
            return Answer(response.status, response.getheader("location", ""), jar, text)
        finally:
            connection.close()

    def stop(self) -> str:
        """Stops it in good order; what it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=_PATIENCE_SECONDS)[1]


@contextmanager
def serving(installed: Installed, *more: str, **settings: str) -> Iterator[Node]:
    """A node for as long as the block lasts."""
    port = free_port()
    where = ["--data", str(installed.data), "--database", installed.url, "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "totrinn", "serve", *where, *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**settings),
    )
    node = Node(process, port)
    try:
        wait_for(node)
        yield node
    finally:
        if process.poll() is None:
            node.stop()


def wait_for(node: Node) -> None:
    """Until it is ready. Raises `AssertionError` when that takes too long, or it has ended."""
    last = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < last:
        assert node.process.poll() is None, node.process.communicate()
        with suppress(OSError, http.client.HTTPException):
            if node.ask("GET", "/health/ready", None, {}, seconds=5).status == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the node did not become ready")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def at_once(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Runs all acts from one starting shot; what they returned, in their order."""
    start = threading.Barrier(len(acts))
    results: dict[int, Result] = {}

    def run(number: int, act: Callable[[], Result]) -> None:
        start.wait()
        results[number] = act()

    threads = [threading.Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * _PATIENCE_SECONDS)
    assert len(results) == len(acts), "some got no answer"
    return [results[number] for number in range(len(acts))]
