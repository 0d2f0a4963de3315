"""People who come over the network by https: from a machine of theirs, to a name, believing one authority."""

import ssl
import time
from dataclasses import dataclass

import httpx2
import pyotp

from tests.attacks.house import app_of, hidden
from tests.operate.hosts import Host

ADDRESS = "https://login.example.org"
_PASSWORD = "mild regn over fjorden"
_STEP = 30
_ABOUT_TO_END = 10
"""A code that is accepted for less than this many seconds more is not typed: it may have ended when it arrives."""
_SECONDS_FOR_A_NEW_CODE = 95


class ByHttps(httpx2.HTTPTransport):
    """Opens connections on somebody's machine to the address that the name has; the certificate must be the name's."""

    def __init__(self, host: Host, to: str, authority: str) -> None:
        super().__init__(verify=ssl.create_default_context(cadata=authority))
        self._host = host
        self._to = to

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Asks from there."""
        url = request.url.copy_with(host=self._to)
        with self._host.network():
            return super().handle_request(_sent(request, url, {"sni_hostname": request.url.host}))


class PastTheProxy(httpx2.HTTPTransport):
    """Opens connections on the machine that serves, to the server itself."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Asks on the loopback, as the proxy would."""
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=8700)
        with self._host.network():
            return super().handle_request(_sent(request, url, {}))


def _sent(request: httpx2.Request, url: httpx2.URL, more: dict[str, str]) -> httpx2.Request:
    extensions = {**request.extensions, **more}
    return httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)


class Browser:
    """A browser with nothing in it: keeps cookies, fills in forms, follows nothing by itself."""

    def __init__(self, coming: httpx2.BaseTransport, **headers: str) -> None:
        self.http = httpx2.Client(base_url=ADDRESS, timeout=30, headers=headers, transport=coming)

    def submit(self, page: str, action: str | None = None, /, **fields: str) -> httpx2.Response:
        """Opens a page and sends a form from it, with the hidden fields that the page gave."""
        opened = self.http.get(page)
        assert opened.status_code == 200, f"{page}: {opened.status_code} {opened.text}"
        return self.http.post(action or page, data={**hidden(opened.text), **fields})

    def is_in(self) -> bool:
        """Whether this browser reaches what only an admitted session reaches."""
        return self.http.get("/account").status_code == 200


@dataclass
class Person:
    """Somebody with a password and, once they have enrolled, an authenticator app."""

    email: str
    password: str = _PASSWORD
    app: pyotp.TOTP | None = None
    last_step: int = 0

    def accept(self, browser: Browser, link: str) -> None:
        """Makes the account by a one-time link, and enrols at the first sign-in, which demands it."""
        path = link.removeprefix(ADDRESS)
        made = browser.submit(path, email=self.email, name="Kari Nordmann", password=self.password)
        assert made.status_code == 303, made.text
        self.type_password(browser)
        self.enrol(browser)

    def enrol_anew(self, browser: Browser) -> None:
        """Signs in where the old authenticator is worth nothing any more: it leads to a new one."""
        self.type_password(browser)
        self.enrol(browser)

    def enrol(self, browser: Browser) -> None:
        """Sets up an authenticator where that is demanded."""
        assert not browser.is_in()
        browser.submit("/login/enrol")
        self.app = app_of(browser.http.get("/login/enrol").text)
        browser.submit("/login/enrol", "/login/enrol/confirm", code=self.code())
        assert browser.is_in()

    def type_password(self, browser: Browser) -> httpx2.Response:
        """The first step, which is never enough."""
        answer = browser.submit("/login", email=self.email, password=self.password)
        assert answer.status_code == 303, answer.text
        return answer

    def sign_in(self, browser: Browser) -> None:
        """Signs in with password and code; the password alone does not do."""
        self.type_password(browser)
        assert not browser.is_in()
        browser.submit("/login/two-factor", code=self.code())
        assert browser.is_in()

    def code(self) -> str:
        """The earliest code that is accepted now and that has not been typed before; waits for one if need be."""
        assert self.app is not None
        give_up_at = time.monotonic() + _SECONDS_FOR_A_NEW_CODE
        while time.monotonic() < give_up_at:
            now = time.time()
            for step in range(int(now + _ABOUT_TO_END) // _STEP - 1, int(now) // _STEP + 2):
                if step > self.last_step:
                    self.last_step = step
                    return self.app.at(step * _STEP)
            time.sleep(0.5)
        raise AssertionError("no new code came")

    def types_none_of_this_minute(self) -> None:
        """Codes that would be accepted now are not typed any more."""
        self.last_step = max(self.last_step, int(time.time()) // _STEP + 1)
