"""The promises of the product, written down from its rules and from nothing in the core.

Whoever wants to know what the proof proves reads this file. `deserves` is the heart: exactly who may be served in an
organisation. It never asks `decide`, no requirement, no verdict and no table; it knows the world and what this very
browser has proven, and the rules by their numbers.
"""

from tests.proof import application as did
from tests.proof.application import Step
from tests.proof.world import EMPTY, A, Browser, Connection, Demand, Passwords, Provider, Secret, World
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
VENDORS = (Demand.ALWAYS, Demand.STAFF)


def deserves(world: World, browser: Browser) -> bool:
    """Whether what this browser has proven is enough, here and now, for the organisation that it is in."""
    if not (world.active and world.is_member(browser.organisation) and browser.current):
        return False
    if browser.method is Method.SSO:
        return sso_opens(world, browser) and not lacks_factor(world, browser)
    if not world.takes_password(browser.organisation):
        return False  # its SSO governs this person there
    if world.mark:
        return False  # rule 2: until they have enrolled anew, everywhere
    if world.factor:
        return browser.factor  # rule 2: who has one must always use it
    return world.demand(browser.organisation) not in BITING  # rules 3, 4 and 11


def sso_opens(world: World, browser: Browser) -> bool:
    """Rule 1: worth everything in A, and nothing elsewhere; never with the vendor (rule 11); only by a live link."""
    is_live = browser.linked and world.connection in (Connection.ACCEPTS, Connection.DEMANDS)
    return is_live and browser.organisation == A and world.demand(A) not in VENDORS


def lacks_factor(world: World, browser: Browser) -> bool:
    """Whether the connection demands two factors, and neither the provider spoke of them nor was our own used."""
    if world.connection is not Connection.DEMANDS or browser.said is Provider.TWO_FACTORS:
        return False
    return not (world.factor and browser.factor)


def can_come(world: World, organisation: str) -> frozenset[Method]:
    """By which ways an active member can come into this organisation, in the end."""
    ways = set()
    if world.owns_password and world.takes_password(organisation):
        ways.add(Method.PASSWORD)
    if sso_opens(world, Browser(State.ADMITTED, organisation, Method.SSO)):
        ways.add(Method.SSO)
    return frozenset(ways) if world.active and world.is_member(organisation) else frozenset()


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
    if step.deed == did.PASSWORD and step.world.active and step.world.factor:
        is_asked = step.browser.state is State.VERIFYING
        keep("a password alone learns nothing but that there is a factor, not even where it is closed", is_asked)
    if step.deed == did.SSO:
        signed_in = Browser(State.ADMITTED, step.organisation, Method.SSO, said=step.world.provider)
        is_let_in = step.browser.has_session
        keep("who comes through SSO is let in at once where it is enough", is_let_in is deserves(step.world, signed_in))
    if step.browser.state is State.CHOOSING and browser.state is not State.CHOOSING:
        keep("only members choose", bool(step.world.memberships()))


def _losing(world: World, browser: Browser, step: Step) -> None:
    """Rule 4: a session that is not admitted (any more, or elsewhere) goes on at its step, where there is a way on."""
    if not browser.has_session or step.is_served or step.deed not in (did.REQUEST, did.SWITCH):
        return
    if step.deed == did.REQUEST:
        keep("a session that is not served ends", not step.browser.has_session)
    if step.deed == did.SWITCH and step.is_denied:
        after = browser if deserves(world, browser) else EMPTY
        keep("a choice that leads nowhere leaves what is admitted as it was", step.browser == after)
        keep("whoever may go there is let go on", not _may_go(world, browser, step))
        return
    if browser.method is Method.SSO:
        needs_own = lacks_factor(world, browser) and world.factor
        goes_on = stands(world, browser, step.organisation) and needs_own
        expected = State.VERIFYING if goes_on and step.deed == did.REQUEST else None
        keep("a session through SSO goes on to the factor, or ends", step.browser.state is expected)
    elif stands(world, browser, step.organisation):
        keep("whoever is held goes on at their step", step.browser.state is not None)


def _may_go(world: World, browser: Browser, step: Step) -> bool:
    return browser.method is Method.PASSWORD and stands(world, browser, step.organisation)


def stands(world: World, browser: Browser, organisation: str) -> bool:
    """Whether what the browser holds can still lead into this organisation, by what it was begun with."""
    there = browser._replace(organisation=organisation)
    is_current = world.active and browser.current and world.is_member(organisation)
    is_open = sso_opens(world, there) if browser.method is Method.SSO else world.takes_password(organisation)
    return is_current and is_open


def _secrets(world: World, browser: Browser, step: Step) -> None:
    if not step.shows_secret:
        return
    keep("whoever has a factor is shown no new secret before using it (R28)", not world.factor)
    keep("a secret is shown to a person whose proof still counts", world.active and browser.current)
    if browser.secret is not Secret.OPEN:
        keep("a new secret is shown only soon after the proof", step.browser.recent)
    if step.browser.method is Method.SSO:
        keep("the provider alone shows no secret of whoever owns a password", is_ones_own(world, step.browser))


def is_ones_own(world: World, browser: Browser) -> bool:
    """Whether, in a sign-in through SSO, all of one's own was given: the password just now, or there is none."""
    return browser.gave_password or not world.owns_password


def _credentials(world: World, browser: Browser, step: Step) -> None:
    if step.world.factor and not world.factor:
        is_confirmed = step.deed in CONFIRMING and browser.secret is Secret.OPEN
        keep("only a confirmed secret makes a factor (R27)", is_confirmed)
        if browser.method is Method.SSO:
            keep("through SSO only an enrolment that was asked for makes one", step.deed == did.CONFIRM)
            keep("and of one's own", is_ones_own(world, browser))
            keep("and where its SSO still opens", stands(world, browser, A))
    if world.mark and not step.world.mark:
        keep("the mark of a reset goes away with a new factor only", step.world.factor)
    if world.factor and not step.world.factor:
        keep("the last factor stays while an organisation requires it, or will (rule 8)", is_free(world))
    if step.deed in (did.REMOVE, did.CONFIRM_OWN, did.NEW_PASSWORD):
        keep("credentials change only right after a proof by all of one's own (rule 12)", is_fresh(world, browser))
        keep("and only from a session that is admitted", deserves(world, browser))

    if step.deed == did.GOVERN:
        keep("an organisation is governed right after a proof (rules 5 and 13)", may_govern(world, browser))
        keep("and only from a session that is admitted", deserves(world, browser))


def is_free(world: World) -> bool:
    """Whether nobody holds on to the last factor: no organisation requires it, will, or counts on a kept password."""
    is_keeper = world.is_member(A) and world.passwords is Passwords.KEPT
    return not is_keeper and not any(world.demand(o) in HOLDING for o in world.memberships())


def may_govern(world: World, browser: Browser) -> bool:
    """Whether the person has just proven themselves, to us or to their provider (which tells us if it was long ago)."""
    by_sso = browser.method is Method.SSO and browser.recent and browser.said is not Provider.STALE
    return by_sso or is_fresh(world, browser)


def is_fresh(world: World, browser: Browser) -> bool:
    """Whether a session has just been proven by everything that the person has, and by nothing else."""
    password = browser.has_session and browser.method is Method.PASSWORD and browser.recent
    return password and (not world.factor or (browser.factor and browser.factor_recent))


def keep(promise: str, is_kept: bool) -> None:
    if not is_kept:
        raise Broken(promise)
