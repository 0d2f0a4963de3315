"""Whether a state-changing request comes from a page of ours (R62).

The hidden field `csrf` is derived from the cookie of the level at which its page was shown: the session, the unfinished
sign-in, or, before either, the visit. A new level has a new cookie and therefore a new token. The visit's cookie is
a random value that we signed, so that no browser can bring one of its own making.
"""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from totrinn.app.ports import Services

_PURPOSE = b"totrinn csrf"
_VISIT = "visit"


def token_for(cookie_value: str) -> str:
    """The token of pages that were shown under this cookie."""
    return hmac.digest(cookie_value.encode(), _PURPOSE, "sha256").hex()


def is_token_for(cookie_value: str | None, token: str) -> bool:
    """Whether the token belongs to this cookie."""
    if not cookie_value or not token.isascii():
        return False
    return hmac.compare_digest(token_for(cookie_value), token)


def new_visit(services: Services) -> str:
    """A cookie for a browser that has none."""
    return services.vault.sign(services.random.token(), _VISIT)


def is_visit(services: Services, value: str | None) -> bool:
    """Whether the visit's cookie is one of ours."""
    return value is not None and services.vault.signed_value(value, _VISIT) is not None


def comes_from_elsewhere(headers: Headers, base_url: str) -> bool:
    """Whether the browser says that another site's page sent this."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return True
    origin = headers.get("origin")
    return origin is not None and origin != "null" and not _is_ours(origin, base_url)


def _is_ours(origin: str, base_url: str) -> bool:
    """The base address; over plain http, where only loopback is served, any of its names with the same port."""
    ours, theirs = urlsplit(base_url), urlsplit(origin)
    if (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc):
        return True
    loopback = {"localhost", "127.0.0.1", "::1"}
    return (
        ours.scheme == theirs.scheme == "http"
        and ours.hostname in loopback
        and theirs.hostname in loopback
        and ours.port == theirs.port
    )
