"""Small servers on loopback, of which each answers as its test needs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SECONDS_TO_END = 10


class Quiet(BaseHTTPRequestHandler):
    """Answers, and writes nothing about it."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def listening_by(handler: type[Quiet]) -> Iterator[int]:
    """The port on which requests are answered in this way, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_SECONDS_TO_END)
