"""Webhooks, and what is to be delivered by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.webhooks.records import Delivery, Outcome, Webhook, WhyOff
from totrinn.core.topics import Topic
from totrinn.storage.columns import Instant
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.webhook_tables import webhook, webhook_delivery, webhook_topic

_W, _T, _D = webhook.c, webhook_topic.c, webhook_delivery.c
_HERE = is_which(_W.organisation_id, "which_organisation")
_NOW = bindparam("now", type_=Instant())

_COLUMNS = (
    _W.id, _W.organisation_id, _W.address, _W.topics, _W.sealed_secret, _W.why_off, _W.created_at, _W.failing_since,
    _W.failures, _W.last_at, _W.last_status, _W.last_code, _W.last_said, _W.last_event,
)  # fmt: skip
_OF = select(*_COLUMNS).where(_HERE).order_by(_W.id)
_FIND = _OF.where(is_which(_W.id))
_FIND_BY_ID = select(*_COLUMNS).where(is_which(_W.id))
_ADD = insert(webhook)
_SET = update(webhook).where(is_which(_W.id))
_NOTE_TAKEN = _SET.values(failing_since=None, failures=0)
_NOTE_FAILED = _SET.values(failing_since=func.coalesce(_W.failing_since, _NOW), failures=_W.failures + 1)
_REMOVE = delete(webhook).where(_HERE, is_which(_W.id))
_SUBSCRIBE = insert(webhook_topic)
_UNSUBSCRIBE = delete(webhook_topic).where(is_which(_T.webhook_id))

_DELIVERY = (_D.webhook_id, _D.event_id, _D.attempts, _D.due_at, _D.created_at)
"""In the order of the fields of `Delivery`."""
_PUT = insert(webhook_delivery).on_conflict_do_nothing()
_FORGET = delete(webhook_delivery).where(is_which(_D.webhook_id))
_IS_THIS = (is_which(_D.webhook_id), is_which(_D.event_id, "which_event"))
_DUE = (
    select(_W.id, _W.organisation_id).where(_W.id.in_(select(_D.webhook_id).where(_D.due_at <= _NOW))).order_by(_W.id)
)
_DUE_OF = select(*_DELIVERY).where(is_which(_D.webhook_id), _D.due_at <= _NOW).order_by(_D.event_id)
_WAITING = select(func.count()).select_from(webhook_delivery).where(is_which(_D.webhook_id))
_CLAIM = update(webhook_delivery).where(*_IS_THIS, is_which(_D.attempts, "expected_attempts"))
_DELIVERED = delete(webhook_delivery).where(*_IS_THIS)
_POSTPONE = update(webhook_delivery).where(is_which(_D.webhook_id), _D.due_at <= _NOW)

SUBSCRIBED = insert(webhook_delivery).from_select(
    [column.name for column in _DELIVERY],
    select(
        _T.webhook_id,
        bindparam("new_event", type_=_D.event_id.type),
        literal(0),
        bindparam("new_at", type_=Instant()),
        bindparam("new_at", type_=Instant()),
    ).where(is_which(_T.organisation_id, "which_organisation"), is_which(_T.topic, "which_topic")),
)
"""Puts an event down for all who want to hear of it; where nobody does, it reads one place of an index."""


class SqlWebhooks(Repository, ports.Webhooks):
    """Implements `ports.Webhooks`."""

    __slots__ = ()

    def of_organisation(self, organisation_id: str) -> tuple[Webhook, ...]:
        """All of an organisation's, the oldest first."""
        return tuple(map(_webhook_of, self._connection.execute(_OF, {"which_organisation": organisation_id})))

    def find(self, organisation_id: str, webhook_id: str) -> Webhook | None:
        """One of them."""
        which = {"which_organisation": organisation_id, "which": webhook_id}
        row = self._connection.execute(_FIND, which).first()
        return None if row is None else _webhook_of(row)

    def find_by_id(self, webhook_id: str) -> Webhook | None:
        """The webhook with this id."""
        row = self._connection.execute(_FIND_BY_ID, {"which": webhook_id}).first()
        return None if row is None else _webhook_of(row)

    def add(self, webhook: Webhook) -> None:
        """Adds one."""
        fixed = {"id": webhook.id, "organisation_id": webhook.organisation_id, "created_at": webhook.created_at}
        self._connection.execute(_ADD, {**fixed, **_kept(webhook)})
        self._subscribe(webhook)

    def save(self, webhook: Webhook) -> None:
        """Stores address, topics and secret, and whether it is on; failures before count no more."""
        self._change(_SET, {"which": webhook.id, "failing_since": None, **_kept(webhook)})
        self._change(_UNSUBSCRIBE, {"which": webhook.id})
        self._subscribe(webhook)

    def switch_off(self, webhook_id: str, why: WhyOff) -> None:
        """It is told nothing any more, and what was to be delivered is forgotten."""
        self._change(_SET, {"which": webhook_id, "why_off": why})
        self._change(_UNSUBSCRIBE, {"which": webhook_id})
        self._change(_FORGET, {"which": webhook_id})

    def remove(self, organisation_id: str, webhook_id: str) -> bool:
        """Deletes it with all that was to be delivered; False when there is none."""
        return self._change(_REMOVE, {"which_organisation": organisation_id, "which": webhook_id}) == 1

    def put(self, webhook_id: str, event_id: str, now: datetime) -> None:
        """This event is to be delivered, whatever the topics are."""
        values = {"webhook_id": webhook_id, "event_id": event_id, "attempts": 0, "due_at": now, "created_at": now}
        self._connection.execute(_PUT, values)

    def due(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """(webhook, organisation) of those by which something is to be delivered now, by their ids."""
        return tuple((id_, organisation_id) for id_, organisation_id in self._connection.execute(_DUE, {"now": now}))

    def due_of(self, webhook_id: str, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        """What is to be delivered by one, the oldest first."""
        rows = self._connection.execute(_DUE_OF.limit(limit), {"which": webhook_id, "now": now})
        return tuple(Delivery(*row) for row in rows)

    def waiting(self, webhook_id: str) -> int:
        """How much is to be delivered, now or later."""
        return int(self._connection.execute(_WAITING, {"which": webhook_id}).scalar_one())

    def claim(self, delivery: Delivery, *, until: datetime) -> bool:
        """Takes this attempt, by one statement that holds only while nobody else has."""
        values = {**_which(delivery), "expected_attempts": delivery.attempts}
        return self._change(_CLAIM, {**values, "attempts": delivery.attempts + 1, "due_at": until}) == 1

    def delivered(self, delivery: Delivery) -> None:
        """Forgets it."""
        self._change(_DELIVERED, _which(delivery))

    def note(self, webhook_id: str, outcome: Outcome) -> None:
        """Remembers what became of an attempt."""
        last = {
            "last_at": outcome.at,
            "last_status": outcome.status,
            "last_code": outcome.code,
            "last_said": outcome.said,
            "last_event": outcome.event_id,
        }
        if outcome.is_taken:
            self._change(_NOTE_TAKEN, {"which": webhook_id, **last})
        else:
            self._change(_NOTE_FAILED, {"which": webhook_id, "now": outcome.at, **last})

    def postpone(self, webhook_id: str, now: datetime, *, until: datetime) -> None:
        """Nothing that is due now is delivered before then."""
        self._change(_POSTPONE, {"which": webhook_id, "now": now, "due_at": until})

    def _subscribe(self, webhook: Webhook) -> None:
        for topic in sorted(webhook.topics) if webhook.is_on else ():
            values = {"organisation_id": webhook.organisation_id, "topic": topic, "webhook_id": webhook.id}
            self._connection.execute(_SUBSCRIBE, values)


def _kept(webhook: Webhook) -> dict[str, Any]:
    return {
        "address": webhook.address,
        "topics": tuple(sorted(webhook.topics)),
        "sealed_secret": webhook.sealed_secret,
        "why_off": webhook.why_off,
        "failures": 0,
    }


def _which(delivery: Delivery) -> dict[str, Any]:
    return {"which": delivery.webhook_id, "which_event": delivery.event_id}


def _webhook_of(row: Sequence[Any]) -> Webhook:
    (
        id_, organisation_id, address, topics, sealed_secret, why_off, created_at, failing_since, failures, last_at,
        status, code, said, event_id,
    ) = row  # fmt: skip
    last = None if last_at is None else Outcome(last_at, status, code, said, event_id)
    wanted = frozenset(map(Topic, topics))
    return Webhook(
        id_, organisation_id, address, wanted, sealed_secret, why_off, created_at, failing_since, failures, last
    )
