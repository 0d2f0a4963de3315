"""Events are delivered at least once, in no promised order, signed as Standard Webhooks has it.

An attempt is claimed before it is made, so that of several processes one makes it; should that one end meanwhile, the
event is delivered later, perhaps a second time. What is not taken is tried for a day. If in a whole day nothing was
taken, the webhook is switched off, and says so on its page.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from totrinn.app.errors import SealBroken
from totrinn.app.identity_providers import Unavailable
from totrinn.app.ports import Services, Unit
from totrinn.app.records import LoggedEvent
from totrinn.app.webhooks.keeping import told_of, webhook_context
from totrinn.app.webhooks.records import Delivery, Outcome, Webhook, WhyOff
from totrinn.core.events import Event, Kind, Source

Send = Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes] | Unavailable]
"""Posts a body with headers to an address: status and answer, or why there is none."""
Clock = Callable[[], datetime]
"""What time it is: a turn is long, and what is signed says when it was sent."""

_WAITS = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30),
    timedelta(hours=1), timedelta(hours=2),
)  # fmt: skip
GIVEN_UP_AFTER = timedelta(days=1)
_AT_ONCE = 50
_LONGEST_SAID = 300


def webhooks_due(services: Services, now: datetime) -> tuple[tuple[str, str], ...]:
    """The webhooks by which something is to be delivered, each with its organisation: the ids of both."""
    with services.store.reading() as unit:
        return unit.webhooks.due(now)


def deliver(
    services: Services, clock: Clock, webhook_id: str, *, send: Send, is_enough: Callable[[], bool] = lambda: False
) -> int:
    """Delivers by one webhook what is due; how much was taken. When something is not, all the rest waits a while.

    After each attempt it is asked whether that `is_enough` for this turn.
    """
    with services.store.reading() as unit:
        webhook, due = unit.webhooks.find_by_id(webhook_id), unit.webhooks.due_of(webhook_id, clock(), limit=_AT_ONCE)
    if webhook is None:
        return 0
    taken = 0
    for delivery in due:
        outcome = _attempt(services, clock, webhook, delivery, send)
        if outcome is not None and not outcome.is_taken:
            break
        taken += outcome is not None
        if is_enough():
            break
    return taken


def _attempt(services: Services, clock: Clock, webhook: Webhook, delivery: Delivery, send: Send) -> Outcome | None:
    """What became of one attempt; None when somebody else has it."""
    wait = _WAITS[min(delivery.attempts, len(_WAITS) - 1)]
    with services.store.writing() as unit:
        if not unit.webhooks.claim(delivery, until=clock() + wait):
            return None
        event = unit.log.find(delivery.event_id)
        organisation = unit.organisations.find(webhook.organisation_id)
    if event is None or organisation is None:
        with services.store.writing() as unit:
            unit.webhooks.delivered(delivery)
        return None
    outcome = _sent(services, clock(), webhook, event, payload(event, organisation.slug), send)
    with services.store.writing() as unit:
        unit.webhooks.note(webhook.id, outcome)
        if outcome.is_taken:
            unit.webhooks.delivered(delivery)
        else:
            _wait(unit, clock(), delivery)
    return outcome


def payload(event: LoggedEvent, slug: str) -> bytes:
    """What is told of an event: what the organisation's log shows of it."""
    data = {
        "organisation": slug,
        "actor": {"id": event.actor, "name": event.actor_name},
        "person": {"id": event.person_id, "name": event.person_name} if event.person_id else None,
        "address": event.address,
        "browser": event.browser,
        "detail": event.detail,
    }
    told = {"id": event.id, "type": event.kind, "timestamp": event.at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: bytes, event_id: str, seconds: int, body: bytes) -> str:
    """`webhook-signature` of Standard Webhooks: HMAC-SHA-256 of id, time and body, joined by full stops."""
    signed = f"{event_id}.{seconds}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def _sent(services: Services, now: datetime, webhook: Webhook, event: LoggedEvent, body: bytes, send: Send) -> Outcome:
    try:
        secret = services.vault.open(webhook.sealed_secret or b"", webhook_context(webhook.id))
    except SealBroken:
        return Outcome(now, None, "secret_unusable", "", event.id)
    seconds = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, event.id, seconds, body),
    }
    answered = send(webhook.address, body, headers)
    if isinstance(answered, Unavailable):
        return Outcome(now, None, answered.code, "", event.id)
    status, said = answered
    return Outcome(now, status, "", said[:_LONGEST_SAID].decode("utf-8", "replace"), event.id)


def _wait(unit: Unit, now: datetime, delivery: Delivery) -> None:
    """After a failure: everything waits, what is a day old is given up, and so is a webhook that took nothing since."""
    webhook = unit.webhooks.find_by_id(delivery.webhook_id)
    if webhook is None:
        return
    unit.webhooks.postpone(webhook.id, now, until=now + _WAITS[min(webhook.failures, len(_WAITS)) - 1])
    if webhook.failing_since is not None and now - webhook.failing_since >= GIVEN_UP_AFTER and webhook.is_on:
        unit.webhooks.switch_off(webhook.id, WhyOff.FAILED)
        _log(unit, now, Kind.WEBHOOK_STOPPED, webhook)
    elif now - delivery.created_at >= GIVEN_UP_AFTER:
        unit.webhooks.delivered(delivery)
        _log(unit, now, Kind.WEBHOOK_GAVE_UP, webhook, event=delivery.event_id)


def _log(unit: Unit, now: datetime, kind: Kind, webhook: Webhook, **detail: str) -> None:
    told = told_of(webhook) | detail
    unit.log.write(Event(kind, now, Source(""), organisation_id=webhook.organisation_id, detail=told))
