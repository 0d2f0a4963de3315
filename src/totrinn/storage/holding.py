"""Who has an embedded database open: its folder is held while anybody does, together with others or alone.

The system lets go of a folder when the process that held it ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from totrinn.app.errors import TotrinnError


class FolderInUse(TotrinnError):
    """Somebody else has the installation open, and it is wanted alone; or the other way round."""

    code = "folder_in_use"


@contextmanager
def with_others(folder: Path) -> Iterator[None]:
    """Holds the folder as servers and commands do. Raises `FolderInUse` while one has it alone."""
    with _held(folder, fcntl.LOCK_SH, f"{folder} is being moved: wait until that has ended"):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder so that nobody else opens it. Raises `FolderInUse` while a server or a command has it open."""
    with _held(folder, fcntl.LOCK_EX, f"{folder} is in use: stop the server that runs on it, and any other command"):
        yield


@contextmanager
def _held(folder: Path, how: int, otherwise: str) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FolderInUse(otherwise) from None
    try:
        yield
    finally:
        os.close(descriptor)
