"""A connection that breaks in the moment of a commit: before the server has heard of it, or before we hear of it."""

import contextlib
import socket
import threading
from enum import StrEnum

_COMMIT, _WRITING, _READING = b"COMMIT\x00", b" READ WRITE;", b" READ ONLY;"
_AT_ONCE = 65536


class Cut(StrEnum):
    """Where the connection breaks."""

    BEFORE = "before the server has heard of the commit"
    AFTER = "after the server has committed, before it can say so"


class Cutter:
    """Stands between a program and its PostgreSQL server, and breaks the connection of the next change when told to."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._wanted: Cut | None = None
        self.cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where the program connects to."""
        return int(self._listener.getsockname()[1])

    def arm(self, cut: Cut) -> None:
        """Breaks the connection at the next commit that changes something; `cut` is set then."""
        with self._lock:
            self.cut.clear()
            self._wanted = cut

    def break_all(self) -> None:
        """Breaks every connection, wherever it is."""
        with self._lock:
            for each in self._open:
                _break(each)
            self._open.clear()

    def close(self) -> None:
        """Ends."""
        self._listener.close()
        self.break_all()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._open += [client, server]
        threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
        writes = False
        with contextlib.suppress(OSError):
            while sent := client.recv(_AT_ONCE):
                writes = (writes or _WRITING in sent) and _READING not in sent
                cut = self._due() if writes and _COMMIT in sent.upper() else None
                if cut is not None:
                    _break(client)
                if cut is not Cut.BEFORE:
                    server.sendall(sent)
                if cut is not None:
                    self.cut.set()
                    break
        # The server reads to the end what has reached it; nothing of what it says comes through any more.
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _due(self) -> Cut | None:
        with self._lock:
            wanted, self._wanted = self._wanted, None
        return wanted


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    """What the server says, to the program; when either is gone the server is still read to the end."""
    with contextlib.suppress(OSError):
        while said := server.recv(_AT_ONCE):
            with contextlib.suppress(OSError):
                client.sendall(said)
    _break(client)
    server.close()


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
