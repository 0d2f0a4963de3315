"""A thin model of what the application does with the core: load fresh facts, ask `decide`, advance, save.

Where the real application has a second lock, the model leaves it open if the core alone must hold: sign-ins and
sessions are never deleted by a reset, a disabled person may type the password, anybody may name any organisation, a
session that is no longer admitted may be switched.
What the model does rely on, the application must keep:

- a code or recovery code is right only while the person has a factor;
- before a secret is confirmed, person and factors are read again: whoever has a factor by now confirms nothing;
- if a confirmed secret would not admit, nothing of it is kept;
- a new secret is shown only to somebody whose password was proven recently, an expired one counts as none;
- the mark of a reset goes away only with a confirmed factor;
- a reset, a new password (a first one, too), and disabling raise the person's version;
- whoever comes through SSO is landed by whether they own a password; only who owns one can prove it;
- a session that came through SSO never becomes one of a password, and is switched as one of long ago;
- an unfinished sign-in through SSO lives no longer than a secret may be shown after its proof;
- the link that a sign-in came by is looked up by its own identity: one made anew is another.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.proof.world import EMPTY, NOW, NOWHERE, ORGANISATIONS, Browser, Secret, World, facts_of
from totrinn.core import enrolment, policy, signin
from totrinn.core.policy import Admit, Deny, Method, Verdict
from totrinn.core.signin import Act, State

PASSWORD = "proves the password"
SSO = "comes through the SSO of A for"
CODE = "proves a code"
RECOVERY = "proves a recovery code"
CHOOSE = "chooses"
START = "starts enrolment"
CONFIRM = "confirms enrolment"
AGAIN = "proves the password again"
RETURN = "returns"
REQUEST = "asks for a page"
SWITCH = "switches to"
WAIT = "waits for long"
EXPIRE = "waits until the secret has expired"
LEAVE = "signs out, or throws its cookies away"
REPROVE = "proves all that there is again"
REPROVE_PASSWORD = "proves the password again, and nothing else"
START_OWN = "starts to set up a factor of one's own accord"
CONFIRM_OWN = "confirms that factor"
REMOVE = "removes the last factor"
NEW_PASSWORD = "changes the password"
GOVERN = "changes what governs the organisation"


class Step(NamedTuple):
    """What one browser did, and what came of it."""

    deed: str
    world: World
    browser: Browser
    outdates_others: bool = False
    is_denied: bool = False
    is_served: bool = False
    shows_secret: bool = False
    organisation: str = NOWHERE


def steps(world: World, browser: Browser) -> Iterator[Step]:
    """Everything that may happen in this browser, in this world."""
    if browser.state is None:
        yield from _ask_with_nothing(world)
        yield from _begin(world)
        return
    yield Step(LEAVE, world, EMPTY)
    if browser.aged() != browser and _may_wait(browser):
        yield Step(WAIT, world, browser.aged())
    if browser.secret is Secret.OPEN:
        yield Step(EXPIRE, world, browser._replace(secret=Secret.EXPIRED))
    yield from _session_steps(world, browser) if browser.has_session else _signin_steps(world, browser)


def _may_wait(browser: Browser) -> bool:
    """Whether it makes a difference; a sign-in through SSO is over before it would."""
    return browser.current and browser.linked and (browser.method is Method.PASSWORD or browser.has_session)


def _verdict(world: World, browser: Browser) -> Verdict:
    return policy.decide(facts_of(world, browser))


def _land(deed: str, act: Act, world: World, browser: Browser) -> Step:
    """One step of an unfinished sign-in; `browser` is what it holds after the act, still in the state before it."""
    assert browser.state is not None
    state = signin.advance(browser.state, act, _verdict(world, browser))
    organisation = browser.organisation
    if isinstance(state, Deny):
        return Step(deed, world, EMPTY, is_denied=True, organisation=organisation)
    secret = browser.secret if state is State.ENROLLING else Secret.NONE
    gave_password = browser.gave_password and state is not State.ADMITTED
    after = browser._replace(state=state, secret=secret, gave_password=gave_password)
    return Step(deed, world, after, organisation=organisation)


def _with_page(step: Step) -> Step:
    """The same, with the page that follows: the secret is on it as long as enrolment is under way."""
    return step._replace(shows_secret=step.browser.state is State.ENROLLING)


def _ask_with_nothing(world: World) -> Iterator[Step]:
    """A request without a cookie: nothing is proven."""
    for organisation in (*ORGANISATIONS, NOWHERE):
        facts = replace(facts_of(world, EMPTY._replace(organisation=organisation)), proof=None)
        is_served = isinstance(policy.decide(facts), Admit)
        yield Step(REQUEST, world, EMPTY, is_served=is_served, organisation=organisation)


def _begin(world: World) -> Iterator[Step]:
    own = world.memberships()
    only = own[0] if len(own) == 1 else NOWHERE
    if world.owns_password:
        yield _land(PASSWORD, Act.PROVED_PASSWORD, world, Browser(State.NOTHING_PROVEN, only))
    act = Act.PROVED_SSO_OWNING_PASSWORD if world.owns_password else Act.PROVED_SSO
    nobody = Browser(State.NOTHING_PROVEN, method=Method.SSO)
    vouched = nobody._replace(said=world.provider, has_evidence=world.provider.has_evidence())
    for organisation in (*ORGANISATIONS, NOWHERE):
        yield _land(SSO, act, world, vouched._replace(organisation=organisation))


def _signin_steps(world: World, browser: Browser) -> Iterator[Step]:
    def fits(act: Act) -> bool:
        assert browser.state is not None
        return signin.allows(browser.state, act)

    yield _return(world, browser)
    proven = browser.with_factor()
    if world.factor and fits(Act.PROVED_CODE):
        yield _land(CODE, Act.PROVED_CODE, world, proven)
    if world.factor and fits(Act.PROVED_RECOVERY_CODE):
        yield _land(RECOVERY, Act.PROVED_RECOVERY_CODE, world, proven)
    if fits(Act.CHOSE_ORGANISATION):
        for organisation in ORGANISATIONS:
            chosen = browser._replace(organisation=organisation, secret=Secret.NONE)
            yield _land(CHOOSE, Act.CHOSE_ORGANISATION, world, chosen)
    if world.owns_password and fits(Act.PROVED_PASSWORD_AGAIN):
        again = browser._replace(recent=True, gave_password=browser.method is Method.SSO)
        yield _land(AGAIN, Act.PROVED_PASSWORD_AGAIN, world, again)
    if fits(Act.STARTED_ENROLMENT) and (_is_open(browser) or enrolment.password_is_recent(browser.proof(), NOW)):
        yield _start(world, browser)
    if fits(Act.CONFIRMED_ENROLMENT) and _is_open(browser):
        yield _confirm(world, browser)


def _return(world: World, browser: Browser) -> Step:
    """A request of an unfinished sign-in: it shows the page of its step, and serves nothing."""
    has_expired = browser.state is State.ENROLLING and not _is_open(browser)
    act = Act.ENROLMENT_EXPIRED if has_expired else Act.RETURNED
    step = _land(RETURN, act, world, browser)
    if step.is_denied:
        return step._replace(browser=browser)
    return _with_page(step)


def _start(world: World, browser: Browser) -> Step:
    """Shows a new secret, or the open one once more."""
    return _with_page(_land(START, Act.STARTED_ENROLMENT, world, browser._replace(secret=Secret.OPEN)))


def _confirm(world: World, browser: Browser) -> Step:
    if world.factor or not browser.current:
        return Step(CONFIRM, world, EMPTY, is_denied=True, organisation=browser.organisation)
    enrolled = world._replace(factor=True, mark=False)
    step = _land(CONFIRM, Act.CONFIRMED_ENROLMENT, enrolled, browser.with_factor())
    if step.browser.has_session:
        return step
    return Step(CONFIRM, world, browser, is_denied=True, organisation=browser.organisation)


def _session_steps(world: World, browser: Browser) -> Iterator[Step]:
    yield from _switch(world, browser)
    if not isinstance(_verdict(world, browser), Admit):
        lost = browser._replace(secret=Secret.NONE)
        yield _land(REQUEST, _loss(browser), world, lost)
        return
    yield Step(REQUEST, world, browser, is_served=True, organisation=browser.organisation)
    if browser.method is Method.PASSWORD:
        again = browser._replace(recent=True)
        yield Step(REPROVE_PASSWORD, world, again)
        yield Step(REPROVE, world, again.with_factor() if world.factor else again)
    if enrolment.is_fresh_for_organisation(browser.proof(), has_factor=world.factor, now=NOW):
        yield Step(GOVERN, world, browser, organisation=browser.organisation)
    if enrolment.is_fresh(browser.proof(), has_factor=world.factor, now=NOW):
        yield from _own_credentials(world, browser)


def _switch(world: World, browser: Browser) -> Iterator[Step]:
    """Its proof is judged for the other organisation, be it admitted here or not; where that leads on, it ends."""
    by_password = browser.method is Method.PASSWORD
    act = _unless_recent(browser, Act.SWITCHED, Act.SWITCHED_LONG_AGO) if by_password else Act.SWITCHED_LONG_AGO
    for organisation in ORGANISATIONS:
        if organisation != browser.organisation:
            target = browser._replace(organisation=organisation, secret=Secret.NONE)
            yield _unless_denied(_land(SWITCH, act, world, target), world, browser)


def _unless_denied(step: Step, world: World, browser: Browser) -> Step:
    """Where it leads nowhere, a session that is admitted goes on."""
    goes_on = step.is_denied and isinstance(_verdict(world, browser), Admit)
    return step._replace(browser=browser) if goes_on else step


def _loss(browser: Browser) -> Act:
    if browser.method is Method.SSO:
        return Act.LOST_SSO_ADMISSION
    return _unless_recent(browser, Act.LOST_ADMISSION, Act.LOST_ADMISSION_LONG_AGO)


def _unless_recent(browser: Browser, act: Act, long_ago: Act) -> Act:
    return act if enrolment.password_is_recent(browser.proof(), NOW) else long_ago


def _own_credentials(world: World, browser: Browser) -> Iterator[Step]:
    """What changes the person's own credentials: from an admitted session with a fresh proof only."""
    yield Step(START_OWN, world, browser._replace(secret=Secret.OPEN))
    if _is_open(browser):
        enrolled = world._replace(factor=True, mark=False)
        yield Step(CONFIRM_OWN, enrolled, browser.with_factor()._replace(secret=Secret.NONE))
    if world.factor and not enrolment.holders_of_last_factor(world.holders()):
        yield Step(REMOVE, world._replace(factor=False), browser)
    yield Step(NEW_PASSWORD, world, browser, outdates_others=True)


def _is_open(browser: Browser) -> bool:
    pending = browser.secret.pending()
    return pending is not None and pending.is_open(NOW)
