"""What the database does for each statement that the application makes, noted while it makes them.

PostgreSQL tells by `EXPLAIN (ANALYZE)`: which tables it scans from one end to the other, what it reads, sorts and gives
back. SQLite tells which tables it scans and whether it sorts, and how many steps its machine takes.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from totrinn.storage.engine import Engines

LOOKED_AT = 200
"""So many rows a search looks at, in these tests."""
_FOR_EACH_SHOWN = 12
_AT_LEAST = 5
"""A statement may read this many times what it gives back, and be judged as if that were this much at least."""
_STEPS_A_ROW = 25
_STEPS_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, as it was executed."""

    asked: str
    """Which page it was for."""
    statement: str
    scanned: tuple[str, ...]
    """The tables that were read from one end to the other, or would be if they were large."""
    read: int
    sorted: int
    shown: int

    def faults(self, spared: frozenset[str]) -> list[str]:
        """What is wrong with it. `spared`: tables that may be scanned, whatever that reads and sorts."""
        scanned = sorted(set(self.scanned) - spared)
        faults = [f"scans {table}" for table in scanned]
        if spared.isdisjoint(self.scanned):
            allowed = _FOR_EACH_SHOWN * max(self.shown, _AT_LEAST) + self._looked_at()
            if self.read > allowed:
                faults.append(f"reads {self.read} rows to give back {self.shown}")
            if self.sorted > 3 * max(self.shown, _AT_LEAST):
                faults.append(f"sorts {self.sorted} rows to give back {self.shown}")
        return [f"{self.asked}: {fault}:\n{self.statement}" for fault in faults]

    def _looked_at(self) -> int:
        """What a search may read beyond what it shows: the rows that it looks at, each with two persons."""
        is_search = any(part in self.statement for part in ("OFFSET", "name_word.words", "counted", "event.address"))
        return 4 * LOOKED_AT if is_search else 0


class Watch:
    """Notes the plan of every statement within `watching`."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.asked = ""

    @contextmanager
    def watching(self, engines: Engines) -> Iterator[None]:
        """Both pools of a database."""
        both: tuple[Engine, ...] = (engines.reading, engines.writing)
        for engine in both:
            sa.event.listen(engine, "before_cursor_execute", self._note)
        yield
        for engine in both:
            sa.event.remove(engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        words = statement.lstrip().partition(" ")[0].upper()
        if many or words not in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            return
        driver = connection.connection.dbapi_connection
        explain = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
        self.plans.append(explain(driver, self.asked, statement, parameters))


def _on_sqlite(driver: sqlite3.Connection, asked: str, statement: str, parameters: Any) -> Plan:
    details = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    calls = 0

    def called() -> None:
        nonlocal calls
        calls += 1

    driver.execute("SAVEPOINT plan")
    driver.set_progress_handler(called, _STEPS_PER_CALL)
    shown = len(driver.execute(statement, parameters).fetchall())
    driver.set_progress_handler(None, 0)
    driver.execute("ROLLBACK TO plan")
    driver.execute("RELEASE plan")
    read = calls * _STEPS_PER_CALL // _STEPS_A_ROW
    sorts = read if any("TEMP B-TREE FOR ORDER BY" in detail for detail in details) else 0
    return Plan(asked, statement, tuple(_scanned_on_sqlite(driver, details)), read, sorts, shown)


def _scanned_on_sqlite(driver: sqlite3.Connection, details: list[str]) -> Iterator[str]:
    tables = {row[0] for row in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for detail in details:
        verb, _, rest = detail.partition(" ")
        name = rest.split(" ")[0]
        if verb == "SCAN" and name in tables:
            yield name


def _on_postgresql(driver: Any, asked: str, statement: str, parameters: Any) -> Plan:
    with driver.cursor() as cursor:
        cursor.execute("SAVEPOINT plan")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters, prepare=False)
        done = _plan_of(cursor.fetchone())
        # Small tables are scanned because they are small. Is there another way for when they have grown?
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters, prepare=False)
        possible = _plan_of(cursor.fetchone())
        cursor.execute("ROLLBACK TO SAVEPOINT plan")
        cursor.execute("RELEASE SAVEPOINT plan")
    never = [node for node in _nodes(possible) if node["Node Type"] == "Seq Scan"]
    walked = [node for node in _nodes(done) if _is_walk(node)]
    scanned = tuple(node["Relation Name"] for node in (*never, *walked))
    read = sum(_read_by(node) for node in _nodes(done) if "Scan" in node["Node Type"])
    sorts = sum(_rows_of(node["Plans"][0]) for node in _nodes(done) if node["Node Type"].endswith("Sort"))
    return Plan(asked, statement, scanned, read, sorts, _rows_of(done))


def _plan_of(row: Any) -> dict[str, Any]:
    (told,) = row
    found: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _is_walk(node: dict[str, Any]) -> bool:
    """Whether it has read many rows without knowing where they are."""
    is_of_table = node["Node Type"] in ("Seq Scan", "Index Scan", "Index Only Scan")
    return is_of_table and "Index Cond" not in node and _read_by(node) > LOOKED_AT


def _rows_of(node: dict[str, Any]) -> int:
    return int(node["Actual Rows"] * node["Actual Loops"])


def _read_by(node: dict[str, Any]) -> int:
    """What a scan of a table or an index read; what is read of an inner plan is counted there."""
    if node["Node Type"] in ("Subquery Scan", "CTE Scan", "Function Scan", "Values Scan"):
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
