"""What the core can say, somebody says."""

import ast
from enum import StrEnum

import pytest

from tests.architecture.source import PACKAGE, last_name, modules
from totrinn.core.enforcement import Refusal
from totrinn.core.events import Kind
from totrinn.core.roles import Right
from totrinn.core.signin import Act, State


@pytest.mark.row("R92")
@pytest.mark.parametrize("vocabulary", [Kind, Refusal, Right, Act, State])
def test_every_word_is_used(vocabulary: type[StrEnum]) -> None:
    """An event that nothing writes, or a right that nothing asks for, is a promise that nobody keeps."""
    tables = {"src/totrinn/core/roles.py", "src/totrinn/core/signin.py"}
    used = {
        node.attr
        for module in modules(PACKAGE)
        if module.name not in tables
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and last_name(node.value) == vocabulary.__name__
    }
    assert sorted(set(vocabulary.__members__) - used) == []
