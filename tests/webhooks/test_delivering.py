"""Events reach those who have subscribed: signed, at least once, and nobody else's."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.webhooks.conftest import SECRET, Post
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof
from totrinn.app.webhooks.delivering import GIVEN_UP_AFTER, deliver
from totrinn.app.webhooks.keeping import MOST_WEBHOOKS, ByOperator, Told, WebhookObstacle, add_webhook
from totrinn.app.webhooks.records import WhyOff
from totrinn.core.events import Event, Kind, Source
from totrinn.core.topics import Topic, topic_of
from totrinn.fetching.exchange import Fetcher

HOUR = timedelta(hours=1)


@pytest.mark.row("R92")
def test_an_event_arrives_signed(post: Post) -> None:
    """With what the log shows of it; id, time and body are what was signed, and nothing is delivered twice."""
    webhook = post.webhook(Topic.MEMBERS)
    event_id = post.happens(Kind.ROLE_CHANGED, old="user", new="administrator")
    assert post.deliver() == 1
    assert post.receiver.is_ours(0, SECRET)
    headers, (event,) = post.receiver.headers[0], post.receiver.events()
    assert headers["webhook-id"] == event["id"] == event_id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["content-type"] == "application/json"
    assert (event["type"], event["data"]["organisation"]) == ("organisation:role:changed", "fjordly")
    assert event["data"]["detail"] == {"old": "user", "new": "administrator"}
    assert event["data"]["address"] == "192.0.2.7"
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
    assert post.deliver(HOUR) == 0
    assert post.waiting(webhook) == 0
    last = post.stored(webhook).last
    assert last is not None
    assert (last.status, last.said, last.is_taken) == (200, "thank you", True)


def test_only_what_was_subscribed_to_arrives(post: Post) -> None:
    """Neither other topics, nor what happens elsewhere, nor what happened before."""
    post.happens(Kind.REQUIREMENT_ON)
    post.webhook(Topic.REQUIREMENT, Topic.MEMBERS)
    post.happens(Kind.SIGNED_OUT)
    post.happens(Kind.REQUIREMENT_ON, slug="other")
    post.happens(Kind.MEMBER_LEFT)
    post.happens(Kind.REQUIREMENT_OFF)
    post.deliver()
    assert sorted(post.receiver.kinds()) == ["organisation:member:left", "organisation:requirement:turned_off"]


def test_each_of_two_receivers_is_told(post: Post) -> None:
    """One that fails keeps nothing from the other."""
    broken = post.webhook(
        Topic.MEMBERS, address=post.receiver.address.replace("/hook", "/nobody").replace("?a=1", "\x7f")
    )
    works = post.webhook(Topic.MEMBERS)
    post.happens(Kind.MEMBER_LEFT)
    assert post.deliver() == 1
    assert (post.waiting(broken), post.waiting(works)) == (1, 0)


@pytest.mark.parametrize("status", [301, 400, 410, 429, 500])
def test_what_is_not_taken_is_tried_again_later(post: Post, status: int) -> None:
    """With growing waits, under the same id; a redirection is not followed."""
    webhook = post.webhook(Topic.MEMBERS)
    post.happens(Kind.MEMBER_LEFT)
    post.receiver.status = status
    assert post.deliver() == 0
    assert post.deliver() == 0
    assert len(post.receiver.bodies) == 1
    assert post.deliver(timedelta(seconds=10)) == 0
    assert len(post.receiver.bodies) == 2
    assert post.deliver(timedelta(seconds=20)) == 0
    assert len(post.receiver.bodies) == 2
    stored = post.stored(webhook)
    assert (stored.failures, stored.is_on) == (2, True)
    assert stored.failing_since is not None
    post.receiver.status = 204
    post.receiver.said = b""
    assert post.deliver(HOUR) == 1
    assert len({headers["webhook-id"] for headers in post.receiver.headers}) == 1
    assert post.stored(webhook).failing_since is None


def test_while_one_is_not_taken_the_others_wait(post: Post) -> None:
    """A receiver that is down is not asked once for each event."""
    webhook = post.webhook(Topic.MEMBERS)
    for _ in range(5):
        post.happens(Kind.MEMBER_LEFT)
    post.receiver.status = 503
    post.deliver()
    assert len(post.receiver.bodies) == 1
    post.receiver.status = 200
    assert post.deliver(HOUR) == 5
    assert post.waiting(webhook) == 0


def test_after_a_day_it_is_switched_off(post: Post) -> None:
    """Nothing more is sent or kept; the log says so, and on again it is told of what is new."""
    webhook = post.webhook(Topic.MEMBERS)
    post.happens(Kind.MEMBER_LEFT)
    post.receiver.status = 500
    post.deliver()
    for hours in range(3, 24, 3):
        post.deliver(hours * HOUR)
    assert post.stored(webhook).is_on
    post.deliver(GIVEN_UP_AFTER + HOUR)
    stored = post.stored(webhook)
    assert stored.why_off is WhyOff.FAILED
    assert post.waiting(webhook) == 0
    post.happens(Kind.MEMBER_LEFT)
    assert post.waiting(webhook) == 0
    with post.house.database.reading() as unit:
        kinds = [each.kind for each in unit.log.of_organisation(post.organisation_id(), kind="", before=None, limit=5)]
    assert "organisation:webhook:stopped" in kinds


def test_an_event_that_is_never_taken_is_given_up_alone(post: Post) -> None:
    """Where others are taken, the webhook stays on."""
    webhook = post.webhook(Topic.MEMBERS)
    post.happens(Kind.MEMBER_LEFT, at=datetime.now(UTC) - HOUR)
    post.receiver.status = 500
    post.deliver()
    post.receiver.status = 200
    with post.house.database.writing() as unit:
        (poison,) = unit.webhooks.due_of(webhook, datetime.now(UTC) + HOUR, limit=9)
    post.happens(Kind.MEMBER_ADDED)
    assert post.deliver() == 1
    post.receiver.status = 500
    post.deliver(GIVEN_UP_AFTER + HOUR)
    assert post.stored(webhook).is_on
    with post.house.database.reading() as unit:
        assert not [
            each
            for each in unit.webhooks.due_of(webhook, datetime.now(UTC) + 9 * GIVEN_UP_AFTER, limit=9)
            if each.event_id == poison.event_id
        ]
        kinds = [each.kind for each in unit.log.of_organisation(post.organisation_id(), kind="", before=None, limit=5)]
    assert "organisation:webhook:given_up" in kinds


def test_of_several_processes_one_delivers(post: Post) -> None:
    """Four that look at the same moment send each event once."""
    webhook = post.webhook(Topic.MEMBERS)
    for _ in range(10):
        post.happens(Kind.MEMBER_LEFT)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: post.deliver(), range(4)))
    assert sum(taken) == 10
    assert len({headers["webhook-id"] for headers in post.receiver.headers}) == len(post.receiver.headers) == 10
    assert post.waiting(webhook) == 0


def test_nothing_is_delivered_of_what_was_not_done(post: Post) -> None:
    """What is to be delivered is written in the transaction of the event, and rolled back with it."""
    webhook = post.webhook(Topic.MEMBERS)
    event = Event(Kind.MEMBER_LEFT, datetime.now(UTC), Source(""), post.organisation_id())
    with suppress(_Broken), post.house.database.writing() as unit:
        unit.log.write(event)
        raise _Broken
    assert post.waiting(webhook) == 0


class _Broken(Exception):
    """Something went wrong after the event was written."""


@pytest.mark.row("R89")
@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "http://example.com/",
    ],
)
def test_nothing_is_sent_inside(post: Post, address: str) -> None:
    """Neither to this machine, nor to private networks, nor unencrypted."""
    post.fetcher = Fetcher()
    webhook = post.webhook(Topic.MEMBERS, address=address)
    post.happens(Kind.MEMBER_LEFT)
    assert post.deliver() == 0
    last = post.stored(webhook).last
    assert last is not None
    assert (last.status, last.said) == (None, "")
    assert last.code in ("not_allowed_address", "unknown_host", "not_https")


@pytest.mark.row("R92")
def test_every_kind_of_event_has_a_topic() -> None:
    """None can be written that nobody could subscribe to."""
    assert {topic_of(kind) for kind in Kind} == set(Topic)


@pytest.mark.row("R92")
def test_no_secret_is_in_a_message(post: Post) -> None:
    """Whatever else people do: neither passwords, codes, nor tokens go out."""
    post.webhook()
    browser = post.house.enrolled("kari@fjordly.no", "fjordly")
    secrets = [browser.cookie("totrinn") or "-", post.house.apps["kari@fjordly.no"].secret, "mild regn over fjorden"]
    while post.deliver(HOUR):
        pass
    assert "person:factor:enrolled" in post.receiver.kinds()
    sent = b"".join(post.receiver.bodies).decode()
    assert not [secret for secret in secrets if secret in sent]
    assert all(json.loads(body)["data"]["organisation"] == "fjordly" for body in post.receiver.bodies)


def test_a_slow_receiver_leaves_its_place_to_others(post: Post) -> None:
    """What is left is delivered at its next turn."""
    webhook = post.webhook(Topic.MEMBERS)
    for _ in range(3):
        post.happens(Kind.MEMBER_LEFT)
    services = post.house.services
    assert deliver(services, _clock, webhook, send=post.send, is_enough=lambda: True) == 1
    assert post.waiting(webhook) == 2
    assert post.deliver() == 2


def test_each_message_says_when_it_was_sent(post: Post) -> None:
    """Not when its turn began: the receiver refuses what is old, and some take their time."""
    webhook = post.webhook(Topic.MEMBERS)
    for _ in range(3):
        post.happens(Kind.MEMBER_LEFT)
    began = datetime.now(UTC)
    times = iter(began + timedelta(seconds=10 * number) for number in range(99))
    assert deliver(post.house.services, lambda: next(times), webhook, send=post.send) == 3
    sent = [int(headers["webhook-timestamp"]) for headers in post.receiver.headers]
    assert sent == sorted(set(sent))
    assert all(post.receiver.is_ours(at, SECRET) for at in range(3))


def test_the_log_names_the_server_and_no_more(post: Post) -> None:
    """Whoever may read the log, or is sent it, learns no address in which a secret may stand."""
    address = "https://hooks.example.org:8443/services/T0/secret-in-the-path?token=secret-in-the-query"
    webhook = post.webhook(Topic.MEMBERS, address=address)
    post.happens(Kind.MEMBER_LEFT)
    post.deliver()
    post.deliver(GIVEN_UP_AFTER + HOUR)
    with post.house.database.reading() as unit:
        events = unit.log.of_organisation(post.organisation_id(), kind="", before=None, limit=5)
    (stopped,) = [each for each in events if each.kind == "organisation:webhook:stopped"]
    assert stopped.detail == {"id": webhook, "webhook": "https://hooks.example.org:8443"}


def test_there_are_no_more_than_there_may_be_however_many_are_added_at_once(post: Post) -> None:
    """Those who add them wait for each other."""
    visitor, keeper = Visitor(datetime.now(UTC), "", ""), ByOperator("fjordly", Source("operator:test"))

    def add(number: int) -> Told | WebhookObstacle | StaleProof:
        address = f"https://{number}.example.org/"
        return add_webhook(post.house.services, visitor, keeper, address, frozenset(Topic))

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(add, range(MOST_WEBHOOKS + 6)))
    assert sum(isinstance(outcome, Told) for outcome in outcomes) == MOST_WEBHOOKS
    assert outcomes.count(WebhookObstacle.TOO_MANY) == 6
    other = add_webhook(post.house.services, visitor, replace(keeper, slug="other"), "https://a.no/", frozenset(Topic))
    assert isinstance(other, Told)


def _clock() -> datetime:
    return datetime.now(UTC)
