"""How the gate asks PostgreSQL: no answer meets another question, and no value is read in two ways."""

import asyncio

import pytest

from tests.storage.examples import NOW, digest
from tests.storage.test_gate_reading import HOST, Stored, stored
from totrinn.storage import Database
from totrinn.storage.gate_postgresql import CONNECTIONS, PostgresqlGateReads
from totrinn.storage.gate_questions import Question, _values
from totrinn.storage.gate_reading import FIND_PROTECTED

__all__ = ["stored"]


@pytest.fixture
def kind() -> str:
    """A file is asked otherwise."""
    return "postgresql"


@pytest.mark.parametrize("prepares", [False, True])
def test_whoever_stops_waiting_leaves_no_answer_to_the_next(database: Database, stored: Stored, prepares: bool) -> None:
    """Half of many questions are given up at various moments; everybody else gets the answer to their own."""
    labels = ("pass", "pass by sso", "none")

    async def look() -> int:
        reads = database.gate_reads()
        assert isinstance(reads, PostgresqlGateReads)
        reads._prepares = prepares
        whose = {}
        for label in labels:
            live = await reads.behind_pass(digest(label), HOST)
            whose[label] = live.session.person_id if live else None
        assert len(set(whose.values())) == len(labels)
        answered = 0
        for number in range(60):
            asked = [labels[(number + at) % 3] for at in range(3 * CONNECTIONS)]
            tasks = [asyncio.create_task(reads.behind_pass(digest(label), HOST)) for label in asked]
            for _ in range(number % 7):
                await asyncio.sleep(0)
            for task in tasks[number % 2 :: 2]:
                task.cancel()
            for label, found in zip(asked, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
                if not isinstance(found, BaseException):
                    assert (found.session.person_id if found else None) == whose[label]
                    answered += 1
                else:
                    assert isinstance(found, asyncio.CancelledError), found
        assert reads._in_use == 0
        reads.close()
        return answered

    assert asyncio.run(look()) >= 60 * 3 * CONNECTIONS // 2


def test_a_host_is_compared_to_its_last_sign(database: Database, stored: Stored) -> None:
    """A zero ends no text early, and what PostgreSQL does not take is no host of ours."""

    async def look() -> None:
        reads = database.gate_reads()
        for host in (f"{HOST}\0", f"{HOST}\0.evil.test"):
            with pytest.raises(Exception, match="invalid byte sequence"):
                await reads.behind_pass(digest("pass"), host)
        for host in (f"{HOST}.", f" {HOST}", f"{HOST}é", HOST.upper(), ""):
            assert await reads.behind_pass(digest("pass"), host) is None
        assert await reads.behind_pass(digest("pass"), HOST) is not None
        reads.close()

    asyncio.run(look())


def test_a_type_that_is_none_of_ours_is_not_guessed() -> None:
    """Text, numbers, truth and bytes are read; anything else is refused."""

    def record(kind: int, value: bytes | None) -> bytes:
        length = (-1 if value is None else len(value)).to_bytes(4, "big", signed=True)
        return (1).to_bytes(4, "big") + kind.to_bytes(4, "big") + length + (value or b"")

    assert _values(record(20, (NOW.year - 4000).to_bytes(8, "big", signed=True))) == [NOW.year - 4000]
    assert _values(record(25, "æ".encode())) == ["æ"]
    assert _values(record(16, b"\0")) == [False]
    assert _values(record(17, b"\0\1")) == [b"\0\1"]
    assert _values(record(25, None)) == [None]
    with pytest.raises(TypeError):
        _values(record(1184, b"12345678"))


def test_the_words_hold_a_place_for_every_value() -> None:
    """What is fixed and what is given go to their own places."""
    question = Question("name", FIND_PROTECTED)
    assert question.parameters({"which": b"host"}) == [b"host"]
    assert question.words.count(b"$1") == 1
