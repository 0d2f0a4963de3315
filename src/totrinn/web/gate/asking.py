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
_Original = tuple[bytes | None, bytes | None, bytes | None]
_GRAPHIC = "".join(map(chr, range(0x21, 0x7F)))


class Unclear(Enum):
    """The question cannot be read in one way only."""

    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Question:
    """One check."""

    host: str | None
    """The protected host; None: whoever asks does so for themselves, on our own host."""
    uri: bytes
    """What is asked for there, as it was sent."""
    is_navigation: bool
    """A person opens a page, so they may be sent to sign in; anything else is only told."""
    redirects: bool
    """The proxy hands every answer on to the browser, so a redirect reaches it."""
    returns_cookies: bool
    """The proxy cannot take our cookies out by itself, and wants to be told which others there are."""
    cookies: str
    secret: bytes


def is_check(path: str) -> bool:
    """Whether it is for the gate itself to answer."""
    return path == CHECK or path.startswith(CHECK_OF_ENVOY + "/")


def read_question(scope: Scope, *, secure: bool) -> Question | Unclear:
    """The question in a request."""
    found: dict[bytes, bytes] = {}
    cookies: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookies.append(value)
        elif name in found and name in _ONCE:
            return Unclear.UNCLEAR
        else:
            found[name] = value
    of_envoy = scope["path"] != CHECK
    wishes = () if of_envoy else scope["query_string"].split(b"&")
    host, uri, method = _of_envoy(scope, found) if of_envoy else _forwarded(found)
    return Question(
        host=None if host is None else plain_host(host.decode("latin-1"), secure=secure),
        uri=uri or b"/",
        is_navigation=_is_navigation(found, method or scope["method"].encode()),
        redirects=of_envoy or b"redirect" in wishes,
        returns_cookies=b"cookie" in wishes,
        cookies=b"; ".join(cookies).decode("latin-1"),
        secret=found.get(SECRET, b""),
    )


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


def _forwarded(found: dict[bytes, bytes]) -> _Original:
    return found.get(b"x-forwarded-host"), found.get(b"x-forwarded-uri"), found.get(b"x-forwarded-method")


def _of_envoy(scope: Scope, found: dict[bytes, bytes]) -> _Original:
    uri = scope["raw_path"].removeprefix(CHECK_OF_ENVOY.encode())
    if scope["query_string"]:
        uri += b"?" + scope["query_string"]
    return found.get(b"host", b""), uri, scope["method"].encode()


def _is_navigation(found: dict[bytes, bytes], method: bytes) -> bool:
    """As browsers say it (Fetch Metadata §2.2); who does not say it asks for a page at least."""
    mode = found.get(b"sec-fetch-mode")
    return method == b"GET" and b"text/html" in found.get(b"accept", b"") and mode in (None, b"navigate")
