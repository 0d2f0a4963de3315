"""Which worlds the proof walks: what may change in each of them, and how many browsers there are.

Not everything changes in every universe: what does not change in one stands at its first value there. With one browser
only, what another may do to the person is a happening.
"""

from dataclasses import dataclass

from tests.proof.world import ORGANISATIONS, A, B, Connection, Demand, Passwords, Provider, World


@dataclass(frozen=True)
class Universe:
    """Everything that each thing can come to be; it begins with the first of each."""

    name: str
    demands_a: tuple[Demand, ...]
    demands_b: tuple[Demand, ...]
    browsers: int = 2
    connections: tuple[Connection, ...] = (Connection.ACCEPTS,)
    providers: tuple[Provider, ...] = (Provider.SILENT,)
    passwords: tuple[Passwords, ...] = (Passwords.OPEN,)
    coming_and_going: tuple[str, ...] = ORGANISATIONS
    """The organisations of which membership is lost, and given again."""
    begins_with_password: bool = True
    """A person without one may be given one, but never loses it."""

    def beginning(self) -> World:
        """An active member of both, without a factor, before anybody has required anything."""
        return World(
            active=True,
            factor=False,
            mark=False,
            demand_a=self.demands_a[0],
            demand_b=self.demands_b[0],
            member_a=True,
            member_b=True,
            owns_password=self.begins_with_password,
            connection=self.connections[0],
            provider=self.providers[0],
            passwords=self.passwords[0],
        )

    def demands(self, organisation: str) -> tuple[Demand, ...]:
        """What this organisation can come to demand."""
        return self.demands_a if organisation == A else self.demands_b


OFF, ON = (Demand.OFF,), (Demand.OFF, Demand.ON)
DATED = (Demand.OFF, Demand.ON, Demand.FUTURE, Demand.PAST)
ASKING = (Connection.ACCEPTS, Connection.DEMANDS)
TELLING = (Provider.SILENT, Provider.TWO_FACTORS)
DATING = (Provider.STALE, Provider.UNDATED)

OWN_CREDENTIALS = (
    Universe("two customers", DATED, (*DATED, Demand.CLOSED)),
    Universe("a customer and the vendor", DATED, (Demand.ALWAYS,)),
    Universe("a customer and the vendor's staff", DATED, (Demand.STAFF,)),
)
"""The vendor's own organisation always requires, and its staff always need a factor: each lock is tried alone."""
THROUGH_SSO = (
    Universe(
        "SSO in every shape",
        ON,
        OFF,
        browsers=1,
        connections=tuple(Connection),
        providers=TELLING,
        begins_with_password=False,
    ),
    Universe("SSO of long ago", OFF, OFF, browsers=1, connections=ASKING, providers=DATING),
    Universe(
        "SSO, and passwords closed",
        (Demand.OFF, Demand.CLOSED),
        OFF,
        browsers=1,
        connections=(*ASKING, Connection.OFF),
        passwords=tuple(Passwords),
        begins_with_password=False,
    ),
    Universe("SSO in two browsers", OFF, OFF, connections=ASKING, begins_with_password=False),
    Universe("SSO of the vendor", (Demand.ALWAYS,), OFF, browsers=1, connections=ASKING, providers=TELLING),
    Universe("SSO of the vendor's staff", (Demand.STAFF,), OFF, browsers=1, connections=ASKING, providers=TELLING),
)
"""What concerns SSO changes here; the vendor, who has none, has it all the same, so that its lock is tried alone."""
EVERY = OWN_CREDENTIALS + THROUGH_SSO
SMALL = (
    Universe("small: SSO of the vendor", (Demand.ALWAYS,), OFF, browsers=1, coming_and_going=(A,)),
    Universe("small: SSO of the vendor's staff", (Demand.STAFF,), OFF, browsers=1),
    Universe("small: passwords closed", OFF, OFF, browsers=1, passwords=tuple(Passwords), coming_and_going=(A,)),
    Universe(
        "small: SSO of long ago",
        OFF,
        OFF,
        browsers=1,
        connections=(Connection.DEMANDS,),
        providers=DATING,
        coming_and_going=(),
    ),
    Universe(
        "small: SSO without a password",
        OFF,
        OFF,
        browsers=1,
        connections=ASKING,
        coming_and_going=(A,),
        begins_with_password=False,
    ),
    Universe(
        "small: SSO with evidence", OFF, OFF, browsers=1, connections=ASKING, providers=TELLING, coming_and_going=()
    ),
    Universe("small: SSO that ends", OFF, OFF, browsers=1, connections=tuple(Connection), coming_and_going=()),
    Universe("small: a customer and the vendor", OFF, (Demand.ALWAYS,), browsers=1),
    Universe("small: a customer and the vendor's staff", ON, (Demand.STAFF,), browsers=1),
    Universe("small: two customers", DATED, (Demand.OFF, Demand.CLOSED), browsers=1, coming_and_going=(B,)),
)
"""Enough to find every flaw that the large ones find, and quicker."""
