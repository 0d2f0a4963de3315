"""Whoever asks where it is decided that somebody must enrol finds one place."""

import ast
import re
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT, Module, last_name, modules

VERDICTS = {"Admit", "MustVerify", "MustChoose", "MustEnrol", "Deny"}
POLICY = "src/totrinn/core/policy.py"
ADVANCE = ("src/totrinn/core/signin.py", "advance")
GUIDE = ROOT / "docs" / "where-is-it-decided.md"


def _made(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and last_name(node.func) in VERDICTS]


def _may_stand(module: Module, call: ast.Call) -> bool:
    if module.name == POLICY:
        return True
    if module.name != ADVANCE[0] or last_name(call.func) != "Deny":
        return False
    return any(call in _made(function) for function in module.functions() if function.name == ADVANCE[1])


def test_verdicts_are_made_in_one_place() -> None:
    """Only `policy` makes verdicts; `signin.advance` denies what its table does not name, and makes no other."""
    elsewhere = [
        module.at(call) for module in modules(PACKAGE) for call in _made(module.tree) if not _may_stand(module, call)
    ]
    assert elsewhere == []


def test_verdicts_go_by_their_own_names() -> None:
    """Under an alias a verdict could be made unseen."""
    aliases = [
        (module.name, alias)
        for module in modules(PACKAGE)
        for _, name, alias in module.imports()
        if name in VERDICTS and alias is not None
    ]
    assert aliases == []


def test_the_policy_makes_every_verdict() -> None:
    """This test would see a verdict if there were one: the policy itself makes all of them."""
    policy = next(module for module in modules(PACKAGE) if module.name == POLICY)
    assert {last_name(call.func) for call in _made(policy.tree)} == VERDICTS


def test_the_guide_leads_to_functions_that_exist() -> None:
    """Every `file:function` of the guide "where is it decided" can be opened."""
    places = re.findall(r"`([\w/.-]+\.py):([\w.]+)`", GUIDE.read_text(encoding="utf-8"))
    assert places
    assert [f"{path}:{name}" for path, name in places if name not in _names_in(_resolved(path))] == []


def _resolved(path: str) -> Path:
    return next((base / path for base in (ROOT, PACKAGE, ROOT / "src") if (base / path).is_file()), ROOT / path)


def _names_in(path: Path) -> set[str]:
    """Functions, classes, methods (`Class.method`) and constants of a module."""
    if not path.is_file():
        return set()
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {last_name(target) for target in targets}
    return found
