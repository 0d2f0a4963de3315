"""What a provider, or an administrator, ends: sessions through SSO, and the links by which they came (R84, R87)."""

from collections.abc import Mapping

from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Ended, Rejected, Unavailable
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.app.records import LiveSession
from totrinn.app.sso_attempts import LONGEST_TOKEN, write_refused
from totrinn.app.sso_parties import capped, party_of
from totrinn.app.sso_records import Connection
from totrinn.core.events import Event, Kind
from totrinn.core.roles import Right


def end_for_provider(
    services: Services, visitor: Visitor, connection_id: str, *, answer: Mapping[str, str], raw_query: str
) -> Ended | Rejected | Unavailable:
    """Ends the sessions that the provider names, once a message. Raises `NotFound` for an unknown connection."""
    with services.store.reading() as unit:
        connection = unit.connections.find(connection_id)
    if connection is None:
        raise NotFound(connection_id)
    ended = services.providers.read_logout(party_of(services, connection), answer, raw_query, visitor.now)
    with services.store.writing() as unit:
        if isinstance(ended, Ended) and not _take(unit, visitor, connection, ended):
            ended = Rejected("replayed")
        if not isinstance(ended, Ended):
            write_refused(unit, visitor, connection, ended.code, ended.detail)
            return ended
        for live in _end_meant(unit, connection, ended):
            with because(unit, WhyEnded.BY_PROVIDER, live.session.person_id, visitor.now):
                unit.sessions.take(live.session.id)
            _log_ended(unit, visitor, live, connection)
        return ended


def end_links(services: Services, visitor: Visitor, actor: Actor, person_id: str) -> int:
    """Ends a member's links in this organisation: their sessions through SSO end, and the next one links anew.

    Raises `NotFound`.
    """
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.CHANGE_SSO, visitor.now)
        if unit.members.find(current.organisation.id, person_id) is None:
            raise NotFound(person_id)
        ended = unit.identities.remove_of_person(current.organisation.id, person_id)
        unit.grants.end_of_member(current.organisation.id, person_id)
        unit.log.write(
            Event(
                Kind.SSO_UNLINKED,
                visitor.now,
                visitor.source(current.person.id),
                organisation_id=current.organisation.id,
                person_id=person_id,
            )
        )
        return ended


def _take(unit: Unit, visitor: Visitor, connection: Connection, ended: Ended) -> bool:
    expires_at = capped(ended.token_expires_at, visitor.now, LONGEST_TOKEN)
    return unit.spent.take(connection.id, f"logout {ended.token_id}", expires_at)


def _end_meant(unit: Unit, connection: Connection, ended: Ended) -> tuple[LiveSession, ...]:
    """Ends the unfinished sign-ins that the provider means; the sessions that it means, which are yet to be ended."""
    link = unit.identities.find(connection.id, ended.subject) if ended.subject else None
    if ended.subject and link is None:
        return ()
    identity_id = link.id if link else None
    unit.signins.end_of_provider(identity_id, ended.sessions, connection.id)
    return unit.sessions.of_provider(identity_id, ended.sessions, connection.id)


def _log_ended(unit: Unit, visitor: Visitor, live: LiveSession, connection: Connection) -> None:
    unit.log.write(
        Event(
            Kind.SESSIONS_ENDED_BY_PROVIDER,
            visitor.now,
            visitor.source(),
            organisation_id=connection.organisation_id,
            person_id=live.session.person_id,
            detail={"connection": connection.name},
        )
    )
