"""Why nothing was fetched."""

from enum import StrEnum

from totrinn.app.identity_providers import Unavailable
from totrinn.fetching.showing import shown_detail


class Failure(StrEnum):
    """The codes of `Unavailable`, one a cause."""

    MALFORMED = "malformed_address"
    """No address of the web, or one with a user name, a fragment, or signs that do not belong there."""
    NOT_HTTPS = "not_https"
    """Only encrypted addresses are fetched."""
    NOT_ALLOWED = "not_allowed_address"
    """The IP address that was typed belongs to a private or reserved network."""
    UNKNOWN_HOST = "unknown_host"
    """The name cannot be looked up, or leads into a private network where none may be reached: to whoever typed it the
    two are one, as they could else find out which names there are inside."""
    UNREACHABLE = "unreachable"
    """There was no connection, or it broke."""
    TLS_FAILED = "tls_failed"
    """The server's certificate is not valid for the name, or no common protocol was found."""
    TIMED_OUT = "timed_out"
    """The server took longer than the deadline."""
    NOT_HTTP = "not_http"
    """What came is no HTTP."""
    REDIRECTED = "redirected"
    """The server sends us elsewhere, where we do not go."""
    BAD_STATUS = "bad_status"
    """The server answered with an error; the detail is its status."""
    TOO_LARGE = "too_large"
    """The answer is larger than any honest one."""
    BUSY = "busy"
    """As many exchanges as are held at once, with this host or in all, are under way."""


class GaveUp(Exception):
    """An exchange ended before its answer."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(failure)
        self.failure = failure
        self.detail = detail


def unavailable(failure: Failure, detail: str = "") -> Unavailable:
    """The failure as use cases see it: with a plain text for its code, which any database takes."""
    return Unavailable(failure.value, shown_detail(detail))
