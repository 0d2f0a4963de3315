"""`webhook`: where an organisation's events are sent, set up and tried by the operator."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import (
    Refused,
    as_json,
    known_organisation,
    opened,
    operator,
    print_json,
    visitor,
    where,
)
from totrinn.core.topics import Topic

if TYPE_CHECKING:
    from totrinn.app.webhooks.keeping import ByOperator, Told
    from totrinn.app.webhooks.records import Outcome, Webhook
    from totrinn.bootstrap import Installation

_LONGEST_TRY_SECONDS = 40.0
_LOOK_AGAIN_SECONDS = 0.2

of_organisation = click.option(
    "--organisation", "slug", required=True, metavar="SLUG", help="Whose it is; `vendor` for the vendor's own."
)
_TOPICS = click.Choice([topic.value for topic in Topic])
_TOPIC_HELP = "What it is told of; may be given several times."


@click.group()
def webhook() -> None:
    """Receivers that are told of an organisation's events."""


@webhook.command()
@click.argument("address")
@of_organisation
@click.option("--topic", "topics", required=True, multiple=True, type=_TOPICS, help=_TOPIC_HELP)
@where
@as_json
def add(
    address: str, slug: str, topics: tuple[str, ...], data: Path | None, database: str | None, as_json: bool
) -> None:
    """Add a receiver, which is told of what happens from now on. Its secret is printed this once."""
    from totrinn.app.webhooks.keeping import add_webhook

    wanted = frozenset(map(Topic, topics))
    with opened(data, database) as installation, known_organisation(slug):
        made = _done(add_webhook(installation.services, visitor(), _operator(slug), address.strip(), wanted))
    _print(made, slug, f"Added {made.webhook.id}.", as_json=as_json)


@webhook.command("list")
@of_organisation
@where
@as_json
def list_(slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """List an organisation's receivers, the oldest first, with what came back last."""
    with opened(data, database) as installation:
        found = _all(installation, slug)
    if as_json:
        print_json([_data(each, slug) for each in found])
        return
    for each in found:
        click.echo(f"{each.id}  {_state(each)}  {each.address}: {' '.join(sorted(each.topics))}; {_last(each.last)}")


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@of_organisation
@click.option("--address", metavar="URL", help="Where events are sent.")
@click.option("--topic", "topics", multiple=True, type=_TOPICS, help=f"{_TOPIC_HELP} Replaces all.")
@click.option("--on/--off", "is_on", default=None, help="While it is off, what happens passes it by.")
@where
@as_json
def change(
    webhook_id: str,
    slug: str,
    address: str | None,
    topics: tuple[str, ...],
    is_on: bool | None,
    data: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Change where a receiver is, or what it is told of, or switch it; what is left out stays as it is."""
    from totrinn.app.webhooks.keeping import Told, change_webhook, switch_webhook

    with opened(data, database) as installation:
        before = _found(installation, slug, webhook_id)
        changed, services, by = Told(before), installation.services, _operator(slug)
        if address is not None or topics:
            wanted = frozenset(map(Topic, topics)) or before.topics
            place = before.address if address is None else address.strip()
            changed = _done(change_webhook(services, visitor(), by, webhook_id, place, wanted))
        if is_on is not None and is_on is not changed.webhook.is_on:
            changed = _done(switch_webhook(services, visitor(), by, webhook_id, is_on=is_on))
    _print(changed, slug, f"{webhook_id} is {'on' if changed.webhook.is_on else 'off'}.", as_json=as_json)


@webhook.command("new-secret")
@click.argument("webhook_id", metavar="ID")
@of_organisation
@where
@as_json
def new_secret(webhook_id: str, slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Make another secret, which is printed this once; the old one signs nothing any more."""
    from totrinn.app.webhooks.keeping import renew_webhook_secret

    with opened(data, database) as installation:
        _found(installation, slug, webhook_id)
        made = _done(renew_webhook_secret(installation.services, visitor(), _operator(slug), webhook_id))
    _print(made, slug, f"{webhook_id} has a new secret.", as_json=as_json)


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@of_organisation
@where
@as_json
@click.pass_context
def test(
    context: click.Context, webhook_id: str, slug: str, data: Path | None, database: str | None, as_json: bool
) -> None:
    """Send a message at once, whatever the topics are, and print what came back. Exit status 1 if it was not taken."""
    from totrinn.app.webhooks.keeping import try_webhook

    with opened(data, database) as installation:
        before = _found(installation, slug, webhook_id)
        tried = _done(try_webhook(installation.services, visitor(), _operator(slug), webhook_id))
        outcome = _outcome(installation, before)
    if as_json:
        print_json({"id": webhook_id, "is_taken": outcome.is_taken, **_came_back(outcome)})
    else:
        click.echo(f"{tried.webhook.address}: {_last(outcome)}")
    if not outcome.is_taken:
        context.exit(1)


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@of_organisation
@where
@as_json
def remove(webhook_id: str, slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Delete a receiver, with all that it was yet to be told."""
    from totrinn.app.webhooks.keeping import remove_webhook

    with opened(data, database) as installation:
        _found(installation, slug, webhook_id)
        gone = _done(remove_webhook(installation.services, visitor(), _operator(slug), webhook_id)).webhook
    if as_json:
        print_json({"id": gone.id, "organisation": slug, "address": gone.address, "is_removed": True})
        return
    click.echo(f"{gone.address} is told nothing any more.")


def _operator(slug: str) -> "ByOperator":
    from totrinn.app.webhooks.keeping import ByOperator

    return ByOperator(slug, operator())


def _outcome(installation: "Installation", before: "Webhook") -> "Outcome":
    """What came back, whether this process has sent it or a node that serves."""
    from totrinn.serving.delivering import Deliverer

    deliverer, ends = Deliverer(installation), time.monotonic() + _LONGEST_TRY_SECONDS
    while True:
        deliverer.deliver(before.id)
        with installation.services.store.reading() as unit:
            now = unit.webhooks.find_by_id(before.id)
        if now is not None and now.last is not None and now.last != before.last:
            return now.last
        if now is None or time.monotonic() >= ends:
            raise Refused("a node that serves has taken the message, and has not said what came of it: list shows it")
        time.sleep(_LOOK_AGAIN_SECONDS)


def _all(installation: "Installation", slug: str) -> tuple["Webhook", ...]:
    with installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            raise Refused(f"there is no such organisation: {slug}")
        return unit.webhooks.of_organisation(organisation.id)


def _found(installation: "Installation", slug: str, webhook_id: str) -> "Webhook":
    found = next((each for each in _all(installation, slug) if each.id == webhook_id), None)
    if found is None:
        raise Refused(f"{slug} has no webhook {webhook_id}")
    return found


def _done(outcome: object) -> "Told":
    """What was done. Raises `Refused`, with the reason why it was not."""
    from totrinn.app.webhooks.keeping import LONGEST_ADDRESS, MOST_WEBHOOKS, Told, WebhookObstacle

    if isinstance(outcome, Told):
        return outcome
    reasons = {
        WebhookObstacle.BAD_ADDRESS: "an address begins with https:// (http:// on this machine only), has no # and no"
        f" user name, and at most {LONGEST_ADDRESS} signs",
        WebhookObstacle.NO_TOPIC: "give at least one --topic",
        WebhookObstacle.TOO_MANY: f"there are {MOST_WEBHOOKS} already, as many as there may be: remove one first",
        WebhookObstacle.NEEDS_SECRET: "its secret is lost: `totrinn webhook new-secret` makes another",
    }
    raise Refused(reasons[WebhookObstacle(str(outcome))])


def _print(told: "Told", slug: str, heading: str, *, as_json: bool) -> None:
    secret = {} if told.secret is None else {"secret": told.secret}
    if as_json:
        print_json({**_data(told.webhook, slug), **secret})
        return
    click.echo(heading)
    if told.secret is not None:
        click.echo(f"Its secret, shown this once:\n\n  {told.secret}\n")


def _data(found: "Webhook", slug: str) -> dict[str, object]:
    return {
        "id": found.id,
        "organisation": slug,
        "address": found.address,
        "topics": sorted(found.topics),
        "is_on": found.is_on,
        "why_off": found.why_off,
        "created_at": found.created_at,
        "failing_since": found.failing_since,
        "last": None if found.last is None else {"at": found.last.at, **_came_back(found.last)},
    }


def _came_back(outcome: "Outcome") -> dict[str, object]:
    return {"status": outcome.status, "code": outcome.code, "said": outcome.said}


def _state(found: "Webhook") -> str:
    if not found.is_on:
        return "off  "
    return "on   " if found.failing_since is None else "fails"


def _last(outcome: "Outcome | None") -> str:
    if outcome is None:
        return "nothing has been sent yet"
    if outcome.status is None:
        return f"nothing came back ({outcome.code})"
    return f"{'taken' if outcome.is_taken else 'refused'} with status {outcome.status}"
