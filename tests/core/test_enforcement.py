"""Requiring two-factor: who may, when, and what a confirmation is bound to (rules 5 to 7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.enforcement import (
    CONFIRMATION_LIFETIME,
    Change,
    Confirmation,
    Policy,
    Preview,
    Refusal,
    Wish,
    change_of,
    granted,
    refuse_confirmation,
    refuse_wish,
)
from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
LAST_MONTH, YESTERDAY, TOMORROW, NEXT_WEEK = NOW - 30 * DAY, NOW - DAY, NOW + DAY, NOW + 7 * DAY

OFF = Requirement()
ON = Requirement(since=LAST_MONTH)
FROM_YESTERDAY = Requirement(since=LAST_MONTH, from_=YESTERDAY)
FROM_TOMORROW = Requirement(since=LAST_MONTH, from_=TOMORROW)
FROM_NEXT_WEEK = Requirement(since=LAST_MONTH, from_=NEXT_WEEK)
ALWAYS = Requirement(always=True)

TURN_OFF, TURN_ON = Wish(on=False), Wish(on=True)
BY_YESTERDAY, BY_TOMORROW, BY_NEXT_WEEK = (Wish(on=True, from_=day) for day in (YESTERDAY, TOMORROW, NEXT_WEEK))

# what stands, what is wished, what that amounts to
CHANGES = [
    (OFF, TURN_OFF, Change.NOTHING),
    (OFF, TURN_ON, Change.ON),
    (OFF, BY_YESTERDAY, Change.ON),
    (OFF, BY_TOMORROW, Change.ON),
    (ON, TURN_OFF, Change.OFF),
    (ON, TURN_ON, Change.NOTHING),
    (ON, BY_YESTERDAY, Change.NOTHING),
    (ON, BY_TOMORROW, Change.LATER),
    (FROM_YESTERDAY, TURN_OFF, Change.OFF),
    (FROM_YESTERDAY, TURN_ON, Change.NOTHING),
    (FROM_YESTERDAY, BY_TOMORROW, Change.LATER),
    (FROM_TOMORROW, TURN_OFF, Change.OFF),
    (FROM_TOMORROW, TURN_ON, Change.EARLIER),
    (FROM_TOMORROW, BY_YESTERDAY, Change.EARLIER),
    (FROM_TOMORROW, BY_TOMORROW, Change.NOTHING),
    (FROM_TOMORROW, BY_NEXT_WEEK, Change.LATER),
    (FROM_NEXT_WEEK, BY_TOMORROW, Change.EARLIER),
]


def _policy(requirement: Requirement, *, is_available: bool = True, revision: int = 7) -> Policy:
    return Policy(requirement, revision, LAST_MONTH if is_available else None)


@pytest.mark.parametrize(("standing", "wish", "change"), CHANGES)
def test_a_wish_amounts_to_one_change(standing: Requirement, wish: Wish, change: Change) -> None:
    """On, off, earlier, later or nothing; a date that has passed means at once."""
    assert change_of(_policy(standing), wish, NOW) is change


@pytest.mark.row("R42", "R43")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.GLOBAL_ADMINISTRATOR])
@pytest.mark.parametrize(("standing", "wish", "change"), CHANGES)
def test_only_a_global_administrator_may_wish(standing: Requirement, wish: Wish, change: Change, role: Role) -> None:
    """No user, administrator or member of the vendor's staff changes the requirement, not even to what it is."""
    assert refuse_wish(_policy(standing), role, wish, NOW) is Refusal.NOT_ALLOWED


@pytest.mark.row("R42")
@pytest.mark.parametrize(("standing", "wish", "change"), CHANGES)
def test_where_it_is_available_a_global_administrator_may_everything(
    standing: Requirement, wish: Wish, change: Change
) -> None:
    """On, off, earlier and later."""
    assert refuse_wish(_policy(standing), Role.GLOBAL_ADMINISTRATOR, wish, NOW) is None


@pytest.mark.row("R45")
@pytest.mark.parametrize(("standing", "wish", "change"), CHANGES)
def test_where_it_was_withdrawn_it_may_be_weakened_but_not_strengthened(
    standing: Requirement, wish: Wish, change: Change
) -> None:
    """Off and later are allowed; on and earlier need the vendor to make it available again."""
    refusal = refuse_wish(_policy(standing, is_available=False), Role.GLOBAL_ADMINISTRATOR, wish, NOW)
    assert refusal is (Refusal.NOT_AVAILABLE if change in (Change.ON, Change.EARLIER) else None)


@pytest.mark.row("R45")
def test_withdrawing_drops_no_protection() -> None:
    """The requirement that stands does not depend on whether the feature is available."""
    withdrawn = _policy(ON, is_available=False)
    assert not withdrawn.is_available
    assert withdrawn.requirement.bites(NOW)


@pytest.mark.row("R51")
@pytest.mark.parametrize("wish", [TURN_OFF, TURN_ON, BY_TOMORROW])
def test_the_vendors_own_requirement_cannot_be_changed(wish: Wish) -> None:
    """It always stands."""
    assert refuse_wish(_policy(ALWAYS), Role.GLOBAL_ADMINISTRATOR, wish, NOW) is Refusal.ALWAYS


# what stands, what is wished, what stands then
GRANTS = [
    (OFF, TURN_ON, Requirement(since=NOW)),
    (OFF, BY_TOMORROW, Requirement(since=NOW, from_=TOMORROW)),
    (OFF, BY_YESTERDAY, Requirement(since=NOW)),
    (ON, TURN_OFF, OFF),
    (ON, BY_TOMORROW, FROM_TOMORROW),
    (FROM_TOMORROW, TURN_ON, ON),
    (FROM_TOMORROW, BY_NEXT_WEEK, FROM_NEXT_WEEK),
    (FROM_NEXT_WEEK, TURN_OFF, OFF),
]


@pytest.mark.parametrize(("standing", "wish", "after"), GRANTS)
def test_a_granted_wish_stands(standing: Requirement, wish: Wish, after: Requirement) -> None:
    """With the day on which it was first turned on, which a move of the date does not change."""
    assert granted(_policy(standing), wish, NOW) == after


@pytest.mark.parametrize(("standing", "wish", "after"), GRANTS)
def test_what_is_granted_needs_no_second_wish(standing: Requirement, wish: Wish, after: Requirement) -> None:
    """The same wish amounts to nothing afterwards."""
    assert change_of(_policy(granted(_policy(standing), wish, NOW)), wish, NOW) is Change.NOTHING


PREVIEW = Preview(missing=3, has=2, sso=4, fingerprint="anne,bo,chris", includes_me=True)
CONFIRMATION = Confirmation("session", "organisation", TURN_ON, 7, PREVIEW.fingerprint, NOW + CONFIRMATION_LIFETIME)


def _refusal(
    confirmation: Confirmation = CONFIRMATION,
    *,
    session: str = "session",
    organisation: str = "organisation",
    revision: int = 7,
    preview: Preview = PREVIEW,
    now: datetime = NOW,
) -> Refusal | None:
    return refuse_confirmation(
        confirmation,
        expected_session=session,
        expected_organisation=organisation,
        policy=_policy(OFF, revision=revision),
        preview=preview,
        now=now,
    )


@pytest.mark.row("R42")
def test_a_confirmation_holds_for_what_was_shown() -> None:
    """The same session, organisation, revision and people, within five minutes."""
    assert _refusal() is None
    assert timedelta(minutes=5) == CONFIRMATION_LIFETIME
    assert _refusal(now=NOW + CONFIRMATION_LIFETIME - MOMENT) is None


@pytest.mark.row("R42")
def test_a_confirmation_is_worthless_in_another_session() -> None:
    """Taken to another session, even one of the same person, it is unknown."""
    assert _refusal(session="another") is Refusal.UNKNOWN_CONFIRMATION


@pytest.mark.row("R42", "R46")
def test_a_confirmation_is_worthless_in_another_organisation() -> None:
    """What was confirmed for one organisation changes no other."""
    assert _refusal(organisation="another") is Refusal.UNKNOWN_CONFIRMATION


@pytest.mark.row("R42")
@pytest.mark.parametrize("late", [timedelta(0), MOMENT, DAY])
def test_a_confirmation_expires(late: timedelta) -> None:
    """After five minutes, to the moment."""
    assert _refusal(now=NOW + CONFIRMATION_LIFETIME + late) is Refusal.EXPIRED


@pytest.mark.row("R42")
def test_a_confirmation_from_the_future_has_expired() -> None:
    """A clock set back does not lengthen its five minutes."""
    assert _refusal(now=NOW - CLOCK_TOLERANCE) is None
    assert _refusal(now=NOW - CLOCK_TOLERANCE - MOMENT) is Refusal.EXPIRED


@pytest.mark.row("R42")
@pytest.mark.parametrize("revision", [6, 8])
def test_of_two_administrators_one_is_told(revision: int) -> None:
    """If the policy has changed since the preview, somebody else did it."""
    assert _refusal(revision=revision) is Refusal.SOMEONE_ELSE


@pytest.mark.row("R42", "R44")
def test_other_people_than_those_shown_are_not_hit() -> None:
    """If the people changed since the preview, it is shown anew; that somebody enrolled elsewhere in it counts, too."""
    assert _refusal(preview=replace(PREVIEW, fingerprint="anne,bo")) is Refusal.PEOPLE_CHANGED


@pytest.mark.row("R44")
def test_the_preview_counts_everybody() -> None:
    """Those with, those without, and those who come through SSO."""
    assert PREVIEW.total == 9
