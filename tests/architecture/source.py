"""The source of the project as the tests of its architecture read it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "totrinn"
EXEMPT = {"vendor", "migrations", "__pycache__"}
"""Folders whose files others wrote, or a tool did."""


@dataclass(frozen=True)
class Module:
    """One file of Python, parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the root of the project."""
        return self.path.relative_to(ROOT).as_posix()

    def nodes(self) -> Iterator[ast.AST]:
        """Everything in it."""
        return ast.walk(self.tree)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions and methods."""
        for node in self.nodes():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imports(self) -> Iterator[tuple[str, str, str | None]]:
        """Module, name ("" for the module itself) and alias of everything that is imported."""
        for node in self.nodes():
            if isinstance(node, ast.Import):
                yield from ((alias.name, "", alias.asname) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.module or "", alias.name, alias.asname) for alias in node.names)

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as an editor opens it."""
        return f"{self.name}:{getattr(node, 'lineno', 0)}"


def files(*folders: Path, ending: str) -> list[Path]:
    """All files of our own in these folders with this ending."""
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob(f"*{ending}"))
        if not EXEMPT & set(path.relative_to(ROOT).parts)
    ]


@cache
def modules(*folders: Path) -> tuple[Module, ...]:
    """All modules of our own in these folders."""
    found = files(*folders, ending=".py")
    assert found, f"no modules in {folders}"
    return tuple(Module(path, ast.parse(path.read_text(encoding="utf-8"), str(path))) for path in found)


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name: `Admit` of `policy.Admit`; empty when it is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
