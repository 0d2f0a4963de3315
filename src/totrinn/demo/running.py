"""The demonstration from start to end: a fresh folder, a server on this machine only, the story, and the addresses."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from totrinn.app.landing import Visitor
from totrinn.bootstrap import application, create_installation
from totrinn.config import DATABASE_FILE, DEFAULT_HOST, Settings
from totrinn.core.events import Source
from totrinn.demo.folder import PHONE_FILE, fresh_folder
from totrinn.demo.jobadmin_beside import jobadmin
from totrinn.demo.pages import DemoPages
from totrinn.demo.people import SUPPORT, VENDOR_NAME
from totrinn.demo.phone import Phone
from totrinn.demo.provider import DemoProvider
from totrinn.demo.provider_pages import ProviderPages
from totrinn.demo.seeding import connect, fill
from totrinn.demo.showing import closing, opening
from totrinn.demo.story import Stage, play
from totrinn.serving.logs import write_logs
from totrinn.serving.running import CannotListen, keeping_house, listening, serving_meanwhile

_MOST_PORTS = 100
_FIRST_OPEN_PORT = 1024
_LAST_PORT = 65535


def run(folder: Path, port: int, source: Source, say: Callable[[str], None], *, stay: bool) -> None:
    """Runs the demonstration; `stay`: until Ctrl-C, else until the story has ended.

    Raises `NotADemoFolder`, `CannotListen`, `StoryBroken`.
    """
    visitor = Visitor(now=datetime.now(UTC), address="", browser="")
    with (
        fresh_folder(folder) as data,
        free_port(port) as (listener, free),
        free_port(_beside(free)) as (jobadmins_listener, jobadmins_port),
    ):
        settings = _settings(data, free)
        phone = Phone(data / PHONE_FILE)
        with create_installation(settings, visitor, source) as installation:
            write_logs()
            passwords = fill(installation.services, visitor, source)
            client = connect(installation.services, visitor, source, settings.base_url)
            provider = ProviderPages(DemoProvider(settings.base_url, client))
            pages = (*DemoPages(phone).pages(), *provider.pages())
            served = application(installation, extra=pages, nobody_told=False)
            with (
                keeping_house(installation),
                serving_meanwhile(served, listener),
                jobadmin(
                    installation.services, visitor, source, issuer=settings.base_url, listener=jobadmins_listener
                ) as address,
            ):
                stage = Stage(settings.base_url, free, passwords, phone, address, jobadmins_port)
                say(opening(folder))
                for step in play(stage):
                    say(f"  ✓ {step}")
                ended = _end_of_visit()
                say(closing(settings.base_url, address, passwords, taken=port if free != port else None))
                if stay:
                    ended.wait()


@contextmanager
def free_port(wanted: int) -> Iterator[tuple[socket.socket, int]]:
    """A socket on the wanted port, or on the next one that is free. Raises `CannotListen` when there is none."""
    for port in range(wanted, min(wanted + _MOST_PORTS, _LAST_PORT + 1)):
        with ExitStack() as stack:
            try:
                listener = stack.enter_context(listening(DEFAULT_HOST, port))
            except CannotListen:
                continue
            yield listener, port
            return
    raise CannotListen(errno.EADDRINUSE, f"no port from {wanted} on is free")


def _beside(port: int) -> int:
    """The first port to try for what is served beside this one."""
    return max(_FIRST_OPEN_PORT, port % _LAST_PORT + 1)


def _settings(data: Path, port: int) -> Settings:
    return Settings(
        data=data.absolute(),
        database=f"sqlite:///{data.absolute() / DATABASE_FILE}",
        base_url=f"http://localhost:{port}",
        port=port,
        vendor_name=VENDOR_NAME,
        support=SUPPORT,
        # The provider is this very machine, over plain http.
        allow_private_addresses=True,
    )


def _end_of_visit() -> threading.Event:
    """What happens when somebody presses Ctrl-C, or ends the program otherwise."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended
