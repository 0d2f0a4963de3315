"""The story of the demonstration, played over HTTP as people would live it; each step checks what it says.

Nobody waits for a code to change: the phone enrols with the code of the step before (which is accepted, as a phone may
be a little slow), and the next sign-in takes the code of this step.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from totrinn.demo.browser import Answer, Browser
from totrinn.demo.people import NORDLYS, PEOPLE, DemoPerson, organisation, person
from totrinn.demo.phone import Account, Phone, step_of
from totrinn.demo.provider import PATH, subject_of

AUTHORIZE = f"{PATH}/authorize"
UNKNOWN_API = "/api/v1/organisations/nordlys/whatever"
_SOON = timedelta(seconds=3)
_PATIENCE_SECONDS = 30
_BETWEEN_LOOKS_SECONDS = 0.1
_REASON = "Asked for by Marit Haugen"


class StoryBroken(Exception):
    """Something did not happen as the story tells it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is played, and with which passwords and phone; and where the application is, beside it."""

    base_url: str
    port: int
    passwords: dict[str, str]
    phone: Phone
    jobadmin: str
    jobadmins_port: int

    def browser(self) -> Browser:
        """A browser that has never been here."""
        return Browser(self.base_url, self.port, beside={self.jobadmin: self.jobadmins_port})

    def sign_in(self, browser: Browser, who: DemoPerson) -> Answer:
        """Types address and password, and presses the button."""
        form = browser.visit("/login").form("/login")
        return browser.post(form, email=who.email, password=self.passwords[who.key])

    def go_to_provider(self, browser: Browser, who: DemoPerson) -> Answer:
        """Presses «Logg inn med SSO» and types the address; the page of the organisation's own sign-in service."""
        links = browser.visit("/login").links()
        pressed = next((href for href, words in links.items() if "Logg inn med SSO" in words), "")
        form = browser.visit(pressed).form("/login/sso")
        return browser.post(form, email=who.email)

    def sign_in_by_sso(self, browser: Browser, who: DemoPerson) -> Answer:
        """The same, and on through that service, back to where it leads."""
        page = self.go_to_provider(browser, who)
        _expect(page, 200, AUTHORIZE)
        return browser.post(page.form(AUTHORIZE), person=subject_of(who))


def play(stage: Stage) -> Iterator[str]:
    """Plays the story; each step is told when it has come true. Raises `StoryBroken`."""
    steps: tuple[Callable[[Stage], Iterator[str]], ...] = (
        *(_prepare, _make_available, _require, _come_back),
        *(_come_by_sso, _come_by_password_instead, _come_for_the_first_time),
    )
    for step in steps:
        try:
            yield from step(stage)
        except (LookupError, OSError) as error:
            raise StoryBroken(str(error)) from error


def _prepare(stage: Stage) -> Iterator[str]:
    """Those whom the visitor finds with a second factor set one up; an offered membership is accepted."""
    of_the_story = {"staff", "jon"}
    for who in PEOPLE:
        if who.enrolled and who.key not in of_the_story:
            browser = stage.browser()
            _expect(stage.sign_in(browser, who), 200, "/")
            form = browser.visit("/account/second-factor").form("/account/second-factor")
            _enrol(stage, browser, browser.post(form), "/account/second-factor/confirm")
            if who.also:
                accept = f"/account/memberships/{who.also}/accept"
                browser.post(browser.visit("/account").form(accept))
    yield from ()


def _make_available(stage: Stage) -> Iterator[str]:
    """The vendor's staff make the feature available; they themselves need a second factor, always."""
    staff, browser = person("staff"), stage.browser()
    held = stage.sign_in(browser, staff)
    _expect(held, 200, "/login/enrol")
    _enrol(stage, browser, browser.post(held.form("/login/enrol")), "/login/enrol/confirm")
    action = f"/vendor/organisations/{NORDLYS}/availability"
    form = browser.visit(f"/vendor/organisations/{NORDLYS}").form(action)
    _expect(browser.post(form, available="on", why=_REASON), 200)
    yield f"The vendor’s {staff.name} signed in with a second factor, and made two-factor available to Nordlys kommune"


def _require(stage: Stage) -> Iterator[str]:
    """The global administrator turns the requirement on, and confirms; nothing has changed until then.

    It then holds for who has proven a password alone, and changes nothing for who is signed in through SSO.
    """
    aase, undisturbed = person("aase"), stage.browser()
    _expect(stage.sign_in_by_sso(undisturbed, aase), 200, "/")
    jon, his = person("jon"), stage.browser()
    _expect(stage.sign_in(his, jon), 200, "/")
    for browser, who in ((undisturbed, aase), (his, jon)):
        _expect_in_jobadmin(stage, browser.visit(_way_on(browser.get("/"))), who)
    yield f"{aase.name}, by SSO, and {jon.name}, by a password alone, went on to Jobadmin, which is told who they are"
    marit, browser = person("marit"), stage.browser()
    _expect(stage.sign_in(browser, marit), 200, "/")
    form = browser.visit("/settings/basic").form("/settings/basic")
    preview = browser.post(form, require_two_factor="on")
    _expect(browser.get("/"), 200)
    yield f"The global administrator {marit.name} turned on «Krev totrinnsstadfesting», and saw whom it hits"
    browser.post(preview.form("/settings/basic/confirm"))
    _expect_redirect(browser.get("/"), "/login/enrol")
    yield "She confirmed, and it holds at once: her own next click leads to enrolment"
    _expect(undisturbed.get("/"), 200)
    yield f"{aase.name}, who was signed in through SSO all the while, clicks on and notices nothing"
    _wait_until_out(stage, his)
    _expect_in_jobadmin(stage, undisturbed.get(f"{stage.jobadmin}/"), aase)
    yield f"Jobadmin was told, and has signed {jon.name} out; {aase.name} works on"


def _come_back(stage: Stage) -> Iterator[str]:
    """A user with a password is held, enrols, gets in, and signs in again."""
    jon, browser = person("jon"), stage.browser()
    held = stage.sign_in(browser, jon)
    _expect(held, 200, "/login/enrol")
    yield f"{jon.name} signed in with a password alone, and is held at enrolment"
    for path in ("/", "/account", "/members", "/settings/basic", "/nowhere"):
        _expect_redirect(browser.get(path), "/login/enrol")
    for path in (UNKNOWN_API, "/gate"):
        _expect(browser.get(path, accept="application/json"), 401)
    yield "Nothing else opens: every page leads back, and the API answers 401, even where there is none"
    account, used, shown = _enrol(stage, browser, browser.post(held.form("/login/enrol")), "/login/enrol/confirm")
    yield "He pressed «Aktiver totrinnsstadfesting», added the key to his phone, and typed the code"
    _expect_in_jobadmin(stage, browser.visit(_way_on(shown)), jon, "totrinnsbekreftelse")
    yield "«Hald fram til Jobadmin» leads in: Jobadmin knows who he is, from where, and that he used two factors"
    code = account.code(max(used + 1, step_of(datetime.now(UTC))))
    browser = stage.browser()
    asked = stage.sign_in(browser, jon)
    _expect(asked, 200, "/login/two-factor")
    _expect(browser.post(asked.form("/login/two-factor"), code=code), 200, "/")
    yield "He signed in again, with password and the next code"
    browser = stage.browser()
    asked = stage.sign_in(browser, jon)
    refused = browser.post(asked.form("/login/two-factor"), code=code)
    if refused.status < 400:
        raise StoryBroken(f"the same code was taken twice: {refused.path} {refused.status}")
    _expect_redirect(browser.get("/"), "/login/two-factor")
    yield "The same code once more is refused"


def _come_by_sso(stage: Stage) -> Iterator[str]:
    """Whom the organisation's own sign-in service vouches for is let in, and asked for nothing."""
    aase, browser = person("aase"), stage.browser()
    page = stage.go_to_provider(browser, aase)
    _expect(page, 200, AUTHORIZE)
    yield f"{aase.name} pressed «Logg inn med SSO»: her address led to Nordlys kommune’s own sign-in service"
    home = browser.post(page.form(AUTHORIZE), person=subject_of(aase))
    _expect_at_home(browser, home, aase)
    yield "She signed in there, and is let in undisturbed: nobody asks her to set up anything"


def _come_by_password_instead(stage: Stage) -> Iterator[str]:
    """It is the proof that counts, not the person."""
    aase, browser = person("aase"), stage.browser()
    _expect(stage.sign_in(browser, aase), 200, "/login/enrol")
    _expect_redirect(browser.get("/"), "/login/enrol")
    yield "With her password the same Åse is held at enrolment, like Jon"


def _come_for_the_first_time(stage: Stage) -> Iterator[str]:
    """Who has an address of the organisation's domain becomes a member by coming; its administrator sees it."""
    marit, sivert = person("marit"), person("sivert")
    hers, his = stage.browser(), stage.browser()
    _expect_at_home(hers, stage.sign_in_by_sso(hers, marit), marit)
    _expect_member(hers.get("/members"), sivert, is_one=False)
    _expect_at_home(his, stage.sign_in_by_sso(his, sivert), sivert)
    _expect_member(hers.get("/members"), sivert, is_one=True)
    yield f"{sivert.name}, whom nobody had registered, came through SSO, too: that made him a member"


def _enrol(stage: Stage, browser: Browser, window: Answer, action: str) -> tuple[Account, int, Answer]:
    """Adds the key that is shown to the phone, and confirms with the code of the step before this one.

    Near the end of a step its own code is taken, as it will be the one before when it is looked at.
    """
    uri = next((href for href in window.links() if href.startswith("otpauth:")), "")
    account = stage.phone.add(uri)
    if account is None:
        raise StoryBroken(f"{window.path} ({window.status}) shows no key")
    used = step_of(datetime.now(UTC) + _SOON) - 1
    shown = browser.post(window.form(action), code=account.code(used))
    _expect(shown, 200)
    return account, used, shown


def _way_on(shown: Answer) -> str:
    """Where «Hald fram til Jobadmin» leads."""
    for href, words in shown.links().items():
        if "Hald fram til" in words:
            return href
    raise StoryBroken(f"{shown.path} ({shown.status}) has no «Hald fram til»")


def _expect(answer: Answer, status: int, path: str | None = None) -> None:
    if answer.status != status or (path is not None and answer.path.partition("?")[0] != path):
        wanted = f"{status}" if path is None else f"{status} at {path}"
        raise StoryBroken(f"{answer.path} answered {answer.status}, not {wanted}")


def _expect_at_home(browser: Browser, answer: Answer, who: DemoPerson) -> None:
    """They are in, at once, as nobody else; no step of signing in is left that would lead anywhere."""
    _expect(answer, 200, "/")
    account = browser.get("/account")
    _expect(account, 200)
    if who.email not in account.text:
        raise StoryBroken(f"{account.path} is not that of {who.email}")
    for path in ("/login/enrol", "/login/two-factor"):
        _expect_redirect(browser.get(path), "/")


def _expect_in_jobadmin(stage: Stage, page: Answer, who: DemoPerson, *words: str) -> None:
    """The application has signed them in, and says so."""
    _expect(page, 200, f"{stage.jobadmin}/")
    for word in (who.name, who.email, organisation(who.organisation).name, *words):
        if word not in page.text:
            raise StoryBroken(f"Jobadmin does not know: {word}")


def _wait_until_out(stage: Stage, browser: Browser) -> None:
    """The application hears of it by itself, about a second after."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while "Logg ut" in browser.get(f"{stage.jobadmin}/").text:
        if time.monotonic() > until:
            raise StoryBroken("Jobadmin was not told that a session has ended")
        time.sleep(_BETWEEN_LOOKS_SECONDS)


def _expect_member(members: Answer, who: DemoPerson, *, is_one: bool) -> None:
    _expect(members, 200)
    if (who.email in members.text) is not is_one:
        raise StoryBroken(f"{who.email} is {'not yet' if is_one else 'already'} at {members.path}")


def _expect_redirect(answer: Answer, path: str) -> None:
    if answer.status != 303 or answer.location != path:
        raise StoryBroken(f"{answer.path} answered {answer.status} {answer.location}, not 303 to {path}")
