"""Whom a backup is encrypted to, and what opens it again: age's keys, or those of SSH.

The machine that makes backups knows the public keys only. What opens them belongs elsewhere.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import pyrage  # type: ignore[import-untyped]  # it is made of Rust, and says nothing of its types

from totrinn.app.errors import TotrinnError

Recipient: TypeAlias = object
Identity: TypeAlias = object


class Readable(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Writable(Protocol):
    """What is written to."""

    def write(self, block: bytes, /) -> int:
        """How many bytes were written."""

    def flush(self) -> None:
        """Has them written."""


def encrypt(reader: Readable, writer: Writable, recipients: Sequence[Recipient]) -> None:
    """Encrypts all that can be read. Raises whatever the library makes of a failure."""
    pyrage.encrypt_io(reader, writer, list(recipients))


def decrypt(reader: Readable, writer: Writable, identities: Sequence[Identity]) -> None:
    """Decrypts all that can be read. Raises whatever the library makes of a failure."""
    pyrage.decrypt_io(reader, writer, list(identities))


class KeyOfBackupUnusable(TotrinnError):
    """This is no key that a backup could be encrypted to, or opened with."""

    code = "key_of_backup_unusable"


def read_recipients(lines: Sequence[str]) -> list[Recipient]:
    """The public keys in these lines, `age1…` or `ssh-…`. Raises `KeyOfBackupUnusable`, also when there are none."""
    if not lines:
        raise KeyOfBackupUnusable(
            "it is not known whom to encrypt to: give --recipient age1…, or set TOTRINN_BACKUP_RECIPIENTS;"
            " `totrinn backup-key FILE` makes a key"
        )
    return [_recipient(line) for line in lines]


def read_identities(file: Path) -> list[Identity]:
    """The private keys in this file, as `age-keygen` or `ssh-keygen` writes it. Raises `KeyOfBackupUnusable`."""
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        if text.startswith("-----BEGIN"):
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        lines = (line.strip() for line in text.splitlines())
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise KeyOfBackupUnusable(f"{file} holds no private key that opens backups")
    return list(found)


def write_identity(file: Path) -> str:
    """Makes a private key in a new file that only its owner can read; returns the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as opened:
        opened.write(f"# public key: {public}\n{identity}\n")
        opened.flush()
        os.fsync(opened.fileno())
    return public


def _recipient(line: str) -> Recipient:
    try:
        kind = pyrage.ssh if line.startswith("ssh-") else pyrage.x25519
        found: Recipient = kind.Recipient.from_str(line)
    except pyrage.RecipientError:
        raise KeyOfBackupUnusable(f"{line[:60]!r} is no public key: age1… or ssh-… is expected") from None
    return found
