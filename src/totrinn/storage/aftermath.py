"""Statements over whole tables, for the two days on which they are right: the keys are lost, a backup was put back."""

import sqlalchemy as sa

from totrinn.app.key_repositories import Aftermath
from totrinn.app.webhooks.records import WhyOff
from totrinn.storage import grant_tables as g
from totrinn.storage import sso_tables as sso
from totrinn.storage import tables as t
from totrinn.storage import token_tables as tokens
from totrinn.storage import webhook_tables as w
from totrinn.storage.migrating import VERSION_TABLE
from totrinn.storage.repository import Repository

_PROOFS = (
    t.confirmation,
    t.session,
    t.signin,
    t.one_time_link,
    sso.sso_attempt,
    tokens.api_token,
    g.authorisation_request,
)


class SqlAftermath(Repository, Aftermath):
    """Implements `ports.Aftermath`."""

    __slots__ = ()

    def end_all_proofs(self) -> int:
        """Ends every session, unfinished sign-in, request, link, confirmation and API token; how many there were."""
        return sum(self._change(sa.delete(table), {}) for table in _PROOFS)

    def raise_steps(self, step: int) -> int:
        """Has no authenticator accept this time step or an earlier one; how many accepted one."""
        last_step = t.authenticator.c.last_step
        return self._change(sa.update(t.authenticator).where(last_step < step).values(last_step=step), {})

    def forget_recovery_codes(self) -> int:
        """Deletes every recovery code; how many there were."""
        return self._change(sa.delete(t.recovery_code), {})

    def forget_signing_keys(self) -> int:
        """Deletes the keys that sign for applications; how many there were."""
        return self._change(sa.delete(g.signing_key), {})

    def forget_processes(self) -> None:
        """Takes every process off the list."""
        self._change(sa.delete(t.node), {})

    def owners_of_factors(self) -> tuple[str, ...]:
        """The persons who have an authenticator or recovery codes."""
        owners = sa.union(sa.select(t.authenticator.c.person_id), sa.select(t.recovery_code.c.person_id))
        return tuple(sorted(self._connection.execute(owners).scalars()))

    def connections(self) -> tuple[str, ...]:
        """The ids of all connections."""
        return tuple(self._connection.execute(sa.select(sso.connection.c.id).order_by(sso.connection.c.id)).scalars())

    def disarm(self, connection_id: str, sealed_key: bytes) -> bool:
        """Gives the connection a new key and takes its secret; it is switched off if it had one. Whether it had."""
        c = sso.connection.c
        anew = {"sealed_key": sealed_key, "revision": c.revision + 1, "test": None}
        this = sa.update(sso.connection).where(c.id == connection_id)
        off = this.where(c.sealed_secret.is_not(None)).values(**anew, sealed_secret=None, is_enabled=False)
        if self._change(off, {}):
            return True
        self._change(this.values(**anew), {})
        return False

    def disarm_webhooks(self) -> int:
        """Takes every webhook its secret, and switches it off; how many there were."""
        self._change(sa.delete(w.webhook_topic), {})
        self._change(sa.delete(w.webhook_delivery), {})
        off = {"sealed_secret": None, "why_off": WhyOff.KEYS_LOST}
        return self._change(sa.update(w.webhook).values(**off), {})

    def forget_keyed_counters(self) -> int:
        """Deletes the counters that were found by a keyed digest; how many there were."""
        return self._change(sa.delete(t.throttle).where(t.throttle.c.key.startswith("password:")), {})

    def state_revision(self, revision: str) -> None:
        """Writes down which revision the tables have, where that was left out."""
        self._change(sa.insert(VERSION_TABLE).values(version_num=revision), {})
