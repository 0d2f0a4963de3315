"""What runs beside the serving delivers events by itself: soon, by one of several nodes, past those that hang."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import House
from tests.webhooks.receiver import receiving
from totrinn.app.webhooks.keeping import webhook_context
from totrinn.app.webhooks.records import Webhook
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Event, Kind, Source
from totrinn.core.topics import Topic
from totrinn.serving.delivering import delivering

LONGEST_WAIT = 60


@pytest.fixture
def installation(fjordly: House) -> Iterator[Installation]:
    """One customer; receivers may stand on this machine."""
    settings = read_settings({"TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes"}, data=fjordly.data)
    with open_installation(settings) as opened:
        yield opened


def test_events_are_delivered_by_themselves_and_once(installation: Installation) -> None:
    """By two nodes that look at the same time; a receiver that says nothing keeps nothing from another."""
    with receiving() as receiver, ExitStack() as stack, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        add(installation, f"http://localhost:{silent.getsockname()[1]}/")
        add(installation, receiver.address)
        for _ in range(2):
            node = delivering(installation)
            node.start()
            stack.callback(node.stop)
        ids = {happens(installation) for _ in range(20)}
        wait_for(lambda: len(receiver.bodies) >= len(ids))
        time.sleep(2)
        assert sorted(headers["webhook-id"] for headers in receiver.headers) == sorted(ids)


def test_by_default_nothing_goes_to_this_machine(fjordly: House) -> None:
    """The page then shows why, and the receiver has heard nothing."""
    with receiving() as receiver, open_installation(read_settings({}, data=fjordly.data)) as installation:
        webhook = add(installation, receiver.address.replace("http:", "https:"))
        happens(installation)
        node = delivering(installation)
        node.start()
        wait_for(lambda: last_code(installation, webhook) is not None)
        node.stop()
        assert last_code(installation, webhook) == "unknown_host"
        assert receiver.bodies == []


def add(installation: Installation, address: str) -> str:
    """A webhook of Fjordly that is told of everything; its id."""
    services, now = installation.services, datetime.now(UTC)
    id_ = services.random.id(now)
    sealed = services.vault.seal(b"k" * 32, webhook_context(id_))
    with services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        unit.webhooks.add(Webhook(id_, organisation.id, address, frozenset(Topic), sealed, None, now))
    return id_


def happens(installation: Installation) -> str:
    """Somebody leaves; the id of the event."""
    with installation.services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        return unit.log.write(Event(Kind.MEMBER_LEFT, datetime.now(UTC), Source(""), organisation.id))


def last_code(installation: Installation, webhook_id: str) -> str | None:
    """Why the last attempt came to nothing; None when there was none."""
    with installation.services.store.reading() as unit:
        webhook = unit.webhooks.find_by_id(webhook_id)
    return webhook.last.code if webhook and webhook.last else None


def wait_for(happened: Callable[[], bool]) -> None:
    """Waits, not for ever."""
    last = time.monotonic() + LONGEST_WAIT
    while not happened():
        assert time.monotonic() < last, "it did not happen"
        time.sleep(0.05)
