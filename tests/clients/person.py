"""Somebody with a browser: follows where pages lead, and types password and code wherever they are asked for.

The codes are oathtool's, and none is typed twice.
"""

import html
import re
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.browser.installation import PASSWORD, Installation
from totrinn.demo.browser import Answer, Form

_MOST_HOPS = 30
_STEP = 30
_ON_THE_WAY = 10
"""So many seconds may pass before a code arrives."""
_KEY = re.compile(r"otpauth://totp/[^\"]*?secret=([A-Z2-7]+)")


@dataclass(frozen=True, slots=True)
class Page:
    """Where somebody has arrived; without a status where nothing was asked for any more."""

    url: str
    status: int = 0
    text: str = ""

    @property
    def path(self) -> str:
        """The path of its address."""
        return urlsplit(self.url).path

    def form(self, action: str) -> Form:
        """The form that is sent to this path."""
        return Answer(self.status, self.path, "", self.text).form(action)


class Person:
    """Somebody who has an account, and a browser with nothing in it."""

    def __init__(self, house: Installation, email: str) -> None:
        self.house = house
        self.email = email
        self.http = httpx2.Client(timeout=30, headers={"accept": "text/html", "accept-language": "en"})
        self.asked_for: list[str] = []
        """What they were asked for on the way, the latest last."""
        self._key = ""
        self._last_step = 0

    def go(self, url: str, *, stop_at: str = "\0") -> Page:
        """Opens an address and goes on until there is nothing more to type, or an address begins with `stop_at`."""
        page = self._follow(self.http.get(url), stop_at)
        for _ in range(_MOST_HOPS):
            typed = self._types(page)
            if typed is None:
                return page
            action, fields = typed
            page = self.send(page, action, stop_at=stop_at, **fields)
        raise AssertionError(f"no end at {page.url}")

    def send(self, page: Page, action: str, *, stop_at: str = "\0", **fields: str) -> Page:
        """Fills in and sends a form of the page, and follows where it leads."""
        form = page.form(action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        answer = self.http.post(urljoin(page.url, action), data={**form.fields, **fields}, headers={"origin": origin})
        return self._follow(answer, stop_at)

    def enrol(self) -> None:
        """Sets up a second factor under the account."""
        page = self.go(f"{self.house.address}/account/second-factor")
        window = self.send(page, "/account/second-factor")
        found = _KEY.search(html.unescape(window.text))
        assert found, window.text
        self._key = found[1]
        # The code of the step before, which is accepted, leaves this step's and the next one's for what follows.
        confirmed = self.send(window, "/account/second-factor/confirm", code=self.code())
        assert confirmed.status == 200, confirmed.text

    def is_in(self) -> bool:
        """Whether the browser is signed in to Totrinn."""
        return self.http.get(f"{self.house.address}/account").status_code == 200

    def forget(self) -> None:
        """Throws all cookies away."""
        self.http.cookies.clear()

    def code(self) -> str:
        """The next code that has not been typed and is accepted now."""
        step = max(self._last_step + 1, _step_in(_ON_THE_WAY) - 1)
        while step > _step_in(0) + 1:
            time.sleep(0.2)
        self._last_step = step
        told = ("oathtool", "--totp", "--base32", f"--now=@{step * _STEP}", self._key)
        done = subprocess.run(told, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout.strip()

    def _types(self, page: Page) -> tuple[str, dict[str, str]] | None:
        """The form that asks for something that only they know, and what they type."""
        if page.status != 200 or not page.url.startswith(self.house.address):
            return None
        if page.path == "/login":
            return self._typed("/login", email=self.email, password=PASSWORD)
        if page.path == "/login/two-factor":
            return self._typed("/login/two-factor", code=self.code())
        if page.path == "/oauth2/answer":
            names = set(re.findall(r'name="(password|proof_code|code)"', page.text))
            known = {"password": lambda: PASSWORD, "proof_code": self.code, "code": self.code}
            return self._typed("/oauth2/answer", **{name: known[name]() for name in sorted(names)})
        return None

    def _typed(self, action: str, **fields: str) -> tuple[str, dict[str, str]]:
        self.asked_for += [name for name in fields if name != "email"]
        return action, fields

    def _follow(self, answer: httpx2.Response, stop_at: str) -> Page:
        for _ in range(_MOST_HOPS):
            url = str(answer.url)
            refresh = answer.headers.get("refresh", "").partition("url=")[2]
            target = answer.headers.get("location", "") if answer.is_redirect else refresh
            if not target:
                return Page(url, answer.status_code, answer.text)
            target = urljoin(url, target)
            if target.startswith(stop_at):
                return Page(target)
            answer = self.http.get(target)
        raise AssertionError(f"no end at {answer.url}")


def _step_in(seconds: int) -> int:
    return int(time.time() + seconds) // _STEP
