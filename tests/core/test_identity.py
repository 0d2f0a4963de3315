"""Ids are UUIDs of version 7 that sort by time."""

import uuid

import pytest

from totrinn.core.identity import CHANCE_BITS, is_slug, uuid7


def test_the_example_of_rfc_9562_comes_out() -> None:
    """RFC 9562, appendix A.6."""
    chance = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, chance) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_every_id_is_of_version_7_whatever_the_chance() -> None:
    """Version and variant stand fast, as the standard library reads them."""
    for chance in (0, 1, 2**CHANCE_BITS - 1, 0x155555555555555555):
        read = uuid.UUID(uuid7(1_764_000_000_000, chance))
        assert (read.version, read.variant) == (7, uuid.RFC_4122)


def test_ids_sort_by_time_and_then_by_chance() -> None:
    """Text order is time order."""
    ids = [
        uuid7(at, chance) for at in (1, 2, 1_764_000_000_000) for chance in (0, 1 << 61, 1 << 62, 2**CHANCE_BITS - 1)
    ]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("text", ["ab", "a1", "fjordly", "havre-bakeri", "a--b", "1-2", "x" * 40])
def test_what_may_be_a_slug(text: str) -> None:
    """Letters, digits, and hyphens between them."""
    assert is_slug(text)


@pytest.mark.parametrize(
    "text", ["", "a", "-ab", "ab-", "x" * 41, "Fjordly", "fj ordly", "fjordly\n", "blåbær", "fj_ordly", "٣٣", "../x"]
)
def test_what_may_not(text: str) -> None:
    """Nothing that would have to be written otherwise in an address."""
    assert not is_slug(text)
