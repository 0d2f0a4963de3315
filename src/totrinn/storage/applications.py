"""Applications, with their hosts and secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, bindparam, delete, insert, or_, select, text, update

from totrinn.app import ports
from totrinn.app.applications.records import Agreement, Application
from totrinn.storage.application_tables import application, application_host, application_secret
from totrinn.storage.columns import order_key
from totrinn.storage.repository import Repository, is_which

_A, _H, _S = application.c, application_host.c, application_secret.c
_COLUMNS: tuple[Column[Any], ...] = (
    _A.id, _A.name, _A.redirect_uris, _A.logout_uris, _A.back_channel, _A.events, _A.home, _A.authentication,
    _A.public_keys, _A.signing, _A.requires_pushed, _A.is_enabled, _A.revision, _A.created_at,
)  # fmt: skip

_ALL = select(*_COLUMNS)
_FIND = _ALL.where(is_which(_A.id))
_FIND_BY_HOST = _ALL.join(application_host, _H.application_id == _A.id).where(is_which(_H.host))
_BY_NAME = _ALL.order_by(_A.name_order, _A.id)
_HOMES = (
    select(_A.name, _A.home)
    .where(text("home <> ''"), _A.is_enabled, _A.name_order >= bindparam("expected_from", type_=_A.name_order.type))
    .order_by(_A.name_order, _A.id)
    .limit(bindparam("limit"))
)
_HOSTS = select(_H.application_id, _H.host).order_by(_H.host)
_HOSTS_OF = _HOSTS.where(is_which(_H.application_id))
_ADD = insert(application)
_SET = update(application).where(is_which(_A.id))
_SAVE = _SET.where(_A.revision == bindparam("expected_revision")).values(revision=_A.revision + 1)
_REMOVE = delete(application).where(is_which(_A.id))
_ADD_HOST = insert(application_host)
_REMOVE_HOSTS = delete(application_host).where(is_which(_H.application_id))
_ADD_SECRET = insert(application_secret)
_END_SECRETS = update(application_secret).where(
    is_which(_S.application_id),
    or_(_S.ends_at.is_(None), _S.ends_at > bindparam("expected_later", type_=_S.ends_at.type)),
)
_HAS_SECRET = select(_S.digest).where(
    is_which(_S.application_id),
    is_which(_S.digest, "which_digest"),
    or_(_S.ends_at.is_(None), _S.ends_at > bindparam("now", type_=_S.ends_at.type)),
)


class SqlApplications(Repository, ports.Applications):
    """Implements `ports.Applications`."""

    __slots__ = ()

    def find(self, application_id: str) -> Application | None:
        """The application with this id, switched on or not."""
        row = self._connection.execute(_FIND, {"which": application_id}).first()
        return None if row is None else self._with_hosts(row)

    def find_by_host(self, host: str) -> Application | None:
        """The application that the gate protects under this host name."""
        row = self._connection.execute(_FIND_BY_HOST, {"which": host}).first()
        return None if row is None else self._with_hosts(row)

    def all(self) -> tuple[Application, ...]:
        """All of them, by name."""
        hosts: dict[str, list[str]] = {}
        for application_id, host in self._connection.execute(_HOSTS):
            hosts.setdefault(application_id, []).append(host)
        return tuple(_application_of(row, tuple(hosts.get(row[0], ()))) for row in self._connection.execute(_BY_NAME))

    def homes(self, *, limit: int) -> tuple[tuple[str, str], ...]:
        """(name, home) of those that are switched on and have a home, by name."""
        return tuple(
            (name, home) for name, home in self._connection.execute(_HOMES, {"expected_from": "", "limit": limit})
        )

    def taken_hosts(self, hosts: tuple[str, ...], *, besides: str) -> tuple[str, ...]:
        """Those of the hosts that another application than `besides` has."""
        taken = select(_H.host).where(_H.host.in_(hosts), _H.application_id != besides).order_by(_H.host)
        return tuple(self._connection.execute(taken).scalars())

    def add(self, application: Application) -> None:
        """Adds one."""
        fixed = {"id": application.id, "revision": application.revision, "created_at": application.created_at}
        values = {**fixed, "is_enabled": application.is_enabled, **_agreed(application.agreement)}
        self._connection.execute(_ADD, values)
        self._set_hosts(application)

    def save(self, application: Application, *, expected_revision: int) -> bool:
        """Stores what is agreed by one statement that holds only at the expected revision."""
        which = {"which": application.id, "expected_revision": expected_revision}
        if self._change(_SAVE, {**which, **_agreed(application.agreement)}) != 1:
            return False
        self._change(_REMOVE_HOSTS, {"which": application.id})
        self._set_hosts(application)
        return True

    def set_enabled(self, application_id: str, *, is_enabled: bool) -> None:
        """Switches it on or off."""
        self._change(_SET, {"which": application_id, "is_enabled": is_enabled})

    def remove(self, application_id: str) -> bool:
        """Deletes it with all that it was given; False when there is none."""
        return self._change(_REMOVE, {"which": application_id}) == 1

    def add_secret(self, application_id: str, digest: bytes, now: datetime) -> None:
        """Adds a secret, by its digest."""
        self._connection.execute(_ADD_SECRET, {"application_id": application_id, "digest": digest, "created_at": now})

    def end_secrets(self, application_id: str, *, at: datetime) -> None:
        """Lets no secret that it has now live longer than this."""
        self._change(_END_SECRETS, {"which": application_id, "expected_later": at, "ends_at": at})

    def has_secret(self, application_id: str, digest: bytes, now: datetime) -> bool:
        """Whether the application has this secret now."""
        return self._has_row(_HAS_SECRET, {"which": application_id, "which_digest": digest, "now": now})

    def _with_hosts(self, row: Sequence[Any]) -> Application:
        found = self._connection.execute(_HOSTS_OF, {"which": row[0]})
        return _application_of(row, tuple(host for _, host in found))

    def _set_hosts(self, application: Application) -> None:
        for host in application.agreement.hosts:
            self._connection.execute(_ADD_HOST, {"application_id": application.id, "host": host})


def _agreed(agreement: Agreement) -> dict[str, Any]:
    return {
        "name": agreement.name,
        "name_order": order_key(agreement.name),
        "redirect_uris": agreement.redirect_uris,
        "logout_uris": agreement.logout_uris,
        "back_channel": agreement.back_channel,
        "events": agreement.events,
        "home": agreement.home,
        "authentication": agreement.authentication,
        "public_keys": agreement.keys,
        "signing": agreement.signing,
        "requires_pushed": agreement.requires_pushed,
    }


def _application_of(row: Sequence[Any], hosts: tuple[str, ...]) -> Application:
    (
        id_, name, redirect_uris, logout_uris, back_channel, events, home, authentication, keys, signing,
        requires_pushed, is_enabled, revision, created_at,
    ) = row  # fmt: skip
    agreement = Agreement(
        name=name,
        redirect_uris=redirect_uris,
        logout_uris=logout_uris,
        back_channel=back_channel,
        events=events,
        home=home,
        authentication=authentication,
        keys=keys,
        signing=signing,
        requires_pushed=requires_pushed,
        hosts=hosts,
    )
    return Application(id_, agreement, is_enabled, revision, created_at)
