"""Nobody is locked out: the other half of the promises (rules 1 and 10, and "The way in").

Whoever is active, a member, and knows what they have proven before gets in, in every world, by doing what the pages
offer and nothing else; and nothing that a page offers throws them out while the world stands still. Therefore a choice
names no organisation that has closed password sign-in for this person, and a sign-in through SSO offers no other.
"""

from collections import deque

from tests.proof import application as did
from tests.proof.application import Step, steps
from tests.proof.promises import Broken, can_come, deserves, is_free, is_fresh, keep, may_govern, stands
from tests.proof.world import EMPTY, ORGANISATIONS, Browser, Secret, World
from totrinn.core.policy import Method
from totrinn.core.signin import State

WAITING = frozenset({did.WAIT, did.EXPIRE})


def offered(world: World, browser: Browser) -> frozenset[str]:
    """What the pages offer at this point."""
    may_choose = browser.method is Method.PASSWORD and len(world.memberships()) > 1
    another = frozenset({did.CHOOSE}) if may_choose else frozenset[str]()
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
    expected = {organisation for organisation in ORGANISATIONS if can_come(world, organisation)}
    if expected and _served_from(world, EMPTY) != expected:
        raise Broken(f"{expected} can be reached in {world}")


def check_way_on(world: World, browser: Browser, step: Step) -> None:
    """A member who has just been held gets on from there without being thrown back. Raises `Broken`."""
    is_held = browser.has_session and step.browser.has_signin
    if is_held and stands(world, browser, step.organisation) and not _served_from(step.world, step.browser):
        raise Broken("whoever is held gets on from there")


def check_freedom(world: World, browser: Browser, deeds: set[str]) -> None:
    """Whoever may manage their own factors finds it possible (rules 2 and 12). Raises `Broken`."""
    if not (browser.has_session and deserves(world, browser)):
        return
    if may_govern(world, browser):
        keep("whoever has just proven themselves may govern, through SSO, too", did.GOVERN in deeds)
    if not is_fresh(world, browser):
        return
    keep("a factor may be set up, and the password changed", {did.START_OWN, did.NEW_PASSWORD} <= deeds)
    if world.factor and is_free(world):
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
    missing = offers - {step.deed for step in found} - {did.PASSWORD, did.SSO}
    if missing:
        raise Broken(f"what a page offers can be done: {missing}, {browser}")
    return found


def _is_own(world: World, step: Step) -> bool:
    """Whether whoever this is has reason to do it: it can lead them into an organisation of theirs."""
    if step.deed == did.SSO:
        return Method.SSO in can_come(world, step.organisation)
    if step.deed == did.PASSWORD:
        return any(Method.PASSWORD in can_come(world, organisation) for organisation in ORGANISATIONS)
    return step.deed != did.CHOOSE or (world.is_member(step.organisation) and world.takes_password(step.organisation))
