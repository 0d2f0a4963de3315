"""Our cookies: one name a level of proof, none of them worth anything under another name (R54, R55, R60)."""

from dataclasses import dataclass
from enum import StrEnum

from starlette.responses import Response

from totrinn.core.lifetimes import DEVICE_LIFETIME, SSO_ATTEMPT


class Cookie(StrEnum):
    """The base names; over https they carry the prefix `__Host-`."""

    SESSION = "totrinn"
    SIGNIN = "totrinn-signin"
    VISIT = "totrinn-visit"
    DEVICE = "totrinn-device"
    LANGUAGE = "totrinn-language"
    GATE = "totrinn-gate"
    """On a protected host: the pass. It counts on that host only."""
    GATE_START = "totrinn-gate-start"
    """On a protected host: the browser has set out from here; proves nothing, and binds its ticket to it."""


_MAX_AGE = {
    Cookie.DEVICE: int(DEVICE_LIFETIME.total_seconds()),
    Cookie.LANGUAGE: int(DEVICE_LIFETIME.total_seconds()),
}
_LONGEST = 512
_NEXT = "totrinn-next-"
"""The beginning of the names under which browsers keep where to go on to after a sign-in through SSO."""
_LONGEST_NEXT = 3000
_NEXT_AGE = int(SSO_ATTEMPT.total_seconds())
_OVER = " expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0;"
_BLANKS = " \t"
"""What browsers, too, take away before a name; with another sign before it, it is a name that others may set."""
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Jar:
    """The cookies of one request. A name that came twice with different values counts as absent (R70)."""

    values: dict[str, str]
    secure: bool

    def get(self, cookie: Cookie) -> str | None:
        """The value, if there is exactly one."""
        return self.values.get(name_of(cookie, secure=self.secure)) or None


def name_of(cookie: Cookie, *, secure: bool) -> str:
    """The name under which the browser keeps it."""
    return "__Host-" + cookie if secure else str(cookie)


def read_cookies(header: str, *, secure: bool) -> Jar:
    """The cookies in a `Cookie` header (RFC 6265 §5.4); over-long ones are ignored."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip(_BLANKS).partition("=")
        longest = _LONGEST_NEXT if name.startswith(name_of_next("", secure=secure)) else _LONGEST
        if not equals or len(value) > longest:
            continue
        found[name] = "" if found.get(name, value) != value else value
    return Jar(found, secure)


def without(header: str, *cookies: Cookie, secure: bool) -> str:
    """The same `Cookie` header without these cookies; the others stand as they stood."""
    names = {name_of(cookie, secure=secure) for cookie in cookies}
    pairs = (pair.strip(_BLANKS) for pair in header.split(";"))
    return "; ".join(pair for pair in pairs if pair and pair.partition("=")[0] not in names)


def name_of_next(tag: str, *, secure: bool) -> str:
    """The name under which the browser keeps where to go on to, for one sign-in."""
    return f"__Host-{_NEXT}{tag}" if secure else f"{_NEXT}{tag}"


def next_cookies(jar: Jar) -> dict[str, str]:
    """All that it keeps of these, by name."""
    beginning = name_of_next("", secure=jar.secure)
    return {name: value for name, value in jar.values.items() if name.startswith(beginning)}


def keep_next(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Gives it one, for as long as the sign-in may take."""
    _put(response, name, value, f" Max-Age={_NEXT_AGE};", secure=secure)


def drop_next(response: Response, name: str, *, secure: bool) -> None:
    """Takes one back."""
    _put(response, name, '""', _OVER, secure=secure)


def set_cookie(response: Response, cookie: Cookie, value: str, *, secure: bool) -> None:
    """Gives the browser a cookie. Raises as `cookie_line`."""
    response.raw_headers.append((b"set-cookie", cookie_line(cookie, value, secure=secure)))


def cookie_line(cookie: Cookie, value: str, *, secure: bool) -> bytes:
    """What gives the browser a cookie: HttpOnly, Lax, for this host only.

    The line is written here: the standard library takes seven times as long, for values that need no quoting. Raises
    `ValueError` for a value not of our making.
    """
    if not value or not _PLAIN.issuperset(value):
        raise ValueError(f"{cookie} would need quoting")
    age = _MAX_AGE.get(cookie)
    return _line(name_of(cookie, secure=secure), value, "" if age is None else f" Max-Age={age};", secure=secure)


def drop_cookie(response: Response, cookie: Cookie, *, secure: bool) -> None:
    """Takes a cookie back."""
    _put(response, name_of(cookie, secure=secure), '""', _OVER, secure=secure)


def _put(response: Response, name: str, value: str, lifetime: str, *, secure: bool) -> None:
    response.raw_headers.append((b"set-cookie", _line(name, value, lifetime, secure=secure)))


def _line(name: str, value: str, lifetime: str, *, secure: bool) -> bytes:
    end = "; Secure" if secure else ""
    return f"{name}={value};{lifetime} HttpOnly; Path=/; SameSite=lax{end}".encode("ascii")
