"""The log: what use cases may ask of it, and what it guarantees. The rules for all that is kept stand in `ports`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from totrinn.app import records as r
from totrinn.core.events import Event


class Log(Protocol):
    """The append-only log."""

    def write(self, event: Event) -> str:
        """Writes one event, in this transaction, with what is to be delivered of it by webhooks; its id."""

    def find(self, event_id: str) -> r.LoggedEvent | None:
        """The event with this id."""

    def of_organisation(
        self, organisation_id: str, *, kind: str, before: str | None, limit: int
    ) -> tuple[r.LoggedEvent, ...]:
        """The newest events of an organisation, of a kind unless it is empty; older than `before`, if given."""

    def search(self, organisation_id: str, *, query: str, kind: str, before: str | None, limit: int) -> r.LogPage:
        """The same, of those whom every word of the query fits.

        It looks at so many events and no more: it may find fewer than the limit and go on all the same.
        """

    def of_person(self, person_id: str, *, limit: int) -> tuple[r.LoggedEvent, ...]:
        """The newest events about a person's own account."""

    def all(self, *, organisation_id: str | None = None) -> Iterable[r.LoggedEvent]:
        """Every event, oldest first, for export."""

    def unsealed(self, *, before: datetime, limit: int) -> tuple[r.LoggedEvent, ...]:
        """The first events from before that time which stand in no sealed batch yet."""

    def seal(self, seal: r.Seal, event_ids: Sequence[str]) -> bool:
        """Adds the seal and puts these events into its batch; False when the number, or one of them, is taken."""

    def chains(self) -> tuple[str, ...]:
        """The organisations that have seals, or events in batches; empty text for events of no organisation."""

    def last_seal(self, organisation_id: str) -> r.Seal | None:
        """The newest seal of a chain."""

    def seals(self, organisation_id: str) -> Iterable[r.Seal]:
        """The seals of a chain, by number."""

    def sealed_events(self, organisation_id: str) -> Iterable[tuple[int, r.LoggedEvent]]:
        """(batch, event) of a chain, by batch and id."""
