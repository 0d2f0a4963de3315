"""Whom the faults befall: an organisation that always requires two-factor, one that changes its mind, their people."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyotp

from tests.attacks.house import OPERATOR, Browser, House
from tests.faults.journal import About, Fact, Journal
from totrinn.app.landing import Visitor
from totrinn.bootstrap import create_installation
from totrinn.config import read_settings
from totrinn.core.roles import Role

STRICT = "fjordly"
"""It always requires two-factor."""
FICKLE = "havre"
"""It requires two-factor now and then; only its administrator has a factor."""
STEP_SECONDS = 30
_ABOUT_TO_END = 8
"""A code that ends within this many seconds is not typed any more."""


@dataclass
class Member:
    """One person, and what they and their browser hold."""

    email: str
    id: str
    slug: str
    app: pyotp.TOTP | None = None
    last_typed: int = -1
    recovery_codes: list[str] = field(default_factory=list)
    browser: Browser | None = None
    sessions: list[str] = field(default_factory=list)
    """The cookies of the latest sessions, the oldest first."""
    signed_in_at: float = 0.0
    is_administrator: bool = False

    def fact(self, about: About, *more: str) -> Fact:
        """The fact of this kind about this person."""
        return Fact(about, " ".join((self.email, *more)))

    def session(self, token: str | None = None) -> Fact:
        """The fact of the session with this cookie; of the latest, which the browser was given, if none is named."""
        return self.fact(About.SESSION, token or self.sessions[-1])

    def next_step(self, ahead: float) -> int | None:
        """The earliest time step whose code is taken now and was not typed before; `ahead`: the server's clock."""
        now = time.time() + ahead
        for step in range(int(now + _ABOUT_TO_END) // STEP_SECONDS - 1, int(now) // STEP_SECONDS + 2):
            if step > self.last_typed:
                return step
        return None

    def code_at(self, step: int) -> str:
        """What the app shows in this time step."""
        assert self.app is not None
        return self.app.at(step * STEP_SECONDS)


@dataclass
class People:
    """Everybody of one hand, which alone acts for them."""

    administrator: Member
    members: list[Member]
    fickle_administrator: Member | None
    """Of the first hand only."""
    browsers: list[Browser] = field(default_factory=list)
    """Every browser that is open, whether or not anybody has a session in it."""

    def close_browsers(self) -> None:
        """Closes those in which nobody has a session any more."""
        everybody = [self.administrator, *self.members, *filter(None, [self.fickle_administrator])]
        used = [member.browser for member in everybody]
        for browser in self.browsers:
            if browser not in used:
                browser.http.close()
        self.browsers = [browser for browser in self.browsers if browser in used]


@dataclass
class Town:
    """Everybody, and the house where they are at home; of that, only the address counts once it is served."""

    house: House
    people: list[People]

    def close(self) -> None:
        """Closes every browser."""
        for people in self.people:
            for browser in people.browsers:
                browser.http.close()


def furnish(folder: Path, journal: Journal, *, database: str = "", hands: int = 3, each: int = 8) -> Town:
    """Makes an installation, with so many hands and so many members for each."""
    settings = read_settings({}, data=folder, database=database or None)
    visitor = Visitor(datetime.now(UTC), "", "")
    with create_installation(settings, visitor, OPERATOR) as installation:
        house = House(installation.services, installation.database, "")
        house.organisation(STRICT, required=True)
        house.organisation(FICKLE)
        journal.begin(Fact(About.REQUIREMENT, STRICT), True)
        journal.begin(Fact(About.REQUIREMENT, FICKLE), False)
        return Town(house, [_people_of(house, journal, hand, each) for hand in range(hands)])


def _people_of(house: House, journal: Journal, hand: int, each: int) -> People:
    administrator = _member(house, journal, f"kari{hand}@fjordly.test", STRICT, Role.GLOBAL_ADMINISTRATOR)
    members = [_member(house, journal, f"user{hand}.{one}@fjordly.test", STRICT, Role.USER) for one in range(each)]
    members.append(_member(house, journal, f"user{hand}@havre.test", FICKLE, Role.USER))
    governor = None
    if hand == 0:
        governor = _member(house, journal, "nina@havre.test", FICKLE, Role.GLOBAL_ADMINISTRATOR)
    return People(administrator, members, governor)


def _member(house: House, journal: Journal, email: str, slug: str, role: Role) -> Member:
    member = Member(email, house.person(email, slug, role), slug, is_administrator=role is Role.GLOBAL_ADMINISTRATOR)
    journal.begin(member.fact(About.SECRET), "")
    journal.begin(member.fact(About.FAILURES), 0)
    journal.begin(member.fact(About.ROLE), role.value)
    return member
