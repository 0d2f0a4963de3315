"""The keys go while the program runs: what runs goes on, what starts is refused, and nothing sealed is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.rounds import Rounds, stage

_SECONDS = 60


def _refused(rounds: Rounds) -> str:
    """What a start says, which must fail in one line."""
    command = [sys.executable, "-m", "totrinn", "serve", "--data", str(rounds.product.folder), "--port", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    return done.stderr


@pytest.mark.row("R90")
@pytest.mark.row("R94")
def test_without_its_keys_it_runs_on_and_does_not_start(folder: Path) -> None:
    """Removed, or not to be read: never "no second factor", and never new keys."""
    keys, aside = folder / "keys", folder / "elsewhere"
    with stage(folder, 1) as rounds:
        rounds.work(1)
        keys.rename(aside)
        rounds.crowd.signed_in()
        assert rounds.product.end() == 0
        assert "keys" in _refused(rounds)
        keys.symlink_to(keys)  # which nobody can read, not even the superuser
        assert "keys" in _refused(rounds)
        keys.unlink()
        aside.rename(keys)
        rounds.product.start()
        rounds.work(2, "sign_in")
