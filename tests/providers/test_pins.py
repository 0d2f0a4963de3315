"""The providers and clients of the tests are what was pinned."""

import json
from pathlib import Path

import pytest

LOCKS = sorted(Path(__file__).parents[1].glob("*/*/package-lock.json"))


@pytest.mark.row("R98")
@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.parent.name)
def test_every_package_is_pinned_with_its_hash(file: Path) -> None:
    """And none names an address to fetch it from."""
    packages = json.loads(file.read_text(encoding="utf-8"))["packages"]
    others = {name: entry for name, entry in packages.items() if name}
    assert others
    assert [name for name, entry in others.items() if not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in others.items() if "resolved" in entry] == []
