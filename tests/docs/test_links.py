"""What the documents point at is there."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.reading import DOCS, LANGUAGES, PICTURES, documents, links, name_of

PICTURE = re.compile(r"[0-9]{2}-[a-z0-9-]+\.png")


def pictures() -> set[Path]:
    """Every picture that a document shows."""
    targets = ((document.parent / target).resolve() for document in documents() for target in links(document))
    return {target for target in targets if target.suffix == ".png"}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    """A link names a file that is there, and a heading that is in it."""
    for link in links(document):
        file, _, heading = link.partition("#")
        target = (document.parent / unquote(file)).resolve() if file else document
        if target.suffix == ".png":
            continue
        assert target.exists(), f"{link} leads nowhere"
        if heading:
            assert heading in headings(target), f"{link}: there is no such heading"


def test_pictures_are_named_by_language_number_and_name() -> None:
    """A picture stands in docs/pictures/LANGUAGE/NN-name.png."""
    for picture in pictures():
        assert picture.parent.parent == PICTURES
        assert picture.parent.name in LANGUAGES
        assert PICTURE.fullmatch(picture.name)


def test_a_page_shows_pictures_in_its_own_language() -> None:
    """A help page never shows a picture in another language."""
    for language in LANGUAGES:
        for page in (DOCS / "help" / language).glob("*.md"):
            shown = [link for link in links(page) if link.endswith(".png")]
            assert all(f"/pictures/{language}/" in link for link in shown), name_of(page)


def test_pictures_that_are_shown_have_been_taken() -> None:
    """Once pictures have been taken, every one that is shown is there, and each language has the same."""
    taken = set(PICTURES.rglob("*.png"))
    if taken:
        assert pictures() - taken == set()
        assert len({tuple(sorted(each.name for each in taken if each.parent.name == name)) for name in LANGUAGES}) == 1


def headings(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in found}
