"""What runs beside the serving tells applications over HTTP that a session has ended: soon, once, none for another."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest

from tests.cli.commands import PASSWORD
from tests.cli.conftest import House
from tests.listening import Quiet, listening_by
from totrinn.app.accounts import sign_out
from totrinn.app.applications import registering
from totrinn.app.applications.grant_records import Asked, Channel
from totrinn.app.applications.granting import grant_code
from totrinn.app.applications.records import Agreement
from totrinn.app.judging import look_at
from totrinn.app.landing import Admitted, Visitor
from totrinn.app.signing_in import sign_in
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Source
from totrinn.serving import telling as applications

KARI = "kari@fjordly.example"
LONGEST_WAIT = 60


def visitor() -> Visitor:
    """Somebody, now."""
    return Visitor(datetime.now(UTC), "192.0.2.1", "Firefox")


@pytest.fixture
def installation(fjordly: House) -> Iterator[Installation]:
    """One customer with one user; applications may stand on this machine."""
    words = ("user", "create", KARI, "--organisation", "fjordly", "--role", "user", "--password-stdin")
    fjordly.done(*words, typed=PASSWORD + "\n")
    settings = read_settings({"TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes"}, data=fjordly.data)
    with open_installation(settings) as opened:
        yield opened


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """The back channel of an application, and the tokens that it hears."""
    heard: list[str] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            heard.extend(parse_qs(body)["logout_token"])
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

    with listening_by(Handler) as port:
        yield f"http://localhost:{port}/logout", heard


@contextmanager
def silent() -> Iterator[str]:
    """The address of one that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"http://localhost:{listener.getsockname()[1]}/logout"


@contextmanager
def telling(installation: Installation, number: int = 1) -> Iterator[None]:
    """So many nodes that tell."""
    with ExitStack() as stack:
        for _ in range(number):
            teller = applications.telling(installation)
            teller.start()
            stack.callback(teller.stop)
        yield


def granted(installation: Installation, *agreed: Agreement) -> str:
    """Somebody who has signed in to applications with which this is agreed; their session."""
    services, registrar = installation.services, registering.Registrar(visitor(), Source("operator:test"))
    landed = sign_in(services, visitor(), email=KARI, password=PASSWORD)
    assert isinstance(landed, Admitted)
    actor = look_at(services, visitor(), landed.token)
    assert actor is not None
    for agreement in agreed:
        made = registering.register(services, registrar, agreement)
        assert isinstance(made, registering.Registered)
        with services.store.writing() as unit:
            asked = Asked(made.application.id, "https://app.example.no/cb", "c" * 43, ("openid",))
            assert grant_code(services, unit, visitor(), actor, asked)
    return landed.token


def logout_at(address: str) -> Agreement:
    """What is agreed with one that is told there."""
    return Agreement(address, back_channel=address)


def until(holds: Callable[[], bool]) -> None:
    """Waits for it, for so long at the most."""
    last = time.monotonic() + LONGEST_WAIT
    while not holds():
        assert time.monotonic() < last
        time.sleep(0.05)


def is_all_told(installation: Installation) -> bool:
    """Whether no grant is left that is over."""
    with installation.services.store.reading() as unit:
        return unit.grants.to_tell(datetime.now(UTC)) == ()


@pytest.mark.row("R87")
def test_one_of_several_nodes_tells_it(installation: Installation) -> None:
    """The application hears of the session once, though three look for what is to be told."""
    with listening() as (address, heard), telling(installation, 3):
        token = granted(installation, logout_at(address))
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(heard) and is_all_told(installation))
    assert len(heard) == 1


def test_one_that_does_not_answer_keeps_no_other_waiting(installation: Installation) -> None:
    """While one is being waited for, the other hears."""
    with silent() as dead, listening() as (address, heard), telling(installation):
        token = granted(installation, logout_at(dead), logout_at(address))
        started = time.monotonic()
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(heard))
        assert time.monotonic() - started < 9


def test_one_that_refuses_is_told_later(installation: Installation) -> None:
    """The grant that is over stays, and waits for its turn."""
    with listening(400) as (address, heard), telling(installation):
        token = granted(installation, logout_at(address))
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(heard) and is_all_told(installation))
    with installation.services.store.reading() as unit:
        (application,) = unit.applications.all()
        (left,) = unit.grants.untold(application.id, Channel.LOGOUT, datetime.now(UTC).replace(year=2100), limit=9)
    assert (len(heard), left.attempts) == (1, 1)
