"""What no page uses is not there: styles, pictures, macros."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE

WEB = PACKAGE / "web"
TEMPLATES = "\n".join(file.read_text(encoding="utf-8") for file in sorted((WEB / "templates").glob("*.html")))
SCRIPT = (WEB / "static" / "app.js").read_text(encoding="utf-8")
BUILT = {"note": ("plain", "ok", "warn", "danger"), "st": ("ok", "warn", "mute", "info", "danger")}
"""Classes that templates put together: `note-{{ kind }}`."""


def _classes() -> list[str]:
    """Every class that our own styles name."""
    styles = re.sub(r"/\*.*?\*/", "", (WEB / "static" / "own.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    selectors = re.sub(r"\{[^{}]*\}", "{}", styles)
    return sorted(set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors)))


@pytest.mark.parametrize("name", _classes())
def test_every_style_is_for_something(name: str) -> None:
    """Its class stands in a template or in the script."""
    start, _, end = name.partition("-")
    is_built = end in BUILT.get(start, ())
    assert is_built or re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", TEMPLATES + SCRIPT)


@pytest.mark.parametrize("name", re.findall(r"^  '(\w+)': '<", TEMPLATES, re.MULTILINE))
def test_every_picture_is_shown(name: str) -> None:
    """Some template asks for it by name, besides the one that draws it."""
    assert len(re.findall(rf"'{name}'", TEMPLATES)) > 1


@pytest.mark.parametrize("name", re.findall(r"\{% macro (\w+)\(", TEMPLATES))
def test_every_macro_is_called(name: str) -> None:
    """Somewhere besides its own definition."""
    assert len(re.findall(rf"\b{name}\(", TEMPLATES)) > 1


@pytest.mark.parametrize("file", sorted((WEB / "templates").glob("*.html")), ids=lambda file: file.stem)
def test_what_a_template_imports_it_calls(file: Path) -> None:
    """No name is taken along for nothing."""
    text = file.read_text(encoding="utf-8")
    names = [name for line in re.findall(r"import ([\w, ]+) with context", text) for name in line.split(", ")]
    assert [name for name in names if not re.search(rf"\b{name}\(", text)] == []
