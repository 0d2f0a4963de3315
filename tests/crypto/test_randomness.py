"""Tokens and ids."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totrinn.core.identity import uuid7
from totrinn.crypto import SystemRandomness

NOW = datetime(2026, 11, 23, 12, 0, 0, 123_000, tzinfo=UTC)


def milliseconds(id_: str) -> int:
    """The time in an id."""
    return uuid.UUID(id_).int >> 80


@pytest.mark.row("R53", "R72")
def test_a_token_has_256_bits_and_fits_in_an_address() -> None:
    """43 characters that need no escaping, never the same twice."""
    random = SystemRandomness()
    tokens = {random.token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


@pytest.mark.row("R21")
def test_random_bytes_are_as_many_as_asked() -> None:
    """And never the same."""
    random = SystemRandomness()
    assert {len(random.bytes(count)) for count in (0, 20, 32)} == {0, 20, 32}
    assert random.bytes(20) != random.bytes(20)


def test_an_id_is_a_uuid7_of_its_time() -> None:
    """Version 7, the variant of RFC 9562, and the milliseconds of `now`."""
    found = uuid.UUID(SystemRandomness().id(NOW))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert milliseconds(str(found)) == round(NOW.timestamp() * 1000)


def test_the_layout_is_that_of_the_rfc() -> None:
    """The example of RFC 9562, Appendix A.6."""
    chance = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, chance) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_ids_of_a_process_are_in_order() -> None:
    """Also within a millisecond, over many threads, and when requests come a little late."""
    random = SystemRandomness()
    ids = [random.id(NOW - timedelta(milliseconds=number % 7)) for number in range(10_000)]
    assert ids == sorted(ids)
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(lambda _: random.id(NOW), range(2000)))
    assert len({*ids, *parallel}) == 12_000


def test_a_clock_that_was_set_right_is_followed() -> None:
    """After a clock that ran ahead was set back, ids tell the right time again."""
    random = SystemRandomness()
    random.id(NOW + timedelta(days=1))
    assert milliseconds(random.id(NOW)) == round(NOW.timestamp() * 1000)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_of_one_millisecond_sort_by_chance(at: int, one: int, other: int) -> None:
    """The greater number gives the greater id, and all ids are well formed."""
    assert (uuid7(at, one) < uuid7(at, other)) == (one < other)
    assert uuid.UUID(uuid7(at, one)).version == 7
    assert str(uuid.UUID(uuid7(at, one))) == uuid7(at, one)
