"""All hands together: they begin, and pause, at the same time."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from tests.attacks.house import Browser
from tests.faults.journal import Journal, Outcome
from tests.faults.load import Hand
from tests.faults.people import STRICT, Member, Town

_PATIENCE_SECONDS = 60


class Crowd:
    """All hands; they begin and pause together."""

    def __init__(self, town: Town, journal: Journal, seed: int) -> None:
        self._town, self._journal = town, journal
        self._chance = random.Random(seed)
        self.ahead = 0.0
        """By how many seconds the server's clock, and everybody's phone, is ahead of this machine's."""

    def members(self) -> list[Member]:
        """Everybody but the administrators."""
        return [member for people in self._town.people for member in people.members]

    def signed_in(self) -> Browser:
        """The browser of somebody who has set up an authenticator and is signed in by it."""
        browser = self.enrolled(1)[0].browser
        assert browser is not None
        return browser

    def enrolled(self, number: int) -> list[Member]:
        """So many who now set up an authenticator, and are signed in by it."""
        found: list[Member] = []
        for hand, people in zip(self._hands(), self._town.people, strict=True):
            for member in people.members:
                if member.slug == STRICT and member.app is None and len(found) < number:
                    assert hand.sign_in(member) is Outcome.DONE, f"{member.email} cannot sign in"
                    found.append(member)
        assert len(found) == number
        return found

    def _hands(self) -> list[Hand]:
        return [
            Hand(self._town.house, self._journal, people, self._chance.getrandbits(32), lambda: self.ahead)
            for people in self._town.people
        ]

    def browser(self) -> Browser:
        """A browser that is nobody's yet; whoever asks for it closes it."""
        return Browser(self._town.house)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Everybody acts while the block lasts; afterwards no act is under way."""
        hands = self._hands()
        for hand in hands:
            hand.start()
        try:
            yield
        finally:
            for hand in hands:
                hand.pause()
            for hand in hands:
                hand.join(_PATIENCE_SECONDS)
        for hand in hands:
            assert not hand.is_alive(), "an act was not answered for a minute"
            if hand.error is not None:
                raise hand.error
