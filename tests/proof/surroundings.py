"""What others do meanwhile: administrators of both organisations, the vendor, the identity provider, the calendar.

Where only one browser is walked, what the person does in another is here, too.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from tests.proof.universes import Universe
from tests.proof.world import NOW, ORGANISATIONS, REQUIREMENTS, TOMORROW, Connection, Demand, World
from totrinn.core.enforcement import Policy, Wish, granted, refuse_wish
from totrinn.core.roles import Role


class Effect(Enum):
    """What a happening does to what every browser holds."""

    NONE = "none"
    OUTDATES = "the person's version has risen"
    UNLINKS = "the link between the person and the provider's subject has ended"


class Happening(NamedTuple):
    """What happened, the world after it, and what it does to the browsers."""

    what: str
    world: World
    effect: Effect = Effect.NONE


CHANGEABLE = {REQUIREMENTS[demand]: demand for demand in (Demand.OFF, Demand.ON, Demand.FUTURE)}
"""What a wish can lead to."""
WISHES = (Wish(on=False), Wish(on=True), Wish(on=True, from_=TOMORROW))


def happenings(universe: Universe, world: World) -> Iterator[Happening]:
    """Everything that may happen to the person and the organisations while the browsers do nothing."""
    for organisation in ORGANISATIONS:
        for demand in _demands_after(world.demand(organisation)):
            if demand in universe.demands(organisation) and demand is not world.demand(organisation):
                what = f"{organisation}'s requirement becomes: {demand.value}"
                yield Happening(what, _with(world, "demand", organisation, demand))
        if organisation in universe.coming_and_going:
            is_member = world.belongs(organisation)
            what = f"membership of {organisation} {'lost' if is_member else 'given'}"
            yield Happening(what, _with(world, "member", organisation, not is_member))
    yield Happening("an administrator resets", world._replace(factor=False, mark=True), Effect.OUTDATES)
    what = "disabled" if world.active else "enabled"
    yield Happening(what, world._replace(active=not world.active), Effect.OUTDATES)
    what = "the password is chosen, or replaced, by a link"
    yield Happening(what, world._replace(owns_password=True), Effect.OUTDATES)
    yield from _of_sso(universe, world)
    if universe.browsers == 1:
        yield from _elsewhere(world)


def _of_sso(universe: Universe, world: World) -> Iterator[Happening]:
    """What the administrators of A, and its provider, do; each may be done whatever was before."""
    for connection in universe.connections:
        if connection is not world.connection:
            effect = Effect.UNLINKS if connection is Connection.GONE else Effect.NONE
            yield Happening(f"A's connection: {connection.value}", world._replace(connection=connection), effect)
    for provider in universe.providers:
        if provider is not world.provider:
            yield Happening(f"A's provider says: {provider.value}", world._replace(provider=provider))
    for passwords in universe.passwords:
        if passwords is not world.passwords:
            yield Happening(f"A's passwords: {passwords.value}", world._replace(passwords=passwords))


def _elsewhere(world: World) -> Iterator[Happening]:
    """What the person does to their factors in a browser that is not walked; whether they may is asked elsewhere."""
    if world.factor:
        yield Happening("the last factor is removed elsewhere", world._replace(factor=False))
    else:
        yield Happening("a factor is set up elsewhere", world._replace(factor=True, mark=False))


def _demands_after(demand: Demand) -> Iterator[Demand]:
    """What the demand may become: by a global administrator's confirmed wish, or because the date passes."""
    standing = Policy(REQUIREMENTS[demand], revision=1, available_since=NOW)
    for wish in WISHES:
        if refuse_wish(standing, Role.GLOBAL_ADMINISTRATOR, wish, NOW) is None:
            yield CHANGEABLE[granted(standing, wish, NOW)]
    if demand is Demand.FUTURE:
        yield Demand.PAST
    if demand is Demand.OFF:
        yield Demand.CLOSED


def _with(world: World, what: str, organisation: str, value: object) -> World:
    return world._replace(**{f"{what}_{organisation.lower()}": value})  # type: ignore[arg-type]
