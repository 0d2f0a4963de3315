"""What the database says, held against what was acknowledged, and against what must be true of it at any time.

Everything is read from the tables themselves; only what is sealed, digested or chained is opened with the product's own
keys.
"""

import base64
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.faults.journal import About, Fact, Journal, Value
from tests.faults.people import STRICT
from totrinn.app.auditing import seal_log, verify_log
from totrinn.app.proving import recovery_digest, totp_context
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import Settings
from totrinn.core.codes import RECOVERY_CODE_COUNT
from totrinn.core.events import Kind
from totrinn.storage import tables as t
from totrinn.storage.counting import COUNTS, MEMBERS, STATE

_BEGINNINGS = (Kind.SIGNED_IN, Kind.PROVEN_AGAIN, Kind.ORGANISATION_CHOSEN)


@dataclass(frozen=True)
class _Look:
    """One consistent view of the tables."""

    installation: Installation
    connection: Connection
    persons: dict[str, str]
    """Address → id."""

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        """What the statement finds."""
        return list(self.connection.execute(statement))

    def email(self, person_id: str) -> str:
        """The address, for what is said to people."""
        return next((email for email, id_ in self.persons.items() if id_ == person_id), person_id)


def examine(journal: Journal, settings: Settings, *, now: datetime | None = None) -> list[str]:
    """Everything that is wrong, in words; nothing when nothing is. The installation may be served meanwhile."""
    with open_installation(settings) as installation:
        seal_log(installation.services, now or datetime.now(UTC))
        verification = verify_log(installation.services)
        with installation.database.engines.reading.connect() as connection:
            persons = {email: id_ for id_, email in connection.execute(sa.select(t.person.c.id, t.person.c.email))}
            look = _Look(installation, connection, persons)
            return [
                *journal.violations(),
                *_broken_file(look),
                *_orphans(look),
                *_lost(look, journal),
                *_miscounted_codes(look, journal),
                *_half_sessions(look),
                *_half_factors(look),
                *_wrong_tallies(look),
                *(f"audit verify: {finding}" for finding in verification.findings),
            ]


def _broken_file(look: _Look) -> Iterator[str]:
    if look.connection.dialect.name != "sqlite":
        return
    for pragma in ("integrity_check", "foreign_key_check"):
        for row in look.connection.exec_driver_sql(f"PRAGMA {pragma}"):
            if tuple(row) != ("ok",):
                yield f"{pragma}: {tuple(row)}"


def _orphans(look: _Look) -> Iterator[str]:
    """Rows whose foreign key leads nowhere, looked for by hand: a database may have been told not to look itself."""
    for table in t.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            local, foreign = key.elements[0].parent, key.elements[0].column
            parent = foreign.table.alias()
            without = ~sa.exists().where(parent.c[foreign.name] == local)
            statement = sa.select(sa.func.count()).select_from(table).where(local.is_not(None), without)
            number = look.connection.execute(statement).scalar_one()
            if number:
                yield f"{number} rows of {table.name} lead to no {foreign.table.name}"


def _lost(look: _Look, journal: Journal) -> Iterator[str]:
    """Facts that are not as any answer left them."""
    now = _facts_of(look)
    for fact, possible in journal.facts().items():
        value = now.value(fact)
        if value not in possible:
            whose = fact.of.partition(" ")[0]
            yield f"{fact.about} of {whose} is {value!r}, not {sorted(map(repr, possible))}"


@dataclass(frozen=True)
class _Facts:
    look: _Look
    sessions: set[bytes]
    secrets: dict[str, list[str]]
    recovery: set[bytes]
    failures: dict[str, int]
    roles: dict[str, str]
    requirements: dict[str, bool]

    def value(self, fact: Fact) -> Value:
        """What the tables say."""
        if fact.about is About.REQUIREMENT:
            return self.requirements[fact.of]
        email, _, code = fact.of.partition(" ")
        person = self.look.persons[email]
        if fact.about is About.SESSION:
            return self.look.installation.services.digest(code) in self.sessions
        if fact.about is About.RECOVERY_CODE:
            letters = code.replace("-", "")
            return recovery_digest(self.look.installation.services, person, letters) in self.recovery
        if fact.about is About.SECRET:
            return " ".join(self.secrets.get(person, []))
        if fact.about is About.FAILURES:
            return self.failures.get(f"factor:{person}", 0)
        return self.roles[person]


def _facts_of(look: _Look) -> _Facts:
    secrets = defaultdict(list)
    for person, sealed in look.rows(sa.select(t.authenticator.c.person_id, t.authenticator.c.sealed_secret)):
        secret = look.installation.services.vault.open(sealed, totp_context(person))
        secrets[person].append(base64.b32encode(secret).decode())
    organisation = t.organisation.c
    required = organisation.required_since.is_not(None)
    return _Facts(
        look,
        sessions={digest for (digest,) in look.rows(sa.select(t.session.c.digest))},
        secrets=secrets,
        recovery={digest for (digest,) in look.rows(sa.select(t.recovery_code.c.digest))},
        failures=dict(look.rows(sa.select(t.throttle.c.key, t.throttle.c.failures))),
        roles={
            person: role.value for person, role in look.rows(sa.select(t.membership.c.person_id, t.membership.c.role))
        },
        requirements={slug: bool(on) for slug, on in look.rows(sa.select(organisation.slug, required))},
    )


def _miscounted_codes(look: _Look, journal: Journal) -> Iterator[str]:
    """The log says how often somebody came in by a code: at least as often as acknowledged, and once for each code."""
    by_code: Counter[str] = Counter()
    by_recovery: Counter[str] = Counter()
    kinds = (Kind.SIGNED_IN, Kind.RECOVERY_CODE_USED)
    statement = sa.select(t.event.c.kind, t.event.c.person_id, t.event.c.detail).where(t.event.c.kind.in_(kinds))
    for kind, person, detail in look.rows(statement):
        if kind == Kind.RECOVERY_CODE_USED:
            by_recovery[person] += 1
        elif "otp" in detail["amr"].split():
            by_code[person] += 1
    for email, person in look.persons.items():
        for name, counted in ((email, by_code[person]), (f"{email} by recovery", by_recovery[person])):
            acknowledged, sent = journal.acceptances(name)
            if not acknowledged <= counted <= sent:
                yield f"{name}: {counted} codes were accepted, {acknowledged} acknowledged, {sent} different ones sent"
    last = sa.select(t.authenticator.c.person_id, t.authenticator.c.sealed_secret, t.authenticator.c.last_step)
    for person, sealed, step in look.rows(last):
        secret = base64.b32encode(look.installation.services.vault.open(sealed, totp_context(person))).decode()
        if step < journal.last_accepted(look.email(person), secret):
            yield f"{look.email(person)}: a code that was accepted is not spent"


def _half_sessions(look: _Look) -> Iterator[str]:
    """Each session began with an event; in an organisation that always requires two-factor each has proven one."""
    event = t.event.c
    began = defaultdict(set)
    for person, at in look.rows(sa.select(event.person_id, event.at).where(event.kind.in_(_BEGINNINGS))):
        began[person].add(at)
    session = t.session.c
    statement = sa.select(
        session.person_id, session.created_at, session.factor_at, session.method, t.organisation.c.slug
    ).join(t.organisation, t.organisation.c.id == session.organisation_id)
    for person, created_at, factor_at, method, slug in look.rows(statement):
        if (factor_at or created_at) not in began[person]:
            yield f"{look.email(person)}: a session without its event"
        if slug == STRICT and factor_at is None and method.value == "password":
            yield f"{look.email(person)}: a session by password alone"


def _half_factors(look: _Look) -> Iterator[str]:
    """Each authenticator has its event, and ten recovery codes less those that were used; nobody else has any."""
    event, code = t.event.c, t.recovery_code.c
    enrolled, used = defaultdict(set), defaultdict(list)
    kinds = (Kind.FACTOR_ENROLLED, Kind.FACTOR_REPLACED, Kind.RECOVERY_CODE_USED)
    for kind, person, at in look.rows(sa.select(event.kind, event.person_id, event.at).where(event.kind.in_(kinds))):
        if kind == Kind.RECOVERY_CODE_USED:
            used[person].append(at)
        else:
            enrolled[person].add(at)
    counted = sa.select(code.person_id, sa.func.count()).group_by(code.person_id)
    left: dict[str, int] = dict(look.rows(counted))
    for person, created_at in look.rows(sa.select(t.authenticator.c.person_id, t.authenticator.c.created_at)):
        if created_at not in enrolled[person]:
            yield f"{look.email(person)}: an authenticator without its event"
        due = RECOVERY_CODE_COUNT - sum(at >= created_at for at in used[person])
        if left.pop(person, 0) != due:
            yield f"{look.email(person)}: an authenticator without the recovery codes that belong to it"
    for person in left:
        yield f"{look.email(person)}: recovery codes without an authenticator"


def _wrong_tallies(look: _Look) -> Iterator[str]:
    """The rows that count members say what counting the members says."""
    member = t.membership.c
    true: dict[str, Counter[str]] = defaultdict(Counter)
    statement = sa.select(member.organisation_id, member.counted_as, member.tag, STATE).select_from(MEMBERS)
    for organisation, counted_as, tag, state in look.rows(statement.where(COUNTS)):
        true[organisation][state] += 1
        true[organisation]["missing_tags"] += tag if state == "missing" else 0
        if counted_as != state:
            yield f"a member of {organisation} is counted as {counted_as}, and is {state}"
    for row in look.rows(sa.select(t.tally)):
        said = {name: row._mapping[name] for name in ("missing", "has", "sso", "missing_tags")}
        if said != {name: true[row.organisation_id][name] for name in said}:
            yield f"the tally of {row.organisation_id} says {said}, not {dict(true[row.organisation_id])}"
