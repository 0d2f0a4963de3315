"""Making a backup: under another name until it is whole and safely on the disk, and never over another file."""

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from totrinn import __version__
from totrinn.app.errors import TotrinnError
from totrinn.app.landing import Visitor
from totrinn.app.operating import note_backup
from totrinn.backing_up.age_keys import Recipient
from totrinn.backing_up.archive import Manifest, digest_of, write_archive
from totrinn.backing_up.copies import CopyFailed, copied
from totrinn.bootstrap import Installation, key_place
from totrinn.core.events import Source
from totrinn.crypto import line_of, sync_folder


class BackupNotMade(TotrinnError):
    """There is no backup, and nothing of an unfinished one."""

    code = "backup_not_made"


def make_backup(
    installation: Installation,
    visitor: Visitor,
    source: Source,
    target: Path,
    recipients: Sequence[Recipient],
    *,
    with_keys: bool,
) -> Manifest:
    """Writes a backup to a file that is not there yet. Raises `BackupNotMade`."""
    place = key_place(installation.settings)
    found = {key.id: key for key in place.read()} if with_keys else {}
    folder = installation.settings.data or target.parent
    try:
        with _new_file(target) as file, copied(installation.database, folder) as copy:
            # Read twice, as they may be renewed while the copy is made: what is sealed in it opens by one of these.
            found |= {key.id: key for key in place.read()} if with_keys else {}
            keys = "".join(f"{line_of(key)}\n" for key in found.values())
            manifest = Manifest(
                program=__version__,
                revision=copy.revision,
                database="sqlite" if installation.settings.is_embedded else "postgresql",
                made_at=visitor.now,
                rows=copy.rows,
                sha256=digest_of(copy.file),
                keys_sha256=hashlib.sha256(keys.encode()).hexdigest() if keys else "",
            )
            write_archive(file, recipients, manifest, keys, copy.file)
    except FileExistsError:
        raise BackupNotMade(f"{target} is there already, and is left as it is") from None
    except OSError as error:
        raise BackupNotMade(f"no backup was made: {error.filename or target}: {error.strerror or error}") from error
    except CopyFailed as error:
        raise BackupNotMade(f"no backup was made: {error}") from error
    with installation.services.store.writing() as unit:
        note_backup(unit, visitor, source)
    return manifest


@contextmanager
def _new_file(target: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when the block ends well and it is on the disk. Raises `FileExistsError`."""
    if target.exists():
        raise FileExistsError(target)
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(_opened(unfinished, target), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, target)  # unlike a new name, never in the place of another file
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.parent)


def _opened(unfinished: Path, target: Path) -> int:
    """Raises `OSError` in the name of the file that was asked for."""
    try:
        return os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None
