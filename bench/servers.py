"""A server under measurement: started on a free port of loopback, measured from outside, stopped by its pid.

What counts is CPU time, user and system, of the process and all its descendants: neither the client, nor waiting, nor
other work on the machine is in it.
"""

import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HOST = "127.0.0.1"
_SECONDS_TO_START = 120.0
_SECONDS_TO_STOP = 15.0
_PAUSE = 0.002
_OTHERS = ("TOTRINN_", "PYTHON")
_CPU_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED: clock_getcpuclockid(3) makes its clock ids in the same way


class NotServed(RuntimeError):
    """The server has ended, or does not answer."""


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB. `pss` counts a page that several processes share once, `rss` in each; `peak` is the highest `rss` so far."""

    pss: float
    rss: float
    peak: float


@dataclass(frozen=True, slots=True)
class Start:
    """From the start of the program to its first answer, in seconds."""

    wall: float
    cpu: float


class Server:
    """Runs while its block lasts; `command` may name the port as `{port}`, compiled files are kept in `bytecode`."""

    def __init__(self, command: Sequence[str], *, ready: str, log: Path, bytecode: Path) -> None:
        self.port = _free_port()
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        self._ready, self._log = ready, log
        # As on any machine where the program has run before: compiled, and the bytecode within reach.
        self._extra = {"PYTHONPYCACHEPREFIX": str(bytecode)}
        self._process: subprocess.Popen[bytes]
        self.start: Start

    def __enter__(self) -> "Server":
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        with self._log.open("ab") as log:
            began = time.perf_counter()
            self._process = subprocess.Popen(
                self._command, env={**environment, **self._extra}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait_for_answer(began + _SECONDS_TO_START)
        except BaseException:
            self._stop()
            raise
        self.start = Start(time.perf_counter() - began, self.cpu())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def cpu(self) -> float:
        """Seconds of CPU that the process and its descendants have used."""
        return cpu_of_tree(self._process.pid)

    def memory(self) -> Memory:
        """What they hold now, and held at most."""
        pids = _tree(self._process.pid)
        status = [_read(f"/proc/{pid}/status") for pid in pids]
        return Memory(
            pss=sum(_mebibytes(_read(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in pids),
            rss=sum(_mebibytes(text, "VmRSS") for text in status),
            peak=sum(_mebibytes(text, "VmHWM") for text in status),
        )

    def _wait_for_answer(self, last: float) -> None:
        while True:
            connection = http.client.HTTPConnection(HOST, self.port, timeout=_SECONDS_TO_START)
            try:
                connection.request("GET", self._ready)
                answer = connection.getresponse()
                answer.read()
            except OSError:
                self._check(last)
                time.sleep(_PAUSE)
                continue
            finally:
                connection.close()
            if answer.status != http.HTTPStatus.OK:
                raise NotServed(f"{self._ready} answers {answer.status}: {self._log.read_text()[-2000:]}")
            return

    def _check(self, last: float) -> None:
        if self._process.poll() is not None:
            raise NotServed(f"{' '.join(self._command)} has ended: {self._log.read_text()[-2000:]}")
        if time.perf_counter() > last:
            raise NotServed(f"{' '.join(self._command)} does not answer: {self._log.read_text()[-2000:]}")

    def _stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def cpu_of_tree(pid: int) -> float:
    """Seconds of CPU that a process and its descendants have used."""
    return sum(_cpu_of(each) for each in _tree(pid))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(str(children)).split():
            pids += _tree(int(child))
    return pids


def _cpu_of(pid: int) -> float:
    try:
        return time.clock_gettime(~pid << 3 | _CPU_CLOCK_OF_PROCESS)
    except OSError:
        return 0.0


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _mebibytes(text: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
