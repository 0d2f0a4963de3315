"""Guessing slows down and ends; those who do not guess are not touched."""

from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.throttle import (
    ADDRESS_ACCOUNTS,
    ADDRESS_FAILURES,
    ADDRESS_WINDOW,
    FREE_FAILURES,
    LAST_FAILURE,
    MAIL_AT_FACTOR_FAILURES,
    Counter,
    Ended,
    Free,
    Wait,
    address_allowance,
    after_failure,
    allowance,
    must_count_first,
    recovery_allowance,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.row("R13")
@pytest.mark.parametrize("failures", range(5))
def test_the_first_failures_cost_no_wait(failures: int) -> None:
    """Up to four failures in a row the next attempt is looked at, at once."""
    assert allowance(Counter(failures, NOW), NOW) == Free()


@pytest.mark.row("R13")
@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (5, 1),
        (6, 2),
        (7, 4),
        (8, 8),
        (9, 16),
        (10, 32),
        (11, 64),
        (12, 128),
        (13, 256),
        (14, 512),
        (15, 900),
        (99, 900),
    ],
)
def test_the_wait_doubles_from_one_second_to_fifteen_minutes(failures: int, seconds: int) -> None:
    """From the fifth failure on one waits, each time twice as long, never longer than a quarter of an hour."""
    until = NOW + timedelta(seconds=seconds)
    assert allowance(Counter(failures, NOW), NOW) == Wait(until)
    assert allowance(Counter(failures, NOW), until - timedelta(microseconds=1)) == Wait(until)
    assert allowance(Counter(failures, NOW), until) == Free()


@pytest.mark.row("R13")
def test_a_hundred_failures_in_a_row_are_the_end() -> None:
    """No waiting helps after the hundredth (NIST SP 800-63B §5.2.2), and the counter stays there."""
    counter = Counter()
    for _ in range(LAST_FAILURE):
        assert not isinstance(allowance(counter, NOW), Ended)
        counter = after_failure(counter, NOW)
    assert allowance(counter, NOW + timedelta(days=10_000)) == Ended()
    assert after_failure(counter, NOW) == Counter(LAST_FAILURE, NOW)


@pytest.mark.row("R14")
def test_a_recovery_code_waits_as_long_but_never_ends() -> None:
    """120 bits cannot be guessed: an outsider's failures do not take this way out from the person."""
    assert recovery_allowance(Counter(4, NOW), NOW) == Free()
    assert recovery_allowance(Counter(100, NOW), NOW) == Wait(NOW + timedelta(minutes=15))
    assert recovery_allowance(Counter(100, NOW), NOW + timedelta(minutes=15)) == Free()


def test_each_failure_counts_with_its_time() -> None:
    """The wait runs from the last failure."""
    later = NOW + timedelta(seconds=9)
    assert after_failure(Counter(6, NOW), later) == Counter(7, later)
    assert after_failure(Counter(), NOW) == Counter(1, NOW)


@pytest.mark.row("R13", "R14")
@pytest.mark.parametrize(
    ("failures", "accounts"),
    [(0, 0), (ADDRESS_FAILURES - 1, 10_000), (10_000, ADDRESS_ACCOUNTS - 1), (10_000, 1)],
)
def test_a_whole_municipality_behind_one_address_is_not_held(failures: int, accounts: int) -> None:
    """A network address waits only after many failures against many accounts."""
    assert address_allowance(failures, accounts, NOW, NOW) == Free()


@pytest.mark.row("R13")
def test_an_address_that_tries_many_accounts_waits() -> None:
    """It may try again when its oldest failure is ten minutes old."""
    oldest = NOW - timedelta(minutes=4)
    assert address_allowance(ADDRESS_FAILURES, ADDRESS_ACCOUNTS, oldest, NOW) == Wait(oldest + ADDRESS_WINDOW)
    assert address_allowance(ADDRESS_FAILURES, ADDRESS_ACCOUNTS, None, NOW) == Wait(NOW + ADDRESS_WINDOW)


@pytest.mark.row("R31")
def test_the_person_is_told_of_wrong_codes_before_the_end() -> None:
    """Mails go out at 5, 20 and 50 failures: at the first wait, and well before the last failure."""
    assert {5, 20, 50} == MAIL_AT_FACTOR_FAILURES
    assert max(MAIL_AT_FACTOR_FAILURES) < LAST_FAILURE


@pytest.mark.row("R13", "R15")
def test_near_the_limit_an_attempt_counts_before_it_is_looked_at() -> None:
    """From the last free attempt on, those that come at once are counted one by one."""
    assert not must_count_first(Counter())
    assert not must_count_first(Counter(FREE_FAILURES - 2, NOW))
    assert must_count_first(Counter(FREE_FAILURES - 1, NOW))
    assert must_count_first(Counter(LAST_FAILURE - 1, NOW))
