"""Every module of the conformance tests is answered by a test that is there."""

import ast
import re

import pytest

from tests.docs.reading import DOCS, ROOT, rows

PAGE = DOCS / "applications" / "conformance.md"
ANSWERS = [(module.strip("`"), answer.strip("`")) for module, answer in rows(PAGE)]
PLANS = {"oidcc-": 30, "oidcc-rp-initiated-logout": 11, "oidcc-backchannel-": 2}
"""How many modules of each plan there are, at the least."""


@pytest.mark.parametrize(("module", "answer"), ANSWERS, ids=[module for module, _ in ANSWERS])
def test_the_test_is_there(module: str, answer: str) -> None:
    """It stands in the file that the page names, under that name."""
    assert re.fullmatch(r"oidcc-[a-z0-9-]+", module)
    file, _, name = answer.partition(":")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_no_module_is_answered_twice_and_none_was_lost() -> None:
    """Each has one row."""
    modules = [module for module, _ in ANSWERS]
    assert len(modules) == len(set(modules))
    for beginning, number in PLANS.items():
        assert sum(module.startswith(beginning) for module in modules) >= number
