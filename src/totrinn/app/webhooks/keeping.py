"""Webhooks are set up, changed and tried by those who govern the organisation, with a fresh proof; and by the operator.

What is sent tells of people, and whoever has the secret can make others believe it. So no token does this (rule 13).
The address of a receiver may hold a secret of its own, in its path as well as in its query: the log names its server.
"""

import base64
from dataclasses import dataclass, replace
from enum import StrEnum

from totrinn.app.applications.addresses import is_page
from totrinn.app.errors import NotFound
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.web_addresses import origin_of
from totrinn.app.webhooks.records import Webhook, WhyOff
from totrinn.core.events import Event, Kind, Source
from totrinn.core.roles import Right
from totrinn.core.topics import Topic

MOST_WEBHOOKS = 10
LONGEST_ADDRESS = 500
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"


class WebhookObstacle(StrEnum):
    """Why it was not done."""

    BAD_ADDRESS = "bad_address"
    NO_TOPIC = "no_topic"
    TOO_MANY = "too_many"
    NEEDS_SECRET = "needs_secret"
    """Its secret is lost: it is given another before it is switched on."""


@dataclass(frozen=True, slots=True)
class Told:
    """Done; with the secret, where there is a new one, which is shown this once."""

    webhook: Webhook
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class ByOperator:
    """Whoever runs a command, for the organisation of this slug; a command asks for no proof."""

    slug: str
    source: Source


Keeper = Actor | ByOperator
"""Who keeps an organisation's webhooks. Each use case raises `NotFound` for an organisation that there is not."""


@dataclass(frozen=True, slots=True)
class _Keeping:
    """The organisation whose webhooks are kept, who does it, and what they must prove again first."""

    organisation_id: str
    source: Source
    stale: StaleProof | None


def webhook_context(webhook_id: str) -> str:
    """What its secret is sealed to."""
    return f"webhook {webhook_id}"


def told_of(webhook: Webhook) -> dict[str, str]:
    """How the log names it: its id, and the server that it leads to."""
    return {"id": webhook.id, "webhook": origin_of(webhook.address)}


def add_webhook(
    services: Services, visitor: Visitor, keeper: Keeper, address: str, topics: frozenset[Topic]
) -> Told | WebhookObstacle | StaleProof:
    """Adds one, which is told of all events from now on that are about these topics."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        if keeping.stale is not None:
            return keeping.stale
        if len(unit.webhooks.of_organisation(keeping.organisation_id)) >= MOST_WEBHOOKS:
            return WebhookObstacle.TOO_MANY
        obstacle = _obstacle(address, topics)
        if obstacle is not None:
            return obstacle
        id_ = services.random.id(visitor.now)
        secret, sealed = _new_secret(services, id_)
        webhook = Webhook(id_, keeping.organisation_id, address, topics, sealed, None, visitor.now)
        unit.webhooks.add(webhook)
        _log(unit, visitor, keeping, Kind.WEBHOOK_ADDED, webhook)
        return Told(webhook, secret)


def change_webhook(
    services: Services, visitor: Visitor, keeper: Keeper, webhook_id: str, address: str, topics: frozenset[Topic]
) -> Told | WebhookObstacle | StaleProof:
    """Stores another address or other topics. Raises `NotFound`."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        if keeping.stale is not None:
            return keeping.stale
        before = _known(unit, keeping, webhook_id)
        obstacle = _obstacle(address, topics)
        if obstacle is not None:
            return obstacle
        return _stored(unit, visitor, keeping, Kind.WEBHOOK_CHANGED, replace(before, address=address, topics=topics))


def renew_webhook_secret(services: Services, visitor: Visitor, keeper: Keeper, webhook_id: str) -> Told | StaleProof:
    """Gives it another secret; what is sent from now on is signed with that alone. Raises `NotFound`."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        if keeping.stale is not None:
            return keeping.stale
        before = _known(unit, keeping, webhook_id)
        secret, sealed = _new_secret(services, before.id)
        why_off = None if before.why_off is WhyOff.KEYS_LOST else before.why_off
        renewed = replace(before, sealed_secret=sealed, why_off=why_off)
        return replace(_stored(unit, visitor, keeping, Kind.WEBHOOK_SECRET_RENEWED, renewed), secret=secret)


def switch_webhook(
    services: Services, visitor: Visitor, keeper: Keeper, webhook_id: str, *, is_on: bool
) -> Told | WebhookObstacle | StaleProof:
    """Switches it on, or off: then events pass it by. Raises `NotFound`."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        if keeping.stale is not None:
            return keeping.stale
        before = _known(unit, keeping, webhook_id)
        if is_on and before.sealed_secret is None:
            return WebhookObstacle.NEEDS_SECRET
        if is_on:
            return _stored(unit, visitor, keeping, Kind.WEBHOOK_ON, replace(before, why_off=None))
        unit.webhooks.switch_off(before.id, WhyOff.BY_HAND)
        _log(unit, visitor, keeping, Kind.WEBHOOK_OFF, before)
        return Told(replace(before, why_off=WhyOff.BY_HAND))


def remove_webhook(services: Services, visitor: Visitor, keeper: Keeper, webhook_id: str) -> Told | StaleProof:
    """Deletes it. Raises `NotFound`."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        if keeping.stale is not None:
            return keeping.stale
        webhook = _known(unit, keeping, webhook_id)
        unit.webhooks.remove(webhook.organisation_id, webhook.id)
        _log(unit, visitor, keeping, Kind.WEBHOOK_REMOVED, webhook)
        return Told(webhook)


def try_webhook(services: Services, visitor: Visitor, keeper: Keeper, webhook_id: str) -> Told | WebhookObstacle:
    """Has it tried at once: an event that says so is delivered by it, whatever its topics are. Raises `NotFound`."""
    with services.store.writing() as unit:
        keeping = _keeping(unit, visitor, keeper)
        webhook = _known(unit, keeping, webhook_id)
        if webhook.sealed_secret is None:
            return WebhookObstacle.NEEDS_SECRET
        event_id = _log(unit, visitor, keeping, Kind.WEBHOOK_TRIED, webhook)
        unit.webhooks.put(webhook.id, event_id, visitor.now)
        return Told(webhook)


def _keeping(unit: Unit, visitor: Visitor, keeper: Keeper) -> _Keeping:
    """Whose webhooks are kept, and by whom; others who keep them wait, as each is read and then stored as a whole."""
    if isinstance(keeper, ByOperator):
        organisation = unit.organisations.find_by_slug(keeper.slug)
        if organisation is None:
            raise NotFound(keeper.slug)
        unit.members.lock(organisation.id)
        return _Keeping(organisation.id, keeper.source, None)
    current = acting(unit, keeper, Right.KEEP_WEBHOOKS, visitor.now)
    unit.members.lock(current.organisation.id)
    source, stale = visitor.source(current.person.id), stale_for_organisation(current.live, visitor)
    return _Keeping(current.organisation.id, source, stale)


def _known(unit: Unit, keeping: _Keeping, webhook_id: str) -> Webhook:
    webhook = unit.webhooks.find(keeping.organisation_id, webhook_id)
    if webhook is None:
        raise NotFound(webhook_id)
    return webhook


def _obstacle(address: str, topics: frozenset[Topic]) -> WebhookObstacle | None:
    if len(address) > LONGEST_ADDRESS or not is_page(address):
        return WebhookObstacle.BAD_ADDRESS
    return None if topics else WebhookObstacle.NO_TOPIC


def _new_secret(services: Services, webhook_id: str) -> tuple[str, bytes]:
    """The secret as it is shown, and as it is stored."""
    secret = services.random.bytes(_SECRET_BYTES)
    shown = f"{_SECRET_PREFIX}{base64.b64encode(secret).decode()}"
    return shown, services.vault.seal(secret, webhook_context(webhook_id))


def _stored(unit: Unit, visitor: Visitor, keeping: _Keeping, kind: Kind, webhook: Webhook) -> Told:
    unit.webhooks.save(webhook)
    _log(unit, visitor, keeping, kind, webhook)
    return Told(webhook)


def _log(unit: Unit, visitor: Visitor, keeping: _Keeping, kind: Kind, webhook: Webhook) -> str:
    return unit.log.write(
        Event(
            kind,
            visitor.now,
            keeping.source,
            organisation_id=webhook.organisation_id,
            detail=told_of(webhook) | {"topics": " ".join(sorted(webhook.topics))},
        )
    )
