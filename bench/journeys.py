"""The way in, request by request: of Totrinn, and of the bare floor."""

import re
import time
from collections.abc import Callable

from bench.browsing import Browser, Person, Unexpected
from bench.hashing import PASSWORD
from totrinn.core.totp import STEP_SECONDS, code_at

Step = Callable[[Browser, Person], None]
Journey = dict[str, Step]

_CSRF = re.compile(rb'name="csrf" value="([^"]+)"')
PASSWORD_STEP = "password"
"""The one that has a hash in it."""
_CODE_PAGE = "/login/two-factor"


def code_now(person: Person) -> str:
    """What the person's authenticator app shows."""
    return code_at(person.secret, int(time.time()) // STEP_SECONDS)


def _login_page(browser: Browser, person: Person) -> None:
    _remember_token(person, browser.get(person, "/login").expect(200).body)


def _password(browser: Browser, person: Person) -> None:
    answer = browser.post(person, "/login", csrf=person.csrf, email=person.email, password=PASSWORD)
    answer.expect(303, location=_CODE_PAGE)


def _code_page(browser: Browser, person: Person) -> None:
    _remember_token(person, browser.get(person, _CODE_PAGE).expect(200).body)


def _code(browser: Browser, person: Person) -> None:
    browser.post(person, _CODE_PAGE, csrf=person.csrf, code=code_now(person)).expect(303, location="/")


def _first_page(browser: Browser, person: Person) -> None:
    browser.get(person, "/").expect(200, body=person.email.encode())


def _remember_token(person: Person, body: bytes) -> None:
    found = _CSRF.search(body)
    if found is None:
        raise Unexpected("the page has no form")
    person.csrf = found[1].decode()


TOTRINN: Journey = {
    "login page": _login_page,
    PASSWORD_STEP: _password,
    "code page": _code_page,
    "code": _code,
    "first page": _first_page,
}


def _bare(path: str) -> Step:
    def page(browser: Browser, person: Person) -> None:
        browser.get(person, path).expect(200)

    return page


def _bare_password(browser: Browser, person: Person) -> None:
    browser.post(person, "/login", email=person.email, password=PASSWORD).expect(303, location=_CODE_PAGE)


def _bare_code(browser: Browser, person: Person) -> None:
    browser.post(person, _CODE_PAGE, code=code_now(person)).expect(303, location="/")


FLOOR: Journey = {
    "login page": _bare("/login"),
    PASSWORD_STEP: _bare_password,
    "code page": _bare(_CODE_PAGE),
    "code": _bare_code,
    "first page": _first_page,
}
