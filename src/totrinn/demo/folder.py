"""The folder of the demonstration: only one that carries the demonstration's mark is ever emptied."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from totrinn.config import DATABASE_FILE, KEYS_FOLDER

MARK = ".totrinn-demo"
PHONE_FILE = "phone.json"
_SAYS = "This folder belongs to `totrinn demo`, which makes everything in it anew at every start.\n"


class NotADemoFolder(Exception):
    """The folder is somebody's, or another demonstration is running in it."""


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """The folder, empty and marked, ours alone while the block lasts. Raises `NotADemoFolder` and touches nothing."""
    mark = folder / MARK
    if folder.exists() and not mark.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotADemoFolder(f"{folder} is not the demo's: it is not empty. Give the demo another folder with --data")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(mark, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotADemoFolder(f"a demo is running in {folder}. Give this one another folder with --data") from None
        os.pwrite(handle, _SAYS.encode(), 0)
        _empty(folder)
        yield folder
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    """Takes away what a demonstration leaves, and nothing else."""
    for file in (*folder.glob(f"{DATABASE_FILE}*"), folder / PHONE_FILE):
        file.unlink(missing_ok=True)
    if (folder / KEYS_FOLDER).is_dir():
        shutil.rmtree(folder / KEYS_FOLDER)
