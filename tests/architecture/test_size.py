"""A module is a room that one can see across."""

from tests.architecture.source import PACKAGE, ROOT, files, modules

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
TESTS = ROOT / "tests"


def test_no_file_is_longer_than_one_can_see() -> None:
    """A longer one has two subjects."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for ending in (".py", ".html", ".js")
        for path in files(PACKAGE, TESTS, ending=ending)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_one_screen() -> None:
    """A function says one thing."""
    lengths = {
        f"{module.at(function)} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for module in modules(PACKAGE, TESTS)
        for function in module.functions()
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
