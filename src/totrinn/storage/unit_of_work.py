"""One transaction, and everything that can be read and written within it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from totrinn.app import ports
from totrinn.app.errors import StoreCollided, StoreUnavailable
from totrinn.app.observing import Observer
from totrinn.storage.aftermath import SqlAftermath
from totrinn.storage.api_tokens import SqlApiTokens, SqlRepeatedRequests
from totrinn.storage.applications import SqlApplications
from totrinn.storage.authorisation_requests import SqlAssertions, SqlRequests
from totrinn.storage.authorisations import SqlAuthorisations
from totrinn.storage.connections import SqlConnections
from totrinn.storage.directory import SqlDirectory
from totrinn.storage.directory_groups import SqlGroups
from totrinn.storage.domains import SqlDomains
from totrinn.storage.engine import connect, is_unavailability
from totrinn.storage.faces import SqlFaces
from totrinn.storage.factors import SqlFactors
from totrinn.storage.gate_passes import SqlPasses
from totrinn.storage.grants import SqlGrants
from totrinn.storage.identities import SqlIdentities
from totrinn.storage.installation import SqlInstallation
from totrinn.storage.keepers import SqlKeepers
from totrinn.storage.log import SqlLog
from totrinn.storage.members import SqlMembers
from totrinn.storage.nodes import SqlNodes
from totrinn.storage.one_time import SqlConfirmations, SqlLinks, SqlTokenConfirmations
from totrinn.storage.organisations import SqlOrganisations
from totrinn.storage.outbox import SqlOutbox
from totrinn.storage.people import SqlPeople
from totrinn.storage.postgresql import is_gone, is_transient
from totrinn.storage.sealed import SqlSealed
from totrinn.storage.sessions import SqlSessions
from totrinn.storage.signing_keys import SqlSigningKeys, SqlSweeps
from totrinn.storage.signins import SqlSignins
from totrinn.storage.sso_attempts import SqlSpentTokens, SqlSsoAttempts
from totrinn.storage.throttles import SqlDevices, SqlThrottles
from totrinn.storage.webhooks import SqlWebhooks

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
    "applications": SqlApplications,
    "api_tokens": SqlApiTokens,
    "token_confirmations": SqlTokenConfirmations,
    "repeated_requests": SqlRepeatedRequests,
    "requests": SqlRequests,
    "grants": SqlGrants,
    "authorisations": SqlAuthorisations,
    "assertions": SqlAssertions,
    "signing_keys": SqlSigningKeys,
    "sweeps": SqlSweeps,
    "directory": SqlDirectory,
    "groups": SqlGroups,
    "webhooks": SqlWebhooks,
    "passes": SqlPasses,
    "faces": SqlFaces,
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
    applications: ports.Applications
    api_tokens: ports.ApiTokens
    token_confirmations: ports.Confirmations
    repeated_requests: ports.RepeatedRequests
    requests: ports.Requests
    grants: ports.Grants
    authorisations: ports.Authorisations
    assertions: ports.Assertions
    signing_keys: ports.SigningKeys
    sweeps: ports.Sweeps
    directory: ports.Directory
    groups: ports.Groups
    webhooks: ports.Webhooks
    passes: ports.Passes
    faces: ports.Faces

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

    Reading ends by a commit, too: a rollback would have psycopg forget the statements that it has prepared. Where the
    server has gone since the connection was last used, the transaction begins on a new one: nothing has been done yet.
    """

    __slots__ = ("_connection", "_engine", "_observer", "_unit")

    def __init__(self, engine: Engine, observer: Observer) -> None:
        self._engine = engine
        self._observer = observer
        self._connection: Connection
        self._unit: SqlUnit

    def __enter__(self) -> ports.Unit:
        try:
            self._connection = self._begun()
        except Exception as error:
            raise self._translated(error) from error
        self._unit = SqlUnit(self._connection)
        return self._unit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        connection = self._connection
        try:
            if error is None:
                connection.commit()
        except Exception as failure:
            raise self._translated(failure) from failure
        finally:
            # Closing rolls back what has not been committed.
            connection.close()
        if error is None:
            self._tell()
        elif is_transient(error):
            raise StoreCollided from error
        elif is_unavailability(error):
            raise self._translated(error) from error

    def _begun(self) -> Connection:
        try:
            return _begin(self._engine)
        except sa.exc.DBAPIError as error:
            if not is_gone(error):
                raise
        return _begin(self._engine)

    def _tell(self) -> None:
        log = vars(self._unit).get("log")
        if log is not None and log.written:
            self._observer.committed(log.written)

    def _translated(self, error: BaseException) -> BaseException:
        if not is_unavailability(error):
            return error
        self._observer.store_failed()
        return StoreUnavailable()


def _begin(engine: Engine) -> Connection:
    connection = connect(engine)
    try:
        connection.begin()
    except Exception:
        connection.invalidate()
        connection.close()
        raise
    return connection
