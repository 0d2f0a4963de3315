"""Whose turn it is, and who is sent away when there is no more room: fair between parties, in bounded memory.

Those who wait have a party (their organisation, or what stands for it), a network and an account. The turn goes to
whoever's party and network have both gone longest without one; within a party it goes round the networks, within a
network round the accounts. So neither many accounts of one party, nor one network that names many parties, gets more
than its share. Those who are known, by a browser or session of their own, wait apart: of two turns one is theirs while
anybody of them waits, and half of the room.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

_REMEMBERED = 1024
"""So many who have had a turn are told from those who have not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who stands there, as far as the order of turns goes."""

    party: str = ""
    network: str = ""
    account: str = ""
    is_known: bool = False

    def keys(self) -> tuple[Hashable, ...]:
        """By what turns are counted: party, network, network within the party, account within that."""
        party, network, account = self.party, self.network, self.account
        return (("party", party), ("network", network), (party, network), (party, network, account))


_CROWDS = ((0, 1), (2,), (3,))
"""Positions in `keys`: a crowd is one party's or one network's, and within it the same, finer."""


@dataclass(slots=True)
class _Lane:
    """The keys of each ticket, in the order in which they came."""

    waiting: dict[int, tuple[Hashable, ...]] = field(default_factory=dict)
    turns: dict[Hashable, int] = field(default_factory=dict)
    """When each had its last turn, the latest at the end."""
    count: int = 0

    def first(self) -> int:
        """The ticket whose turn it is; there must be one."""
        return min(self.waiting, key=self._rank)

    def take(self, ticket: int) -> None:
        """Takes it out of the line, and remembers whose turn it was."""
        self.count += 1
        for key in self.waiting.pop(ticket):
            self.turns.pop(key, None)
            self.turns[key] = self.count
        while len(self.turns) > _REMEMBERED:
            del self.turns[next(iter(self.turns))]

    def last_of_most(self) -> int:
        """The newest ticket of whoever has most of them: of the party or network, and within it in the same way."""
        tickets: Sequence[int] = list(self.waiting)
        for positions in _CROWDS:
            tickets = self._most(tickets, positions)
        return tickets[-1]

    def _most(self, tickets: Sequence[int], positions: Sequence[int]) -> Sequence[int]:
        """Those of the largest crowd; of crowds that are equal, the one that somebody joined last."""
        counts = Counter(self.waiting[ticket][position] for ticket in tickets for position in positions)
        most = max(counts.values())
        crowd = next(
            key
            for ticket in reversed(tickets)
            for key in (self.waiting[ticket][position] for position in positions)
            if counts[key] == most
        )
        return [ticket for ticket in tickets if crowd in self.waiting[ticket]]

    def _rank(self, ticket: int) -> tuple[int, ...]:
        turn = self.turns.get
        party, network, within, account = self.waiting[ticket]
        of_party = turn(party, 0)
        return (max(of_party, turn(network, 0)), of_party, turn(within, 0), turn(account, 0), ticket)


class FairLine:
    """Holds at most `room` tickets; whoever joins when there are as many leaves, or makes another one leave."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._known, self._strangers = _Lane(), _Lane()
        self._next_ticket = 0
        self._known_went_last = False

    def __len__(self) -> int:
        return len(self._known.waiting) + len(self._strangers.waiting)

    def join(self, place: Place) -> tuple[int, int | None]:
        """(the ticket, the ticket that has to leave for want of room). They may be the same."""
        self._next_ticket += 1
        lane = self._known if place.is_known else self._strangers
        lane.waiting[self._next_ticket] = place.keys()
        if len(self) <= self.room:
            return self._next_ticket, None
        crowded = self._known if len(self._known.waiting) > self.room // 2 else self._strangers
        leaving = crowded.last_of_most()
        del crowded.waiting[leaving]
        return self._next_ticket, leaving

    def leave(self, ticket: int) -> None:
        """Gives up a place, if it still is one."""
        self._known.waiting.pop(ticket, None)
        self._strangers.waiting.pop(ticket, None)

    def call(self) -> int | None:
        """Takes the ticket whose turn it is out of the line; None when nobody waits."""
        if not len(self):
            return None
        takes_known = bool(self._known.waiting) and not (self._known_went_last and self._strangers.waiting)
        lane = self._known if takes_known else self._strangers
        self._known_went_last = takes_known
        ticket = lane.first()
        lane.take(ticket)
        return ticket
