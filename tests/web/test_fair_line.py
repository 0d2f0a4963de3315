"""Turns and room are shared fairly, whatever is typed and wherever it comes from."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totrinn.web.fair_line import FairLine, Place

ROOM = 8
_FEW = st.sampled_from(["a", "b", "c"])
_PLACES = st.builds(Place, party=_FEW, network=_FEW, account=_FEW, is_known=st.booleans())
_STEPS = st.lists(st.one_of(_PLACES, st.just("call"), st.integers(1, 60)), max_size=80)


def _called(line: FairLine, places: dict[int, Place]) -> list[Place]:
    called = []
    while (ticket := line.call()) is not None:
        called.append(places[ticket])
    return called


def _joined(line: FairLine, *places: Place) -> dict[int, Place]:
    """Those who found room, by ticket."""
    inside: dict[int, Place] = {}
    for place in places:
        ticket, leaving = line.join(place)
        inside[ticket] = place
        if leaving is not None:
            del inside[leaving]
    return inside


@given(_STEPS)
def test_everybody_who_finds_room_is_called_once_or_sent_away_once(steps: list[Place | str | int]) -> None:
    """However many come, leave and are called, in any order; and there are never more than there is room for."""
    line, inside = FairLine(ROOM), set()
    for step in steps:
        if isinstance(step, Place):
            ticket, leaving = line.join(step)
            inside.add(ticket)
            inside.discard(-1 if leaving is None else leaving)
        elif isinstance(step, int):
            line.leave(step)
            inside.discard(step)
        else:
            called = line.call()
            assert (called is None) == (not inside)
            inside.discard(-1 if called is None else called)
        assert len(line) == len(inside) <= ROOM
    while (called := line.call()) is not None:
        inside.remove(called)
    assert not inside


@pytest.mark.row("R52")
@given(st.lists(st.tuples(_FEW, st.integers(0, 300)), max_size=40))
def test_a_flood_of_one_organisation_delays_another_by_one_turn(flood: list[tuple[str, int]]) -> None:
    """From however many addresses and accounts it comes."""
    line = FairLine(64)
    places = _joined(line, *(Place("flooded", f"network {number}", account) for account, number in flood))
    places |= _joined(line, Place("other", "elsewhere", "kari"))
    assert Place("other", "elsewhere", "kari") in _called(line, places)[:2]


@pytest.mark.row("R52")
def test_one_network_that_names_many_organisations_has_one_share() -> None:
    """Whoever types an address of each organisation does not have a turn for each."""
    line = FairLine(64)
    places = _joined(line, *(Place(f"organisation {number}", "one", "x") for number in range(30)))
    places |= _joined(line, *(Place("quiet", f"home {number}", "y") for number in range(5)))
    called = _called(line, places)[:10]
    assert Counter(place.network == "one" for place in called) == {True: 5, False: 5}


@pytest.mark.row("R14", "R52")
def test_a_strangers_flood_against_an_organisation_leaves_its_own_people_their_turns() -> None:
    """Within an organisation it goes round the networks, within a network round the accounts."""
    line = FairLine(64)
    places = _joined(line, *(Place("fjordly", "stranger", f"guess {number}") for number in range(40)))
    places |= _joined(line, Place("fjordly", "office", "kari"), Place("fjordly", "office", "ola"))
    assert {place.account for place in _called(line, places)[:4]} >= {"kari", "ola"}


def test_networks_that_cannot_be_told_apart_leave_organisations_apart() -> None:
    """Behind a proxy whose word is not taken, everybody comes from one address."""
    line = FairLine(64)
    places = _joined(line, *(Place("flooded", "proxy", f"{number}") for number in range(40)))
    places |= _joined(line, *(Place("other", "proxy", f"{number}") for number in range(4)))
    assert sum(place.party == "other" for place in _called(line, places)[:8]) == 4


@pytest.mark.row("R14")
def test_known_devices_have_every_second_turn_while_they_wait() -> None:
    """And no more: strangers with a right to come in are not shut out by them."""
    line = FairLine(64)
    places = _joined(line, *(Place(f"party {number}", f"{number}", "x") for number in range(20)))
    places |= _joined(line, *(Place("fjordly", "office", f"{number}", is_known=True) for number in range(20)))
    assert Counter(place.is_known for place in _called(line, places)[:20]) == {True: 10, False: 10}


@pytest.mark.row("R52")
def test_when_it_is_full_the_newest_of_the_largest_crowd_leaves() -> None:
    """Not whoever comes last."""
    line = FairLine(4)
    inside = _joined(line, *(Place("flooded", f"{number}", "x") for number in range(9)))
    assert [place.network for place in inside.values()] == ["0", "1", "2", "3"]
    ticket, leaving = line.join(Place("other", "elsewhere", "kari"))
    assert leaving is not None
    assert (leaving == ticket, inside[leaving].network) == (False, "3")


@pytest.mark.row("R14")
@given(st.integers(0, 40), st.integers(0, 40))
def test_neither_strangers_nor_the_known_can_take_all_the_room(strangers: int, known: int) -> None:
    """Each have half of it for certain, and what the others leave."""
    line = FairLine(ROOM)
    crowd = [Place(f"{number}", f"{number}") for number in range(strangers)]
    crowd += [Place(f"{number}", f"{number}", is_known=True) for number in range(known)]
    for order in (crowd, crowd[::-1]):
        line = FairLine(ROOM)
        inside = _joined(line, *order).values()
        half = ROOM // 2
        assert sum(place.is_known for place in inside) >= min(known, half)
        assert sum(not place.is_known for place in inside) >= min(strangers, half)


def test_nothing_is_remembered_without_end() -> None:
    """However many parties, networks and accounts have had a turn."""
    line = FairLine(ROOM)
    for number in range(3000):
        line.join(Place(f"{number}", f"{number}", f"{number}"))
        line.call()
    assert len(line._strangers.turns) <= 1024
