"""The bounded world of the proof: one person, two organisations, and what a browser may hold.

Everything is small, frozen and hashable. Time stands still at `NOW`; what matters of it is kept as a fact: whether a
date has passed (`Demand`), whether a password was proven recently (`Browser.recent`), whether a pending secret has
expired (`Secret`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from totrinn.core.enrolment import PENDING_LIFETIME, Holder, Pending
from totrinn.core.policy import Facts, Method, OrganisationFacts, PersonFacts, Proof, Requirement
from totrinn.core.roles import Role
from totrinn.core.signin import State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)
YESTERDAY = NOW - timedelta(days=1)

A, B, NOWHERE = "A", "B", ""
ORGANISATIONS = (A, B)


class Demand(Enum):
    """What an organisation demands: its requirement, as the world sees it."""

    OFF = "off"
    ON = "on"
    FUTURE = "from tomorrow"
    PAST = "since yesterday"
    CLOSED = "the organisation is closed"
    ALWAYS = "the vendor's: always"
    STAFF = "nothing by itself, but its members are the vendor's staff"


REQUIREMENTS = {
    Demand.OFF: Requirement(),
    Demand.ON: Requirement(since=NOW),
    Demand.FUTURE: Requirement(since=NOW, from_=TOMORROW),
    Demand.PAST: Requirement(since=NOW, from_=YESTERDAY),
    Demand.CLOSED: Requirement(),
    Demand.ALWAYS: Requirement(always=True),
    Demand.STAFF: Requirement(),
}


class World(NamedTuple):
    """The person (who has a password), both organisations' demands, and the memberships."""

    active: bool
    factor: bool
    mark: bool
    demand_a: Demand
    demand_b: Demand
    member_a: bool
    member_b: bool

    def demand(self, organisation: str) -> Demand:
        """What this organisation demands."""
        return self.demand_a if organisation == A else self.demand_b

    def belongs(self, organisation: str) -> bool:
        """Whether the person has a membership there, be the organisation closed or not."""
        return {A: self.member_a, B: self.member_b}.get(organisation, False)

    def is_member(self, organisation: str) -> bool:
        """Whether that membership counts."""
        return self.belongs(organisation) and self.demand(organisation) is not Demand.CLOSED

    def role(self, organisation: str) -> Role | None:
        """The person's role there."""
        if not self.belongs(organisation):
            return None
        return Role.VENDOR if self.demand(organisation) is Demand.STAFF else Role.USER

    def memberships(self) -> tuple[str, ...]:
        """The person's own organisations."""
        return tuple(organisation for organisation in ORGANISATIONS if self.is_member(organisation))

    def holders(self) -> tuple[Holder, ...]:
        """The same, as the rule about the last factor wants to see them."""
        return tuple(self._holder(organisation) for organisation in self.memberships())

    def _holder(self, organisation: str) -> Holder:
        role = self.role(organisation)
        assert role is not None
        return Holder(organisation, role, REQUIREMENTS[self.demand(organisation)])


class Secret(Enum):
    """The pending secret of one browser: shown, and not confirmed."""

    NONE = "none"
    OPEN = "open"
    EXPIRED = "expired"

    def pending(self) -> Pending | None:
        """The same, as the core wants to see it."""
        if self is Secret.NONE:
            return None
        return Pending(b"sealed", NOW + PENDING_LIFETIME if self is Secret.OPEN else NOW)


class Browser(NamedTuple):
    """One browser, or tab with cookies of its own: it holds nothing, an unfinished sign-in, or a session.

    `state` is None when it holds nothing, `ADMITTED` for a session, else where the unfinished sign-in stands.
    """

    state: State | None
    organisation: str = NOWHERE
    method: Method = Method.PASSWORD
    factor: bool = False
    """The second factor was proven in this very sign-in."""
    recent: bool = True
    """The password was proven just now, not an hour ago."""
    factor_recent: bool = True
    """The same of the factor, if it was proven."""
    current: bool = True
    """The person's version is that of the day this was proven: no reset, no change of password since."""
    secret: Secret = Secret.NONE

    @property
    def has_session(self) -> bool:
        """Whether it holds a session."""
        return self.state is State.ADMITTED

    @property
    def has_signin(self) -> bool:
        """Whether it holds an unfinished sign-in."""
        return self.state is not None and not self.has_session

    def proof(self) -> Proof:
        """What this sign-in has proven."""
        at = NOW if self.recent else LONG_AGO
        factor_at = NOW if self.factor_recent else LONG_AGO
        sso = A if self.method is Method.SSO else None
        return Proof(self.method, at, factor_at if self.factor else None, sso)

    def with_factor(self) -> "Browser":
        """The same after the second factor was proven."""
        return self._replace(factor=True, factor_recent=True)

    def aged(self) -> "Browser":
        """The same an hour later."""
        return self._replace(recent=False, factor_recent=not self.factor)

    def outdated(self) -> "Browser":
        """The same after the person's version has risen. Nothing is deleted: the version alone has to hold it back."""
        if self.state is None:
            return self
        return self._replace(current=False, recent=True, factor_recent=True)


EMPTY = Browser(None)


def facts_of(world: World, browser: Browser) -> Facts:
    """What the application reads afresh before it asks `decide`."""
    organisation = None
    if browser.organisation:
        organisation = OrganisationFacts(
            browser.organisation,
            REQUIREMENTS[world.demand(browser.organisation)],
            world.role(browser.organisation),
            is_active=world.demand(browser.organisation) is not Demand.CLOSED,
        )
    return Facts(
        now=NOW,
        person=PersonFacts(world.active, world.factor, world.mark),
        proof=browser.proof(),
        proof_is_current=browser.current,
        organisation=organisation,
        membership_count=len(world.memberships()),
    )


@dataclass(frozen=True)
class Universe:
    """Which worlds are walked: the demands that each organisation can come to have, and how many browsers there are."""

    name: str
    demands_a: tuple[Demand, ...]
    demands_b: tuple[Demand, ...]
    browsers: int = 2

    def beginning(self) -> World:
        """An active member of both, without a factor, before anybody has required anything."""
        return World(True, False, False, self.demands_a[0], self.demands_b[0], True, True)

    def demands(self, organisation: str) -> tuple[Demand, ...]:
        """What this organisation can come to demand."""
        return self.demands_a if organisation == A else self.demands_b


DATED = (Demand.OFF, Demand.ON, Demand.FUTURE, Demand.PAST)
EVERY = (
    Universe("two customers", DATED, (*DATED, Demand.CLOSED)),
    Universe("a customer and the vendor", DATED, (Demand.ALWAYS,)),
    Universe("a customer and the vendor's staff", DATED, (Demand.STAFF,)),
)
"""The vendor's own organisation always requires, and its staff always need a factor: each lock is tried alone."""
SMALL = (
    Universe("a small customer and the vendor's staff", (Demand.OFF, Demand.ON), (Demand.STAFF,)),
    Universe("a small customer and the vendor", (Demand.OFF,), (Demand.ALWAYS,)),
    Universe("two small customers", DATED, (Demand.OFF, Demand.CLOSED)),
)
"""Enough to find every flaw that the large ones find, and quicker."""
