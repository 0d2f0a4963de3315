"""Sign-ins that are at a provider, and tokens that were accepted."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.storage.examples import NOW, digest
from tests.storage.sso_examples import add_connection, an_attempt
from totrinn.app.sso_records import AttemptPurpose
from totrinn.storage import Database

ANSWER = '{"SAMLResponse": "PHNhbWw+\r\n\\u00e6ø+/="}\0'


def test_an_attempt_is_looked_at_often_and_taken_once(database: Database) -> None:
    """Every field is kept; looking does not end it, taking does; an expired one is found, for the caller to judge."""
    with database.writing() as unit:
        connection = add_connection(unit)
        full = an_attempt(
            connection.id, purpose=AttemptPurpose.UNASKED, browser=b"", answer=ANSWER, expires_at=NOW - timedelta(1)
        )
        bare = an_attempt(connection.id)
        unit.attempts.add(digest("full"), full)
        unit.attempts.add(digest("bare"), bare)
        assert unit.attempts.find(digest("full")) == unit.attempts.find(digest("full")) == full
        assert unit.attempts.take(digest("full")) == full
        assert unit.attempts.take(digest("full")) is None
        assert unit.attempts.find(digest("full")) is None
        assert unit.attempts.take(digest("other")) is None
        assert unit.attempts.find(digest("bare")) == bare


def test_an_answer_is_kept_once_and_in_time(database: Database) -> None:
    """The first answer stays to the last sign; a second one, one that is too late, and one of nobody, are not kept."""
    with database.writing() as unit:
        attempt = an_attempt(add_connection(unit).id)
        unit.attempts.add(digest("a"), attempt)
        assert not unit.attempts.keep_answer(digest("a"), "late", attempt.expires_at)
        assert not unit.attempts.keep_answer(digest("b"), ANSWER, NOW)
        assert unit.attempts.keep_answer(digest("a"), ANSWER, attempt.expires_at - timedelta(microseconds=1))
        assert not unit.attempts.keep_answer(digest("a"), "second", NOW)
        assert unit.attempts.take(digest("a")) == replace(attempt, answer=ANSWER)


def test_an_attempt_is_of_a_connection(database: Database) -> None:
    """The database refuses one of a connection that is not there."""
    with pytest.raises(sa.exc.IntegrityError), database.writing() as unit:
        unit.attempts.add(digest("a"), an_attempt("none"))


@pytest.mark.row("R80")
def test_a_token_is_spent_once_for_each_connection(database: Database) -> None:
    """A second time it is refused, also in a later transaction; another token, or another's, is nothing to it."""
    with database.writing() as unit:
        first, second = add_connection(unit), add_connection(unit)
        assert unit.spent.take(first.id, "token", NOW)
        assert not unit.spent.take(first.id, "token", NOW)
        assert not unit.spent.take(first.id, "token", NOW + timedelta(hours=1))
        assert unit.spent.take(second.id, "token", NOW)
        assert unit.spent.take(first.id, "token ", NOW)
        for token in ("a\0b", "a b", "\udc80", ""):
            assert unit.spent.take(first.id, token, NOW)
            assert not unit.spent.take(first.id, token, NOW)
    with database.writing() as unit:
        assert not unit.spent.take(first.id, "token", NOW)


def spend_and_fail(database: Database) -> None:
    """A sign-in that goes wrong after it took the token."""
    with database.writing() as unit:
        assert unit.spent.take("connection", "token", NOW)
        raise RuntimeError


@pytest.mark.row("R80")
def test_a_token_is_not_spent_by_a_sign_in_that_failed(database: Database) -> None:
    """What is undone has taken nothing."""
    with pytest.raises(RuntimeError):
        spend_and_fail(database)
    with database.writing() as unit:
        assert unit.spent.take("connection", "token", NOW)
