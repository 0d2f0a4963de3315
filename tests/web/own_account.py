"""One's own account over HTTP: setting up an app, the codes that are shown, a second way in."""

import re
from datetime import timedelta

import pyotp
import time_machine

from tests.web.house import PASSWORD, Answer, Browser, House, Resident, now

SECOND_FACTOR = "/account/second-factor"
NEW_PASSWORD = "hestehov og blåveis 7"
NEXT_CODE = timedelta(seconds=31)
_KEY = re.compile(r'<p class="key"[^>]*>(?P<groups>.*?)</p>', re.DOTALL)
_CODE = re.compile(r"<li>(?P<code>[A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})</li>")


def shown_key(answer: Answer) -> str | None:
    """The manual key on the page, if one is shown."""
    found = _KEY.search(answer.text)
    return re.sub(r"<[^>]+>|\s", "", found["groups"]) if found else None


def shown_codes(answer: Answer) -> list[str]:
    """The recovery codes on the page."""
    return _CODE.findall(answer.text)


def code_of(secret: str) -> str:
    """What an app with this secret shows now."""
    return pyotp.TOTP(secret).at(now())


def begun(browser: Browser) -> str:
    """The key of an app that is about to be set up."""
    browser.get(SECOND_FACTOR)
    answer = browser.post(SECOND_FACTOR)
    assert (answer.status, answer.location) == (303, SECOND_FACTOR), answer.words
    key = shown_key(browser.get(SECOND_FACTOR))
    assert key is not None
    return key


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Sets up an app: its secret, and the recovery codes that are shown this once."""
    secret = begun(browser)
    answer = browser.post(f"{SECOND_FACTOR}/confirm", code=code_of(secret))
    assert answer.status == 200, answer.words
    codes = shown_codes(answer)
    assert len(codes) == 10
    return secret, codes


def at_second_step(house: House, resident: Resident, password: str = PASSWORD) -> Browser:
    """A browser that has proven the password, and is asked for the code."""
    browser = house.browser()
    browser.get("/login")
    answer = browser.post("/login", email=resident.email, password=password)
    assert answer.location == "/login/two-factor", answer.words
    browser.get(answer.location)
    return browser


def lets_in(house: House, resident: Resident, **code: str) -> bool:
    """Whether password and this code (`code` or `recovery_code`) lead in."""
    return at_second_step(house, resident).post("/login/two-factor", **code).status == 303


def password_lets_in(house: House, resident: Resident, password: str = PASSWORD) -> bool:
    """Whether the password counts at sign-in."""
    browser = house.browser()
    browser.get("/login")
    return browser.post("/login", email=resident.email, password=password).status == 303


def is_dead(house: House, cookie: str | None) -> bool:
    """Whether a session's cookie, sent from anywhere, opens nothing any more."""
    assert cookie
    browser = house.browser()
    browser.client.cookies.set("totrinn", cookie)
    answer = browser.get("/account")
    return answer.status == 303 and answer.location.startswith("/login")


def factor_id(house: House, resident: Resident) -> str:
    """The id of the person's only authenticator."""
    with house.services.store.reading() as unit:
        (factor,) = unit.factors.of_person(resident.id)
    return factor.id


def mails(house: House) -> list[str]:
    """The kinds of the mails that wait to be sent, the newest first."""
    with house.services.store.reading() as unit:
        return [mail.kind.value for mail in unit.outbox.newest(limit=50)]


def wait_for_next_code(clock: time_machine.Traveller) -> None:
    """Until every app shows another code."""
    clock.shift(NEXT_CODE)
