"""`/settings/webhooks` and `/vendor/webhooks`: where the organisation's events are sent, and what came back."""

from collections.abc import Callable

from starlette.responses import Response

from totrinn.app.errors import NotFound
from totrinn.app.own_factors import StaleProof
from totrinn.app.webhooks.keeping import (
    LONGEST_ADDRESS,
    MOST_WEBHOOKS,
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
from totrinn.core.topics import Topic
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import prove_again
from totrinn.web.routing import Page
from totrinn.web.sso_asking import proof_asked_for, sent_form, stale_in_form
from totrinn.web.webhook_words import outcome_words, topic_words

_SETTINGS, _VENDOR = "/settings/webhooks", "/vendor/webhooks"
_Act = Callable[[str], Told | WebhookObstacle | StaleProof]


def show(ask: Ask) -> Response:
    """All of them, and a form for a new one."""
    return _list(ask, 200)


def add(ask: Ask) -> Response:
    """Adds one; its secret is shown this once."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _list(ask, unproven.status, errors=unproven.errors)
    added = add_webhook(ask.services, ask.visitor, ask.me, _address(ask), _topics(ask))
    if isinstance(added, Told):
        return _one(ask, 200, added.webhook, secret=added.secret)
    return _list(ask, 422, errors=_errors(ask, added))


def show_one(ask: Ask) -> Response:
    """One of them, and what came back last."""
    return _one(ask, 200, _known(ask))


def change(ask: Ask) -> Response:
    """Gives it another address or other topics."""
    return _done(ask, lambda id_: change_webhook(ask.services, ask.visitor, ask.me, id_, _address(ask), _topics(ask)))


def renew(ask: Ask) -> Response:
    """Gives it another secret, which is shown this once."""
    return _done(ask, lambda id_: renew_webhook_secret(ask.services, ask.visitor, ask.me, id_))


def switch(ask: Ask) -> Response:
    """Switches it on or off."""
    is_on = ask.form.get("on") == "on"
    return _done(ask, lambda id_: switch_webhook(ask.services, ask.visitor, ask.me, id_, is_on=is_on))


def try_it(ask: Ask) -> Response:
    """Sends an event by it at once; its page shows what came back."""
    tried = try_webhook(ask.services, ask.visitor, ask.me, ask.params["id"])
    if isinstance(tried, WebhookObstacle):
        return _one(ask, 409, _known(ask), errors=_errors(ask, tried))
    return ask.go(f"{_home(ask)}/{ask.params['id']}?said=webhook-tried")


def remove(ask: Ask) -> Response:
    """Deletes it."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _one(ask, unproven.status, _known(ask), errors=unproven.errors)
    removed = remove_webhook(ask.services, ask.visitor, ask.me, ask.params["id"])
    if isinstance(removed, StaleProof):
        return _one(ask, 422, _known(ask), errors=stale_in_form(ask, removed))
    return ask.go(f"{_home(ask)}?said=webhook-removed")


def to_one(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go(f"{_home(ask)}/{_known(ask).id}")


def _home(ask: Ask) -> str:
    """The page of the session's organisation. Raises `NotFound` at the other one's address."""
    home = _VENDOR if ask.me.organisation.is_vendor else _SETTINGS
    if not ask.path.startswith(home):
        raise NotFound
    return home


def _known(ask: Ask) -> Webhook:
    with ask.services.store.reading() as unit:
        webhook = unit.webhooks.find(ask.me.organisation.id, ask.params["id"])
    if webhook is None:
        raise NotFound(ask.params["id"])
    return webhook


def _address(ask: Ask) -> str:
    return ask.form.get("address", "").strip()


def _topics(ask: Ask) -> frozenset[Topic]:
    return frozenset(topic for topic in Topic if ask.form.get(topic.value) == "on")


def _done(ask: Ask, act: _Act) -> Response:
    unproven = prove_again(ask)
    if unproven is not None:
        return _one(ask, unproven.status, _known(ask), errors=unproven.errors)
    outcome = act(ask.params["id"])
    if not isinstance(outcome, Told):
        return _one(ask, 422, _known(ask), errors=_errors(ask, outcome))
    if outcome.secret is not None:
        return _one(ask, 200, outcome.webhook, secret=outcome.secret)
    return ask.go(f"{_home(ask)}/{outcome.webhook.id}?said=saved")


def _errors(ask: Ask, outcome: WebhookObstacle | StaleProof) -> dict[str, str]:
    say = ask.language.say
    if isinstance(outcome, StaleProof):
        return stale_in_form(ask, outcome)
    return {
        WebhookObstacle.BAD_ADDRESS: {"address": say("This is no https address.")},
        WebhookObstacle.NO_TOPIC: {"topics": say("Choose at least one.")},
        WebhookObstacle.TOO_MANY: {"form": say("There are as many as there may be. Remove one first.")},
        WebhookObstacle.NEEDS_SECRET: {"form": say("Its secret is lost. Make a new one first.")},
    }[outcome]


def _list(ask: Ask, status: int, *, errors: dict[str, str] | None = None) -> Response:
    home = _home(ask)
    with ask.services.store.reading() as unit:
        webhooks = unit.webhooks.of_organisation(ask.me.organisation.id)
    is_sent = ask.method == "POST"
    return ask.page(
        "settings_webhooks.html",
        status,
        nav="webhooks",
        notice=notice(ask),
        home=home,
        webhooks=[_row(ask, each) for each in webhooks],
        may_add=len(webhooks) < MOST_WEBHOOKS,
        address=_address(ask)[:LONGEST_ADDRESS] if is_sent else "",
        topics=_choices(ask, _topics(ask) if is_sent else frozenset()),
        proof=proof_asked_for(ask),
        errors=errors or {},
    )


def _one(
    ask: Ask, status: int, webhook: Webhook, *, secret: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    sent, errors = sent_form(ask) if errors else "", errors or {}
    with ask.services.store.reading() as unit:
        waiting = unit.webhooks.waiting(webhook.id)
    is_changed = sent == webhook.id
    response = ask.page(
        "settings_webhook.html",
        status,
        nav="webhooks",
        notice=notice(ask),
        home=_home(ask),
        webhook=_row(ask, webhook),
        secret=secret,
        waiting=waiting,
        address=_address(ask)[:LONGEST_ADDRESS] if is_changed else webhook.address,
        topics=_choices(ask, _topics(ask) if is_changed else webhook.topics),
        sent=sent,
        proof=proof_asked_for(ask),
        errors=errors,
    )
    if waiting and not errors and secret is None and ask.query.get("said") == "webhook-tried":
        response.headers["Refresh"] = "2"
    return response


def _row(ask: Ask, webhook: Webhook) -> dict[str, object]:
    last = webhook.last
    return {
        "id": webhook.id,
        "address": webhook.address,
        "is_on": webhook.is_on,
        "why_off": webhook.why_off.value if webhook.why_off else "",
        "topics": [topic_words(ask.language, topic) for topic in Topic if topic in webhook.topics],
        "failing_since": webhook.failing_since,
        "last": {
            "at": last.at,
            "words": outcome_words(ask.language, last),
            "said": last.said,
            "is_taken": last.is_taken,
        }
        if last
        else None,
    }


def _choices(ask: Ask, chosen: frozenset[Topic]) -> list[dict[str, object]]:
    return [{"value": each.value, "label": topic_words(ask.language, each), "on": each in chosen} for each in Topic]


_KEEP = with_right(Right.KEEP_WEBHOOKS, of_organisation=True)


def _pages(home: str) -> tuple[Page, ...]:
    one = f"{home}/{{id}}"
    return (
        Page(home, _KEEP, get=show, post=add, hashes=True),
        Page(one, _KEEP, get=show_one, post=change, hashes=True),
        Page(f"{one}/secret", _KEEP, get=to_one, post=renew, hashes=True),
        Page(f"{one}/switch", _KEEP, get=to_one, post=switch, hashes=True),
        Page(f"{one}/try", _KEEP, get=to_one, post=try_it),
        Page(f"{one}/remove", _KEEP, get=to_one, post=remove, hashes=True),
    )


PAGES = (*_pages(_SETTINGS), *_pages(_VENDOR))
