"""Servers on loopback that answer as they like: at once, byte by byte, or never."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Visit:
    """One connection that somebody made, with what they asked."""

    connection: socket.socket
    request: bytes
    stopped: threading.Event
    """Set when the test is over: whoever hangs waits for this."""

    def send(self, *pieces: bytes) -> None:
        """Sends them."""
        for piece in pieces:
            self.connection.sendall(piece)

    def answer(
        self, body: bytes, *, status: str = "200 OK", content_type: str = "application/json", more: str = ""
    ) -> None:
        """Sends a whole answer."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self.send(head.encode() + body)

    def drip(self, endless: bytes) -> None:
        """Sends the same piece again and again, with pauses that are shorter than any timeout."""
        while not self.stopped.wait(0.02):
            self.send(endless)

    def hang(self) -> None:
        """Says nothing."""
        self.stopped.wait(30)

    @property
    def target(self) -> str:
        """Path and query of the request."""
        return self.request.split(b" ", 2)[1].decode()

    @property
    def body(self) -> bytes:
        """What was sent along."""
        return self.request.partition(b"\r\n\r\n")[2]


Behaviour = Callable[[Visit], None]


@dataclass
class Server:
    """A server that runs until the end of its block."""

    port: int
    visits: list[Visit] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def serving(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answers every connection on a free loopback port by the behaviour."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

        def converse(connection: socket.socket) -> None:
            with suppress(OSError, ValueError), connection:
                connection.settimeout(30)
                with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                    visit = Visit(stream, _read_request(stream), stopped)
                    server.visits.append(visit)
                    server.arrived.release()
                    behaviour(visit)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stopped.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ValueError("the other side has gone")
    return received
