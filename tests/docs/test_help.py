"""The help pages say what the product says, in each language."""

import re
from pathlib import Path

import pytest

from tests.docs.catalogues import is_said
from tests.docs.reading import DOCS, LANGUAGES, links, name_of

HELP = DOCS / "help"
PAGES = ("before-you-turn-it-on.md", "helpdesk.md", "sso.md")
QUOTED = {"nb": re.compile("«([^»]+)»"), "nn": re.compile("«([^»]+)»"), "en": re.compile("“([^”]+)”")}
ALL = [HELP / language / page for language in LANGUAGES for page in PAGES]


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_what_is_quoted_stands_on_the_pages(page: Path) -> None:
    """Menus, buttons and messages are quoted as they are."""
    language = page.parent.name
    quoted = set(QUOTED[language].findall(page.read_text(encoding="utf-8")))
    assert quoted
    assert [words for words in sorted(quoted) if not is_said(" ".join(words.split()), language)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_languages_have_the_same_sections_and_pictures(page: str) -> None:
    """What is told in one language is told in all three."""
    shapes = set()
    for language in LANGUAGES:
        text = (HELP / language / page).read_text(encoding="utf-8")
        levels = tuple(re.findall(r"^(#+) ", text, re.MULTILINE))
        steps = len(re.findall(r"^(?:[0-9]+\.|-) ", text, re.MULTILINE))
        pictures = tuple(Path(link).name for link in links(HELP / language / page) if link.endswith(".png"))
        shapes.add((levels, steps, pictures))
    assert len(shapes) == 1
