"""The proof: in every reachable state, whatever happened before it, every promise is kept."""

import pytest

from tests.proof.universes import EVERY, OWN_CREDENTIALS, Universe
from tests.proof.walk import Walk


@pytest.mark.row("R27", "R28", "R40", "R41", "R50", "R58", "R77", "R84", "R85")
@pytest.mark.parametrize("universe", EVERY, ids=lambda universe: universe.name)
def test_nobody_gets_in_unproven_and_nobody_is_locked_out(universe: Universe, walked: list[str]) -> None:
    """In every state that two browsers and their surroundings can reach, every promise holds."""
    result = Walk(universe).run()
    walked.append(str(result))
    assert result.served > 0
    assert result.states > (100_000 if universe in OWN_CREDENTIALS else 4_000)
