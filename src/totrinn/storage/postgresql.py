"""PostgreSQL: its addresses, how connections are made, and how a transaction begins.

An address is read by PostgreSQL's own library, so it may name several hosts; the one that takes writes is found at each
connecting. Nothing depends on the state of a server's session, so PgBouncer may pool transactions in between. Where
nothing such stands in between, `?prepare_threshold=5` in the address lets the server keep its plans.

A standby is never asked, not even for reading: it may not know yet that a session has ended. Both kinds of transaction
begin by asking for the right to write, which a standby refuses, whatever stands between it and us.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 10
"""So many for reading and as many for writing has each process, unless told otherwise."""
SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_CONNECT_SECONDS = 3
_TURN_SECONDS = 5
_PREPARE = "prepare_threshold"
_PRIMARY = ("read-write", "primary")
_NO_SUCH_ROW = "23503"  # foreign_key_violation
_TRANSIENT = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
# What a standby answers to `BEGIN … READ WRITE`, and to what would write: feature_not_supported and
# read_only_sql_transaction.
_STANDBY = frozenset({"0A000", "25006"})

# A host that has vanished is noticed within seconds; one that has fallen silent after it took a question, too.
_OF_THE_CONNECTION = {
    "connect_timeout": _CONNECT_SECONDS,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "target_session_attrs": _PRIMARY[0],
}
# What pages ask for is found row by row, through indexes. Without the other ways to join, half of the planning is
# saved, and none is taken because a table was small, or its rows alike, when it was last looked at. Compiling a
# statement of which it expects much takes half a second; it does little.
_PLANNING = " SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off;"
_READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET TRANSACTION READ ONLY;"
    f"{_PLANNING} SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
)
# Who falls silent in the middle holds its locks for seconds, until the server ends it.
_WRITING = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '10s';"
    f"{_PLANNING} SET LOCAL statement_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '20s'"
)


class WrongAddress(ValueError):
    """The address is none that PostgreSQL's library understands, or asks for what is not to be had."""


def make_pools(address: str, *, connections: int) -> tuple[Engine, Engine]:
    """The pools for reading and for writing. Raises `WrongAddress`."""
    connect = _connecting(address)
    reading, writing = _pool(connect, connections), _pool(connect, connections)
    event.listen(reading, "begin", _begin_reading)
    event.listen(writing, "begin", _begin_writing)
    return reading, writing


def is_transient(error: BaseException) -> bool:
    """Whether the server has undone the transaction so that others could go on: begun anew, it may well succeed."""
    return _state(error) in _TRANSIENT or _lacks_session(error)


def _lacks_session(error: BaseException) -> bool:
    """Whether a session has ended since it was read, so that nothing can rely on it: begun anew, it is not there."""
    if not isinstance(error, sa.exc.DBAPIError) or _state(error) != _NO_SUCH_ROW:
        return False
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return isinstance(name, str) and name.endswith("_session_id")


def is_gone(error: BaseException) -> bool:
    """Whether the connection is of no use any more: it broke, or leads to a standby."""
    return (isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated) or is_standby(error)


def is_standby(error: BaseException) -> bool:
    """Whether a standby has refused."""
    return _state(error) in _STANDBY


def _state(error: BaseException) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, sa.exc.DBAPIError) else None


def read_address(address: str) -> tuple[dict[str, Any], int | None]:
    """What psycopg connects by, and after how many times it may prepare a statement; never, if None.

    Raises `WrongAddress`.
    """
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ModuleNotFoundError as error:
        raise WrongAddress("PostgreSQL needs psycopg: install totrinn[postgresql]") from error
    plain, prepare_after = _without_threshold(address)
    try:
        parameters: dict[str, Any] = _OF_THE_CONNECTION | conninfo_to_dict(plain)
    except psycopg.Error:
        # What the library says repeats the address, and with it the password that may stand there.
        raise WrongAddress("this is no address of a PostgreSQL database") from None
    if parameters["target_session_attrs"] not in _PRIMARY:
        raise WrongAddress("target_session_attrs is read-write or primary: a standby may not know what has ended")
    return parameters, prepare_after


def _connecting(address: str) -> "Callable[[], psycopg.Connection]":
    """What makes a connection to this address."""
    parameters, prepare_after = read_address(address)
    import psycopg

    door = _Door(psycopg.OperationalError)

    # autocommit: psycopg begins no transaction of its own. Prepared statements only where they are asked for: they live
    # in a server's session, which PgBouncer hands to somebody else.
    def connect() -> psycopg.Connection:
        return door.through(lambda: psycopg.connect(**parameters, autocommit=True, prepare_threshold=prepare_after))

    return connect


def _without_threshold(address: str) -> tuple[str, int | None]:
    url = urlsplit(address)
    options = parse_qsl(url.query, keep_blank_values=True)
    given = [value for name, value in options if name == _PREPARE]
    if given and not (len(given) == 1 and given[0].isascii() and given[0].isdecimal()):
        raise WrongAddress(f"{_PREPARE} is the number of times that a statement comes before it is prepared")
    query = urlencode([(name, value) for name, value in options if name != _PREPARE])
    plain = url._replace(scheme=SCHEMES[0], query=query).geturl()
    return plain, int(given[0]) if given else None


class _Door:
    """Connecting to one server: after it has failed, one at a time tries again, and all others fail at once.

    So a server that does not answer holds up one thread of a process, not every thread for seconds.
    """

    def __init__(self, refusal: type[Exception]) -> None:
        self._refusal = refusal
        self._is_shut = False
        self._trying = threading.Lock()

    def through(self, connect: "Callable[[], psycopg.Connection]") -> "psycopg.Connection":
        """A connection. Raises what connecting raises, or the refusal while another is trying."""
        if not self._is_shut:
            return self._try(connect)
        if not self._trying.acquire(blocking=False):
            raise self._refusal("the server did not answer, and is being tried")
        try:
            return self._try(connect)
        finally:
            self._trying.release()

    def _try(self, connect: "Callable[[], psycopg.Connection]") -> "psycopg.Connection":
        try:
            connection = connect()
        except self._refusal:
            self._is_shut = True
            raise
        self._is_shut = False
        return connection


def _pool(connect: "Callable[[], psycopg.Connection]", connections: int) -> Engine:
    return sa.create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_TURN_SECONDS,
        hide_parameters=True,
        pool_use_lifo=True,
    )


# By SQLAlchemy, which notices here that the server has gone and empties the pool.
def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql(_READING)


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql(_WRITING)
