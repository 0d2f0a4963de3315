"""The promises of the product, written down from its rules and from nothing in the core.

Whoever wants to know what the proof proves reads this file. `deserves` is the heart: exactly who may be served in an
organisation. It never asks `decide`, no requirement, no verdict and no table; it knows the world and what this very
browser has proven, and the rules by their numbers.
"""

from tests.proof import application as did
from tests.proof.application import Step
from tests.proof.world import A, Browser, Demand, Secret, World
from totrinn.core.policy import Method
from totrinn.core.signin import State


class Broken(Exception):
    """A promise is broken."""


PROVING = {did.PASSWORD, did.SSO, did.CODE, did.RECOVERY, did.CHOOSE, did.CONFIRM, did.SWITCH}
"""After which a session may begin: something was proven, or (all being proven) an organisation was chosen."""
CONFIRMING = {did.CONFIRM, did.CONFIRM_OWN}
WAITING = {did.WAIT, did.EXPIRE}
HOLDING = (Demand.ON, Demand.FUTURE, Demand.PAST, Demand.ALWAYS, Demand.STAFF)
BITING = (Demand.ON, Demand.PAST, Demand.ALWAYS, Demand.STAFF)


def deserves(world: World, browser: Browser) -> bool:
    """Whether what this browser has proven is enough, here and now, for the organisation that it is in."""
    if not (world.active and world.is_member(browser.organisation) and browser.current):
        return False
    if browser.method is Method.SSO:
        return browser.organisation == A  # rule 1: worth everything there, nothing elsewhere
    if world.mark:
        return False  # rule 2: until they have enrolled anew, everywhere
    if world.factor:
        return browser.factor  # rule 2: who has one must always use it
    return world.demand(browser.organisation) not in BITING  # rules 3, 4 and 11


def check(world: World, browser: Browser, step: Step) -> None:
    """Every promise about one step. Raises `Broken`."""
    _serving(world, browser, step)
    _beginning(browser, step)
    _losing(world, browser, step)
    _secrets(world, browser, step)
    _credentials(world, browser, step)


def _serving(world: World, browser: Browser, step: Step) -> None:
    if step.is_served:
        keep("an unfinished sign-in is never served", browser.has_session)
        keep("nobody is served who has not proven enough", deserves(world, browser))
    if step.deed == did.REQUEST and browser.has_session and deserves(world, browser):
        keep("nobody who has proven enough, as by the organisation's SSO, is held", step.is_served)


def _beginning(browser: Browser, step: Step) -> None:
    if step.browser.has_session and (not browser.has_session or step.deed == did.SWITCH):
        keep("a session begins with a proof or a choice, never by returning", step.deed in PROVING)
        keep("a session begins only where enough was proven", deserves(step.world, step.browser))
    stands_still = step.is_denied or step.deed in WAITING
    if step.browser.has_signin and step.browser.state is not State.VERIFYING and not stands_still:
        must_use_it = step.world.factor and not step.browser.factor
        keep("whoever has a factor uses it before anything else", not must_use_it)
    if step.browser.state is State.CHOOSING and browser.state is not State.CHOOSING:
        keep("only members choose", bool(step.world.memberships()))


def _losing(world: World, browser: Browser, step: Step) -> None:
    """Rule 4: a session that is not admitted (any more, or elsewhere) goes on at its step, where there is a way on."""
    if not browser.has_session or step.is_served or step.deed not in (did.REQUEST, did.SWITCH):
        return
    if step.deed == did.REQUEST:
        keep("a session that is not served ends", not step.browser.has_session)
    has_a_way = world.active and browser.current and world.is_member(step.organisation)
    if has_a_way and browser.method is Method.PASSWORD:
        keep("whoever is held goes on at their step", step.browser.state is not None)


def _secrets(world: World, browser: Browser, step: Step) -> None:
    if not step.shows_secret:
        return
    keep("whoever has a factor is shown no new secret before using it (R28)", not world.factor)
    keep("a secret is shown to a person whose proof still counts", world.active and browser.current)
    if browser.secret is not Secret.OPEN:
        keep("a new secret is shown only soon after the password", step.browser.recent)


def _credentials(world: World, browser: Browser, step: Step) -> None:
    if step.world.factor and not world.factor:
        is_confirmed = step.deed in CONFIRMING and browser.secret is Secret.OPEN
        keep("only a confirmed secret makes a factor (R27)", is_confirmed)
    if world.mark and not step.world.mark:
        keep("the mark of a reset goes away with a new factor only", step.world.factor)
    if world.factor and not step.world.factor:
        held = [o for o in world.memberships() if world.demand(o) in HOLDING]
        keep("the last factor stays while an organisation requires it, or will (rule 8)", not held)
    if step.deed in (did.REMOVE, did.CONFIRM_OWN, did.NEW_PASSWORD):
        keep("credentials change only right after a proof by all of one's own (rule 12)", is_fresh(world, browser))
        keep("and only from a session that is admitted", deserves(world, browser))


def is_fresh(world: World, browser: Browser) -> bool:
    """Whether a session has just been proven by everything that the person has, and by nothing else."""
    password = browser.has_session and browser.method is Method.PASSWORD and browser.recent
    return password and (not world.factor or (browser.factor and browser.factor_recent))


def keep(promise: str, is_kept: bool) -> None:
    if not is_kept:
        raise Broken(promise)
