"""An organisation with a webhook that leads to a receiver on loopback."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.attacks.house import House, running_house
from tests.postgresql_server import PostgresqlServer
from tests.webhooks.receiver import Receiver, receiving
from totrinn.app.identity_providers import Unavailable
from totrinn.app.webhooks.delivering import deliver, webhooks_due
from totrinn.app.webhooks.keeping import webhook_context
from totrinn.app.webhooks.records import Webhook
from totrinn.core.events import Event, Kind, Source
from totrinn.core.topics import Topic
from totrinn.fetching.exchange import Fetcher
from totrinn.storage import Database

KEY = bytes(range(32))
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@dataclass
class Post:
    """The organisation's webhooks, delivered when a test says so."""

    house: House
    receiver: Receiver
    fetcher: Fetcher

    def organisation_id(self, slug: str = "fjordly") -> str:
        """The id of an organisation."""
        with self.house.database.reading() as unit:
            organisation = unit.organisations.find_by_slug(slug)
            assert organisation is not None
            return organisation.id

    def webhook(self, *topics: Topic, slug: str = "fjordly", address: str = "") -> str:
        """Sets one up; its id."""
        services, now = self.house.services, datetime.now(UTC)
        id_ = services.random.id(now)
        sealed = services.vault.seal(KEY, webhook_context(id_))
        address, wanted = address or self.receiver.address, frozenset(topics or Topic)
        with self.house.database.writing() as unit:
            unit.webhooks.add(Webhook(id_, self.organisation_id(slug), address, wanted, sealed, None, now))
        return id_

    def happens(self, kind: Kind, *, slug: str = "fjordly", at: datetime | None = None, **detail: str) -> str:
        """Writes an event; its id."""
        event = Event(kind, at or datetime.now(UTC), Source("operator:test", "192.0.2.7"), self.organisation_id(slug))
        with self.house.database.writing() as unit:
            return unit.log.write(Event(kind, event.at, event.source, event.organisation_id, detail=detail))

    def deliver(self, later: timedelta = timedelta()) -> int:
        """Delivers what is due; how much was taken."""

        def clock() -> datetime:
            return datetime.now(UTC) + later

        services = self.house.services
        return sum(deliver(services, clock, id_, send=self.send) for id_, _ in webhooks_due(services, clock()))

    def send(self, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes] | Unavailable:
        """As the server sends it."""
        fetched = self.fetcher.send(address, body, headers)
        return fetched if isinstance(fetched, Unavailable) else (fetched.status, fetched.body)

    def stored(self, id_: str) -> Webhook:
        """The webhook as it is now."""
        with self.house.database.reading() as unit:
            webhook = unit.webhooks.find_by_id(id_)
        assert webhook is not None
        return webhook

    def waiting(self, id_: str) -> int:
        """How much is yet to be delivered by it."""
        with self.house.database.reading() as unit:
            return unit.webhooks.waiting(id_)


@pytest.fixture(params=["sqlite", "postgresql"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    """Over either database."""
    url, name, server = None, "", None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        assert isinstance(server, PostgresqlServer)
        name = server.create_database()
        url = server.url(name)
        database = Database.open(url)
        database.migrate()
        database.close()
    with running_house(tmp_path, url=url) as house, receiving() as receiver:
        house.organisation("fjordly")
        house.organisation("other")
        yield Post(house, receiver, Fetcher(allow_private=True))
    if server is not None:
        server.drop_database(name)
