"""Sets the security requirements beside the tests that keep them.

write   writes docs/security/requirements.md (what is done without a word, too)
check   fails when that file is not what the tests say

A test names the rows that it keeps by `@pytest.mark.row("R17")`, a class or a file by the same mark. Rows without a
test are listed as open. The tests are read, not run.
"""

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ROWS: Final = ROOT / "tools" / "requirements_rows.toml"
TESTS: Final = ROOT / "tests"
TABLE: Final = ROOT / "docs" / "security" / "requirements.md"

HEAD: Final = """\
# Security requirements, and the tests that keep them

`tools/requirements_table.py` writes this file from the marks on the tests. Do not edit it.

{kept} of {all} rows have a test.

"""


class UnknownRow(ValueError):
    """A test names a row that there is not, or names one in a way that cannot be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement."""

    id: str
    title: str
    open: str = ""
    """Why there can be no test yet; empty for all others."""


@dataclass(frozen=True, slots=True)
class Section:
    """Requirements of one kind."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, order=True)
class Test:
    """A test function, by its file (relative to the project) and its name."""

    file: str
    name: str


def read_rows() -> tuple[Section, ...]:
    """The requirements, in their order."""
    read = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    return tuple(Section(each["title"], tuple(Row(**row) for row in each["row"])) for each in read["section"])


def tests_by_row(known: set[str]) -> dict[str, list[Test]]:
    """The tests of each row, in order. Raises `UnknownRow`."""
    found: dict[str, list[Test]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        name = file.relative_to(ROOT).as_posix()
        for test, rows in _marked(ast.parse(file.read_text(encoding="utf-8"))):
            for row in sorted(rows):
                if row not in known:
                    raise UnknownRow(f"{name}: {test} names {row}, and there is no such row")
                found.setdefault(row, []).append(Test(name, test))
    return {row: sorted(set(tests)) for row, tests in found.items()}


def table() -> str:
    """The whole file."""
    sections = read_rows()
    rows = [row for section in sections for row in section.rows]
    tests = tests_by_row({row.id for row in rows})
    parts = [HEAD.format(kept=sum(row.id in tests for row in rows), all=len(rows))]
    for section in sections:
        parts.append(f"## {section.title}\n\n| row | requirement | tests |\n|---|---|---|\n")
        parts.extend(f"| {row.id} | {row.title} | {_cell(tests.get(row.id, []))} |\n" for row in section.rows)
        parts.append("\n")
    open_rows = [row for row in rows if row.id not in tests]
    parts.append("## Open: rows without a test\n\n")
    if open_rows:
        parts.append("| row | requirement | why |\n|---|---|---|\n")
        parts.extend(f"| {row.id} | {row.title} | {row.open or 'No test names it yet.'} |\n" for row in open_rows)
    else:
        parts.append("None.\n")
    return "".join(parts)


def _cell(tests: list[Test]) -> str:
    if not tests:
        return "open"
    by_file: dict[str, list[str]] = {}
    for test in tests:
        by_file.setdefault(test.file, []).append(f"`{test.name}`")
    return "<br>".join(f"[{file}](../../{file}): {', '.join(names)}" for file, names in by_file.items())


def _marked(module: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each test function of the file, and the rows that it, its class, its cases or the file name."""
    cases = {
        target.id: _rows_in(node.value)
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    whole = cases.get("pytestmark", set())
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            of_class = whole.union(*(_rows_in(decorator) for decorator in node.decorator_list))
            for each in node.body:
                yield from _test(each, of_class, cases)
        else:
            yield from _test(node, whole, cases)


def _test(node: ast.stmt, already: set[str], cases: dict[str, set[str]]) -> Iterator[tuple[str, set[str]]]:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.name.startswith("test_"):
        return
    rows = set(already)
    for decorator in node.decorator_list:
        rows |= _rows_in(decorator)
        for name in ast.walk(decorator):
            if isinstance(name, ast.Name):
                rows |= cases.get(name.id, set())
    if rows:
        yield node.name, rows


def _rows_in(node: ast.AST) -> set[str]:
    """The rows in every `pytest.mark.row(…)` within the expression. Raises `UnknownRow` for one that is no literal."""
    rows: set[str] = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.row":
            for argument in call.args:
                if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                    raise UnknownRow(f"line {call.lineno}: a row is named by a string, not by {ast.unparse(argument)}")
                rows.add(argument.value)
    return rows


def main() -> int:
    """Runs one command; its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=["write", "check"], default="write")
    command = parser.parse_args().command
    try:
        text = table()
    except UnknownRow as error:
        print(error, file=sys.stderr)
        return 1
    if command == "check":
        if TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/security/requirements.md is out of date: make update-docs", file=sys.stderr)
        return 1
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
