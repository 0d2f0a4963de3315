"""A disk that is soon full, and has room again when it is told to."""

import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILL = "filling"
_AT_ONCE = b"\0" * 65536


class SmallDisk:
    """A file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leaves not a byte."""
        with (self.folder / _FILL).open("ab", buffering=0) as file:
            for size in (len(_AT_ONCE), 4096, 1):
                try:
                    while file.write(_AT_ONCE[:size]):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Gives the room back."""
        (self.folder / _FILL).unlink()

    def read_only(self, *, on: bool) -> None:
        """Takes no changes any more, or takes them again; nobody may have a file open then."""
        _mount("-o", f"remount,{'ro' if on else 'rw'}", str(self.folder))


@contextmanager
def small_disk(folder: Path, mebibytes: int, *, owner: str = "root") -> Iterator[SmallDisk]:
    """One at this folder, which this system user owns, until the block ends."""
    folder.mkdir(exist_ok=True)
    options = f"size={mebibytes}m,mode=0700,uid={pwd.getpwnam(owner).pw_uid}"
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, timeout=30)
