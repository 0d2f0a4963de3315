"""The walk: every state that can be reached, every step from it, every promise at each step.

A state is the world and what each browser holds. What one browser may do depends on the world and on itself alone, so
that is worked out, and judged, once for every such pair and reused whatever the other browser holds; the states
themselves are walked one by one, breadth first. Two browsers are alike: of two mirrored states one is walked.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.proof.application import Step, steps
from tests.proof.honesty import check_freedom, check_way_in, check_way_on
from tests.proof.promises import Broken, check
from tests.proof.surroundings import Effect, happenings
from tests.proof.universes import Universe
from tests.proof.world import EMPTY, Browser, World

SLOT = 10
"""Bits of a browser's number in a packed state: there are fewer than 1024 different ones."""
MASK = (1 << SLOT) - 1
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Walked:
    """How much was walked; `served` counts the pairs of world and browser in which a request is served."""

    universe: str
    states: int
    transitions: int
    served: int

    def __str__(self) -> str:
        return f"{self.universe}: {self.states:,} states, {self.transitions:,} transitions"


class Numbering(Generic[T]):
    """Things, numbered in the order in which they were first met."""

    def __init__(self) -> None:
        self.things: list[T] = []
        self._numbers: dict[T, int] = {}

    def of(self, thing: T) -> int:
        """The number of this thing."""
        number = self._numbers.setdefault(thing, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number


class Walk:
    """One walk through one universe."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._worlds: Numbering[World] = Numbering()
        self._browsers: Numbering[Browser] = Numbering()
        self._moves: dict[int, list[tuple[int, int, bool]]] = {}
        self._happenings: dict[int, list[tuple[int, Effect]]] = {}
        self._outdated: list[int] = []
        self._unlinked: list[int] = []
        self._served = 0

    def run(self) -> Walked:
        """Walks everything. Raises `Broken`, with the way there, at the first broken promise."""
        start = self._worlds.of(self._universe.beginning()) << 2 * SLOT
        self._browsers.of(EMPTY)
        came_from = {start: start}
        transitions = 0
        layer = [start]
        while layer:
            following: list[int] = []
            for state in layer:
                try:
                    successors = self._after(state)
                except Broken as broken:
                    broken.add_note(self._way_to(state, came_from))
                    raise
                transitions += len(successors)
                for after in successors:
                    if after not in came_from:
                        came_from[after] = state
                        following.append(after)
            layer = following
        return Walked(self._universe.name, len(came_from), transitions, self._served)

    def _after(self, state: int) -> list[int]:
        """The states after each step that is possible in this one."""
        world, first, second = state >> 2 * SLOT, state >> SLOT & MASK, state & MASK
        outdated = self._outdated_numbers
        found = []
        for then, effect in self._happenings_in(world):
            if effect is Effect.NONE:
                found.append(_packed(then, first, second))
            else:
                after = outdated if effect is Effect.OUTDATES else self._unlinked_numbers
                found.append(_packed(then, after(first), after(second)))
        if self._universe.browsers == 1:
            return found + [_packed(then, 0, moved) for then, moved, _ in self._moves_of(world, second)]
        for then, moved, outdates in self._moves_of(world, first):
            found.append(_packed(then, moved, outdated(second) if outdates else second))
        if first != second:
            for then, moved, outdates in self._moves_of(world, second):
                found.append(_packed(then, outdated(first) if outdates else first, moved))
        return found

    def _moves_of(self, world: int, browser: int) -> list[tuple[int, int, bool]]:
        key = world << SLOT | browser
        if key not in self._moves:
            found = self._judged(self._worlds.things[world], self._browsers.things[browser])
            self._moves[key] = [
                (self._worlds.of(step.world), self._browsers.of(step.browser), step.outdates_others) for step in found
            ]
            assert len(self._browsers.things) <= MASK, "a browser's number does not fit its slot"
        return self._moves[key]

    def _judged(self, world: World, browser: Browser) -> list[Step]:
        """The steps of one browser, judged by every promise."""
        found = list(steps(world, browser))
        check_freedom(world, browser, {step.deed for step in found})
        for step in found:
            self._served += step.is_served
            try:
                check(world, browser, step)
                check_way_on(world, browser, step)
            except Broken as broken:
                broken.add_note(f"{world}\n{browser}\n{step}")
                raise
        return found

    def _happenings_in(self, world: int) -> list[tuple[int, Effect]]:
        if world not in self._happenings:
            check_way_in(self._worlds.things[world])
            self._happenings[world] = [
                (self._worlds.of(happening.world), happening.effect)
                for happening in happenings(self._universe, self._worlds.things[world])
            ]
        return self._happenings[world]

    def _outdated_numbers(self, browser: int) -> int:
        while len(self._outdated) <= browser:
            thing = self._browsers.things[len(self._outdated)]
            self._outdated.append(self._browsers.of(thing.outdated()))
        return self._outdated[browser]

    def _unlinked_numbers(self, browser: int) -> int:
        while len(self._unlinked) <= browser:
            thing = self._browsers.things[len(self._unlinked)]
            self._unlinked.append(self._browsers.of(thing.unlinked()))
        return self._unlinked[browser]

    def _way_to(self, state: int, came_from: dict[int, int]) -> str:
        """The states on the shortest way to this one, in words."""
        way = [state]
        while came_from[way[-1]] != way[-1]:
            way.append(came_from[way[-1]])
        return "\n".join(self._in_words(at) for at in reversed(way))

    def _in_words(self, state: int) -> str:
        world = self._worlds.things[state >> 2 * SLOT]
        both = [self._browsers.things[number] for number in (state >> SLOT & MASK, state & MASK)]
        return f"{world}\n    {both[0]}\n    {both[1]}"


def _packed(world: int, first: int, second: int) -> int:
    if first > second:
        first, second = second, first
    return world << 2 * SLOT | first << SLOT | second
