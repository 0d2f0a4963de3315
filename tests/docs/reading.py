"""The documents as tests read them: their files, links, tables, code, and the places in the source that they name."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
SOURCES = ROOT / "src" / "totrinn"
LANGUAGES = ("nb", "nn", "en")

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


class Place(NamedTuple):
    """A place in the source, as documents name it: `core/policy.py:decide`."""

    file: str
    name: str


def documents() -> tuple[Path, ...]:
    """Every document of the project."""
    return (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))


def name_of(document: Path) -> str:
    """The document's path within the project."""
    return document.relative_to(ROOT).as_posix()


def links(document: Path) -> Iterator[str]:
    """The targets of links and pictures, save those to other hosts."""
    prose = _SPAN.sub("", _FENCE.sub("", document.read_text(encoding="utf-8")))
    for target in _LINK.findall(prose):
        if not target.startswith(("https://", "mailto:")):
            yield target


def code_lines(document: Path) -> Iterator[str]:
    """What stands as code: each span, and each line of each block without its comment."""
    text = document.read_text(encoding="utf-8")
    for block in _FENCE.findall(text):
        for line in block.splitlines():
            yield line.partition(" #")[0].strip()
    for span in _SPAN.findall(_FENCE.sub("", text)):
        yield span.strip()


def rows(document: Path) -> Iterator[list[str]]:
    """The cells of every row of every table, without headings."""
    lines = document.read_text(encoding="utf-8").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|") and not line.startswith("|---") and not following.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def places(cell: str) -> list[Place]:
    """The places that a cell names."""
    found = (span.partition(":") for span in _SPAN.findall(cell) if ".py:" in span)
    return [Place(file, name) for file, _, name in found]


def exists(place: Place) -> bool:
    """Whether the file has such a function, class, constant, or member of a class (`Class.member`)."""
    names: ast.AST | None = _module(place.file)
    for part in place.name.split("."):
        names = None if names is None else _defined(names).get(part)
    return names is not None


@cache
def _module(file: str) -> ast.Module | None:
    path = SOURCES / file
    return ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else None


def _defined(node: ast.AST) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for each in getattr(node, "body", ()):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[each.name] = each
        elif isinstance(each, ast.Assign):
            found |= {target.id: each for target in each.targets if isinstance(target, ast.Name)}
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            found[each.target.id] = each
    return found
