"""Two who change the same webhook at the same moment, on a database that lets both write."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import psycopg
import pytest

from tests.races.nodes import Installed
from tests.races.people import Village, village
from tests.web.house import now
from totrinn.app.landing import Visitor
from totrinn.app.ports import Randomness
from totrinn.app.webhooks.keeping import ByOperator, Told, add_webhook, change_webhook, renew_webhook_secret
from totrinn.core.events import Source
from totrinn.core.topics import Topic

OLD, NEW = "https://old.example/in", "https://new.example/in"
TOPICS = frozenset({Topic.SIGN_INS})
_PATIENCE_SECONDS = 30
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def people(on_postgresql: Installed) -> Iterator[Village]:
    """The house, on PostgreSQL."""
    with village(on_postgresql) as people:
        yield people


@dataclass(frozen=True)
class _Interrupted:
    """Randomness for whose bytes somebody else's act comes in between."""

    real: Randomness
    act: Callable[[], None]

    def bytes(self, count: int) -> bytes:
        """As many."""
        self.act()
        return self.real.bytes(count)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_a_new_secret_and_a_new_address_both_stay(people: Village, on_postgresql: Installed) -> None:
    """Whoever comes second sees what the first has stored: neither brings back what the other has replaced."""
    people.house.organisation("fjordly")
    services, by = people.services, ByOperator("fjordly", Source("operator:root"))
    visitor = Visitor(now(), "", "")
    made = add_webhook(services, visitor, by, OLD, TOPICS)
    assert isinstance(made, Told)
    id_ = made.webhook.id
    other = threading.Thread(target=change_webhook, args=(services, visitor, by, id_, NEW, TOPICS), daemon=True)

    def meanwhile() -> None:
        """The other either has done it, or waits for this one."""
        other.start()
        last = time.monotonic() + _PATIENCE_SECONDS
        with psycopg.connect(on_postgresql.url, autocommit=True) as connection:
            while other.is_alive() and connection.execute(_WAITING).fetchone() != (1,):
                assert time.monotonic() < last
                time.sleep(0.02)

    interrupted = replace(services, random=cast("Randomness", _Interrupted(services.random, meanwhile)))
    assert isinstance(renew_webhook_secret(interrupted, visitor, by, id_), Told)
    other.join(_PATIENCE_SECONDS)
    with services.store.reading() as unit:
        webhook = unit.webhooks.find_by_id(id_)
    assert webhook is not None
    assert webhook.address == NEW
    assert webhook.sealed_secret != made.webhook.sealed_secret
