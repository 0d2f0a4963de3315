"""Several processes: each is replaced when it ends, renewed when asked, and gone when its parent is."""

import os
import shutil
import signal
import socket
import time
from pathlib import Path

from tests.cli.conftest import House
from tests.cli.test_serving import Server, serving
from tests.serving.clients import children, crowd_at, wait_until


def both(server: Server) -> set[int]:
    """The two workers, as soon as both are there."""
    wait_until(lambda: len(children(server.process.pid)) == 2)
    return children(server.process.pid)


def test_a_worker_that_is_killed_is_replaced(house: House) -> None:
    """Within a second another is started; meanwhile the others answer."""
    with serving(house.data, "--workers", "2") as server:
        before = both(server)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert wait_until(lambda: len(children(server.process.pid) - before) == 1) < 1
        assert server.get("/health/ready")[0] == 200
        assert server.end(signal.SIGTERM)[0] == 0


def test_workers_are_renewed_without_losing_a_request(house: House) -> None:
    """After SIGHUP all are others than before, and everybody has been answered."""
    with serving(house.data, "--workers", "2") as server, crowd_at(server.port, 1) as crowd:
        before = both(server)
        time.sleep(1)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not children(server.process.pid) & before, 60)
        wait_until(lambda: len(children(server.process.pid)) == 2)
        time.sleep(0.5)
        crowd.stopped.set()
        crowd.wait()
        assert crowd.lost() == {}
        assert crowd.answered() > 20
        assert server.end(signal.SIGTERM)[0] == 0


def test_workers_end_with_their_parent(house: House) -> None:
    """However it went, nobody is left behind who holds the port."""
    with serving(house.data, "--workers", "2") as server:
        workers = both(server)
        server.process.kill()
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 10)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", server.port))
            probe.listen()


def test_workers_that_keep_ending_end_it_all(house: House) -> None:
    """When nobody can serve, whoever watches over the program is told by its status, and the log says why."""
    with serving(house.data, "--workers", "2") as server:
        workers = both(server)
        shutil.move(house.data / "keys", house.data / "lost")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        _, said = server.process.communicate(timeout=90)
        assert server.process.returncode == 1
    assert "there are no keys" in said
    assert said.endswith("totrinn: the processes that should serve end before they do\n")


def test_a_renewal_that_cannot_succeed_leaves_all_as_it_is(house: House) -> None:
    """With keys that have gone, those who have theirs in memory go on serving."""
    with serving(house.data, "--workers", "2") as server:
        before = both(server)
        shutil.move(house.data / "keys", house.data / "lost")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(4)
        assert before <= children(server.process.pid)
        assert server.get("/login")[0] == 200
        shutil.move(house.data / "lost", house.data / "keys")
        wait_until(lambda: not children(server.process.pid) & before, 60)
        assert server.get("/health/ready")[0] == 200


def test_a_worker_that_hangs_is_no_reason_to_wait(house: House) -> None:
    """One that has been stopped in its tracks does not keep the others from ending."""
    with serving(house.data, "--workers", "2") as server:
        victim = min(both(server))
        os.kill(victim, signal.SIGSTOP)
        began = time.monotonic()
        server.end(signal.SIGTERM)
        assert time.monotonic() - began < 13
