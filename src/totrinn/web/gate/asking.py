"""What a reverse proxy asks: for which host, by which method, for which address, with which cookies.

Each proxy has its way. Whatever is said twice is not understood, rather than read in one of two ways (R70).
"""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from starlette.types import Scope

from totrinn.web.settings import plain_host

CHECK = "/gate"
CHECK_OF_ENVOY = "/gate/envoy"
"""Before the original path; method and host are the original ones, too."""
SECRET = b"x-totrinn-gate-secret"
_ONCE = frozenset({b"host", b"x-forwarded-host", b"x-forwarded-uri", b"x-forwarded-method", SECRET})
_LONGEST_PATH = 800
_GRAPHIC = "".join(map(chr, range(0x21, 0x7F)))


class Unclear(Enum):
    """The question cannot be read in one way only."""

    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Question:
    """One check. What is needed for a refusal only is read then."""

    host: str | None
    """The protected host; None: whoever asks does so for themselves, on our own host."""
    scope: Scope
    headers: dict[bytes, bytes]
    """All cookies stand in one; what else came twice is not asked for."""
    wishes: bytes
    """The query, where it is the proxy's own."""

    @property
    def cookies(self) -> str:
        """The cookies, in the words of the browser."""
        return self.headers.get(b"cookie", b"").decode("latin-1")

    @property
    def secret(self) -> bytes:
        """What shows that the proxy asks; may be empty."""
        return self.headers.get(SECRET, b"")

    @property
    def uri(self) -> bytes:
        """What is asked for there, as it was sent."""
        if self._is_of_envoy:
            path, query = self.scope["raw_path"].removeprefix(CHECK_OF_ENVOY.encode()), self.scope["query_string"]
            return bytes(path + b"?" + query if query else path)
        return self.headers.get(b"x-forwarded-uri") or b"/"

    @property
    def is_navigation(self) -> bool:
        """A person opens a page, so they may be sent to sign in; anything else is only told.

        As browsers say it (Fetch Metadata §2.2); who does not say it asks for a page at least.
        """
        method = None if self._is_of_envoy else self.headers.get(b"x-forwarded-method")
        mode = self.headers.get(b"sec-fetch-mode")
        if (method or self.scope["method"].encode()) != b"GET" or mode not in (None, b"navigate"):
            return False
        return b"text/html" in self.headers.get(b"accept", b"")

    @property
    def redirects(self) -> bool:
        """The proxy hands every answer on to the browser, so a redirect reaches it."""
        return self._is_of_envoy or b"redirect" in self.wishes.split(b"&")

    @property
    def returns_cookies(self) -> bool:
        """The proxy cannot take our cookies out by itself, and wants to be told which others there are."""
        return bool(self.wishes) and b"cookie" in self.wishes.split(b"&")

    @property
    def _is_of_envoy(self) -> bool:
        return bool(self.scope["path"] != CHECK)


def is_check(path: str) -> bool:
    """Whether it is for the gate itself to answer."""
    return path == CHECK or path.startswith(CHECK_OF_ENVOY + "/")


def read_question(scope: Scope, *, secure: bool) -> Question | Unclear:
    """The question in a request."""
    found = _headers(scope["headers"])
    if found is None:
        return Unclear.UNCLEAR
    if scope["path"] == CHECK:
        host, wishes = found.get(b"x-forwarded-host"), scope["query_string"]
    else:
        host, wishes = found.get(b"host", b""), b""
    plain = None if host is None else plain_host(host.decode("latin-1"), secure=secure)
    return Question(plain, scope, found, wishes)


def way_back(uri: bytes) -> str:
    """The path and query if one may be sent back there, else the front page; a query that is too long is left out.

    One slash, then neither a slash nor a backslash, which browsers take for one; signs beyond ASCII are escaped.
    """
    path = quote(uri, safe=_GRAPHIC)
    if len(path) > _LONGEST_PATH:
        path = path.partition("?")[0]
    return path if len(path) <= _LONGEST_PATH and is_plain_path(path) else "/"


def is_plain_path(path: str) -> bool:
    """Whether it leads to the host that it is opened on, whatever a browser makes of it (R65)."""
    if not path.startswith("/") or path[1:2] in ("/", "\\"):
        return False
    return all("!" <= sign <= "~" for sign in path)


def _headers(sent: list[tuple[bytes, bytes]]) -> dict[bytes, bytes] | None:
    """By name, with all cookies in one; None if something came twice that is told once."""
    found = dict(sent)
    if len(found) == len(sent):
        return found
    names = [name for name, _ in sent]
    if any(names.count(name) > 1 for name in _ONCE):
        return None
    found[b"cookie"] = b"; ".join(value for name, value in sent if name == b"cookie")
    return found
