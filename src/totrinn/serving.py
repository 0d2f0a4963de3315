"""Answering over HTTP: one process, or several behind one socket, that end what they have begun before they stop.

Uvicorn is told to keep quiet about itself and to believe no header about who asks: both are decided in `web`.
"""

import errno
import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import uvicorn

from totrinn.bootstrap import application, remember_address, serve_installation
from totrinn.config import Settings, WrongSetting, plain_http_beyond_loopback
from totrinn.housekeeping import Housekeeper
from totrinn.logs import RequestIds, write_logs
from totrinn.presence import Presence

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SECONDS_TO_FINISH = 10
_BACKLOG = 2048
_SECONDS_TO_START = 30


class CannotListen(OSError):
    """The address is taken, or is none of this machine's."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop.

    Raises `WrongSetting` for a base address that would send passwords over a network in the clear, `CannotListen`, and
    whatever `serve_installation` raises.
    """
    refuse_plain_http(settings)
    with (
        serve_installation(settings) as installation,
        listening(settings.host, settings.port) as listener,
        Presence(installation) as presence,
    ):
        write_logs()
        remember_address(installation)
        housekeeper = Housekeeper(installation)
        housekeeper.start()
        announce(settings.base_url)
        signal.signal(signal.SIGTERM, _stop)
        with suppress(KeyboardInterrupt):
            if settings.workers > 1:
                _keep_what_is_loaded()
                _serve_by_many(settings, listener, presence.id)
            else:
                server = _server(application(installation))
                _keep_what_is_loaded()
                server.run(sockets=[listener])
        housekeeper.stop()


def refuse_plain_http(settings: Settings) -> None:
    """Raises `WrongSetting` unless people come by https, or from this very machine."""
    if plain_http_beyond_loopback(settings.base_url):
        raise WrongSetting(
            f"{settings.base_url} would send passwords over the network in the clear: set TOTRINN_BASE_URL to its"
            " https:// address (plain http is for localhost only)"
        )


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound, so that nobody else can be. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            what = " is taken by another program" if error.errno == errno.EADDRINUSE else f": {error.strerror}"
            raise CannotListen(error.errno, f"cannot listen on {host} port {port}{what}") from None
        listener.set_inheritable(True)
        yield listener
    finally:
        listener.close()


@contextmanager
def serving_meanwhile(served: "ASGIApp", listener: socket.socket) -> Iterator[None]:
    """Serves in a thread of its own for as long as the block lasts."""
    server = _server(served)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True)
    thread.start()
    _wait_for(server)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(SECONDS_TO_FINISH)


def worker_application(settings: Settings, parent: str) -> "ASGIApp":
    """The application of one of several processes, opened there; the end of the process closes it."""
    write_logs()
    opened = ExitStack()
    installation = opened.enter_context(serve_installation(settings))
    opened.enter_context(Presence(installation, of=parent))
    return RequestIds(application(installation))


def _server(served: "ASGIApp") -> uvicorn.Server:
    return uvicorn.Server(_config(RequestIds(served)))


def _serve_by_many(settings: Settings, listener: socket.socket, parent: str) -> None:
    from uvicorn.supervisors import Multiprocess

    config = _config(partial(worker_application, settings, parent), factory=True, workers=settings.workers)
    Multiprocess(config, [listener]).run()


def _config(served: Callable[..., Any], **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        **more,
    )


def _wait_for(server: uvicorn.Server) -> None:
    last = time.monotonic() + _SECONDS_TO_START
    while not server.started:
        if time.monotonic() > last:
            raise CannotListen(errno.ETIMEDOUT, "the server did not start")
        time.sleep(0.005)


def _keep_what_is_loaded() -> None:
    """What the start has made lives as long as the process: the collector need never look at it."""
    gc.freeze()
    gc.enable()


def _stop(_number: int, _frame: object) -> NoReturn:
    """SIGTERM: Uvicorn has finished what was under way and passes it on; everything else is closed on the way out."""
    raise SystemExit(0)
