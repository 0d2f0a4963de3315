"""What others do meanwhile: administrators of both organisations, the vendor, the calendar."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.proof.world import NOW, ORGANISATIONS, REQUIREMENTS, TOMORROW, Demand, Universe, World
from totrinn.core.enforcement import Policy, Wish, granted, refuse_wish
from totrinn.core.roles import Role


class Happening(NamedTuple):
    """What happened, the world after it, and whether the person's version has risen."""

    what: str
    world: World
    outdates_all: bool = False


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
        is_member = world.belongs(organisation)
        what = f"membership of {organisation} {'lost' if is_member else 'given'}"
        yield Happening(what, _with(world, "member", organisation, not is_member))
    yield Happening("an administrator resets", world._replace(factor=False, mark=True), outdates_all=True)
    what = "disabled" if world.active else "enabled"
    yield Happening(what, world._replace(active=not world.active), outdates_all=True)
    yield Happening("the password is replaced by a link", world, outdates_all=True)


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
