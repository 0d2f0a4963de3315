"""The keys of an installation, as files outside the database (R90).

`DIR/0001-3fa94c1b.key`, mode 0600, holds 32 random bytes in base64. The number orders the keys; the eight digits after
it are taken from the key itself, so that a file with another key under its name is found at once. `TOTRINN_KEYS_FILE`
is one file with a line `0001-3fa94c1b:base64` for each key, for machines that are handed their secrets.
"""

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from totrinn.app.errors import TotrinnError

KEY_BYTES = 32
_ID = re.compile(r"[0-9]{4}-[0-9a-f]{8}")
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


class KeysMissing(TotrinnError):
    """There are no keys where they should be; without them nothing sealed can be opened."""

    code = "keys_missing"


class KeysUnusable(TotrinnError):
    """There are keys, but they are damaged, or open to others than their owner."""

    code = "keys_unusable"


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Its secret is never shown, not even by `repr`."""

    id: str
    secret: bytes = field(repr=False)


def read_keys(place: Path) -> tuple[Key, ...]:
    """The keys in this directory, or this one file, by id: the first is the oldest.

    Raises `KeysMissing` or `KeysUnusable`.
    """
    try:
        keys = _in_directory(place) if place.is_dir() else keys_of_text(place.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise KeysMissing(f"there are no keys at {place}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnusable(f"the keys at {place} cannot be read: {error}") from error
    if not keys:
        raise KeysMissing(f"there are no keys at {place}")
    return keys


def keys_of_text(text: str) -> tuple[Key, ...]:
    """The keys in lines `id:base64`; empty lines and lines that begin with `#` do not count.

    Raises `KeysMissing` or `KeysUnusable`.
    """
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    keys = _in_order(_key(id_, encoded) for id_, _, encoded in pairs)
    if not keys:
        raise KeysMissing("the text that should hold the keys holds none")
    return keys


def write_new_key(directory: Path) -> Key:
    """Makes a key that is newer than all others there, in a file that only its owner can read, safely on the disk."""
    key = new_key(max((int(file.stem[:4]) for file in _files(directory)), default=0) + 1)
    write_keys(directory, (key,))
    return key


def write_keys(directory: Path, keys: Iterable[Key]) -> None:
    """Writes keys to files that only their owner can read, safely on the disk."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in keys:
        _write(directory, key)
    sync_folder(directory)


def _write(directory: Path, key: Key) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    unfinished = directory / f".{key.id}.new"  # nobody reads half a key
    with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
        file.write(base64.b64encode(key.secret) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(directory / f"{key.id}.key")


def new_key(number: int) -> Key:
    """A fresh key with this number, which is nowhere yet."""
    secret = secrets.token_bytes(KEY_BYTES)
    return Key(f"{number:04}-{_fingerprint(secret)}", secret)


def sync_folder(directory: Path) -> None:
    """Has the names in the folder safely on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(directory: Path) -> list[Path]:
    files = sorted(directory.glob("*.key"))
    for file in files:
        if _ID.fullmatch(file.stem) is None:
            raise KeysUnusable(f"{file} has no name of a key")
    return files


def _in_directory(directory: Path) -> tuple[Key, ...]:
    files = _files(directory)
    for file in files:
        if stat.S_IMODE(file.stat().st_mode) & _OTHERS_MAY:
            raise KeysUnusable(f"{file} is open to others than its owner: chmod 600 {file}")
    return _in_order(_key(file.stem, file.read_text(encoding="ascii").strip()) for file in files)


def _in_order(keys: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: key.id))


def _key(id_: str, encoded: str) -> Key:
    try:
        secret = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    id_ = id_.strip()
    if _ID.fullmatch(id_) is None or len(secret) != KEY_BYTES or not id_.endswith(_fingerprint(secret)):
        # The line is not shown: it may hold a secret.
        raise KeysUnusable(f"the key {id_[:13]!r} is damaged, or is not the one that its name says")
    return Key(id_, secret)


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"totrinn key id\0" + secret).hexdigest()[:8]
