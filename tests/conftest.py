"""What all tests share: in CI nothing is skipped, and whoever needs a PostgreSQL server gets the one of this run."""

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.pgbouncer import NoPgbouncer, Pgbouncer
from tests.postgresql_server import NoPostgresql, PostgresqlServer

pytest_plugins = ["tests.proof.report"]
_SERVERS = {"postgresql", "pgbouncer"}
_IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if _IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which nothing may be in CI: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test has failed."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a skipped file has failed."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL server of our own, for the whole run."""
    try:
        server = PostgresqlServer.find()
    except NoPostgresql as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    with server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgresql_server: PostgresqlServer) -> Iterator[Pgbouncer]:
    """A real PgBouncer before the PostgreSQL server of this run."""
    try:
        pooler = Pgbouncer(postgresql_server)
    except NoPgbouncer as missing:
        pytest.skip(f"NOT TESTED BEHIND PGBOUNCER: {missing}")
    with pooler:
        yield pooler


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks every test that asks for PostgreSQL, and leaves torture out unless it is asked for by `-m`."""
    if "torture" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("torture")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        callspec: Any = getattr(item, "callspec", None)
        by_name = "postgresql_server" in getattr(item, "fixturenames", ())
        if by_name or (callspec is not None and _SERVERS & set(map(str, callspec.params.values()))):
            item.add_marker(pytest.mark.postgresql)
