"""However a server ends, whoever was let in is answered."""

import http.client
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.conftest import House
from tests.cli.test_serving import Server, serving
from tests.serving.clients import crowd_at

ONE_OR_TWO = pytest.mark.parametrize("workers", ["1", "2"])


@contextmanager
def half_a_request(port: int) -> Iterator[socket.socket]:
    """A form of which the second half is still to come."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        head = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        connection.sendall(f"{head}Content-Length: 10\r\n\r\nemail".encode())
        time.sleep(0.3)
        yield connection


@ONE_OR_TWO
def test_no_request_is_lost_at_the_end(house: House, workers: str) -> None:
    """New connections, kept ones and sign-ins under load: each is answered, or refused before it was let in."""
    with serving(house.data, "--workers", workers) as server, crowd_at(server.port) as crowd:
        time.sleep(1.5)
        began = time.monotonic()
        status, _ = server.end(signal.SIGTERM)
        took = time.monotonic() - began
        crowd.wait()
    assert (status, crowd.lost()) == (0, {})
    assert crowd.answered() > 20
    assert took < 11


@ONE_OR_TWO
def test_a_slow_request_is_finished(house: House, workers: str) -> None:
    """Whoever is in the midst of sending may send the rest, and is answered, while nobody else is let in."""
    with serving(house.data, "--workers", workers) as server, half_a_request(server.port) as connection:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(2.5)
        connection.sendall(b"=abcd")
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 ")
        assert b"connection: close" in answer.lower()
        assert server.process.wait(10) == 0


def test_while_it_ends_it_is_alive_and_not_ready(house: House) -> None:
    """Whoever shares out the requests is told, on connections old and new."""
    with serving(house.data) as server, half_a_request(server.port):
        assert server.get("/health/ready")[0] == 200
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        kept.request("GET", "/health/live")
        kept.getresponse().read()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        status, headers, text = server.get("/health/ready")
        assert (status, text, headers["connection"]) == (503, "this process is about to end\n", "close")
        kept.request("GET", "/health/live")
        assert kept.getresponse().status == 200
        kept.close()


@ONE_OR_TWO
@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_the_second_signal_is_the_end(house: House, workers: str, again: signal.Signals) -> None:
    """At once, whoever is still being served."""
    with serving(house.data, "--workers", workers) as server, half_a_request(server.port):
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.process.poll() is None
        server.process.send_signal(again)
        assert server.process.wait(2) == 128 + again


@ONE_OR_TWO
def test_nothing_keeps_it_longer_than_ten_seconds(house: House, workers: str) -> None:
    """A client that never sends the rest holds up nobody's restart."""
    with serving(house.data, "--workers", workers) as server, half_a_request(server.port):
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        server.process.wait(20)
        assert time.monotonic() - began < 12


def test_systemd_is_told(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    """That it serves, that it is alive, and that it ends."""
    place = tmp_path_factory.mktemp("systemd") / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.bind(str(place))
        notes.settimeout(20)
        with serving(house.data, NOTIFY_SOCKET=str(place)) as server:
            assert notes.recv(100) == b"READY=1"
            assert notes.recv(100) == b"WATCHDOG=1"
            assert _status(server) == 0
            while notes.recv(100) != b"STOPPING=1":
                pass


def _status(server: Server) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    status = server.end(signal.SIGTERM)[0]
    connection.close()
    return status
