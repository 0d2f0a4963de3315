"""`totrinn serve` as a program of its own, started, killed and started again on the same port and the same data."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from totrinn.config import Settings, read_settings

_SECONDS_TO_START = 90
_PAUSE = 0.01


class Product:
    """One installation and the program that serves it; `database` is empty for the SQLite file of the folder."""

    def __init__(self, folder: Path, *, database: str = "", workers: int = 1, environment: dict[str, str]) -> None:
        self.folder = folder
        self.database = database
        self.workers = workers
        self.port = free_port()
        self.address = f"http://localhost:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.started_in = 0.0
        """How many seconds the last start took, when nothing was broken."""

    @property
    def settings(self) -> Settings:
        """What it is served with."""
        return read_settings({}, data=self.folder, database=self.database or None, port=self.port)

    @property
    def pid(self) -> int:
        """The number of the process that was started."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the program, and waits until it is ready."""
        self.begin()
        self.started_in = self.seconds_to_ready()

    def begin(self) -> None:
        """Starts the program, ready or not."""
        command = [sys.executable, "-m", "totrinn", "serve", "--data", str(self.folder), "--port", str(self.port)]
        command += ["--workers", str(self.workers)] + (["--database", self.database] if self.database else [])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOTRINN_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**kept, **self._environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_until_ready(self, last: float) -> None:
        """Waits until `/health/ready` answers 200, at the longest until this moment of the monotonic clock."""
        while self.health() != 200:
            if self._process is None or self._process.poll() is not None or time.monotonic() > last:
                raise AssertionError(f"not ready: {self.said()}")
            time.sleep(_PAUSE)

    def seconds_to_ready(self) -> float:
        """How long it takes from now until it is ready."""
        began = time.monotonic()
        self.wait_until_ready(began + _SECONDS_TO_START)
        return time.monotonic() - began

    def health(self) -> int:
        """The status of `/health/ready`; 0 without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def children(self) -> list[int]:
        """The processes that serve, where there are several."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return [int(pid) for pid in found if _serves(int(pid))]

    def kill(self) -> None:
        """Kills the process that was started, at once and without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def kill_one(self, pid: int) -> None:
        """Kills one of the processes that serve."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def end(self) -> int:
        """Tells it to stop; its status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def said(self) -> str:
        """The end of what it has said on its way."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def served(
    folder: Path, *, database: str = "", workers: int = 1, environment: dict[str, str] | None = None
) -> Iterator[Product]:
    """A product that is ready, until the block ends."""
    product = Product(folder, database=database, workers=workers, environment=environment or {})
    orphans: list[int] = []
    try:
        product.start()
        yield product
    finally:
        with contextlib.suppress(OSError):
            orphans = product.children()
        product.kill()
        for pid in orphans:
            product.kill_one(pid)


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than one that only waits to be taken note of."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _serves(pid: int) -> bool:
    """Python has a process of its own that takes note of resources; it serves nobody."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
