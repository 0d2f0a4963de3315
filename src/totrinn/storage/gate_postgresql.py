"""The gate's reading on PostgreSQL: a few connections of its own in the event loop, one statement a question.

They are made by psycopg, and asked through PostgreSQL's own library below it, which costs a third. Each answer says
whether it comes from a standby, and is not believed if it does. Nothing rests on the state of a server's session, so
PgBouncer may pool transactions in between. Neither the loop nor a thread waits for a server that does not answer: who
has waited for `_SECONDS` is refused, and the connection is given up.
"""

import asyncio
import os
import socket
from collections import deque
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from totrinn.app import ports
from totrinn.app.errors import StoreUnavailable
from totrinn.app.records import LiveSession
from totrinn.storage.gate_questions import Question
from totrinn.storage.gate_reading import FIND_BEHIND_PASS, FIND_BEHIND_SESSION, FIND_PROTECTED
from totrinn.storage.postgresql import read_address
from totrinn.storage.sessions import live_of

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

CONNECTIONS = 4
"""So many has each process, and only once the gate is asked."""
_SECONDS = 2.0
_MOST_WAITING = 200
_MOST_KEPT = 5_000
_HAS_ROWS, _HAS_DONE = 2, 1


class _Line:
    """One connection. Whoever asks waits for the answer; nobody else asks meanwhile."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._driver: PGconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._socket = self._driver.socket
        self._prepared: set[bytes] = set()
        self._answer: asyncio.Future[PGresult] | None = None
        self._result: PGresult | None = None
        self.is_good = True
        self._loop.add_reader(self._socket, self._read)

    async def ask(self, question: Question, values: dict[str, bytes], *, prepares: bool) -> bytes | None:
        """The first row. Raises `StoreUnavailable`, after which the connection is of no use."""
        driver, parameters = self._driver, question.parameters(values)
        if not prepares:
            answer = await self._asked(
                driver.send_query_params, question.words, parameters, None, question.formats, 1, wanted=_HAS_ROWS
            )
        else:
            if question.name not in self._prepared:
                await self._asked(driver.send_prepare, question.name, question.words, wanted=_HAS_DONE)
                self._prepared.add(question.name)
            answer = await self._asked(
                driver.send_query_prepared, question.name, parameters, question.formats, 1, wanted=_HAS_ROWS
            )
        return answer.get_value(0, 0) if answer.ntuples else None

    def close(self) -> None:
        """Gives it up; whoever waits for it is refused."""
        self._fail("the connection was given up")
        self._loop.remove_reader(self._socket)
        self._driver.finish()

    async def _asked(self, send: Any, *words: Any, wanted: int) -> "PGresult":
        import psycopg

        self._answer, self._result = self._loop.create_future(), None
        giving_up = self._loop.call_later(_SECONDS, self._give_up)
        try:
            send(*words)
            if self._driver.flush():
                # It does not even take a question.
                self._fail("the server is too slow")
            answer = await self._answer
        except psycopg.Error as error:
            self.is_good = False
            raise StoreUnavailable from error
        except BaseException:
            self.is_good = False
            raise
        finally:
            giving_up.cancel()
            self._answer = None
        if answer.status != wanted:
            self.is_good = False
            raise StoreUnavailable(answer.error_message.decode(errors="replace"))
        return answer

    def _read(self) -> None:
        """Takes what has come: an answer, or the end of the connection."""
        import psycopg

        driver = self._driver
        try:
            driver.consume_input()
            while not driver.is_busy():
                result = driver.get_result()
                if result is None:
                    break
                self._result = result
            else:
                return
        except psycopg.Error as error:
            self._fail(str(error))
            return
        if self._answer is not None and self._result is not None and not self._answer.done():
            self._answer.set_result(self._result)

    def _fail(self, why: str) -> None:
        self.is_good = False
        # A socket that has ended would be told as readable for ever.
        self._loop.remove_reader(self._socket)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(StoreUnavailable(why))

    def _give_up(self) -> None:
        """To the server it looks as if we had gone."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._socket)) as theirs:
            theirs.shutdown(socket.SHUT_RDWR)
        self._fail("the server does not answer")


class PostgresqlGateReads(ports.GateReads):
    """Implements `ports.GateReads`."""

    def __init__(self, address: str) -> None:
        self._parameters, prepare_after = read_address(address)
        self._prepares = prepare_after is not None
        self._idle: list[_Line] = []
        self._in_use = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._connecting: asyncio.Task[None] | None = None
        self._is_shut = False
        """The server did not let us in when it was last tried."""
        self._kept: dict[tuple[bytes, bytes], tuple[bytes, LiveSession]] = {}
        """By question: the bytes of the row, and what they mean."""

    # Compiled when first asked: a start does not wait for it.
    @cached_property
    def _behind_pass(self) -> Question:
        return Question("gate_pass", FIND_BEHIND_PASS)

    @cached_property
    def _behind_session(self) -> Question:
        return Question("gate_session", FIND_BEHIND_SESSION)

    @cached_property
    def _protected(self) -> Question:
        return Question("gate_protected", FIND_PROTECTED)

    async def behind_pass(self, digest: bytes, host: str) -> LiveSession | None:
        """The session of this pass, if the pass is for this host, and the host still its application's, which is on."""
        return await self._live(self._behind_pass, {"which": digest, "which_host": host.encode()})

    async def behind_session(self, digest: bytes) -> LiveSession | None:
        """The session with this cookie."""
        return await self._live(self._behind_session, {"which": digest})

    async def is_protected(self, host: str) -> bool:
        """Whether an application that is switched on stands behind the gate under this host name."""
        record = await self._ask(self._protected, {"which": host.encode()})
        return record is not None and bool(self._protected.read(record))

    def close(self) -> None:
        """Closes the connections that nobody is using."""
        while self._idle:
            self._idle.pop().close()

    async def _live(self, question: Question, values: dict[str, bytes]) -> LiveSession | None:
        record = await self._ask(question, values)
        if record is None:
            return None
        key = (values["which"], values.get("which_host", b""))
        kept = self._kept.get(key)
        if kept is not None and kept[0] == record:
            return kept[1]
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        live = live_of(question.read(record))
        self._kept[key] = (record, live)
        return live

    async def _ask(self, question: Question, values: dict[str, bytes]) -> bytes | None:
        """The first row, as the primary has it. Raises `StoreUnavailable`."""
        if self._in_use < CONNECTIONS:
            self._in_use += 1
        else:
            await self._wait_for_place()
        try:
            was_idle = bool(self._idle)
            try:
                return await self._ask_once(question, values)
            except StoreUnavailable:
                if not was_idle:
                    raise
            # The server may have been started again since, or another one have taken over.
            self.close()
            return await self._ask_once(question, values)
        finally:
            self._give_place()

    async def _ask_once(self, question: Question, values: dict[str, bytes]) -> bytes | None:
        line = await self._connected()
        try:
            return await line.ask(question, values, prepares=self._prepares)
        finally:
            if line.is_good and len(self._idle) < CONNECTIONS:
                self._idle.append(line)
            else:
                line.close()

    async def _wait_for_place(self) -> None:
        """Until somebody hands over theirs. Raises `StoreUnavailable` when that takes too long, or too many wait."""
        if len(self._waiting) >= _MOST_WAITING:
            raise StoreUnavailable("too many wait for the server")
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        giving_up = loop.call_later(_SECONDS, _wait_no_longer, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_place()
            raise
        finally:
            giving_up.cancel()

    def _give_place(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._in_use -= 1

    async def _connected(self) -> _Line:
        """A connection that is free. New ones are made one at a time, however long that takes; nobody waits long."""
        loop = asyncio.get_running_loop()
        last = loop.time() + _SECONDS
        while True:
            while self._idle:
                line = self._idle.pop()
                if line.is_good:
                    return line
                line.close()
            if self._connecting is None:
                self._connecting = loop.create_task(self._connect())
            elif self._is_shut:
                raise StoreUnavailable("the server did not answer, and is being tried")
            done, _ = await asyncio.wait({self._connecting}, timeout=last - loop.time())
            if not done or self._is_shut:
                raise StoreUnavailable("the server does not answer")

    async def _connect(self) -> None:
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True)
        except (psycopg.Error, OSError):
            self._is_shut = True
        else:
            self._is_shut = False
            self._idle.append(_Line(connection))
        finally:
            self._connecting = None


def _wait_no_longer(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_exception(StoreUnavailable("the server is too slow"))
