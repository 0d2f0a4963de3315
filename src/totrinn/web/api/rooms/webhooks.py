"""Webhooks: for persons only, as what is sent tells of people (rule 13)."""

from collections.abc import Callable

from totrinn.app.errors import NotFound
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.webhooks.keeping import (
    Told,
    WebhookObstacle,
    add_webhook,
    change_webhook,
    remove_webhook,
    renew_webhook_secret,
    switch_webhook,
    try_webhook,
)
from totrinn.app.webhooks.records import Webhook
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import stale_problem, wrong
from totrinn.web.api.shapes import Switch
from totrinn.web.api.webhook_shapes import DeliveryShape, WebhookList, WebhookSecret, WebhookShape, WebhookWanted
from totrinn.web.webhook_words import outcome_words


def list_them(call: Call) -> Done:
    """The organisation's webhooks."""
    with call.services.store.reading() as unit:
        found = unit.webhooks.of_organisation(call.organisation.id)
        return Done(WebhookList([_shape(call, unit, each) for each in found]))


def read(call: Call) -> Done:
    """One of them, and what came back last."""
    with call.services.store.reading() as unit:
        return Done(_shape(call, unit, _known(unit, call, call.named("id"))))


def add(call: Call) -> Done | Problem:
    """Adds one; its secret is told this once."""
    sent = call.body
    return _told(call, add_webhook(call.services, call.visitor, call.person, sent.address, frozenset(sent.topics)))


def change(call: Call) -> Done | Problem:
    """Gives it another address or other topics."""
    sent, id_ = call.body, call.named("id")
    topics = frozenset(sent.topics)
    return _told(call, change_webhook(call.services, call.visitor, call.person, id_, sent.address, topics))


def renew(call: Call) -> Done | Problem:
    """Gives it another secret, which is told this once."""
    return _told(call, renew_webhook_secret(call.services, call.visitor, call.person, call.named("id")))


def switch(call: Call) -> Done | Problem:
    """Switches it on or off."""
    is_on, id_ = call.body.is_enabled, call.named("id")
    return _told(call, switch_webhook(call.services, call.visitor, call.person, id_, is_on=is_on))


def try_out(call: Call) -> Done | Problem:
    """Has an event delivered by it at once."""
    return _told(call, try_webhook(call.services, call.visitor, call.person, call.named("id")))


def remove(call: Call) -> Done | Problem:
    """Deletes it."""
    outcome = remove_webhook(call.services, call.visitor, call.person, call.named("id"))
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Done()


def _told(call: Call, outcome: Told | WebhookObstacle | StaleProof) -> Done | Problem:
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if isinstance(outcome, Told):
        with call.services.store.reading() as unit:
            shape = _shape(call, unit, _known(unit, call, outcome.webhook.id))
        return Done(shape if outcome.secret is None else WebhookSecret(shape, outcome.secret))
    return _OBSTACLES[outcome](call)


_OBSTACLES: dict[WebhookObstacle, Callable[[Call], Problem]] = {
    WebhookObstacle.BAD_ADDRESS: lambda call: wrong("/address", call.ask.language.say("This is no https address.")),
    WebhookObstacle.NO_TOPIC: lambda call: wrong("/topics", call.ask.language.say("Choose at least one.")),
    WebhookObstacle.TOO_MANY: lambda _: Problem(Code.TOO_MANY),
    WebhookObstacle.NEEDS_SECRET: lambda _: Problem(Code.NEEDS_SECRET),
}


def _known(unit: Unit, call: Call, webhook_id: str) -> Webhook:
    webhook = unit.webhooks.find(call.organisation.id, webhook_id)
    if webhook is None:
        raise NotFound(webhook_id)
    return webhook


def _shape(call: Call, unit: Unit, webhook: Webhook) -> WebhookShape:
    last = webhook.last
    return WebhookShape(
        id=webhook.id,
        address=webhook.address,
        topics=sorted(webhook.topics),
        is_on=webhook.is_on,
        why_off=None if webhook.why_off is None else webhook.why_off.value,
        waiting=unit.webhooks.waiting(webhook.id),
        failing_since=webhook.failing_since,
        last=None
        if last is None
        else DeliveryShape(last.at, last.status, last.is_taken, outcome_words(call.ask.language, last), last.said),
        created_at=webhook.created_at,
    )


_ALL = "/organisations/{slug}/webhooks"
_ONE = f"{_ALL}/{{id}}"
_KEEP = Right.KEEP_WEBHOOKS
_FRESH = (Code.FRESH_PROOF,)

ENDPOINTS = (
    Endpoint("GET", _ALL, _KEEP, "The webhooks.", list_them, answer=WebhookList),
    Endpoint(
        "POST",
        _ALL,
        _KEEP,
        "Adds a webhook, whose secret is told this once.",
        add,
        body=WebhookWanted,
        answer=WebhookSecret,
        status=201,
        problems=(Code.TOO_MANY, *_FRESH),
        answers_once=True,
    ),
    Endpoint("GET", _ONE, _KEEP, "One webhook, and what came back last.", read, answer=WebhookShape),
    Endpoint(
        "PUT",
        _ONE,
        _KEEP,
        "Gives a webhook another address or other topics.",
        change,
        body=WebhookWanted,
        answer=WebhookShape,
        problems=_FRESH,
    ),
    Endpoint(
        "PATCH",
        _ONE,
        _KEEP,
        "Switches a webhook on or off.",
        switch,
        body=Switch,
        answer=WebhookShape,
        problems=(Code.NEEDS_SECRET, *_FRESH),
    ),
    Endpoint("DELETE", _ONE, _KEEP, "Deletes a webhook.", remove, problems=_FRESH),
    Endpoint(
        "POST",
        f"{_ONE}/secret",
        _KEEP,
        "Gives a webhook another secret, which is told this once.",
        renew,
        answer=WebhookSecret,
        status=201,
        problems=_FRESH,
        answers_once=True,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/try",
        _KEEP,
        "Has an event delivered by it at once. What came of it stands with the webhook later.",
        try_out,
        answer=WebhookShape,
        status=202,
        problems=(Code.NEEDS_SECRET,),
    ),
)
