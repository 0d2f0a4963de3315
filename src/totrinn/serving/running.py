"""`serve`: answering over HTTP, by one process, or by several behind one socket, until it is told to stop."""

import errno
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from totrinn.app.errors import StoreUnavailable, TotrinnError
from totrinn.app.observing import Observer
from totrinn.bootstrap import Installation, application, remember_address, serve_installation
from totrinn.config import Settings, WrongSetting, plain_http_beyond_loopback
from totrinn.metrics import begin_sharing, exposed, worker_counts
from totrinn.serving.answering import SECONDS_TO_FINISH, Server, end_at_the_latest
from totrinn.serving.delivering import delivering
from totrinn.serving.housekeeping import Housekeeper
from totrinn.serving.logs import write_logs
from totrinn.serving.presence import Presence
from totrinn.serving.request_log import RequestLog
from totrinn.serving.systemd import ALIVE, READY, STOPPING, tell_systemd
from totrinn.serving.telling import telling
from totrinn.web.settings import read_networks

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_BACKLOG = 2048
_SECONDS_TO_START = 30
_LONGEST_WAIT_FOR_DATABASE = 30
_BETWEEN_TRIES = 1.0
_log = logging.getLogger("totrinn.serving")


class CannotListen(OSError):
    """The address is taken, or is none of this machine's."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serves until it is told to stop; waits a while for a database server that is not up yet.

    Raises `WrongSetting` for a base address that would send passwords over a network in the clear, `CannotListen`,
    `WorkersKeepEnding`, and whatever `serve_installation` raises.
    """
    refuse_plain_http(settings)
    write_logs()
    with listening(settings.host, settings.port) as listener:
        (_serve_by_many if settings.workers > 1 else _serve_alone)(settings, listener, announce)


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
            raise _cannot_listen(host, port, error) from None
        listener.set_inheritable(True)
        yield listener
    finally:
        listener.close()


@contextmanager
def serving_meanwhile(served: "ASGIApp", listener: socket.socket) -> Iterator[None]:
    """Serves in a thread of its own for as long as the block lasts."""
    ending = threading.Event()
    surrounded = RequestLog(served, observer=Observer(), is_ending=ending.is_set)
    server = Server(surrounded, ending)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True)
    thread.start()
    _wait_for(server)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(SECONDS_TO_FINISH)


def _serve_alone(settings: Settings, listener: socket.socket, announce: Callable[[str], None]) -> None:
    ending = threading.Event()
    with ExitStack() as stack:
        observer = stack.enter_context(_metrics(settings))
        installation = stack.enter_context(_opened(settings, observer))
        stack.enter_context(Presence(installation))
        stack.enter_context(keeping_house(installation))
        server = Server(_surrounded(installation, ending), ending, each_second=_Pulse(ending))
        announce(settings.base_url)
        _keep_what_is_loaded()
        server.run(sockets=[listener])


def _serve_by_many(settings: Settings, listener: socket.socket, announce: Callable[[str], None]) -> None:
    from totrinn.serving.supervising import Supervisor

    ending = threading.Event()
    with ExitStack() as stack:
        forget = stack.enter_context(begin_sharing(settings))
        observer = stack.enter_context(_metrics(settings, of_several=True))
        installation = stack.enter_context(_opened(settings, observer))
        presence = stack.enter_context(Presence(installation))
        stack.enter_context(keeping_house(installation))
        announce(settings.base_url)
        _keep_what_is_loaded()
        work = partial(_work, settings, listener, presence.id)
        supervisor = Supervisor(work, settings.workers, on_ending=ending.set, on_end_of=forget)
        supervisor.run(each_turn=_Pulse(ending, supervisor.is_complete))
        end_at_the_latest()


def _work(settings: Settings, listener: socket.socket, parent: str, channel: socket.socket) -> None:
    """One of several processes, from its start to its end; `parent` is the id of the one that began it."""
    from totrinn.serving.supervising import END, beat, heed

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the parent, which tells us
    gc.disable()
    write_logs()
    ending, servers = threading.Event(), list[Server]()

    def leave(word: bytes) -> None:
        if not servers:
            os._exit(0)
        servers[0].leave(turn_away=word in (END, b""), at_once=not word)

    threading.Thread(target=heed, args=(channel, leave), name="parent", daemon=True).start()
    try:
        with _opened(settings, worker_counts(settings)) as installation, Presence(installation, of=parent):
            served = _surrounded(installation, ending)
            servers.append(Server(served, ending, alone=False, each_second=partial(beat, channel)))
            _keep_what_is_loaded()
            servers[0].run([listener])
    except (TotrinnError, WrongSetting) as error:
        _log.error("a worker cannot work: %s", error)
        raise SystemExit(1) from None


class _Pulse:
    """Tells systemd, once a second at most, that all is well: first that it has begun, at last that it ends."""

    def __init__(self, ending: threading.Event, has_begun: Callable[[], bool] = lambda: True) -> None:
        self._ending = ending
        self._has_begun = has_begun
        self._told = ""
        self._at = 0.0

    def __call__(self) -> None:
        state = READY if not self._told else ALIVE
        if self._ending.is_set():
            state = STOPPING
        elif not self._told and not self._has_begun():
            return
        now = time.monotonic()
        if state != self._told or now - self._at >= 1:
            tell_systemd(state)
            self._told, self._at = state, now


@contextmanager
def _opened(settings: Settings, observer: Observer) -> Iterator[Installation]:
    """The installation, as soon as its database answers; one that is a file answers at once or not at all."""
    last = time.monotonic() + _LONGEST_WAIT_FOR_DATABASE
    with ExitStack() as stack:
        installation: Installation | None = None
        while installation is None:
            try:
                installation = stack.enter_context(serve_installation(settings, observer))
            except StoreUnavailable as error:
                if settings.is_embedded or time.monotonic() > last:
                    raise
                _log.warning("waiting for the database: %s", error)
                time.sleep(_BETWEEN_TRIES)
        yield installation


@contextmanager
def keeping_house(installation: Installation) -> Iterator[None]:
    """Does beside the serving what has to be done: clears away what is over, and runs errands to other servers."""
    remember_address(installation)
    beside = Housekeeper(installation), telling(installation), delivering(installation)
    for each in beside:
        each.start()
    try:
        yield
    finally:
        for each in reversed(beside):
            each.stop()


@contextmanager
def _metrics(settings: Settings, *, of_several: bool = False) -> Iterator[Observer]:
    """Raises `CannotListen`."""
    with ExitStack() as stack:
        try:
            observer = stack.enter_context(exposed(settings, of_several=of_several))
        except OSError as error:
            host, port = settings.metrics or ("", 0)
            raise _cannot_listen(host, port, error) from None
        yield observer


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    what = " is taken by another program" if error.errno == errno.EADDRINUSE else f": {error.strerror}"
    return CannotListen(error.errno, f"cannot listen on {host} port {port}{what}")


def _surrounded(installation: Installation, ending: threading.Event) -> "ASGIApp":
    settings = installation.settings
    return RequestLog(
        application(installation, is_ending=ending.is_set),
        observer=installation.services.observer,
        is_ending=ending.is_set,
        trusted=read_networks(settings.trusted_proxies),
        is_written=settings.access_log,
    )


def _wait_for(server: Server) -> None:
    last = time.monotonic() + _SECONDS_TO_START
    while not server.started:
        if time.monotonic() > last:
            raise CannotListen(errno.ETIMEDOUT, "the server did not start")
        time.sleep(0.005)


def _keep_what_is_loaded() -> None:
    """What the start has made lives as long as the process: the collector need never look at it."""
    gc.freeze()
    gc.enable()
