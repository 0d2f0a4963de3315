"""Several processes: each is replaced when it ends, renewed when asked, and gone when its parent is."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.cli.test_serving import Server, serving
from tests.serving.clients import children, crowd_at, wait_until


@dataclass
class Pair:
    """A server, and the ids of its two workers when both had all that they need."""

    server: Server
    workers: set[int]

    def now(self) -> set[int]:
        """Who works now."""
        return children(self.server.process.pid)


@pytest.fixture
def pair(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two workers who serve."""
    place = tmp_path_factory.mktemp("systemd") / "notify"
    with ExitStack() as stack:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
            notes.bind(str(place))
            notes.settimeout(90)
            server = stack.enter_context(serving(house.data, "--workers", "2", NOTIFY_SOCKET=str(place)))
            assert notes.recv(100) == b"READY=1"
        yield Pair(server, children(server.process.pid))


def test_a_worker_that_is_killed_is_replaced(pair: Pair) -> None:
    """Within a second another is started; meanwhile the others answer."""
    os.kill(min(pair.workers), signal.SIGKILL)
    assert wait_until(lambda: len(pair.now() - pair.workers) == 1) < 1
    assert pair.server.get("/health/ready")[0] == 200
    assert pair.server.end(signal.SIGTERM)[0] == 0


def test_workers_are_renewed_without_losing_a_request(pair: Pair) -> None:
    """After SIGHUP all are others than before, and everybody has been answered."""
    with crowd_at(pair.server.port, 1) as crowd:
        wait_until(lambda: crowd.answered() > 10)
        pair.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not pair.now() & pair.workers, 60)
        wait_until(lambda: len(pair.now()) == 2)
        answered = crowd.answered()
        wait_until(lambda: crowd.answered() > answered + 10)
        crowd.stopped.set()
        crowd.wait()
        assert crowd.lost() == {}
        assert pair.server.end(signal.SIGTERM)[0] == 0


def test_workers_end_with_their_parent(pair: Pair) -> None:
    """However it went, nobody is left behind who holds the port."""
    pair.server.process.kill()
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in pair.workers), 10)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", pair.server.port))
        probe.listen()


def test_workers_that_keep_ending_end_it_all(pair: Pair, house: House) -> None:
    """When nobody can serve, whoever watches over the program is told by its status, and the log says why."""
    shutil.move(house.data / "keys", house.data / "lost")
    for worker in pair.workers:
        os.kill(worker, signal.SIGKILL)
    _, said = pair.server.process.communicate(timeout=90)
    assert pair.server.process.returncode == 1
    assert "there are no keys" in said
    assert said.endswith("totrinn: the processes that should serve end before they do\n")


def test_a_renewal_that_cannot_succeed_leaves_all_as_it_is(pair: Pair, house: House) -> None:
    """With keys that have gone, those who have theirs in memory go on serving."""
    shutil.move(house.data / "keys", house.data / "lost")
    pair.server.process.send_signal(signal.SIGHUP)
    _wait_for_a_second_try(pair)
    assert pair.workers <= pair.now()
    assert pair.server.get("/login")[0] == 200
    shutil.move(house.data / "lost", house.data / "keys")
    wait_until(lambda: not pair.now() & pair.workers, 60)
    assert pair.server.get("/health/ready")[0] == 200


def _wait_for_a_second_try(pair: Pair) -> None:
    """Until the first who should have followed has ended, and another has been started."""
    followers: set[int] = set()

    def has_two() -> bool:
        followers.update(pair.now() - pair.workers)
        return len(followers) > 1

    wait_until(has_two, 60)


def test_a_worker_that_hangs_is_no_reason_to_wait(pair: Pair) -> None:
    """One that has been stopped in its tracks does not keep the others from ending."""
    os.kill(min(pair.workers), signal.SIGSTOP)
    began = time.monotonic()
    pair.server.end(signal.SIGTERM)
    assert time.monotonic() - began < 13
