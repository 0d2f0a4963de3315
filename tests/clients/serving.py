"""Applications of the tests, served on a free port of the loopback while a block lasts."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from werkzeug.serving import make_server

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def reachable(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


@contextmanager
def wsgi(application: Any, port: int) -> Iterator[str]:
    """The address of an application of WSGI."""
    server = make_server(HOST, port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.shutdown()
        thread.join(_PATIENCE_SECONDS)
        server.server_close()


@contextmanager
def asgi(application: Any, port: int) -> Iterator[str]:
    """The address of an application of ASGI."""
    server = uvicorn.Server(uvicorn.Config(application, host=HOST, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join(_PATIENCE_SECONDS)


def until(condition: Any) -> None:
    """Waits until it is true; not for ever."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
