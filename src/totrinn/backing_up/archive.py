"""The form of a backup: a tar archive of three members, encrypted with age.

`manifest.json` comes first and tells what follows; `keys` are the installation's keys, one a line, unless they were
left out; `database` is an SQLite file, or what `pg_dump --format=custom` writes. `age --decrypt | tar x` reads it, too.
"""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from os import fdopen, pipe
from typing import IO, Any, BinaryIO

from totrinn.app.errors import TotrinnError
from totrinn.backing_up.age_keys import Identity, Recipient, decrypt, encrypt

FORMAT = 1
_MANIFEST, _KEYS, _DATABASE = "manifest.json", "keys", "database"
_LARGEST_MANIFEST = 1024 * 1024
_BLOCK = 1024 * 1024


class BackupBroken(TotrinnError):
    """The file is no whole backup of ours that these private keys open; nothing was put in place."""

    code = "backup_broken"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    program: str
    revision: str
    database: str
    """`sqlite` or `postgresql`."""
    made_at: datetime
    rows: dict[str, int]
    """How many rows each table has."""
    sha256: str
    """Of the member `database`."""
    keys_sha256: str
    """Of the member `keys`; empty when the keys were left out."""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup whose digests are right."""

    manifest: Manifest
    keys: str
    database: IO[bytes]


def digest_of(file: IO[bytes]) -> str:
    """The SHA-256 of a file from its beginning, in hex; it is at its beginning again afterwards."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def write_archive(
    target: BinaryIO, recipients: Sequence[Recipient], manifest: Manifest, keys: str, database: BinaryIO
) -> None:
    """Encrypts a backup into the target as it is packed; the packed form is never on the disk. Raises `OSError`."""
    writer = _Remembering(target)
    reading, writing = (fdopen(end, mode) for end, mode in zip(pipe(), ("rb", "wb"), strict=True))
    failures: list[BaseException] = []
    thread = threading.Thread(target=_pack, args=(writing, manifest, keys, database, failures), name="packing")
    thread.start()
    try:
        encrypt(reading, writer, recipients)
    except Exception as error:  # whatever it says of what went wrong when writing
        raise writer.failure or OSError(str(error)) from error
    finally:
        reading.close()
        thread.join()
    if failures:
        raise failures[0]


def read_archive(source: BinaryIO, plain: BinaryIO, identities: Sequence[Identity]) -> Opened:
    """Decrypts a backup into the file `plain`, and checks all of it. Raises `BackupBroken`, `OSError`."""
    writer = _Remembering(plain)
    try:
        decrypt(source, writer, identities)
    except Exception as error:
        if writer.failure is not None:
            raise writer.failure from error
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise BackupBroken(
            f"the backup cannot be opened: it is damaged, cut short, or for another key ({reason})"
        ) from error
    plain.seek(0)
    try:
        with tarfile.open(fileobj=plain, mode="r:") as packed:
            return _checked(packed)
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError) as error:
        raise BackupBroken("this is no backup of Totrinn") from error


def _pack(writing: BinaryIO, manifest: Manifest, keys: str, database: BinaryIO, failures: list[BaseException]) -> None:
    told = json.dumps({**asdict(manifest), "made_at": manifest.made_at.isoformat()}, indent=2).encode()
    try:
        with writing, tarfile.open(fileobj=writing, mode="w|", format=tarfile.PAX_FORMAT) as packed:
            _add(packed, _MANIFEST, io.BytesIO(told), len(told), manifest)
            if keys:
                _add(packed, _KEYS, io.BytesIO(keys.encode()), len(keys.encode()), manifest)
            size = database.seek(0, io.SEEK_END)
            database.seek(0)
            _add(packed, _DATABASE, database, size, manifest)
    except BaseException as error:  # noqa: BLE001  # told to who waits for this thread
        failures.append(error)


def _add(packed: tarfile.TarFile, name: str, content: BinaryIO, size: int, manifest: Manifest) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(manifest.made_at.timestamp())
    packed.addfile(member, content)


def _checked(packed: tarfile.TarFile) -> Opened:
    manifest = _manifest_of(json.loads(_member(packed, _MANIFEST).read(_LARGEST_MANIFEST)))
    keys = _member(packed, _KEYS).read().decode("ascii") if manifest.keys_sha256 else ""
    database = _member(packed, _DATABASE)
    if digest_of(database) != manifest.sha256:
        raise BackupBroken("the database in the backup is not the one that its manifest tells of")
    if keys and hashlib.sha256(keys.encode()).hexdigest() != manifest.keys_sha256:
        raise BackupBroken("the keys in the backup are not those that its manifest tells of")
    return Opened(manifest, keys, database)


def _member(packed: tarfile.TarFile, name: str) -> IO[bytes]:
    member = packed.getmember(name)
    content = packed.extractfile(member) if member.isreg() else None
    if content is None:
        raise KeyError(name)
    return content


def _manifest_of(told: dict[str, Any]) -> Manifest:
    if told["format"] != FORMAT:
        raise BackupBroken(f"the backup has form {told['format']}, which this program does not know: use a newer one")
    manifest = Manifest(**{**told, "made_at": datetime.fromisoformat(told["made_at"])})
    if manifest.database not in ("sqlite", "postgresql"):
        raise ValueError(manifest.database)
    return manifest


class _Remembering:
    """A file to write to that remembers why it failed: the library says only that it did."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, block: bytes) -> int:
        try:
            return self._file.write(block)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        self._file.flush()
