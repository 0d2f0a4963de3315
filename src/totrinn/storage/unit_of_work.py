"""One transaction, and everything that can be read and written within it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from sqlalchemy.engine import Connection, Engine

from totrinn.app import ports
from totrinn.app.errors import StoreUnavailable
from totrinn.storage.aftermath import SqlAftermath
from totrinn.storage.connections import SqlConnections
from totrinn.storage.domains import SqlDomains
from totrinn.storage.engine import connect, is_unavailability
from totrinn.storage.factors import SqlFactors
from totrinn.storage.identities import SqlIdentities
from totrinn.storage.installation import SqlInstallation
from totrinn.storage.keepers import SqlKeepers
from totrinn.storage.log import SqlLog
from totrinn.storage.members import SqlMembers
from totrinn.storage.nodes import SqlNodes
from totrinn.storage.one_time import SqlConfirmations, SqlLinks
from totrinn.storage.organisations import SqlOrganisations
from totrinn.storage.outbox import SqlOutbox
from totrinn.storage.people import SqlPeople
from totrinn.storage.sealed import SqlSealed
from totrinn.storage.sessions import SqlSessions
from totrinn.storage.signins import SqlSignins
from totrinn.storage.sso_attempts import SqlSpentTokens, SqlSsoAttempts
from totrinn.storage.throttles import SqlDevices, SqlThrottles

_REPOSITORIES: dict[str, Callable[[Connection], Any]] = {
    "people": SqlPeople,
    "organisations": SqlOrganisations,
    "members": SqlMembers,
    "factors": SqlFactors,
    "signins": SqlSignins,
    "sessions": SqlSessions,
    "throttles": SqlThrottles,
    "devices": SqlDevices,
    "links": SqlLinks,
    "confirmations": SqlConfirmations,
    "connections": SqlConnections,
    "domains": SqlDomains,
    "identities": SqlIdentities,
    "attempts": SqlSsoAttempts,
    "spent": SqlSpentTokens,
    "keepers": SqlKeepers,
    "log": SqlLog,
    "outbox": SqlOutbox,
    "installation": SqlInstallation,
    "sealed": SqlSealed,
    "nodes": SqlNodes,
    "aftermath": SqlAftermath,
}


class SqlUnit:
    """Implements `ports.Unit`; each repository is made when it is first asked for."""

    people: ports.People
    organisations: ports.Organisations
    members: ports.Members
    factors: ports.Factors
    signins: ports.Signins
    sessions: ports.Sessions
    throttles: ports.Throttles
    devices: ports.Devices
    links: ports.Links
    confirmations: ports.Confirmations
    connections: ports.Connections
    domains: ports.Domains
    identities: ports.SsoIdentities
    attempts: ports.SsoAttempts
    spent: ports.SpentTokens
    keepers: ports.Keepers
    log: ports.Log
    outbox: ports.Outbox
    installation: ports.Installation
    sealed: ports.Sealed
    nodes: ports.Nodes
    aftermath: ports.Aftermath

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        # Asked only for what is not there yet.
        make = _REPOSITORIES.get(name)
        if make is None:
            raise AttributeError(name)
        repository = make(self._connection)
        setattr(self, name, repository)
        return repository


class Transaction:
    """Begins on entering; on leaving commits, or rolls everything back if there was an exception.

    Reading ends by a commit, too: a rollback would have psycopg forget the statements that it has prepared.
    """

    __slots__ = ("_connection", "_engine")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection

    def __enter__(self) -> ports.Unit:
        try:
            self._connection = connect(self._engine)
        except Exception as error:
            raise _translated(error) from error
        try:
            self._connection.begin()
        except Exception as error:
            self._connection.invalidate()
            self._connection.close()
            raise _translated(error) from error
        return SqlUnit(self._connection)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        connection = self._connection
        try:
            if error is None:
                connection.commit()
        except Exception as failure:
            raise _translated(failure) from failure
        finally:
            # Closing rolls back what has not been committed.
            connection.close()
        if error is not None and is_unavailability(error):
            raise StoreUnavailable from error


def _translated(error: Exception) -> Exception:
    return StoreUnavailable() if is_unavailability(error) else error
