"""An installation as an operator makes it: the real program, started by its own commands, on data of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "mild regn over fjorden"
_PATIENCE_SECONDS = 30
_COMMAND = (sys.executable, "-m", "totrinn")


@dataclass(frozen=True, slots=True)
class Installation:
    """One folder of data, and the address that serves it."""

    data: Path
    address: str

    def run(self, *arguments: str, typed: str = "") -> str:
        """Runs one command on this installation; what it prints."""
        done = subprocess.run(
            [*_COMMAND, *arguments, "--data", str(self.data)],
            input=typed,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def organisation(self, name: str, slug: str, *, language: str = "nb", available: bool = True) -> None:
        """Makes an organisation; the vendor makes the feature available to it, or not yet."""
        self.run("organisation", "create", name, "--slug", slug, "--language", language)
        if available:
            self.make_available(slug)

    def make_available(self, slug: str) -> None:
        """The vendor lets the organisation's global administrator turn the requirement on."""
        self.run("feature", "grant", slug, "forced_two_factor", "--why", "De ba om det i sak 4711")

    def withdraw(self, slug: str) -> None:
        """The vendor takes the feature back."""
        self.run("feature", "withdraw", slug, "forced_two_factor", "--why", "Avtalen er avsluttet")

    def user(self, email: str, slug: str, role: str = "user", *, name: str = "") -> None:
        """Makes a person with the common password."""
        about = ("--organisation", slug, "--role", role, "--name", name)
        self.run("user", "create", email, *about, "--password-stdin", typed=f"{PASSWORD}\n")

    def invite(self, email: str, slug: str, role: str = "user") -> None:
        """Offers a person who exists already a membership of one more organisation."""
        self.run("user", "create", email, "--organisation", slug, "--role", role)

    def vendor(self, email: str, *, name: str = "") -> None:
        """Makes one of the vendor's staff."""
        self.run("vendor", "create", email, "--name", name, "--password-stdin", typed=f"{PASSWORD}\n")


@contextmanager
def served(folder: Path) -> Iterator[Installation]:
    """Makes an installation and serves it on a free loopback port until the end."""
    port = _free_port()
    installation = Installation(folder / "data", f"http://localhost:{port}")
    installation.run("init")
    command = [*_COMMAND, "serve", "--data", str(installation.data), "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment())
    try:
        _wait(server, installation.address, folder / "server.log")
        yield installation
    finally:
        _stop(server)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOTRINN_")}
    return {
        **kept,
        "TOTRINN_VENDOR_NAME": "Grade Jobbnorge",
        "TOTRINN_SUPPORT": "support@jobbnorge.example",
        "TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes",
    }


def _wait(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
