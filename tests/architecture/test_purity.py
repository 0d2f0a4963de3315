"""The core is pure, time is a parameter, and a migration stands by itself."""

import ast
import sys

from tests.architecture.source import PACKAGE, Module, last_name, modules

CORE, APP = PACKAGE / "core", PACKAGE / "app"
IMPURE = {
    "asyncio",
    "ctypes",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid",
}
ACTING = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def test_the_core_imports_the_standard_library_only() -> None:
    """Nothing of it depends on a package, or on another layer."""
    others = [
        (module.name, imported)
        for module in modules(CORE)
        for imported, _, _ in module.imports()
        if imported.split(".")[0] not in sys.stdlib_module_names and not imported.startswith("totrinn.core")
    ]
    assert others == []


def test_the_core_knows_no_clock_chance_input_or_output() -> None:
    """The same facts give the same verdict, today and tomorrow."""
    impure = [
        (module.name, imported, name)
        for module in modules(CORE)
        for imported, name, _ in module.imports()
        if {imported, imported.split(".")[0], f"{imported}.{name}"} & IMPURE
    ]
    assert impure == []


def test_the_core_does_nothing() -> None:
    """No file, no terminal, nothing that waits."""
    acting = [
        module.at(node)
        for module in modules(CORE)
        for node in module.nodes()
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ACTING)
        or isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global)
    ]
    assert acting == []


def test_core_and_use_cases_never_look_at_the_clock() -> None:
    """`now` is read once per request at the edge, and handed down."""
    looking = [
        module.at(node)
        for module in modules(CORE, APP)
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and (last_name(node.value), node.attr) in CLOCKS
    ]
    importing = [module.name for module in modules(CORE, APP) if "time" in {name for name, _, _ in module.imports()}]
    assert looking + importing == []


def test_a_migration_imports_nothing_of_the_program() -> None:
    """It means the same for ever, whatever the program has become since."""
    versions = sorted((PACKAGE / "storage" / "migrations" / "versions").glob("*.py"))
    borrowing = [
        (module.name, imported)
        for module in (Module(path, ast.parse(path.read_text(encoding="utf-8"), str(path))) for path in versions)
        for imported, _, _ in module.imports()
        if imported.split(".")[0] == "totrinn"
    ]
    assert versions
    assert borrowing == []
