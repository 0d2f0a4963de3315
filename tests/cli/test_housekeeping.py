"""Housekeeping deletes what nobody can use any more, and nothing else."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.commands import PASSWORD
from tests.cli.conftest import House
from totrinn.app.landing import Admitted, Visitor
from totrinn.app.operating import issue_setup_link
from totrinn.app.signing_in import sign_in
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Source
from totrinn.housekeeping import Housekeeper, delete_expired, keep_house

KARI = "kari@fjordly.example"
NOW = datetime.now(UTC)


def visitor(at: datetime) -> Visitor:
    """Somebody at this time."""
    return Visitor(now=at, address="192.0.2.1", browser="Firefox")


@pytest.fixture
def installation(fjordly: House) -> Iterator[Installation]:
    """One customer with one user."""
    words = ("user", "create", KARI, "--organisation", "fjordly", "--role", "user", "--password-stdin")
    fjordly.done(*words, typed=PASSWORD + "\n")
    with open_installation(read_settings({}, data=fjordly.data)) as opened:
        yield opened


def test_what_is_in_use_stays(installation: Installation) -> None:
    """A session, a link and a counter of failures outlive a round of housekeeping."""
    services = installation.services
    landed = sign_in(services, visitor(NOW), email=KARI, password=PASSWORD)
    sign_in(services, visitor(NOW), email=KARI, password="wrong")
    link = issue_setup_link(services, visitor(NOW), Source("operator:test"), "fjordly")
    assert isinstance(landed, Admitted)
    assert delete_expired(installation, NOW + timedelta(minutes=5)) == 0
    with services.store.reading() as unit:
        assert unit.sessions.find(services.digest(landed.token))
        assert unit.links.find(services.digest(link.token))


def test_what_is_over_goes(installation: Installation) -> None:
    """Sessions, links and failures of a network address go when they no longer mean anything."""
    services = installation.services
    landed = sign_in(services, visitor(NOW), email=KARI, password=PASSWORD)
    sign_in(services, visitor(NOW), email=KARI, password="wrong")
    issue_setup_link(services, visitor(NOW), Source("operator:test"), "vendor")  # in place of the one that `init` made
    assert isinstance(landed, Admitted)
    assert delete_expired(installation, NOW + timedelta(hours=13)) == 3
    assert delete_expired(installation, NOW + timedelta(days=401)) == 1  # the browser that once signed in
    with services.store.reading() as unit:
        assert unit.sessions.find(services.digest(landed.token)) is None


@pytest.mark.row("R13")
def test_counters_of_failures_are_never_tidied_away(installation: Installation) -> None:
    """Only a success ends a row of failures, however long it takes."""
    services = installation.services
    for _ in range(5):
        sign_in(services, visitor(NOW), email=KARI, password="wrong")
    key = f"password:{services.vault.digest(KARI, 'throttle').hex()}"
    delete_expired(installation, NOW + timedelta(days=1000))
    with services.store.reading() as unit:
        assert unit.throttles.read(key).failures == 5


def test_many_rows_go_a_few_at_a_time(installation: Installation) -> None:
    """Whatever the number, all of it goes."""
    delete_expired(installation, NOW + timedelta(days=1))
    with installation.services.store.writing() as unit:
        for number in range(1100):
            unit.throttles.add_address_failure(f"192.0.2.{number}", "account", NOW)
    assert delete_expired(installation, NOW + timedelta(days=1)) == 1100


def test_a_failure_is_logged_and_the_rest_is_done(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that goes wrong here ends the serving."""
    monkeypatch.setattr("totrinn.housekeeping.seal_log", lambda *_: 1 / 0)
    keep_house(installation, NOW)
    assert "seal failed" in caplog.text


def test_the_housekeeper_works_until_it_is_told_to_stop(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds follow one another, and stop ends them."""
    rounds: list[datetime] = []
    monkeypatch.setattr("totrinn.housekeeping.keep_house", lambda _, now: rounds.append(now))
    housekeeper = Housekeeper(installation, interval=0.01)
    housekeeper.start()
    last = time.monotonic() + 10
    while len(rounds) < 3 and time.monotonic() < last:
        time.sleep(0.01)
    housekeeper.stop()
    assert len(rounds) >= 3
