"""One word a concept: the glossary's code names are in the source, its words on the pages."""

import pytest

from tests.docs.catalogues import occurs
from tests.docs.reading import DOCS, LANGUAGES, exists, places, rows

CONCEPTS = list(rows(DOCS / "glossary.md"))


@pytest.mark.parametrize("row", CONCEPTS, ids=[row[0] for row in CONCEPTS])
def test_code_names_are_in_the_source(row: list[str]) -> None:
    """Each concept has a name in the code, and the code has that name."""
    named = places(row[1])
    assert named
    assert [place for place in named if not exists(place)] == []


@pytest.mark.parametrize("row", CONCEPTS, ids=[row[0] for row in CONCEPTS])
def test_words_are_on_the_pages(row: list[str]) -> None:
    """Each word occurs in its language's catalogue; a dash says that the pages never say it."""
    for language, word in zip(LANGUAGES, row[2:], strict=True):
        assert word == "–" or occurs(word, language), f"{language}: {word}"
