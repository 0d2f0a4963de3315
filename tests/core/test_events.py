"""The vocabulary of the log."""

import re

import pytest

from totrinn.core.events import Kind


@pytest.mark.row("R92")
@pytest.mark.parametrize("kind", Kind)
def test_every_event_is_named_subject_object_participle(kind: Kind) -> None:
    """Whoever reads the log, or filters it, relies on the form."""
    assert re.fullmatch(r"(signin|session|person|organisation|installation):[a-z_]+:[a-z_]+", kind)


def test_no_two_events_have_one_name() -> None:
    """An alias would make two things look alike in the log."""
    assert len(Kind.__members__) == len(set(Kind))
