"""Signing in through an organisation's identity provider: there, and back with an answer that counts once.

What is under way belongs to one browser and to the connection as it was when it began. On the way back connection,
organisation, link and person are read again, and `landing` judges as for everybody (R83, R84).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from totrinn.app.identity_providers import Identity, Rejected, Unavailable
from totrinn.app.landing import Landing, Visitor, land, new_signin
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Person
from totrinn.app.sso_attempts import (
    LONGEST_TOKEN,
    Away,
    Changed,
    NotBegunHere,
    Taken,
    log_refused,
    set_out,
    spend,
    take,
    write_refused,
)
from totrinn.app.sso_parties import capped, party_of, usable_connection
from totrinn.app.sso_people import LinkedMeanwhile, Nobody, NobodyReason, linked_person
from totrinn.app.sso_records import AttemptPurpose, Connection, ConnectionTest, SsoIdentity
from totrinn.core.events import Event, Kind
from totrinn.core.policy import Method, Proof, SsoProof
from totrinn.core.signin import Act
from totrinn.core.sso import has_evidence


@dataclass(frozen=True, slots=True)
class Tested:
    """It was a test by an administrator; nobody is signed in by it."""

    connection_id: str


NotSignedIn = Rejected | Unavailable | Nobody | NotBegunHere | Changed | Tested


def begin(
    services: Services,
    visitor: Visitor,
    connection_id: str,
    *,
    browser: str,
    login_hint: str = "",
    is_fresh: bool = False,
) -> Away | Rejected | Unavailable:
    """Sends a browser to the provider. Raises `NotFound` for a connection by which nobody may sign in."""
    with services.store.reading() as unit:
        connection = usable_connection(unit, connection_id)
    return set_out(
        services,
        visitor,
        connection,
        browser=browser,
        login_hint=login_hint,
        is_fresh=is_fresh,
    )


def finish(
    services: Services,
    visitor: Visitor,
    connection_id: str,
    *,
    browser: str | None,
    answer: Mapping[str, str],
    next_: str = "",
) -> Landing | NotSignedIn:
    """Takes the provider's answer, once, from the browser that asked, and lands whoever it names."""
    taken = take(services, visitor, connection_id, browser, answer)
    if not isinstance(taken, Taken):
        return taken
    connection = taken.connection
    given = {**answer, "SAMLResponse": taken.answer} if taken.answer else answer
    identity = services.providers.finish(party_of(services, connection), taken.challenge, given, visitor.now)
    if taken.purpose is AttemptPurpose.TEST:
        return _keep_test(services, visitor, connection, identity)
    if not isinstance(identity, Identity):
        log_refused(services, visitor, connection, identity)
        return identity
    return _signed_in(services, visitor, taken, identity, taken.next or next_)


def _signed_in(
    services: Services, visitor: Visitor, taken: Taken, identity: Identity, next_: str
) -> Landing | Rejected | Nobody | NotBegunHere | Changed:
    try:
        return _land_identity(services, visitor, taken, identity, next_)
    except LinkedMeanwhile:
        # Two first sign-ins of one subject at once: the other one has made the link, which is there to be found now.
        with suppress(LinkedMeanwhile):
            return _land_identity(services, visitor, taken, identity, next_)
        return Nobody(NobodyReason.NOT_CREATED)


def _land_identity(
    services: Services, visitor: Visitor, taken: Taken, identity: Identity, next_: str
) -> Landing | Rejected | Nobody | NotBegunHere | Changed:
    connection = taken.connection
    with services.store.writing() as unit:
        current = unit.connections.hold(connection.id)
        if current is None or not current.is_enabled or current.revision != connection.revision:
            return Changed()
        if taken.begun is not None and not spend(unit, connection, taken.begun):
            return NotBegunHere()
        expires_at = capped(identity.token_expires_at, visitor.now, LONGEST_TOKEN)
        if not unit.spent.take(connection.id, identity.token_id, expires_at):
            replayed = Rejected("replayed")
            write_refused(unit, visitor, connection, replayed.code)
            return replayed
        found = linked_person(services, unit, visitor, current, identity)
        if isinstance(found, Nobody):
            write_refused(unit, visitor, connection, found.reason, is_vouched=True)
            return found
        person, link = found
        return _land(services, unit, visitor, current, identity, person, link, next_)


def _land(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    connection: Connection,
    identity: Identity,
    person: Person,
    link: SsoIdentity,
    next_: str,
) -> Landing:
    proof = proof_of(connection, identity, link, visitor)
    signin = new_signin(
        services,
        visitor,
        person_id=person.id,
        person_version=person.version,
        proof=proof,
        next_=next_,
        amr=("sso", *_words(identity.amr)),
        organisation_id=connection.organisation_id,
    )
    sso = proof.sso
    unit.connections.count_use(connection.id, visitor.now.date(), has_evidence=sso is not None and sso.has_evidence)
    act = Act.PROVED_SSO if person.password_hash is None else Act.PROVED_SSO_OWNING_PASSWORD
    return land(services, unit, visitor, signin, act, is_stored=False)


def proof_of(connection: Connection, identity: Identity, link: SsoIdentity, visitor: Visitor) -> Proof:
    """What this sign-in has proven, in the terms of the decision."""
    sso = SsoProof(
        organisation=connection.organisation_id,
        identity=link.id,
        has_evidence=_has_evidence(connection, identity, visitor),
        authenticated_at=identity.authenticated_at,
        session=identity.session,
        ends_at=identity.ends_at,
    )
    return Proof(Method.SSO, visitor.now, sso=sso)


def _has_evidence(connection: Connection, identity: Identity, visitor: Visitor) -> bool:
    return has_evidence(
        connection.rules,
        amr=identity.amr,
        acr=identity.acr,
        authenticated_at=identity.authenticated_at,
        now=visitor.now,
    )


def _keep_test(
    services: Services, visitor: Visitor, connection: Connection, outcome: Identity | Rejected | Unavailable
) -> Tested:
    is_right = isinstance(outcome, Identity)
    test = ConnectionTest(
        revision=connection.revision,
        at=visitor.now,
        code="" if isinstance(outcome, Identity) else outcome.code,
        detail="" if isinstance(outcome, Identity) else outcome.detail,
        checks=() if isinstance(outcome, Unavailable) else outcome.checks,
        claims=outcome.claims if isinstance(outcome, Identity) else (),
        has_evidence=isinstance(outcome, Identity) and _has_evidence(connection, outcome, visitor),
    )
    with services.store.writing() as unit:
        unit.connections.set_test(connection.id, test)
        unit.log.write(
            Event(
                Kind.CONNECTION_TESTED,
                visitor.now,
                visitor.source(),
                organisation_id=connection.organisation_id,
                detail={"connection": connection.name, "reason": "" if is_right else test.code},
            )
        )
    return Tested(connection.id)


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    """The provider's `amr`, as far as they are words that can be stored beside ours."""
    return tuple(value for value in values if value.isascii() and value.isprintable() and " " not in value)[:10]
