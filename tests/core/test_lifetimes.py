"""How long sign-ins and sessions live."""

from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.lifetimes import (
    CLOCK_TOLERANCE,
    ONE_TIME_LINK,
    SESSION_ABSOLUTE,
    SESSION_IDLE,
    SIGNIN_LIFETIME,
    SSO_ATTEMPT,
    Lifetimes,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def _is_over(*, age: timedelta, idle: timedelta = timedelta(0), lifetimes: Lifetimes | None = None) -> bool:
    return (lifetimes or Lifetimes()).is_over(created_at=NOW - age, last_seen=NOW - idle, now=NOW)


@pytest.mark.row("R56")
def test_the_limits_are_those_promised() -> None:
    """An hour idle, twelve in all, ten minutes for a sign-in, here or at a provider, an hour for a link."""
    assert timedelta(minutes=60) == SESSION_IDLE
    assert timedelta(hours=12) == SESSION_ABSOLUTE
    assert timedelta(minutes=10) == SIGNIN_LIFETIME
    assert timedelta(minutes=10) == SSO_ATTEMPT
    assert timedelta(hours=1) == ONE_TIME_LINK


@pytest.mark.row("R56")
def test_an_idle_session_is_over_after_an_hour() -> None:
    """To the moment."""
    assert not _is_over(age=SESSION_IDLE, idle=SESSION_IDLE - MOMENT)
    assert _is_over(age=SESSION_IDLE, idle=SESSION_IDLE)


@pytest.mark.row("R56")
def test_a_busy_session_is_over_after_twelve_hours() -> None:
    """However often it was used."""
    assert not _is_over(age=SESSION_ABSOLUTE - MOMENT)
    assert _is_over(age=SESSION_ABSOLUTE)


@pytest.mark.row("R56")
def test_an_organisation_may_choose_other_limits() -> None:
    """Its own limits count instead."""
    short = Lifetimes(idle=timedelta(minutes=5), absolute=timedelta(hours=1))
    assert _is_over(age=timedelta(minutes=30), idle=timedelta(minutes=5), lifetimes=short)
    assert _is_over(age=timedelta(hours=1), lifetimes=short)
    assert not _is_over(age=timedelta(minutes=59), idle=timedelta(minutes=4), lifetimes=short)


@pytest.mark.row("R94")
def test_a_session_from_the_future_is_over() -> None:
    """A clock that was set back prolongs nothing; two minutes between nodes are forgiven."""
    assert not _is_over(age=-CLOCK_TOLERANCE)
    assert _is_over(age=-CLOCK_TOLERANCE - MOMENT)
    assert not _is_over(age=SESSION_IDLE, idle=-CLOCK_TOLERANCE)
    assert _is_over(age=SESSION_IDLE, idle=-CLOCK_TOLERANCE - MOMENT)


@pytest.mark.row("R56")
@pytest.mark.parametrize(
    ("ends_at", "expected"),
    [(None, False), (NOW + MOMENT, False), (NOW, True), (NOW - MOMENT, True), (NOW - timedelta(days=1), True)],
)
def test_a_session_does_not_outlive_the_providers(ends_at: datetime | None, expected: bool) -> None:
    """It is over at the end that the provider named, to the moment."""
    assert Lifetimes().is_over(created_at=NOW, last_seen=NOW, now=NOW, ends_at=ends_at) is expected


@pytest.mark.row("R56")
def test_a_providers_end_prolongs_nothing() -> None:
    """However long the provider's own session lives, ours has its limits."""
    late = NOW + timedelta(days=30)
    for created_at, last_seen in ((NOW - SESSION_ABSOLUTE, NOW), (NOW, NOW - SESSION_IDLE)):
        assert Lifetimes().is_over(created_at=created_at, last_seen=last_seen, now=NOW, ends_at=late)
