"""What comes again is executed by its prepared form: nobody can tell, but by the clock."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, OperationalError

from tests.storage.examples import NOW, PROOF, add_member, add_organisation, add_session, digest
from totrinn.core.roles import Role
from totrinn.storage import Database
from totrinn.storage.engine import connect
from totrinn.storage.tables import membership, organisation, person, throttle

_TIMES = 3


def test_the_first_the_second_and_the_third_time_read_alike(database: Database) -> None:
    """Times, choices, words, bytes and booleans come out the same, however often a statement was executed."""
    with database.writing() as unit:
        joined = add_organisation(unit)
        member = add_member(unit, joined.id, role=Role.ADMINISTRATOR, has_factor=True)
        add_session(unit, member.id, joined.id, "a")
    found = []
    for _ in range(_TIMES):
        with database.reading() as unit:
            found.append((unit.sessions.find(digest("a")), unit.members.of_person(member.id)))
    assert found[0] == found[1] == found[2]
    live = found[2][0]
    assert live is not None
    assert live.session.proof == PROOF
    assert live.standing.has_factor is True
    assert live.standing.role is Role.ADMINISTRATOR


def test_values_that_stand_in_the_statement_are_kept(database: Database) -> None:
    """A value that was written into the statement holds each time, beside those that are given."""
    with database.writing() as unit:
        joined = add_organisation(unit)
        for role in (Role.USER, Role.ADMINISTRATOR):
            add_member(unit, joined.id, role=role)
    statement = sa.select(sa.func.count()).where(
        membership.c.organisation_id == sa.bindparam("which"), membership.c.role == Role.USER
    )
    with connect(database.engines.reading) as connection:
        connection.begin()
        numbers = [connection.execute(statement, {"which": joined.id}).scalar_one() for _ in range(_TIMES)]
    assert numbers == [1, 1, 1]


def test_one_statement_takes_different_sets_of_values(database: Database) -> None:
    """An update sets just the columns that are given, also after it has set others."""
    change = sa.update(throttle).where(throttle.c.key == sa.bindparam("which"))
    with connect(database.engines.writing) as connection:
        connection.begin()
        connection.execute(sa.insert(throttle), {"key": "a", "failures": 1, "last_at": NOW})
        for failures in range(2, 2 + _TIMES):
            connection.execute(change, {"which": "a", "failures": failures})
            connection.execute(change, {"which": "a", "last_at": NOW + timedelta(seconds=failures)})
        row = connection.execute(sa.select(throttle.c.failures, throttle.c.last_at)).one()
    assert tuple(row) == (4, NOW + timedelta(seconds=4))


def test_one_row_is_demanded_each_time(database: Database) -> None:
    """`one` refuses none and several, and `first` and `scalar` answer None to none."""
    statement = sa.select(throttle.c.key)
    with connect(database.engines.writing) as connection:
        connection.begin()
        for _ in range(_TIMES):
            assert connection.execute(statement).first() is None
            assert connection.execute(statement).scalar() is None
            with pytest.raises(NoResultFound):
                connection.execute(statement).one()
        connection.execute(sa.insert(throttle), [{"key": key, "failures": 0} for key in ("a", "b")])
        assert sorted(connection.execute(statement).scalars()) == ["a", "b"]
        with pytest.raises(MultipleResultsFound):
            connection.execute(statement).one()


def test_a_missing_value_is_refused_each_time(database: Database) -> None:
    """A statement is never executed with a parameter left out."""
    statement = sa.select(person.c.id).where(person.c.email == sa.bindparam("which"))
    with connect(database.engines.reading) as connection:
        connection.begin()
        for _ in range(_TIMES):
            with pytest.raises(sa.exc.StatementError):
                connection.execute(statement, {})


def test_a_time_without_a_zone_is_refused_each_time(database: Database) -> None:
    """What the column refuses is refused."""
    statement = sa.select(throttle.c.key).where(
        throttle.c.last_at == sa.bindparam("which", type_=throttle.c.last_at.type)
    )
    with connect(database.engines.reading) as connection:
        connection.begin()
        for _ in range(_TIMES):
            with pytest.raises((TypeError, sa.exc.StatementError)):
                connection.execute(statement, {"which": datetime(2026, 1, 1)})  # noqa: DTZ001
            connection.execute(statement, {"which": datetime(2026, 1, 1, tzinfo=UTC)})


def test_errors_are_those_of_sqlalchemy_and_keep_quiet_about_values(database: Database) -> None:
    """A broken constraint, and a write that is not allowed, are named as ever; no value stands in the message."""
    add = sa.insert(throttle)
    values = {"key": "a-secret", "failures": 0, "last_at": None}
    with connect(database.engines.writing) as connection:
        connection.begin()
        connection.execute(add, values)
        connection.execute(add, {**values, "key": "b"})
        if connection.dialect.name == "sqlite":
            with pytest.raises(IntegrityError) as refused:
                connection.execute(add, values)
            assert "a-secret" not in str(refused.value)
    refusals = (OperationalError, sa.exc.InternalError)
    with connect(database.engines.reading) as connection:
        connection.begin()
        with pytest.raises(refusals):
            connection.execute(add, {**values, "key": "c"})


def test_a_slug_is_found_as_text(database: Database) -> None:
    """Nothing that is given becomes part of the statement."""
    statement = sa.select(organisation.c.id).where(organisation.c.slug == sa.bindparam("which"))
    with database.writing() as unit:
        add_organisation(unit)
    with connect(database.engines.reading) as connection:
        connection.begin()
        for _ in range(_TIMES):
            assert connection.execute(statement, {"which": "x' OR '1'='1"}).first() is None
