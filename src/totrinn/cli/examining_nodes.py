"""What `doctor` finds of the processes that serve, their keys and connections, and of the last backup."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from totrinn import __version__
from totrinn.cli.findings import Finding, Level, bad, note, place_of
from totrinn.config import Settings

if TYPE_CHECKING:
    from totrinn.app.key_repositories import Node
    from totrinn.storage import Database

BACKUP_OVERDUE = timedelta(hours=26)
BACKUP_LONG_OVERDUE = timedelta(days=7)


def nodes(database: "Database", now: datetime) -> Iterator[Finding]:
    """Processes of another version, without a key, or gone without a word."""
    from totrinn.crypto import KeysWrong, keys_of_database

    with database.reading() as unit:
        known = unit.nodes.all()
        try:
            needed = set(keys_of_database(unit).in_use)
        except KeysWrong:
            needed = set()
    living = [node for node in known if node.lives(now)]
    for node in living:
        yield from _of_node(node, needed)
    for node in known:
        if not node.lives(now):
            text = f"{node.name} ended without a word: not heard of since {node.seen_at:%Y-%m-%d %H:%M:%S} UTC"
            yield note("nodes", text, "totrinn serve … there, if it should run")
    if living:
        yield Finding(Level.OK, "nodes", f"processes that serve: {len(living)}")


def _of_node(node: "Node", needed: set[str]) -> Iterator[Finding]:
    if node.version != __version__:
        text = f"{node.name} runs version {node.version}, this is {__version__}"
        yield note("nodes", text, "install the same version everywhere, and restart")
    missing = needed - set(node.key_ids)
    if missing:
        text = f"{node.name} lacks the key {', '.join(sorted(missing))}: it refuses whom that key's seals stand for"
        yield bad("nodes", text, "copy the keys there; they are read within seconds")


def connections(settings: Settings, database: "Database", now: datetime) -> Iterator[Finding]:
    """Whether the server has room for all the connections that the processes may open."""
    engines = database.engines
    if engines.reading.dialect.name != "postgresql":
        return
    with database.reading() as unit:
        living = sum(node.lives(now) for node in unit.nodes.all())
    with engines.reading.connect() as connection, connection.begin():
        most, reserved = (
            int(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
            for name in ("max_connections", "superuser_reserved_connections")
        )
    of_each = sum(engine.pool.size() for engine in (engines.reading, engines.writing))  # type: ignore[attr-defined]
    processes = max(living, settings.workers + (settings.workers > 1))
    if processes * of_each > most - reserved:
        text = f"{processes} processes may open {processes * of_each} connections, the server allows {most - reserved}"
        yield bad(
            "database",
            text,
            f"ALTER SYSTEM SET max_connections = {processes * of_each + reserved + 20}; or fewer workers",
        )


def backups(settings: Settings, database: "Database", now: datetime) -> Iterator[Finding]:
    """How old the last good backup is."""
    from totrinn.app.operating import last_backup

    mend = f"totrinn backup FILE --recipient age1… {place_of(settings)}"
    with database.reading() as unit:
        made_at = last_backup(unit)
    if made_at is None:
        yield note("backup", "none was ever made: what is lost stays lost", mend)
        return
    told = f"the last good one is of {made_at:%Y-%m-%d %H:%M} UTC"
    if now - made_at > BACKUP_LONG_OVERDUE:
        yield bad("backup", told, mend)
    elif now - made_at > BACKUP_OVERDUE:
        yield note("backup", told, mend)
    else:
        yield Finding(Level.OK, "backup", told)
