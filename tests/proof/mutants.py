"""Broken cores, one flaw each, made from the source of the real one: what the proof must find.

Of every function that decides: each condition turned round, each branch taken out, each verdict replaced by `Admit`,
each part of a condition left out, each answer replaced by yes and by no. Of the table: each entry taken out, each entry
led to `ADMITTED` instead, and every entry added that would let in somebody who proves nothing.
"""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

from totrinn.core import enrolment, policy, signin, sso
from totrinn.core.policy import Admit
from totrinn.core.signin import Act, State

DECIDING: tuple[tuple[ModuleType, object, str], ...] = (
    (policy, policy, "decide"),
    (policy, policy, "_decide_sso"),
    (policy, policy, "_decide_enrolment"),
    (policy, policy, "_is_vendors"),
    (policy, policy, "_is_member"),
    (policy, policy.Requirement, "bites"),
    (policy, policy.Requirement, "stands"),
    (sso, sso, "has_evidence"),
    (enrolment, enrolment, "is_fresh"),
    (enrolment, enrolment, "is_fresh_for_organisation"),
    (enrolment, enrolment, "password_is_recent"),
    (enrolment, enrolment, "holders_of_last_factor"),
    (enrolment, enrolment.Holder, "holds"),
    (enrolment, enrolment.Pending, "is_open"),
)
"""Module, where the function hangs, and its name."""
HOLDING = frozenset({"Deny", "MustVerify", "MustChoose", "MustEnrol"})
UNFINISHED = (State.VERIFYING, State.CHOOSING, State.MUST_REPROVE, State.MUST_ENROL, State.ENROLLING)
PROVING_NOTHING = (Act.RETURNED, Act.STARTED_ENROLMENT)

Edit = tuple[str, Callable[[ast.AST], ast.AST]]


@dataclass(frozen=True)
class Mutant:
    """A core with one flaw."""

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]

    def __str__(self) -> str:
        return self.name


def mutants() -> Iterator[Mutant]:
    """All of them."""
    for module, owner, name in DECIDING:
        yield from _of_function(module, owner, name)
    yield from _of_table()


def _of_function(module: ModuleType, owner: object, name: str) -> Iterator[Mutant]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(owner, name))))
    for at, node in enumerate(ast.walk(tree)):
        for what, edit in _edits(node):
            changed = copy.deepcopy(tree)
            _Replace(list(ast.walk(changed))[at], edit).visit(changed)
            code = compile(ast.fix_missing_locations(changed), f"<{name}>", "exec")
            yield Mutant(f"{name}: {what}", _planting(module, owner, name, code))


def _planting(module: ModuleType, owner: object, name: str, code: object) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        namespace = dict(vars(module))
        exec(code, namespace)  # type: ignore[arg-type]
        monkeypatch.setattr(owner, name, namespace[name])

    return plant


class _Replace(ast.NodeTransformer):
    """Replaces this very node."""

    def __init__(self, node: ast.AST, edit: Callable[[ast.AST], ast.AST]) -> None:
        self._node, self._edit = node, edit

    def visit(self, node: ast.AST) -> ast.AST:
        return self._edit(node) if node is self._node else self.generic_visit(node)


def _edits(node: ast.AST) -> Iterator[Edit]:
    """The flaws that can be planted at this node."""
    if isinstance(node, ast.If | ast.IfExp):
        text = ast.unparse(node.test)
        yield f"if not ({text})", lambda n: _with_test(n, ast.UnaryOp(ast.Not(), _test(n)))
        yield f"if False, not {text}", lambda n: _with_test(n, ast.Constant(False))
        yield f"if True, not {text}", lambda n: _with_test(n, ast.Constant(True))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in HOLDING:
        yield f"Admit instead of {ast.unparse(node)}", _admit
    if isinstance(node, ast.BoolOp):
        for index, value in enumerate(node.values):
            yield f"without {ast.unparse(value)!r} in {ast.unparse(node)!r}", _leaving_out(index)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.BoolOp | ast.Compare | ast.UnaryOp):
        yield f"True instead of {ast.unparse(node.value)}", lambda n: ast.Return(ast.Constant(True))
        yield f"False instead of {ast.unparse(node.value)}", lambda n: ast.Return(ast.Constant(False))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield f"without the filter {ast.unparse(node.ifs[0])}", _unfiltered


def _test(node: ast.AST) -> ast.expr:
    assert isinstance(node, ast.If | ast.IfExp)
    return node.test


def _with_test(node: ast.AST, test: ast.expr) -> ast.AST:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = test
    return node


def _admit(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Call)
    node.func = ast.Name("Admit", ast.Load())
    return node


def _leaving_out(index: int) -> Callable[[ast.AST], ast.AST]:
    def edit(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.BoolOp)
        rest = [value for at, value in enumerate(node.values) if at != index]
        return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)

    return edit


def _unfiltered(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.comprehension)
    node.ifs = []
    return node


def _of_table() -> Iterator[Mutant]:
    for key, leads_to in signin.TRANSITIONS.items():
        state, act, verdict = key
        entry = f"({state}, {act}, {verdict.__name__})"
        yield Mutant(f"table: without {entry}", _without(key))
        if leads_to is not State.ADMITTED:
            yield Mutant(f"table: {entry} leads to admitted", _leading_in(key))
    for state in UNFINISHED:
        for act in PROVING_NOTHING:
            yield Mutant(f"table: ({state}, {act}, Admit) leads to admitted", _leading_in((state, act, Admit)))
    expired = (State.ENROLLING, Act.ENROLMENT_EXPIRED, Admit)
    yield Mutant("table: an expired enrolment leads to admitted", _leading_in(expired))


def _without(key: tuple[State, Act, type[policy.Verdict]]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.delitem(signin.TRANSITIONS, key)


def _leading_in(key: tuple[State, Act, type[policy.Verdict]]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(signin.TRANSITIONS, key, State.ADMITTED)
