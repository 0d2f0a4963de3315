"""Nobody is locked out: the other half of the promises (rules 1 and 10, and "The way in").

Whoever is active, a member, and knows what they have proven before gets in, in every world, by doing what the pages
offer and nothing else; and nothing that a page offers throws them out while the world stands still.
"""

from collections import deque

from tests.proof import application as did
from tests.proof.application import Step, steps
from tests.proof.promises import HOLDING, Broken, deserves, is_fresh, keep
from tests.proof.world import EMPTY, A, Browser, Secret, World
from totrinn.core.signin import State

WAITING = frozenset({did.WAIT, did.EXPIRE})


def offered(world: World, browser: Browser) -> frozenset[str]:
    """What the pages offer at this point."""
    another = frozenset({did.CHOOSE}) if len(world.memberships()) > 1 else frozenset[str]()
    match browser.state:
        case None:
            return frozenset({did.REQUEST, did.PASSWORD, did.SSO})
        case State.VERIFYING:
            return frozenset({did.RETURN, did.CODE, did.RECOVERY})
        case State.CHOOSING:
            return frozenset({did.RETURN, did.CHOOSE})
        case State.MUST_ENROL:
            return frozenset({did.RETURN, did.START if browser.recent else did.AGAIN}) | another
        case State.ENROLLING if browser.secret is Secret.OPEN:
            return frozenset({did.RETURN, did.START, did.CONFIRM}) | another
        case State.ENROLLING:
            return frozenset({did.RETURN}) | another
        case State.MUST_REPROVE:
            return frozenset({did.RETURN, did.AGAIN}) | another
        case _:
            return frozenset({did.REQUEST})


def check_way_in(world: World) -> None:
    """In this world an active member gets into each of their organisations. Raises `Broken`."""
    if not world.active or not world.memberships():
        return
    reached = _served_from(world, EMPTY)
    for organisation in world.memberships():
        if organisation not in reached:
            raise Broken(f"{organisation} cannot be reached in {world}")


def check_way_on(world: World, browser: Browser, step: Step) -> None:
    """A member who has just been held gets on from there without being thrown back. Raises `Broken`."""
    is_held = browser.has_session and step.browser.has_signin
    if is_held and world.is_member(step.organisation) and not _served_from(step.world, step.browser):
        raise Broken("whoever is held gets on from there")


def check_freedom(world: World, browser: Browser, deeds: set[str]) -> None:
    """Whoever may manage their own factors finds it possible (rules 2 and 12). Raises `Broken`."""
    if not (is_fresh(world, browser) and deserves(world, browser)):
        return
    keep("a factor may be set up, and the password changed", {did.START_OWN, did.NEW_PASSWORD} <= deeds)
    is_free = not any(world.demand(organisation) in HOLDING for organisation in world.memberships())
    if world.factor and is_free:
        keep("the last factor may be removed where nobody requires it", did.REMOVE in deeds)


def _served_from(world: World, browser: Browser) -> set[str]:
    """The organisations that serve a person who does only what is offered. Raises `Broken` if one of it is denied."""
    reached: set[str] = set()
    met = {(world, browser)}
    ahead = deque(met)
    while ahead:
        here = ahead.popleft()
        for step in _offered_steps(*here):
            if step.is_denied:
                raise Broken(f"what a page offers throws nobody out: {step.deed} {step.organisation}, {here}")
            if step.is_served:
                reached.add(step.organisation)
            after = (step.world, step.browser)
            if after not in met:
                met.add(after)
                ahead.append(after)
    return reached


def _offered_steps(world: World, browser: Browser) -> list[Step]:
    """The steps that are offered, and waiting. Raises `Broken` if something is offered that cannot be done."""
    offers = offered(world, browser)
    found = [step for step in steps(world, browser) if step.deed in offers | WAITING and _is_own(world, step)]
    missing = offers - {step.deed for step in found} - {did.SSO}
    if missing:
        raise Broken(f"what a page offers can be done: {missing}, {browser}")
    return found


def _is_own(world: World, step: Step) -> bool:
    if step.deed == did.SSO:
        return step.organisation == A and world.member_a
    return step.deed != did.CHOOSE or world.is_member(step.organisation)
