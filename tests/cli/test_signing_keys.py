"""The keys that sign for applications, as the operator sees them."""

import pytest

from tests.cli.conftest import House

pytestmark = pytest.mark.row("R86")


def _ids(house: House) -> list[str]:
    return [key["id"] for key in house.done("signing-keys", "list", "--json").data]


def test_they_are_made_when_they_are_looked_at_first(house: House) -> None:
    """One for each algorithm, which sign at once; looked at again they are the same."""
    listed = house.done("signing-keys", "list").out.splitlines()
    assert [line.split()[1] for line in sorted(listed, key=lambda line: line.split()[1])] == ["EdDSA", "RS256"]
    assert all("signs since" in line for line in listed)
    assert len(_ids(house)) == 2
    assert _ids(house) == [line.split()[0] for line in listed]


def test_the_next_ones_wait_for_their_hour(house: House) -> None:
    """They are published at once, and made once; the old ones go on signing."""
    old = _ids(house)
    rotated = house.done("signing-keys", "rotate").out
    assert rotated.count("waits to sign") == 2
    assert rotated.count("signs since") == 2
    assert house.done("signing-keys", "rotate").out == rotated
    assert set(old) < set(_ids(house))


def test_one_that_others_know_is_withdrawn_at_once(house: House) -> None:
    """Another is made in its place; one that there is not is refused."""
    first, second = _ids(house)
    left = [key["id"] for key in house.done("signing-keys", "remove", first, "--json").data]
    assert first not in left
    assert second in left
    assert len(left) == 2
    refused = house.run("signing-keys", "remove", first)
    assert (refused.status, refused.err) == (1, f"totrinn: there is no signing key {first}\n")


@pytest.mark.row("R90")
def test_lost_keys_take_them_along(house: House) -> None:
    """What was sealed with keys that are gone is thrown away, and made anew when it is needed."""
    old = _ids(house)
    for file in (house.data / "keys").iterdir():
        file.unlink()
    house.done("keys", "abandon", "--why", "disk lost", "--yes")
    new = _ids(house)
    assert len(new) == 2
    assert not set(new) & set(old)


@pytest.mark.row("R90")
def test_they_are_sealed_with_the_active_key(house: House) -> None:
    """A rotation of the installation's keys takes them along, and they sign as before."""
    old = _ids(house)
    house.done("keys", "rotate")
    listed = house.done("keys", "list", "--json").data
    assert [key["sealed"] for key in listed] == [0, 2]
    assert _ids(house) == old
