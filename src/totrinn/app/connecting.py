"""An organisation's connections: its global administrators add, change, try and switch them; so does the operator.

A connection says whom the organisation believes. So every change asks for a proof not older than 20 minutes (rule 13),
and one that has not been tried may not be switched on from the pages.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from totrinn.app.api_tokens import Caller
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import OidcSettings, ProviderKind, Rejected, SamlSettings, Unavailable
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.sso_attempts import Away, set_out_to_test
from totrinn.app.sso_parties import sealed_key, sealed_secret
from totrinn.app.sso_records import Connection
from totrinn.core.events import Event, Kind, Source
from totrinn.core.roles import Right
from totrinn.core.sso import SsoRules


@dataclass(frozen=True, slots=True)
class Draft:
    """A connection as somebody wants it."""

    name: str
    settings: OidcSettings | SamlSettings
    rules: SsoRules
    secret: str | None = None
    """None: the one that is there stays, as long as the issuer does."""


class ConnectionObstacle(StrEnum):
    """Why it was not done."""

    VENDORS_OWN = "vendors_own"
    """The vendor's staff always need a second factor of their own (rule 11), so their organisation has no SSO."""
    SOMEONE_ELSE = "someone_else"
    UNTESTED = "untested"
    PASSWORDS_CLOSED = "passwords_closed"
    """Links would end, and with them what keeps passwords closed: open them first, knowingly."""


def add_connection(
    services: Services, visitor: Visitor, actor: Actor, draft: Draft
) -> Connection | StaleProof | ConnectionObstacle:
    """Adds a connection that is not switched on yet."""
    connection = _new(services, visitor, actor.organisation.id, draft, is_enabled=False)
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        if current.organisation.is_vendor:
            return ConnectionObstacle.VENDORS_OWN
        unit.connections.add(connection)
        _log(unit, visitor, visitor.source(current.person.id), Kind.CONNECTION_ADDED, connection)
        return connection


def add_by_operator(
    services: Services, visitor: Visitor, source: Source, slug: str, draft: Draft
) -> Connection | ConnectionObstacle:
    """The operator adds a connection, which is switched on at once. Raises `NotFound` for an unknown slug."""
    with services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
    if organisation is None:
        raise NotFound(slug)
    if organisation.is_vendor:
        return ConnectionObstacle.VENDORS_OWN
    connection = _new(services, visitor, organisation.id, draft, is_enabled=True)
    with services.store.writing() as unit:
        unit.connections.add(connection)
        _log(unit, visitor, source, Kind.CONNECTION_ADDED, connection)
        _log(unit, visitor, source, Kind.CONNECTION_ON, connection)
        return connection


def switch_on_by_operator(services: Services, visitor: Visitor, source: Source, connection_id: str) -> Connection:
    """People may sign in by it from now on, tried or not. Raises `NotFound`."""
    return _switch_by_operator(services, visitor, source, connection_id, Kind.CONNECTION_ON)


def switch_off_by_operator(services: Services, visitor: Visitor, source: Source, connection_id: str) -> Connection:
    """Nobody comes by it any more; sessions that did end with it (R84). Raises `NotFound`."""
    return _switch_by_operator(services, visitor, source, connection_id, Kind.CONNECTION_OFF)


def remove_by_operator(services: Services, visitor: Visitor, source: Source, connection_id: str) -> Connection:
    """Deletes it with all links that were made by it. Raises `NotFound`."""
    with services.store.writing() as unit:
        connection = _any_connection(unit, connection_id)
        _remove(unit, visitor, source, connection)
        return connection


def change_connection(
    services: Services,
    visitor: Visitor,
    actor: Actor,
    connection_id: str,
    draft: Draft,
    *,
    expected_revision: int,
) -> Connection | StaleProof | ConnectionObstacle:
    """Stores a connection as it is now wanted; sign-ins that are under way with the old settings come to nothing.

    Another provider is another connection in all but name: its links and sessions end, and it is off until it has been
    tried (R78). Where other evidence counts than before, sessions begin anew if it is demanded; else they go on, and
    have none by the time it is. Raises `NotFound`.
    """
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        before = own_connection(unit, current, connection_id)
        source = visitor.source(current.person.id)
        by = _Change(services, visitor, source, draft, expected_revision, current.organisation.passwords_closed)
        return by.made(unit, before)


def change_by_operator(
    services: Services, visitor: Visitor, source: Source, connection_id: str, draft: Draft, *, expected_revision: int
) -> Connection | ConnectionObstacle:
    """The same by the operator. Raises `NotFound`."""
    with services.store.writing() as unit:
        before = _any_connection(unit, connection_id)
        organisation = unit.organisations.find(before.organisation_id)
        closed = organisation is None or organisation.passwords_closed
        return _Change(services, visitor, source, draft, expected_revision, closed).made(unit, before)


@dataclass(frozen=True, slots=True)
class _Change:
    services: Services
    visitor: Visitor
    source: Source
    draft: Draft
    expected_revision: int
    passwords_closed: bool

    def made(self, unit: Unit, before: Connection) -> Connection | ConnectionObstacle:
        """The connection as it is afterwards, or why it stays as it was."""
        wanted = self._wanted(before)
        is_another = is_another_provider(before.settings, wanted.settings)
        if is_another and self.passwords_closed:
            return ConnectionObstacle.PASSWORDS_CLOSED
        if not unit.connections.save(wanted, expected_revision=self.expected_revision):
            return ConnectionObstacle.SOMEONE_ELSE
        other_evidence = _evidence(before.rules) != _evidence(wanted.rules)
        if is_another or (other_evidence and wanted.rules.demands_evidence):
            unit.connections.end_sessions(before.id)
        elif other_evidence:
            unit.connections.forget_evidence(before.id)
        unit.sweeps.add(before.organisation_id, self.visitor.now)
        if is_another:
            unit.connections.end_links(before.organisation_id, before.id)
            unit.connections.set_enabled(before.organisation_id, before.id, is_enabled=False)
        _log(unit, self.visitor, self.source, Kind.CONNECTION_CHANGED, wanted)
        return _any_connection(unit, before.id)

    def _wanted(self, before: Connection) -> Connection:
        draft, secret = self.draft, before.sealed_secret
        if draft.secret is not None:
            secret = sealed_secret(self.services, before.id, draft.secret)
        elif _is_another_issuer(before.settings, draft.settings):
            # What one provider gave us is shown to no other.
            secret = None
        return replace(before, name=draft.name, settings=draft.settings, rules=draft.rules, sealed_secret=secret)


def switch_on(
    services: Services, visitor: Visitor, actor: Actor, connection_id: str
) -> Connection | StaleProof | ConnectionObstacle:
    """People may sign in by it from now on; only what has been tried, and passed, is switched on. Raises `NotFound`."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        connection = own_connection(unit, current, connection_id)
        if not connection.is_tested:
            return ConnectionObstacle.UNTESTED
        _switch(unit, visitor, visitor.source(current.person.id), connection, Kind.CONNECTION_ON)
        return connection


def switch_off(services: Services, visitor: Visitor, actor: Actor, connection_id: str) -> Connection | StaleProof:
    """Nobody comes by it any more; sessions that did end at their next request (R84). Raises `NotFound`."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        connection = own_connection(unit, current, connection_id)
        _switch(unit, visitor, visitor.source(current.person.id), connection, Kind.CONNECTION_OFF)
        return connection


def remove_connection(
    services: Services, visitor: Visitor, actor: Actor, connection_id: str
) -> Connection | StaleProof | ConnectionObstacle:
    """Deletes it with all links that were made by it. Raises `NotFound`."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        connection = own_connection(unit, current, connection_id)
        if current.organisation.passwords_closed:
            return ConnectionObstacle.PASSWORDS_CLOSED
        _remove(unit, visitor, visitor.source(current.person.id), connection)
        return connection


def try_out(
    services: Services, visitor: Visitor, actor: Actor, connection_id: str, *, browser: str
) -> Away | Rejected | Unavailable | StaleProof:
    """Sends the administrator through the provider to see what comes back; nobody is signed in. Raises `NotFound`."""
    with services.store.reading() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        connection = own_connection(unit, current, connection_id)
    return set_out_to_test(services, visitor, connection, browser=browser)


def own_connection(unit: Unit, current: Caller, connection_id: str) -> Connection:
    """One of the organisation's own. Raises `NotFound`: another organisation's is as unknown as none (R46)."""
    connection = unit.connections.find(connection_id)
    if connection is None or connection.organisation_id != current.organisation.id:
        raise NotFound(connection_id)
    return connection


def is_another_provider(before: OidcSettings | SamlSettings, wanted: OidcSettings | SamlSettings) -> bool:
    """Whether subjects of the one mean nothing to the other: another issuer, client (pairwise `sub`) or entity."""
    return _named(before) != _named(wanted)


def _is_another_issuer(before: OidcSettings | SamlSettings, wanted: OidcSettings | SamlSettings) -> bool:
    if not (isinstance(before, OidcSettings) and isinstance(wanted, OidcSettings)):
        return False
    return before.issuer not in ("", wanted.issuer)


def _named(settings: OidcSettings | SamlSettings) -> tuple[str, ...]:
    if isinstance(settings, OidcSettings):
        return (settings.issuer, settings.client_id)
    return (settings.entity_id,)


def _evidence(rules: SsoRules) -> tuple[object, ...]:
    """What counts as evidence; what was weighed by one such rule is not weighed by another."""
    return (rules.evidence, rules.evidence_age)


def _switch_by_operator(
    services: Services, visitor: Visitor, source: Source, connection_id: str, kind: Kind
) -> Connection:
    with services.store.writing() as unit:
        connection = _any_connection(unit, connection_id)
        _switch(unit, visitor, source, connection, kind)
        return _any_connection(unit, connection_id)


def _switch(unit: Unit, visitor: Visitor, source: Source, connection: Connection, kind: Kind) -> None:
    is_enabled = kind is Kind.CONNECTION_ON
    unit.connections.set_enabled(connection.organisation_id, connection.id, is_enabled=is_enabled)
    if not is_enabled:
        unit.connections.end_sessions(connection.id)
    _log(unit, visitor, source, kind, connection)


def _remove(unit: Unit, visitor: Visitor, source: Source, connection: Connection) -> None:
    unit.connections.end_sessions(connection.id)
    unit.connections.remove(connection.organisation_id, connection.id)
    _log(unit, visitor, source, Kind.CONNECTION_REMOVED, connection)


def _any_connection(unit: Unit, connection_id: str) -> Connection:
    connection = unit.connections.find(connection_id)
    if connection is None:
        raise NotFound(connection_id)
    return connection


def governing(unit: Unit, visitor: Visitor, actor: Actor) -> tuple[Actor, StaleProof | None]:
    """Who acts on the organisation's SSO, judged within the transaction; with what must be proven again first."""
    current = acting(unit, actor, Right.CHANGE_SSO, visitor.now)
    return current, stale_for_organisation(current.live, visitor)


def _new(services: Services, visitor: Visitor, organisation_id: str, draft: Draft, *, is_enabled: bool) -> Connection:
    connection_id = services.random.id(visitor.now)
    return Connection(
        id=connection_id,
        organisation_id=organisation_id,
        kind=ProviderKind.OIDC if isinstance(draft.settings, OidcSettings) else ProviderKind.SAML,
        name=draft.name,
        is_enabled=is_enabled,
        revision=1,
        settings=draft.settings,
        rules=draft.rules,
        sealed_secret=sealed_secret(services, connection_id, draft.secret),
        sealed_key=sealed_key(services, connection_id),
        test=None,
        created_at=visitor.now,
    )


def _log(unit: Unit, visitor: Visitor, source: Source, kind: Kind, connection: Connection) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            source,
            organisation_id=connection.organisation_id,
            detail={"connection": connection.name, "kind": connection.kind},
        )
    )
