"""Where an installation's keys are: the files of a folder, one file with a line for each, or words that it was handed.

What is handed in a variable cannot change while the program runs. Files can: `stamp` tells, without reading a secret.
"""

import base64
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from totrinn.crypto.keys import Key, KeysUnusable, keys_of_text, new_key, read_keys, sync_folder, write_new_key


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A folder or a file of keys, or else the text itself."""

    path: Path | None
    text: str = field(default="", repr=False)

    def read(self) -> tuple[Key, ...]:
        """The keys that are there now, the oldest first. Raises `KeysMissing` or `KeysUnusable`."""
        return keys_of_text(self.text) if self.path is None else read_keys(self.path)

    def stamp(self) -> tuple[object, ...]:
        """Something that differs once the files have changed; empty where nothing can be seen."""
        if self.path is None:
            return ()
        try:
            files = sorted(self.path.glob("*.key")) if self.path.is_dir() else [self.path]
            seen = [(file.name, file.stat()) for file in files]
        except OSError:
            return ()
        return tuple((name, found.st_ino, found.st_size, found.st_mtime_ns) for name, found in seen)

    def made_at(self) -> dict[str, datetime]:
        """When each key was made, as far as its file tells."""
        if self.path is None or not self.path.is_dir():
            return {}
        return {file.stem: datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in self.path.glob("*.key")}

    def add(self) -> Key:
        """Makes a key that is newer than all others there. Raises `KeysUnusable` where nothing can be written."""
        path = self._writable()
        if path.is_dir():
            return write_new_key(path)
        keys = self.read()
        key = new_key(max(int(each.id[:4]) for each in keys) + 1)
        self._rewrite(path, (*keys, key))
        return key

    def remove(self, id_: str) -> None:
        """Deletes a key, for good. Raises `KeysUnusable` where nothing can be written."""
        path = self._writable()
        if path.is_dir():
            (path / f"{id_}.key").unlink(missing_ok=True)
            sync_folder(path)
        else:
            self._rewrite(path, tuple(key for key in self.read() if key.id != id_))

    def replace_all(self, *, suffix: str) -> Key:
        """Puts every key aside, under a name with this suffix, and makes a first new one. Raises `KeysUnusable`."""
        path = self._writable()
        if path.is_dir() or not path.exists():
            for file in path.glob("*.key"):
                file.rename(file.with_name(file.name + suffix))
            return write_new_key(path)
        path.rename(path.with_name(path.name + suffix))
        key = new_key(1)
        self._rewrite(path, (key,))
        return key

    def _writable(self) -> Path:
        if self.path is None:
            raise KeysUnusable("the keys stand in TOTRINN_KEYS itself: put them into a file, and set TOTRINN_KEYS_FILE")
        return self.path

    def _rewrite(self, path: Path, keys: tuple[Key, ...]) -> None:
        """The file as a whole or not at all; comments are not kept."""
        lines = "".join(f"{line_of(key)}\n" for key in keys)
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            owner = path.stat()
            os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(path)
        sync_folder(path.parent)


def line_of(key: Key) -> str:
    """The key as a line of a file of keys."""
    return f"{key.id}:{base64.b64encode(key.secret).decode('ascii')}"
