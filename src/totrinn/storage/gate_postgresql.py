"""The gate's reading on PostgreSQL: a few connections of its own in the event loop, one statement a question.

Each answer says whether it comes from a standby, and is not believed if it does. Nothing rests on the state of a
server's session, so PgBouncer may pool transactions in between. Neither the loop nor a thread waits for a server that
does not answer: who has waited for `_SECONDS` is refused, and the connection is given up.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from totrinn.app import ports
from totrinn.app.errors import StoreUnavailable
from totrinn.app.records import LiveSession
from totrinn.storage.gate_reading import FIND_BEHIND_PASS, FIND_BEHIND_SESSION, FIND_PROTECTED
from totrinn.storage.postgresql import read_address
from totrinn.storage.sessions import live_of

if TYPE_CHECKING:
    import psycopg

    _Connection = psycopg.AsyncConnection[tuple[Any, ...]]

CONNECTIONS = 4
"""So many has each process, and only once the gate is asked."""
_SECONDS = 2.0
_MOST_WAITING = 200

_Row = tuple[Any, ...]


class _Question:
    """One statement, as psycopg takes it, and how the values of its rows come out."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
        asked = statement.add_columns(sa.func.pg_is_in_recovery())
        compiled = asked.compile(dialect=dialect)
        self.words = str(compiled)
        self.fixed: dict[str, Any] = {name: value for name, value in compiled.params.items() if value is not None}
        read = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in asked.selected_columns)
        self._processors: list[tuple[int, Callable[[Any], Any]]] = [
            (place, processor) for place, processor in enumerate(read) if processor is not None
        ]

    def live(self, row: _Row) -> LiveSession:
        """The session in a row as psycopg gave it."""
        values = list(row)
        for place, processor in self._processors:
            values[place] = processor(values[place])
        return live_of(values)


class PostgresqlGateReads(ports.GateReads):
    """Implements `ports.GateReads`."""

    def __init__(self, address: str) -> None:
        self._parameters, prepare_after = read_address(address)
        self._prepares = prepare_after is not None
        self._idle: list[_Connection] = []
        self._in_use = 0
        self._waiting: deque[asyncio.Event] = deque()
        self._connecting: asyncio.Task[None] | None = None
        self._is_shut = False
        """The server did not let us in when it was last tried."""

    # Compiled when first asked: a start does not wait for it.
    @cached_property
    def _behind_pass(self) -> _Question:
        return _Question(FIND_BEHIND_PASS)

    @cached_property
    def _behind_session(self) -> _Question:
        return _Question(FIND_BEHIND_SESSION)

    @cached_property
    def _protected(self) -> _Question:
        return _Question(FIND_PROTECTED)

    async def behind_pass(self, digest: bytes, host: str) -> LiveSession | None:
        """The session of this pass, if the pass is for this host, and the host still its application's, which is on."""
        row = await self._ask(self._behind_pass, {"which": digest, "which_host": host})
        return None if row is None else self._behind_pass.live(row)

    async def behind_session(self, digest: bytes) -> LiveSession | None:
        """The session with this cookie."""
        row = await self._ask(self._behind_session, {"which": digest})
        return None if row is None else self._behind_session.live(row)

    async def is_protected(self, host: str) -> bool:
        """Whether an application that is switched on stands behind the gate under this host name."""
        return await self._ask(self._protected, {"which": host}) is not None

    def close(self) -> None:
        """Closes the connections that nobody is using."""
        while self._idle:
            _close(self._idle.pop())

    async def _ask(self, question: _Question, values: Mapping[str, Any]) -> _Row | None:
        """The first row, as the primary has it. Raises `StoreUnavailable`."""
        if self._in_use >= CONNECTIONS:
            await self._wait_for_place()
        self._in_use += 1
        try:
            return await self._asked(question, {**question.fixed, **values})
        finally:
            self._in_use -= 1
            self._wake_next()

    def _wake_next(self) -> None:
        if self._waiting and self._in_use < CONNECTIONS:
            self._waiting[0].set()

    async def _wait_for_place(self) -> None:
        """Raises `StoreUnavailable` when that takes too long, or too many wait."""
        if len(self._waiting) >= _MOST_WAITING:
            raise StoreUnavailable("too many wait for the server")
        turn = asyncio.Event()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(_SECONDS):
                while self._in_use >= CONNECTIONS:
                    turn.clear()
                    await turn.wait()
        except TimeoutError:
            raise StoreUnavailable("the server is too slow") from None
        finally:
            self._waiting.remove(turn)
            self._wake_next()

    async def _asked(self, question: _Question, values: dict[str, Any]) -> _Row | None:
        was_idle = bool(self._idle)
        try:
            return await self._asked_once(question, values)
        except StoreUnavailable:
            if not was_idle:
                raise
        # The server may have been started again since, or another one have taken over.
        self.close()
        return await self._asked_once(question, values)

    async def _asked_once(self, question: _Question, values: dict[str, Any]) -> _Row | None:
        import psycopg

        connection = await self._connected()
        is_good = False
        giving_up = asyncio.get_running_loop().call_later(_SECONDS, _give_up, connection)
        try:
            cursor = connection.cursor(binary=True)
            await cursor.execute(question.words, values, prepare=self._prepares)
            row = await cursor.fetchone()
            if row is not None and row[-1]:
                raise StoreUnavailable("a standby has answered")
            is_good = True
        except psycopg.OperationalError as error:
            raise StoreUnavailable from error
        finally:
            giving_up.cancel()
            if is_good and len(self._idle) < CONNECTIONS:
                self._idle.append(connection)
            else:
                _close(connection)
        return row

    async def _connected(self) -> "_Connection":
        """A connection that is free. New ones are made one at a time, however long that takes; nobody waits long."""
        loop = asyncio.get_running_loop()
        last = loop.time() + _SECONDS
        while not self._idle:
            if self._connecting is None:
                self._connecting = loop.create_task(self._connect())
            elif self._is_shut:
                raise StoreUnavailable("the server did not answer, and is being tried")
            done, _ = await asyncio.wait({self._connecting}, timeout=last - loop.time())
            if not done or self._is_shut:
                raise StoreUnavailable("the server does not answer")
        return self._idle.pop()

    async def _connect(self) -> None:
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(
                **self._parameters, autocommit=True, prepare_threshold=1 if self._prepares else None
            )
        except (psycopg.Error, OSError):
            self._is_shut = True
        else:
            self._is_shut = False
            self._idle.append(connection)
        finally:
            self._connecting = None


def _give_up(connection: "_Connection") -> None:
    """Wakes whoever waits for this connection: to them it looks as if the server had closed it."""
    with suppress(OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as theirs:
        theirs.shutdown(socket.SHUT_RDWR)


def _close(connection: "_Connection") -> None:
    connection.pgconn.finish()
