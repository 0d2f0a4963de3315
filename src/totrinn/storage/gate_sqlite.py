"""The gate's reading beside a file: one connection of its own, in the event loop, which cannot write.

A question takes microseconds, and no writer holds it up. What was read is kept for as long as nobody has written
anything that it rests on. Before each answer `PRAGMA data_version` tells of every commit by any other connection or
process, and this connection makes none; after a commit, the mark that the database leaves (`gate_mark`) tells whether
it concerns the gate. Mark and rows are read after the number and in this order, so what is kept is never older than the
mark that it is kept under.
"""

import sqlite3
import time
from functools import cached_property
from typing import Any
from urllib.parse import quote

from sqlalchemy.engine import Dialect

from totrinn.app import ports
from totrinn.app.errors import StoreUnavailable
from totrinn.app.records import LiveSession
from totrinn.storage.gate_mark import LOOK, is_watched
from totrinn.storage.gate_reading import FIND_BEHIND_PASS, FIND_BEHIND_SESSION, FIND_PROTECTED
from totrinn.storage.prepared import Prepared, prepared_form
from totrinn.storage.sessions import live_of

_WAIT_SECONDS = 0.2
"""Only while the file is put in order after a crash is there anything to wait for."""
_MOST_KEPT = 5_000
_LONGEST_KEPT_SECONDS = 30.0
"""When a session was last seen is known only as of then; so often does each pass cost a question, whatever happens."""


class SqliteGateReads(ports.GateReads):
    """Implements `ports.GateReads`."""

    def __init__(self, file: str, dialect: Dialect) -> None:
        self._address = f"file:{quote(file)}?mode=ro"
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._mark: tuple[str, int] | None = None
        self._shape, self._is_relied_on = -1, False
        """Whether the mark can be relied on, and for which shape of the tables that was found out."""
        self._kept: dict[tuple[bytes, str], tuple[LiveSession, float]] = {}
        self._dialect = dialect

    # Compiled when first asked: a start does not wait for it.
    @cached_property
    def _behind_pass(self) -> Prepared:
        return _form(FIND_BEHIND_PASS, self._dialect, "which", "which_host")

    @cached_property
    def _behind_session(self) -> Prepared:
        return _form(FIND_BEHIND_SESSION, self._dialect, "which")

    @cached_property
    def _protected(self) -> Prepared:
        return _form(FIND_PROTECTED, self._dialect, "which")

    async def behind_pass(self, digest: bytes, host: str) -> LiveSession | None:
        """The session of this pass, if the pass is for this host, and the host still its application's, which is on."""
        key = (digest, host)
        return self._still_kept(key) or self._read(key, self._behind_pass, {"which": digest, "which_host": host})

    async def behind_session(self, digest: bytes) -> LiveSession | None:
        """The session with this cookie."""
        key = (digest, "")
        return self._still_kept(key) or self._read(key, self._behind_session, {"which": digest})

    async def is_protected(self, host: str) -> bool:
        """Whether an application that is switched on stands behind the gate under this host name."""
        try:
            return self._protected.execute(self._connected(), {"which": host}).first() is not None
        except sqlite3.Error as error:
            raise self._failed() from error

    def close(self) -> None:
        """Closes the connection."""
        connection, self._connection = self._connection, None
        self._kept.clear()
        if connection is not None:
            connection.close()

    def _still_kept(self, key: tuple[bytes, str]) -> LiveSession | None:
        """What was read before, if it would be read again."""
        try:
            connection = self._connection or self._connected()
            # All rows are fetched: what is left half read would hold the database as it is now.
            ((version,),) = connection.execute("PRAGMA data_version").fetchall()
            if version != self._version:
                self._look_again(connection, version)
        except sqlite3.Error as error:
            raise self._failed() from error
        kept = self._kept.get(key)
        return kept[0] if kept is not None and time.monotonic() < kept[1] else None

    def _read(self, key: tuple[bytes, str], question: Prepared, values: dict[str, Any]) -> LiveSession | None:
        """Reads it, and keeps it under the number and the mark that were looked at before."""
        until = time.monotonic() + _LONGEST_KEPT_SECONDS
        try:
            row = question.execute(self._connection or self._connected(), values).first()
        except sqlite3.Error as error:
            raise self._failed() from error
        if row is None:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        live = live_of(row)
        self._kept[key] = (live, until)
        return live

    def _look_again(self, connection: sqlite3.Connection, version: int) -> None:
        """After a commit: forgets everything, unless the mark says that nothing of it has changed."""
        found = connection.execute(LOOK).fetchall()
        mark = found[0] if found else None
        if mark is not None and mark[1] != self._shape:
            questions = [(each.words, each.places) for each in (self._behind_pass, self._behind_session)]
            self._shape, self._is_relied_on = mark[1], is_watched(connection, questions)
        if mark is None or mark != self._mark or not self._is_relied_on:
            self._kept.clear()
        self._mark, self._version = mark, version

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._version, self._mark, self._shape = -1, None, -1
            self._connection = sqlite3.connect(
                self._address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA query_only = ON")
        return self._connection

    def _failed(self) -> StoreUnavailable:
        self.close()
        return StoreUnavailable()


def _form(question: Any, dialect: Dialect, *names: str) -> Prepared:
    form = prepared_form(question, dialect, names)
    if form is None:
        raise TypeError(question)
    return form
