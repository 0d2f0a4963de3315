"""From what a file declares to a plan; and from a plan to what is done. Planning changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from totrinn.app.applications.records import Application
from totrinn.app.applications.registering import obstacle_to
from totrinn.app.declaring import carrying_out as by
from totrinn.app.declaring.plan import Act, Done, Impossible, NotDone, Operator, Plan, Step
from totrinn.app.declaring.planning_organisations import steps_of
from totrinn.app.declaring.wanted import Wanted, WantedApplication
from totrinn.app.errors import NotFound
from totrinn.app.ports import Services, Unit


@dataclass(frozen=True, slots=True)
class Halted:
    """One step was not carried out, and none after it; those before it were."""

    at: Step
    reason: str


def plan(operator: Operator, wanted: Wanted) -> Plan:
    """What must be done so that everything is as it is declared, and whom each step hits."""
    services = operator.services
    found: list[Step | Impossible] = []
    with services.store.reading() as unit:
        for organisation in wanted.organisations:
            found += steps_of(services, unit, organisation, operator.visitor.now)
        for application in wanted.applications:
            found += _application(services, unit, application)
    steps = tuple(each for each in found if isinstance(each, Step))
    return Plan(steps, tuple(each for each in found if isinstance(each, Impossible)))


def carry_out(operator: Operator, planned: Plan) -> Iterator[tuple[Step, Done] | Halted]:
    """Does one step after the other, and tells of each; the first that cannot be done is the last."""
    for step in planned.steps:
        try:
            outcome = step.carry_out(operator)
        except NotFound:
            outcome = NotDone("not_found")
        if isinstance(outcome, NotDone):
            yield Halted(step, outcome.reason)
            return
        yield step, outcome


def _application(services: Services, unit: Unit, wanted: WantedApplication) -> Iterator[Step | Impossible]:
    agreement = wanted.agreement
    found = _named(unit, agreement.name)
    obstacle = obstacle_to(services, unit, agreement, besides=found.id if found else "")
    if obstacle is not None:
        yield Impossible(agreement.name, obstacle.value)
    elif found is None:
        carried = by.register_application(wanted)
        yield Step(Act.REGISTER_APPLICATION, agreement.name, {}, {}, repr(wanted), carried)
    else:
        rests_on = f"{found.id} {found.revision} {found.is_enabled} {wanted!r}"
        if found.agreement != agreement:
            detail = {"changed": " ".join(_changed(found, wanted))}
            changed = by.change_application(found, agreement)
            yield Step(Act.CHANGE_APPLICATION, agreement.name, detail, {}, rests_on, changed)
        if found.is_enabled != wanted.is_enabled:
            on = {"on": str(wanted.is_enabled).lower()}
            switched = by.switch_application(found.id, on=wanted.is_enabled)
            yield Step(Act.SWITCH_APPLICATION, agreement.name, on, {}, rests_on, switched)


def _changed(found: Application, wanted: WantedApplication) -> list[str]:
    before, after = found.agreement, wanted.agreement
    return [name for name in type(after).__slots__ if getattr(before, name) != getattr(after, name)]


def _named(unit: Unit, name: str) -> Application | None:
    return next((each for each in unit.applications.all() if each.name == name), None)
