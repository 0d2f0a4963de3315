"""Every question in docs/where-is-it-decided.md is answered by a place that is there."""

import pytest

from tests.docs.reading import DOCS, Place, exists, places, rows

PAGE = DOCS / "where-is-it-decided.md"
ANSWERS = [(question, place) for question, *answer in rows(PAGE) for cell in answer for place in places(cell)]


@pytest.mark.parametrize(("question", "place"), ANSWERS, ids=[":".join(place) for _, place in ANSWERS])
def test_the_place_is_there(question: str, place: Place) -> None:
    """A place that a question is sent to is in the source."""
    assert exists(place), f"{question} is not decided in {place.file}:{place.name}"


def test_every_question_has_an_answer() -> None:
    """No row is without a place, and the page has not lost its rows."""
    questions = list(rows(PAGE))
    assert len(questions) >= 25
    assert all(any(places(cell) for cell in answer) for _, *answer in questions)


@pytest.mark.parametrize("place", [Place("core/policy.py", "nothing"), Place("core/nowhere.py", "decide")])
def test_a_place_that_is_not_there_is_found_out(place: Place) -> None:
    """The check itself can fail."""
    assert not exists(place)
