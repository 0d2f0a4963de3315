"""People who go on asking while a server ends, and remember what became of each request."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from totrinn.demo.browser import Browser

SECONDS = 15
_TOO_LATE_SECONDS = 0.5
"""A server that ends closes connections on which nobody has asked for a second; clients bear that (RFC 9112 §9.5)."""
REFUSED = (ConnectionRefusedError, TimeoutError)


class Crowd:
    """Threads that ask, one request after the other, until nobody listens any more or they are told to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.outcomes: Counter[str] = Counter()
        self.stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def each(self, ask: Callable[["Crowd"], None], number: int) -> None:
        """So many more who ask in this way."""
        for _ in range(number):
            thread = threading.Thread(target=self._until_the_end, args=(ask,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self) -> None:
        """Until all have ended."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def answered(self) -> int:
        """How many requests were answered."""
        return sum(number for outcome, number in self.outcomes.items() if outcome.isdigit())

    def lost(self) -> dict[str, int]:
        """What became of the others."""
        return {outcome: number for outcome, number in self.outcomes.items() if not outcome.isdigit()}

    def _until_the_end(self, ask: Callable[["Crowd"], None]) -> None:
        while not self.stopped.is_set():
            try:
                ask(self)
            except ConnectionRefusedError:
                return
            except Exception as error:  # noqa: BLE001 any failure is a request lost
                self.outcomes[f"{type(error).__name__}: {error}"] += 1


def afresh(crowd: Crowd) -> None:
    """A new connection for each request."""
    _ask(crowd, _connected(crowd), last=True)


def on_one_connection(crowd: Crowd) -> None:
    """One connection for all, until the server says that it ends."""
    with closing(_connected(crowd)) as connection:
        answered_at = time.monotonic()
        try:
            while _ask(crowd, connection, last=False):
                answered_at = time.monotonic()
        except ConnectionError:
            if time.monotonic() - answered_at < _TOO_LATE_SECONDS:
                raise


def with_passwords(crowd: Crowd) -> None:
    """Sign-ins, which wait for a core."""
    browser = Browser(f"http://localhost:{crowd.port}", crowd.port)
    form = browser.visit("/login").form("/login")
    answer = browser.post(form, email=f"{time.monotonic_ns()}@example.no", password="feil passord")
    crowd.outcomes[str(answer.status)] += 1


def _connected(crowd: Crowd) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", crowd.port, timeout=SECONDS)
    connection.connect()
    return connection


def _ask(crowd: Crowd, connection: http.client.HTTPConnection, *, last: bool) -> bool:
    """Whether the connection may be used once more."""
    try:
        connection.request("GET", "/login")
        response = connection.getresponse()
        response.read()
    except ConnectionRefusedError as error:
        raise ConnectionAbortedError from error
    crowd.outcomes[str(response.status)] += 1
    if last or response.headers.get("Connection") == "close" or crowd.stopped.is_set():
        connection.close()
        return False
    return True


@contextmanager
def crowd_at(port: int, number: int = 2) -> Iterator[Crowd]:
    """So many of each kind; whoever is left ends with the block."""
    crowd = Crowd(port)
    for ask in (afresh, on_one_connection, with_passwords):
        crowd.each(ask, number)
    try:
        yield crowd
    finally:
        crowd.stopped.set()


def children(process_id: int) -> set[int]:
    """The workers of a running server."""
    found = set()
    for child in Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split():
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"spawn_main" in command:
            found.add(int(child))
    return found


def wait_until(is_so: Callable[[], object], seconds: float = 60) -> float:
    """Until it is so; how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + seconds, "it did not come to that"
        time.sleep(0.02)
    return time.monotonic() - began
