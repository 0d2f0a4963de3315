"""What `doctor` finds of the machine: its clock, its disk, and whose the files are."""

import ctypes
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from totrinn.cli.findings import Finding, Level, bad, note
from totrinn.config import DATABASE_FILE, Settings

if TYPE_CHECKING:
    from totrinn.storage import Database

LEAST_FREE_BYTES = 200 * 1024 * 1024
LEAST_FREE_SHARE = 0.05
LARGEST_WAL = 64 * 1024 * 1024
_UNSYNCHRONISED = 5  # TIME_ERROR, adjtimex(2)
_SIZE_OF_TIMEX = 512
_TOLERANCE = timedelta(seconds=5)
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_ON_NETWORK = frozenset(
    ("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs")
)


def files(settings: Settings) -> Iterator[Finding]:
    """Whatever of the data and the keys others may read, or the program may not."""
    yield from _handed_keys(settings)
    if settings.data is None:
        return
    places = [settings.keys, *sorted(settings.keys.glob("*.key"))]
    if settings.is_embedded:
        places += sorted(settings.data.glob(f"{DATABASE_FILE}*"))
    owner = settings.data.stat().st_uid if settings.data.exists() else os.getuid()
    for place in places:
        if not place.exists():
            continue
        found = place.stat()
        if stat.S_IMODE(found.st_mode) & _OTHERS_MAY:
            mode = "700" if place.is_dir() else "600"
            yield bad("files", f"{place} is open to others than its owner", f"chmod {mode} {place}")
        if found.st_uid != owner:
            text = f"{place} belongs to {_name(found.st_uid)}, the folder to {_name(owner)}: one of them cannot read it"
            yield bad("files", text, f"chown {_name(owner)} {place}")


def _handed_keys(settings: Settings) -> Iterator[Finding]:
    file = settings.keys_file
    if file is not None and file.exists() and stat.S_IMODE(file.stat().st_mode) & stat.S_IRWXO:
        yield bad("files", f"{file} is open to everybody", f"chmod o= {file}")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def clock(database: "Database", now: datetime) -> Iterator[Finding]:
    """The machine's clock beside the database's, beside what has been written already, and whether anybody sets it."""
    from totrinn.app.ports import is_off

    mend = "timedatectl set-ntp true"
    newest = _newest_event(database)
    if newest is not None and newest - now > _TOLERANCE:
        text = f"the log has an event of {newest:%Y-%m-%d %H:%M:%S} UTC, which is yet to come: the clock has gone back"
        yield bad("clock", text, mend)
    off = database.clock_difference()
    if is_off(off):
        seconds = f"{abs(off).total_seconds():.0f} s"
        text = f"this machine is {seconds} off the database's clock: codes and links are judged by the wrong time"
        yield bad("clock", text, mend)
    elif database.engines.reading.dialect.name == "postgresql":
        yield Finding(Level.OK, "clock", "agrees with the database's")
    if _is_set_by_nobody():
        yield note("clock", "the kernel says that nothing keeps it right: codes fail once it is 30 s off", mend)


def _newest_event(database: "Database") -> datetime | None:
    from totrinn.storage.tables import event

    last = sa.select(event.c.at).order_by(event.c.id.desc()).limit(1)
    with database.engines.reading.connect() as connection, connection.begin():
        found: datetime | None = connection.execute(last).scalar()
    return found


def _is_set_by_nobody() -> bool:
    """What the kernel says of its clock (`adjtimex` with nothing to adjust); False where it cannot be asked."""
    try:
        ask = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    return bool(ask(ctypes.create_string_buffer(_SIZE_OF_TIMEX)) == _UNSYNCHRONISED)


def disk(settings: Settings) -> Iterator[Finding]:
    """Room on the disk that the data is on, and what kind of disk it is."""
    if settings.data is None or not settings.data.exists():
        return
    room = shutil.disk_usage(settings.data)
    free = f"{room.free // 1024**2} MiB of {room.total // 1024**2}"
    if room.free < LEAST_FREE_BYTES and room.free < room.total * LEAST_FREE_SHARE * 4:
        text = f"{settings.data} has {free} left: when it is full, nobody signs in"
        yield bad("disk", text, f"df -h {settings.data}")
    elif room.free < room.total * LEAST_FREE_SHARE:
        yield note("disk", f"{settings.data} has {free} left", f"df -h {settings.data}")
    if settings.is_embedded:
        yield from _kind_of_disk(settings.data)
        yield from _write_ahead_log(settings.data)


def _kind_of_disk(data: Path) -> Iterator[Finding]:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    kind = file_system_of(data.resolve(), mounts)
    if kind in _ON_NETWORK:
        text = f"{data} is on a network ({kind}), where SQLite's locks do not hold: the database can be destroyed"
        yield bad("disk", text, "put the folder on a disk of this machine, or use PostgreSQL")


def file_system_of(place: Path, mounts: str) -> str:
    """The kind of the file system that a path is on, by a table like `/proc/self/mounts`; the last mount counts."""
    kind, longest = "", -1
    for line in mounts.splitlines():
        _, at, found, *_ = line.split(" ")
        mounted = Path(at.replace("\\040", " "))
        if place.is_relative_to(mounted) and len(mounted.parts) >= longest:
            kind, longest = found, len(mounted.parts)
    return kind


def _write_ahead_log(data: Path) -> Iterator[Finding]:
    wal = data / f"{DATABASE_FILE}-wal"
    size = wal.stat().st_size if wal.exists() else 0
    if size > LARGEST_WAL:
        text = f"{wal.name} has grown to {size // 1024**2} MiB: some program holds the database open, reading, for long"
        yield note("database", text, f"fuser -v {data / DATABASE_FILE}")
