"""The bounded world of the proof: one person, two organisations, and what a browser may hold.

Everything is small, frozen and hashable. Time stands still at `NOW`; what matters of it is kept as a fact: whether a
date has passed (`Demand`), whether a password was proven recently (`Browser.recent`), whether a pending secret has
expired (`Secret`), when the provider last saw the person (`Provider`).
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from totrinn.core import sso
from totrinn.core.enrolment import PENDING_LIFETIME, Holder, Pending
from totrinn.core.policy import (
    ConnectionFacts,
    Facts,
    Method,
    OrganisationFacts,
    PersonFacts,
    Proof,
    Requirement,
    SsoProof,
)
from totrinn.core.roles import Role
from totrinn.core.signin import State
from totrinn.core.sso import SsoRules

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)
YESTERDAY = NOW - timedelta(days=1)

A, B, NOWHERE = "A", "B", ""
ORGANISATIONS = (A, B)


RULES = SsoRules(evidence=("", "mfa"), evidence_age=timedelta(minutes=30))
"""An empty line among the words is nobody's evidence."""


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


class Connection(Enum):
    """A's own SSO, as far as this person is concerned."""

    ACCEPTS = "on, and what the provider vouches for is enough"
    DEMANDS = "on, and demands evidence of two factors"
    OFF = "switched off"
    GONE = "on, but links this person no more"


class Provider(Enum):
    """What A's provider says of a sign-in, beyond whose it is."""

    SILENT = "nothing of two factors"
    TWO_FACTORS = "two factors were used, just now"
    STALE = "two factors were used, long ago"
    UNDATED = "two factors were used, and not when"

    def seen_at(self, now: datetime) -> datetime | None:
        """When it last saw the person prove themselves, as far as it tells, in a sign-in at `now`."""
        return {Provider.SILENT: now, Provider.TWO_FACTORS: now, Provider.STALE: LONG_AGO}.get(self)

    def has_evidence(self) -> bool:
        """What the core makes of it at a sign-in, by rules that accept one word, for half an hour."""
        amr = ("pwd",) if self is Provider.SILENT else ("pwd", "mfa")
        return sso.has_evidence(RULES, amr=amr, acr="", authenticated_at=self.seen_at(NOW), now=NOW)


class Passwords(Enum):
    """Whether A lets this person in by their own password."""

    OPEN = "open to everybody"
    CLOSED = "closed to this person"
    KEPT = "closed, but kept by this person"


class World(NamedTuple):
    """The person, both organisations' demands, the memberships, and all that concerns A's own SSO."""

    active: bool
    factor: bool
    mark: bool
    demand_a: Demand
    demand_b: Demand
    member_a: bool
    member_b: bool
    owns_password: bool = True
    connection: Connection = Connection.ACCEPTS
    provider: Provider = Provider.SILENT
    passwords: Passwords = Passwords.OPEN

    def demand(self, organisation: str) -> Demand:
        """What this organisation demands."""
        return self.demand_a if organisation == A else self.demand_b

    def belongs(self, organisation: str) -> bool:
        """Whether the person has a membership there, be the organisation closed or not."""
        return (organisation == A and self.member_a) or (organisation == B and self.member_b)

    def is_member(self, organisation: str) -> bool:
        """Whether that membership counts."""
        return self.belongs(organisation) and self.demand(organisation) is not Demand.CLOSED

    def role(self, organisation: str) -> Role | None:
        """The person's role there."""
        if not self.belongs(organisation):
            return None
        return Role.VENDOR if self.demand(organisation) is Demand.STAFF else Role.USER

    def takes_password(self, organisation: str) -> bool:
        """Whether this person's own password counts there at all."""
        return organisation != A or self.passwords is not Passwords.CLOSED

    def memberships(self) -> tuple[str, ...]:
        """The person's own organisations."""
        return tuple(organisation for organisation in ORGANISATIONS if self.is_member(organisation))

    def holders(self) -> tuple[Holder, ...]:
        """The same, as the rule about the last factor wants to see them."""
        return tuple(self._holder(organisation) for organisation in self.memberships())

    def _holder(self, organisation: str) -> Holder:
        role = self.role(organisation)
        assert role is not None
        keeps_password = organisation == A and self.passwords is Passwords.KEPT
        return Holder(organisation, role, REQUIREMENTS[self.demand(organisation)], keeps_password)


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
    """The first step, password or SSO, was proven just now, not an hour ago."""
    factor_recent: bool = True
    """The same of the factor, if it was proven."""
    current: bool = True
    """The person's version is that of the day this was proven: no reset, no change of password since."""
    secret: Secret = Secret.NONE
    linked: bool = True
    """The link by which the provider's subject was found has not ended since."""
    said: Provider = Provider.SILENT
    """What the provider said at this sign-in."""
    has_evidence: bool = False
    """What the core made of it."""
    gave_password: bool = False
    """In this unfinished sign-in through SSO the password was given, too: the oracle remembers, the core does not."""

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
        vouched = self._vouched(at) if self.method is Method.SSO else None
        return Proof(self.method, at, factor_at if self.factor else None, vouched)

    def _vouched(self, at: datetime) -> SsoProof:
        return SsoProof(A, "link", self.has_evidence, self.said.seen_at(at))

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

    def unlinked(self) -> "Browser":
        """The same after the link has ended. Nothing is deleted here either, and a new link is another one."""
        if self.method is not Method.SSO:
            return self
        return self._replace(linked=False, recent=True, factor_recent=True)


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
            takes_password=world.takes_password(browser.organisation),
        )
    return Facts(
        now=NOW,
        person=PersonFacts(world.active, world.factor, world.mark),
        proof=browser.proof(),
        proof_is_current=browser.current,
        organisation=organisation,
        membership_count=len(world.memberships()),
        connection=_connection_facts(world, browser),
    )


def _connection_facts(world: World, browser: Browser) -> ConnectionFacts | None:
    if browser.method is not Method.SSO or not browser.linked or world.connection is Connection.GONE:
        return None
    return ConnectionFacts(
        is_enabled=world.connection is not Connection.OFF, demands_evidence=world.connection is Connection.DEMANDS
    )
