"""What is installed is what was pinned: every requirement has hashes, and no file names an address to fetch from."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.row("R98")
@pytest.mark.parametrize("file", PINS, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_hashes(file: Path) -> None:
    """One version each, with the hashes of its files, and nothing but names, versions, markers and hashes."""
    entries = re.split(r"\n(?=\S)", file.read_text(encoding="utf-8").strip())
    requirements = [entry for entry in entries if not entry.startswith("#")]
    assert requirements
    for entry in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._\[\],-]*==\S+", entry, re.IGNORECASE), entry
        assert "--hash=sha256:" in entry, entry
        assert "://" not in entry, entry


@pytest.mark.row("R98")
def test_installing_demands_the_hashes() -> None:
    """The Makefile installs with `--require-hashes` wherever it installs pins."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes" in makefile
    assert "index-url" not in makefile.replace("no-emit-index-url", "")
