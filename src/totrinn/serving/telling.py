"""Applications are told of sessions that have ended, about a second after; by every node, and each only once.

What cannot be said is said later, for up to a day. Nothing depends on it but how soon an application hears: its tokens
are worth nothing as soon as the session has ended.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from totrinn.app.applications.telling import due, sweep, tell
from totrinn.serving.errands import Errand, Errands

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation
    from totrinn.fetching.exchange import Fetcher

_AT_ONCE = 8
_MOST_BYTES = 64 * 1024
_SWEEPING = "sweep"
_log = logging.getLogger("totrinn.serving.telling")


class Teller:
    """Finds who is to be told, and tells them."""

    def __init__(self, installation: "Installation") -> None:
        self._services = installation.services
        self._issuer = installation.settings.base_url
        self._allow_private = installation.settings.allow_private_addresses

    def due(self, now: datetime) -> Iterator[Errand]:
        """One errand for each application that is to be told something, and one for organisations to be judged."""
        is_sweep_due, applications = due(self._services, now)
        if is_sweep_due:
            yield _SWEEPING, partial(sweep, self._services, now)
        for application_id in applications:
            told = partial(tell, self._services, now, application_id, issuer=self._issuer, deliver=self._deliver)
            yield application_id, told

    @cached_property
    def _fetcher(self) -> "Fetcher":
        """Made when it is first needed, so that the start is not slowed."""
        from totrinn.fetching.exchange import Fetcher

        return Fetcher(allow_private=self._allow_private)

    def _deliver(self, address: str, token: str) -> bool:
        from totrinn.fetching.exchange import Fetched

        fetched = self._fetcher.post(address, {"logout_token": token}, limit=_MOST_BYTES)
        is_taken = isinstance(fetched, Fetched) and 200 <= fetched.status < 300
        if not is_taken:
            said = fetched.status if isinstance(fetched, Fetched) else fetched.code
            _log.warning("an application was not told that a session has ended: %s", said)
        return is_taken


def telling(installation: "Installation") -> Errands:
    """The thread that tells, not yet begun."""
    return Errands("telling", Teller(installation).due, at_once=_AT_ONCE)
