"""What runs beside the serving sends security events to a receiver that verifies them by our published keys."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import House
from tests.serving.event_receiver import EventReceiver, receiving_events
from tests.serving.test_telling import granted, installation, listening, silent, telling, until, visitor
from totrinn.app.accounts import sign_out
from totrinn.app.applications.events import SESSION_REVOKED
from totrinn.app.applications.grant_records import Channel, Told
from totrinn.app.applications.records import Agreement
from totrinn.app.applications.signing_keys import all_keys
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings

__all__ = ["installation"]


@contextmanager
def receiving(installation: Installation) -> Iterator[EventReceiver]:
    """A receiver that trusts this installation."""

    def keys() -> list[dict[str, str]]:
        return [json.loads(key.public) for key in all_keys(installation.services, datetime.now(UTC))]

    # Made before anybody waits for them, as that takes its time.
    keys()
    with receiving_events(keys, installation.settings.base_url) as receiver:
        yield receiver


def of_receiver(installation: Installation, receiver: EventReceiver, *, back_channel: str = "") -> str:
    """Somebody who has signed in to the application whose receiver this is; their session."""
    token = granted(installation, Agreement("Mottaker", events=receiver.address, back_channel=back_channel))
    receiver.audience = application_id(installation)
    return token


def application_id(installation: Installation) -> str:
    """The one whose events are received."""
    with installation.services.store.reading() as unit:
        return next(each.id for each in unit.applications.all() if each.name == "Mottaker")


def left(installation: Installation) -> tuple[Told, ...]:
    """What it is still to be sent, now or later."""
    with installation.services.store.reading() as unit:
        far = datetime.now(UTC) + timedelta(days=9)
        return unit.grants.untold(application_id(installation), Channel.EVENTS, far, limit=9)


@pytest.mark.row("R87")
def test_one_of_several_nodes_sends_it_and_it_can_be_verified(installation: Installation) -> None:
    """Once, though three look; signed with a published key, and about the session that has ended."""
    with receiving(installation) as receiver, telling(installation, 3):
        token = of_receiver(installation, receiver)
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(receiver.events) and not left(installation))
    (event,) = receiver.events
    assert receiver.requests == 1
    assert event["events"][SESSION_REVOKED]["reason_admin"] == {"en": "The person signed out."}
    assert event["sub_id"]["user"]["iss"] == installation.settings.base_url


@pytest.mark.parametrize("status", [200, 204, 302, 400, 500])
def test_only_202_says_that_it_was_taken(installation: Installation, status: int) -> None:
    """Else it comes again later, and nothing is followed; the logout token has gone its own way."""
    with receiving(installation) as receiver, listening() as (logout, heard), telling(installation):
        receiver.status = status
        sign_out(installation.services, visitor(), of_receiver(installation, receiver, back_channel=logout))
        until(lambda: bool(receiver.requests and heard) and left(installation)[0].attempts == 1)
    (waiting,) = left(installation)
    assert (waiting.attempts, receiver.requests, len(heard)) == (1, 1, 1)


def test_what_a_receiver_finds_wrong_is_said_in_the_servers_log(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """By its code, where that is one of the standard's; nothing else of the answer gets there."""
    with receiving(installation) as receiver, telling(installation):
        token = of_receiver(installation, receiver)
        receiver.audience = "somebody else"
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(caplog.messages))
    assert caplog.messages == [
        "an application did not take the event that a session has ended: 400 invalid_audience",
    ]


def test_a_receiver_that_says_nothing_keeps_nobody_waiting(installation: Installation) -> None:
    """Neither another application, nor the application's own other way."""
    with silent() as dead, receiving(installation) as receiver, listening() as (logout, heard), telling(installation):
        token = granted(
            installation,
            Agreement("Stum", events=dead, back_channel=logout),
            Agreement("Mottaker", events=receiver.address),
        )
        receiver.audience = application_id(installation)
        started = time.monotonic()
        sign_out(installation.services, visitor(), token)
        until(lambda: bool(receiver.events and heard))
        assert time.monotonic() - started < 9


@pytest.mark.row("R89")
def test_by_default_no_event_goes_to_a_private_network(installation: Installation, fjordly: House) -> None:
    """Nor unencrypted; it waits, and the receiver has heard nothing."""
    with receiving(installation) as receiver:
        token = of_receiver(installation, receiver)
        settings = read_settings({}, data=fjordly.data)
        with open_installation(settings) as strict, telling(strict):
            sign_out(strict.services, visitor(), token)
            until(lambda: bool(left(strict)) and left(strict)[0].attempts == 1)
        assert receiver.requests == 0
