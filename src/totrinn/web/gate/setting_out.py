"""Setting out from a protected host to sign in on ours: the address, and the cookie that the way back is bound to."""

from urllib.parse import quote

from totrinn.app.ports import Services
from totrinn.web.cookies import Cookie, Jar
from totrinn.web.settings import WebSettings

START_PATH = "/gate/start"
CALLBACK_PATH = "/.totrinn/callback"
"""On the protected host, which hands it on to us."""


def start_address(settings: WebSettings, *, host: str, path: str, start: str) -> str:
    """Where a browser that set out with this digest of its cookie is sent."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in _words(host, path, start))
    return f"{settings.base_url}{START_PATH}?{query}"


def start_cookie(services: Services, jar: Jar, host: str) -> tuple[str, bool]:
    """The browser's cookie for this host, and whether it is a new one.

    One that we gave it is kept: another window may be on its way with it. A value of its own making is not (R54).
    """
    known = jar.get(Cookie.GATE_START)
    if known is not None and services.vault.signed_value(known, _purpose(host)) is not None:
        return known, False
    return services.vault.sign(services.random.token(), _purpose(host)), True


def is_start_cookie(services: Services, value: str, host: str) -> bool:
    """Whether we gave this cookie to a browser on this host."""
    return services.vault.signed_value(value, _purpose(host)) is not None


def _words(host: str, path: str, start: str) -> tuple[tuple[str, str], ...]:
    words = (("host", host), ("to", path), ("start", start))
    return tuple((name, value) for name, value in words if value)


def _purpose(host: str) -> str:
    return f"gate start {host}"
