"""People at work: several hands, each with people of its own, who sign in, enrol, lose phones and change their minds.

Every answer is written into the journal: done, refused, or never told. What a client sees that must never be, such as a
page behind a password alone, is a violation at once.
"""

import random
import re
import threading
import time
from collections.abc import Callable

import httpx2

from tests.attacks.house import Browser, House, app_of, hidden
from tests.faults.journal import About, Change, Changes, Fact, Journal, Outcome, Value, becomes
from tests.faults.people import FICKLE, STRICT, Member, People

RECOVERY_CODE = re.compile(r"<li>((?:[A-Z2-7]{4}-){5}[A-Z2-7]{4})</li>")
_MOST_FAILURES = 3
_OLD_SECONDS = 600
_MOST_SESSIONS = 4
_WRONG_CODE = "000000"
_WAIT_AFTER_SILENCE = 0.3
"""An act that was not answered may still be under way behind the one who should have answered."""
_BASIC = {"name": "Havre", "language": "nb", "time_zone": "Europe/Oslo"}


class Hand(threading.Thread):
    """Acts for its people, one act after the other, until it is told to pause."""

    def __init__(self, house: House, journal: Journal, people: People, seed: int, ahead: Callable[[], float]) -> None:
        super().__init__(daemon=True)
        self._house, self._journal, self._people = house, journal, people
        self._chance = random.Random(seed)
        self._ahead = ahead
        self._pause = threading.Event()
        self.error: BaseException | None = None

    def pause(self) -> None:
        """Ends after the act that is under way."""
        self._pause.set()

    def run(self) -> None:
        """Acts until it is told to pause."""
        try:
            while not self._pause.is_set():
                self.act()
        except BaseException as error:  # noqa: BLE001 - told by who waits for this thread
            self.error = error

    def act(self) -> None:
        """One act of one person, by chance."""
        member = self._chance.choice(self._people.members)
        act = self._chance.choice(self._acts_of(member))
        try:
            outcome = act(member)
        except httpx2.TransportError:
            outcome = Outcome.UNKNOWN  # of an act that changes nothing that is followed
        self._journal.count(act.__name__, outcome)
        self._people.close_browsers()
        if outcome is Outcome.UNKNOWN:
            time.sleep(_WAIT_AFTER_SILENCE)

    def _acts_of(self, member: Member) -> list[Callable[[Member], Outcome]]:
        """What this person can do now; what is worth most comes more often."""
        acts: list[Callable[[Member], Outcome]] = [self.sign_in, self.sign_in]
        if member.browser is not None:
            acts += [self.look, self.sign_out]
        if member.slug == STRICT:
            acts.append(self.change_role)
        if member.app is not None:
            acts += [self.mistype, self.type_again, self.reset]
        if member.recovery_codes:
            acts += [self.recover, self.recover]
        if self._people.fickle_administrator is not None:
            acts.append(self.change_requirement)
        return acts

    def sign_in(self, member: Member) -> Outcome:
        """Password, and whatever the password leads to."""
        before = self._journal.watch(Fact(About.REQUIREMENT, member.slug))
        browser = self._browser()
        answer = self._password(browser, member)
        place = answer.headers.get("location", "")
        if answer.status_code != 303:
            return _outcome(answer)
        if place == "/login/enrol":
            return self._enrol(browser, member)
        if place == "/login/two-factor":
            return self._code(browser, member)
        if browser.cookie("totrinn") is None:
            return Outcome.REFUSED
        if self._required_throughout(member, before):
            self._journal.violate(f"{member.email} got in by password alone, to {place}")
        self._keep(member, browser)
        return Outcome.DONE

    def _required_throughout(self, member: Member, before: tuple[frozenset[Value], int]) -> bool:
        """Whether the organisation has required two-factor ever since this look, and nobody was changing it."""
        return before[0] == {True} and self._journal.watch(Fact(About.REQUIREMENT, member.slug)) == before

    def _password(self, browser: Browser, member: Member) -> httpx2.Response:
        answer = browser.sign_in(member.email)
        place = answer.headers.get("location", "")
        if place in ("/login/enrol", "/login/two-factor"):
            self._notice_factor(member, has_factor=place == "/login/two-factor")
            if browser.get("/").status_code == 200:
                self._journal.violate(f"{member.email} reached a page by password alone")
        return answer

    def _notice_factor(self, member: Member, *, has_factor: bool) -> None:
        """What the answer to the password tells of an enrolment or a reset that was not answered."""
        fact = member.fact(About.SECRET)
        fitting = [value for value in self._journal.possible(fact) if bool(value) is has_factor]
        if not fitting:
            self._journal.violate(f"{member.email} {'has' if has_factor else 'lacks'} a factor against all answers")
        else:
            self._journal.begin(fact, fitting[0])
        if not has_factor:
            member.app, member.recovery_codes = None, []

    def _enrol(self, browser: Browser, member: Member) -> Outcome:
        browser.submit("/login/enrol")
        page = browser.get("/login/enrol")
        if "otpauth:" not in page.text:
            return _outcome(page)
        app = app_of(page.text)
        member.app, member.last_typed, member.recovery_codes = app, -1, []
        step = member.next_step(self._ahead())
        if step is None:
            return Outcome.REFUSED
        changes = {
            member.fact(About.SECRET): becomes(app.secret),
            member.fact(About.FAILURES): becomes(0),
        }
        answer, outcome = self._type(browser, page, member, step, "/login/enrol/confirm", changes)
        if outcome is Outcome.DONE and answer is not None:
            member.recovery_codes = RECOVERY_CODE.findall(answer.text)
            for code in member.recovery_codes:
                self._journal.begin(member.fact(About.RECOVERY_CODE, code), True)
        return outcome

    def _code(self, browser: Browser, member: Member) -> Outcome:
        step = member.next_step(self._ahead())
        if member.app is None or step is None:
            return Outcome.REFUSED
        changes = {member.fact(About.FAILURES): becomes(0)}
        page = browser.get("/login/two-factor")
        return self._type(browser, page, member, step, "/login/two-factor", changes)[1]

    def _type(
        self, browser: Browser, page: httpx2.Response, member: Member, step: int, action: str, changes: Changes
    ) -> tuple[httpx2.Response | None, Outcome]:
        """Types a code; what it admits to, if it admits, is kept."""
        assert member.app is not None
        member.last_typed = max(member.last_typed, step)
        if not hidden(page.text):
            return None, _outcome(page)
        self._journal.sends(member.email, member.app.secret, step)
        answer, outcome = self._send(browser, page, action, code=member.code_at(step))
        if outcome is Outcome.DONE and browser.cookie("totrinn") is None:
            outcome = Outcome.REFUSED
        if answer is not None and answer.status_code == 422 and action == "/login/two-factor":
            changes = {member.fact(About.FAILURES): _one_more}
            self._journal.settle(Outcome.DONE, changes)
            return answer, outcome
        if answer is None or outcome is Outcome.UNKNOWN:
            self._journal.settle(Outcome.UNKNOWN, {member.fact(About.FAILURES): _one_more})
        self._journal.settle(outcome, changes)
        if outcome is Outcome.DONE:
            self._journal.accept(member.email, member.app.secret, step)
            self._keep(member, browser)
        return answer, outcome

    def mistype(self, member: Member) -> Outcome:
        """A wrong code, which is counted."""
        if not self._may_fail(member):
            return Outcome.REFUSED
        browser = self._browser()
        if self._password(browser, member).headers.get("location", "") != "/login/two-factor":
            return Outcome.REFUSED
        page = browser.get("/login/two-factor")
        if not hidden(page.text):
            return _outcome(page)
        answer, outcome = self._send(browser, page, "/login/two-factor", code=_WRONG_CODE)
        counted = Outcome.DONE if answer is not None and answer.status_code == 422 else outcome
        self._journal.settle(counted, {member.fact(About.FAILURES): _one_more})
        if browser.cookie("totrinn") is not None:
            self._journal.violate(f"{member.email} got in by a wrong code")
        return counted

    def type_again(self, member: Member) -> Outcome:
        """The code that was typed last, whatever became of it: it admits at most once."""
        if member.last_typed < 0 or not self._may_fail(member):
            return Outcome.REFUSED
        browser = self._browser()
        answer = self._password(browser, member)
        if answer.headers.get("location", "") != "/login/two-factor" or member.app is None:
            return Outcome.REFUSED
        page = browser.get("/login/two-factor")
        changes = {member.fact(About.FAILURES): becomes(0)}
        return self._type(browser, page, member, member.last_typed, "/login/two-factor", changes)[1]

    def _may_fail(self, member: Member) -> bool:
        """Whether another failure would still not make anybody wait."""
        failures = self._journal.possible(member.fact(About.FAILURES))
        return all(isinstance(each, int) and each < _MOST_FAILURES for each in failures)

    def recover(self, member: Member) -> Outcome:
        """Signs in by a recovery code, which is then used up."""
        if not self._may_fail(member):
            return Outcome.REFUSED
        browser = self._browser()
        if self._password(browser, member).headers.get("location", "") != "/login/two-factor":
            return Outcome.REFUSED
        page = browser.get("/login/two-factor")
        if not member.recovery_codes or not hidden(page.text):
            return _outcome(page)
        code = self._chance.choice(member.recovery_codes)
        fact = member.fact(About.RECOVERY_CODE, code)
        before = self._journal.possible(fact)
        self._journal.sends(f"{member.email} by recovery", code, 0)
        answer, outcome = self._send(browser, page, "/login/two-factor", recovery_code=code)
        if answer is not None and answer.status_code == 422:
            self._journal.settle(Outcome.DONE, {member.fact(About.FAILURES): _one_more})
            if before == {True}:
                self._journal.violate(f"{member.email}: a recovery code that was shown is not taken")
            return outcome
        self._journal.settle(outcome, {fact: becomes(False), member.fact(About.FAILURES): becomes(0)})
        if outcome is Outcome.DONE and browser.cookie("totrinn") is not None:
            self._journal.accept(f"{member.email} by recovery", code, 0)
            member.recovery_codes.remove(code)
            self._keep(member, browser)
        return outcome

    def look(self, member: Member) -> Outcome:
        """Opens a page with the session that the browser has; one that was acknowledged lives."""
        fact = member.session()
        before = self._journal.watch(Fact(About.REQUIREMENT, member.slug))
        answer = self._open(member, "/")
        if answer.status_code == 200:
            if self._journal.possible(fact) == {False}:
                self._journal.violate(f"{member.email} got in by a session that has ended")
            lacks_factor = self._journal.possible(member.fact(About.SECRET)) == {""}
            if lacks_factor and self._required_throughout(member, before):
                self._journal.violate(f"{member.email} goes on without a factor")
            return Outcome.DONE
        return self._left(member, answer)

    def sign_out(self, member: Member) -> Outcome:
        """Ends the session."""
        assert member.browser is not None
        fact = member.session()
        if not self._journal.possible(fact):
            return Outcome.REFUSED
        page = self._open(member, "/")
        if page.status_code != 200:
            return self._left(member, page)
        browser, member.browser = member.browser, None
        _, outcome = self._send(browser, page, "/logout")
        self._journal.settle(outcome, {fact: becomes(False)})
        return outcome

    def reset(self, member: Member) -> Outcome:
        """The administrator resets a lost factor: all that it proved ends."""
        ends = [member.fact(About.RECOVERY_CODE, code) for code in member.recovery_codes]
        ends += [member.session(token) for token in member.sessions]
        followed = self._journal.facts()
        changes: dict[Fact, Change] = {fact: becomes(False) for fact in ends if fact in followed}
        changes |= {member.fact(About.SECRET): becomes(""), member.fact(About.FAILURES): becomes(0)}
        path = f"/members/{member.id}"
        outcome = self._administer(self._people.administrator, path, f"{path}/reset", changes, why="lost")
        if outcome is Outcome.DONE:
            member.app, member.browser, member.recovery_codes = None, None, []
        return outcome

    def change_role(self, member: Member) -> Outcome:
        """The administrator gives the member another role."""
        role = self._chance.choice(("user", "administrator"))
        path = f"/members/{member.id}"
        changes = {member.fact(About.ROLE): becomes(role)}
        return self._administer(self._people.administrator, path, f"{path}/role", changes, role=role)

    def _administer(self, administrator: Member, path: str, action: str, changes: Changes, /, **fields: str) -> Outcome:
        browser = self._office(administrator)
        if browser is None:
            return Outcome.REFUSED
        page = self._open(administrator, path)
        if page.status_code != 200:
            return self._left(administrator, page)
        answer, outcome = self._send(browser, page, action, **fields)
        if answer is not None and answer.headers.get("location", "").startswith("/login"):
            return self._left(administrator, answer)
        self._journal.settle(outcome, changes)
        return outcome

    def change_requirement(self, _: Member) -> Outcome:
        """The administrator of the other organisation turns the requirement on, or off again."""
        administrator = self._people.fickle_administrator
        browser = self._office(administrator) if administrator is not None else None
        if administrator is None or browser is None:
            return Outcome.REFUSED
        fact = Fact(About.REQUIREMENT, FICKLE)
        wish = self._journal.possible(fact) != {True}
        page = self._open(administrator, "/settings/basic")
        if page.status_code != 200:
            return self._left(administrator, page)
        switch = {"require_two_factor": "on"} if wish else {}
        window, seen = self._send(browser, page, "/settings/basic", **_BASIC, **switch)
        if window is None or window.status_code != 200:
            return seen if seen is Outcome.UNKNOWN else Outcome.REFUSED
        with self._journal.under_way(fact, wish):
            answer, outcome = self._send(browser, window, "/settings/basic/confirm")
        if answer is not None and answer.headers.get("location", "").startswith("/login"):
            return self._left(administrator, answer)
        self._journal.settle(outcome, {fact: becomes(wish)})
        return outcome

    def _office(self, administrator: Member) -> Browser | None:
        """The administrator's browser, signed in not long ago; None while there is no code to sign in with."""
        if administrator.browser is None or time.monotonic() - administrator.signed_in_at > _OLD_SECONDS:
            administrator.browser = None
            self.sign_in(administrator)
        return administrator.browser

    def _open(self, member: Member, path: str) -> httpx2.Response:
        """Opens a page in the member's session, which this may end where the requirement is new."""
        assert member.browser is not None
        ends = {member.session(): becomes(False)} if member.slug == FICKLE else {}
        ends = {fact: change for fact, change in ends.items() if self._journal.possible(fact)}
        try:
            answer = member.browser.get(path)
        except httpx2.TransportError:
            self._journal.settle(Outcome.UNKNOWN, ends)
            raise
        if answer.status_code >= 500:
            self._journal.settle(Outcome.UNKNOWN, ends)
        return answer

    def _left(self, member: Member, answer: httpx2.Response) -> Outcome:
        """Sent away from a page that a session opens: only where the requirement is new may one have been lost."""
        if answer.status_code == 303 and member.browser is not None:
            fact = member.session()
            if self._journal.possible(fact) == {True} and member.slug == STRICT:
                self._journal.violate(f"{member.email} lost a session that was acknowledged")
            self._journal.forget(fact)
            member.browser = None
        return _outcome(answer)

    def _browser(self) -> Browser:
        browser = Browser(self._house)
        self._people.browsers.append(browser)
        return browser

    def _send(
        self, browser: Browser, page: httpx2.Response, action: str, **fields: str
    ) -> tuple[httpx2.Response | None, Outcome]:
        """Sends a form that changes something; without an answer nobody knows."""
        try:
            answer = browser.send(page, action, **fields)
        except httpx2.TransportError:
            return None, Outcome.UNKNOWN
        return answer, _outcome(answer)

    def _keep(self, member: Member, browser: Browser) -> None:
        """The browser holds a session that was acknowledged."""
        token = browser.cookie("totrinn")
        assert token is not None
        self._journal.begin(member.session(token), True)
        member.sessions.append(token)
        for old in member.sessions[:-_MOST_SESSIONS]:
            self._journal.forget(member.session(old))
        del member.sessions[:-_MOST_SESSIONS]
        member.browser, member.signed_in_at = browser, time.monotonic()


def _outcome(answer: httpx2.Response) -> Outcome:
    if answer.status_code >= 500:
        return Outcome.UNKNOWN
    return Outcome.DONE if answer.status_code in (200, 303) else Outcome.REFUSED


def _one_more(failures: Value) -> Value:
    return int(failures) + 1
