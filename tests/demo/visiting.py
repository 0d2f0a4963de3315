"""A demonstration that stays open, for tests that look around in it."""

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cli.commands import environment
from totrinn.demo.browser import Browser


class Visit:
    """A demonstration that stays open, for a visitor."""

    def __init__(self, port: int, said: str, process: "subprocess.Popen[str]") -> None:
        self.port = port
        self.said = said
        self.process = process
        self.browser = self.new_browser()

    @property
    def base_url(self) -> str:
        """The address that people use."""
        return f"http://localhost:{self.port}"

    def new_browser(self) -> Browser:
        """A browser that has never been here."""
        return Browser(self.base_url, self.port)

    def password(self, email: str) -> str:
        """What the table says."""
        found = re.search(rf"{re.escape(email)}\s+(\S+)", self.said)
        assert found
        return found[1]


@contextlib.contextmanager
def visiting(data: Path) -> Iterator[Visit]:
    """A demonstration whose port was taken, so that it is on another; it has told its story."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = str(taken.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "totrinn", "demo", "--data", str(data), "--port", wanted],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        try:
            lines = list(_until_the_address(process))
            yield Visit(int(lines[-1].rpartition(":")[2]), "".join(lines), process)
        finally:
            process.kill()
            process.communicate(timeout=30)


def _until_the_address(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if line.startswith("http://localhost:"):
            return
    raise AssertionError(process.communicate())
