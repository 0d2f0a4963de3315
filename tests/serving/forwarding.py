"""A connection to a database server that can be made to hang, or to be gone."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Forwarder:
    """Passes bytes on between whoever connects and the server behind it, unless it hangs."""

    def __init__(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self._listener = listener
        self._target = target
        self._passes = threading.Event()
        self._passes.set()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def hang(self) -> None:
        """From now on nothing gets through, and nothing is closed."""
        self._passes.clear()

    def go_on(self) -> None:
        """What was held back gets through."""
        self._passes.set()

    def end(self) -> None:
        """Closes everything."""
        self.go_on()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for each in self._sockets:
            each.close()

    def _run(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            theirs = socket.create_connection(self._target)
            self._sockets += (ours, theirs)
            self._run(self._pass_on, ours, theirs)
            self._run(self._pass_on, theirs, ours)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self._passes.wait()
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def forwarding(port: int, target: tuple[str, int]) -> Iterator[Forwarder]:
    """Listens on this port of the loopback until the block ends."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        forwarder = Forwarder(listener, target)
        try:
            yield forwarder
        finally:
            forwarder.end()
