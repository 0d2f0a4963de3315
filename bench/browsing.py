"""A browser as far as it matters here: one connection that is kept, the headers that Firefox sends, a jar a person."""

import http.client
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from bench.servers import HOST

_SECONDS = 30.0
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "nb-NO,nb;q=0.9,no-NO;q=0.8,no;q=0.6,nn-NO;q=0.5,nn;q=0.4,en-US;q=0.3,en;q=0.1",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
}


class Unexpected(RuntimeError):
    """The server's answer is not the one that the step ends with."""


@dataclass(slots=True)
class Person:
    """Who signs in, and what their browser holds by now."""

    email: str
    secret: bytes
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def cookie_header(self) -> str:
        """The cookies, as they are sent."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    location: str
    body: bytes

    def expect(self, status: int, *, location: str = "", body: bytes = b"") -> "Answer":
        """This answer. Raises `Unexpected` if it is another one."""
        if self.status != status or self.location != location or body not in self.body:
            raise Unexpected(f"{self.status} {self.location} {self.body[:2000].decode(errors='replace')}")
        return self


class Browser:
    """Asks one server over one connection."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://localhost:{port}"
        self._host = f"localhost:{port}"
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)

    def get(self, person: Person, path: str) -> Answer:
        """Asks for a page."""
        return self._ask("GET", person, path, None, {})

    def post(self, person: Person, path: str, **fields: str) -> Answer:
        """Sends a form."""
        more = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
        return self._ask("POST", person, path, urlencode(fields).encode(), more)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _ask(self, method: str, person: Person, path: str, body: bytes | None, more: dict[str, str]) -> Answer:
        headers = {"Host": self._host, **HEADERS, **more}
        if person.cookies:
            headers["Cookie"] = person.cookie_header()
        try:
            answer = self._sent(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server has closed a connection that was idle; nothing of this request has reached it.
            self._connection.close()
            answer = self._sent(method, path, body, headers)
        content = answer.read()
        keep_cookies(person.cookies, answer.headers)
        return Answer(answer.status, answer.headers.get("Location", ""), content)

    def _sent(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()


def keep_cookies(cookies: dict[str, str], headers: http.client.HTTPMessage) -> None:
    """Keeps what an answer sets, and forgets what it takes back."""
    for line in headers.get_all("Set-Cookie") or ():
        for cookie in SimpleCookie(line).values():
            if cookie["max-age"] == "0":
                cookies.pop(cookie.key, None)
            else:
                cookies[cookie.key] = cookie.value
