"""Applications are told of sessions that have ended, about a second after; by every node, and each only once.

What cannot be said is said later, for up to a day. Nothing depends on it but how soon an application hears: its tokens
are worth nothing as soon as the session has ended.
"""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from totrinn.app.applications.grant_records import Channel
from totrinn.app.applications.telling import due, sweep, tell
from totrinn.app.identity_providers import Unavailable
from totrinn.serving.errands import Errand, Errands

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation
    from totrinn.fetching.exchange import Fetched, Fetcher

_AT_ONCE = 8
_OF_ONE_APPLICATION = 2
_LONGEST_TURN_SECONDS = 10.0
_MOST_BYTES = 64 * 1024
_SWEEPING = "sweep"
_EVENT_HEADERS = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
_ERRORS = frozenset(
    ("invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied")
)
"""What a receiver of events may answer (RFC 8935 §2.4)."""
_log = logging.getLogger("totrinn.serving.telling")


class Teller:
    """Finds who is to be told, and tells them."""

    def __init__(self, installation: "Installation") -> None:
        self._services = installation.services
        self._issuer = installation.settings.base_url
        self._allow_private = installation.settings.allow_private_addresses

    def due(self, now: datetime) -> Iterator[Errand]:
        """One errand for each channel of an application by which it is to be told something, and one for judging."""
        is_sweep_due, applications = due(self._services, now)
        if is_sweep_due:
            yield Errand(_SWEEPING, _SWEEPING, partial(sweep, self._services, now))
        for application_id, channel in applications:
            yield Errand(f"{application_id} {channel}", application_id, partial(self._tell, application_id, channel))

    def _tell(self, application_id: str, channel: Channel) -> None:
        """An application that takes its time waits for its next turn, as there are others."""
        ends = time.monotonic() + _LONGEST_TURN_SECONDS
        tell(
            self._services,
            lambda: datetime.now(UTC),
            application_id,
            channel,
            issuer=self._issuer,
            deliver=self._send_event if channel is Channel.EVENTS else self._send_logout,
            is_enough=lambda: time.monotonic() >= ends,
        )

    @cached_property
    def _fetcher(self) -> "Fetcher":
        """Made when it is first needed, so that the start is not slowed."""
        from totrinn.fetching.exchange import Fetcher

        return Fetcher(allow_private=self._allow_private)

    def _send_logout(self, address: str, token: str) -> bool:
        fetched = self._fetcher.post(address, {"logout_token": token}, limit=_MOST_BYTES)
        if not isinstance(fetched, Unavailable) and 200 <= fetched.status < 300:
            return True
        _log.warning("an application was not told that a session has ended: %s", _said(fetched))
        return False

    def _send_event(self, address: str, token: str) -> bool:
        """Only 202 says that it was taken (RFC 8935 §2.2); a page that answers 200 to everything has not read it."""
        fetched = self._fetcher.send(address, token.encode(), _EVENT_HEADERS, limit=_MOST_BYTES)
        if not isinstance(fetched, Unavailable) and fetched.status == 202:
            return True
        _log.warning("an application did not take the event that a session has ended: %s", _said(fetched))
        return False


def _said(fetched: "Fetched | Unavailable") -> str:
    """A failure's code, or the status that was answered, with the error where it is one of those that there are."""
    if isinstance(fetched, Unavailable):
        return fetched.code
    try:
        answer = json.loads(fetched.body) if fetched.status == 400 else None
    except (ValueError, RecursionError):
        answer = None
    error = answer.get("err") if isinstance(answer, dict) else None
    return f"{fetched.status} {error}" if isinstance(error, str) and error in _ERRORS else str(fetched.status)


def telling(installation: "Installation") -> Errands:
    """The thread that tells, not yet begun."""
    return Errands("telling", Teller(installation).due, at_once=_AT_ONCE, of_one_owner=_OF_ONE_APPLICATION)
