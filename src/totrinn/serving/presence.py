"""What every serving process does beside the serving: it follows the keys, and tells that it is there.

Every few seconds it looks which key the database says is the active one, and reads its keys again if their files have
changed. Every half minute, and whenever its keys are others, it writes its row in `node`.
"""

import logging
import os
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from totrinn import __version__
from totrinn.app.errors import StoreUnavailable
from totrinn.app.key_repositories import Node
from totrinn.crypto import KeysWrong, check_value_of, follow

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation

INTERVAL_SECONDS = 3.0
_REPORTED_EVERY = timedelta(seconds=30)
_FORGOTTEN_AFTER = timedelta(days=1)
_log = logging.getLogger("totrinn.serving.presence")


class Presence:
    """A thread that is there as long as its block lasts. That of a worker is one `of` its parent, and goes with it."""

    def __init__(self, installation: "Installation", *, of: str = "", interval: float = INTERVAL_SECONDS) -> None:
        own = installation.services.random.id(datetime.now(UTC))
        self.id = f"{of}/{own}" if of else own
        self._installation = installation
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self._name = f"{socket.gethostname()} {os.getpid()}"
        self._started_at = datetime.now(UTC)
        self._reported: Node | None = None

    def __enter__(self) -> "Presence":
        """Is known to the others when it returns, if the database answers."""
        self.look(datetime.now(UTC))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(self._interval)
        with suppress(Exception), self._installation.services.store.writing() as unit:
            unit.nodes.leave(self.id)

    def look(self, now: datetime) -> None:
        """One round. What fails is tried again in the next."""
        try:
            self._follow()
            self._report(now)
        except StoreUnavailable:
            _log.debug("the database does not answer")
        except KeysWrong as error:
            _log.error("%s", error)
        except Exception:  # noqa: BLE001  # whatever it is, serving goes on
            _log.exception("presence failed")

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self.look(datetime.now(UTC))

    def _follow(self) -> None:
        vault = self._installation.vault
        vault.look_again()
        with self._installation.services.store.reading() as unit:
            value = check_value_of(unit)
        follow(value, vault)

    def _report(self, now: datetime) -> None:
        vault, before = self._installation.vault, self._reported
        mine = Node(self.id, self._name, __version__, vault.key_ids, vault.active, self._started_at, now)
        is_known = before is not None and (before.key_ids, before.active_key) == (mine.key_ids, mine.active_key)
        if is_known and before is not None and now - before.seen_at < _REPORTED_EVERY:
            return
        with self._installation.services.store.writing() as unit:
            unit.nodes.report(mine)
            unit.nodes.forget(now - _FORGOTTEN_AFTER)
        self._reported = mine
