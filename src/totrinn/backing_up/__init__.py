"""Backups: a consistent copy taken while serving goes on, encrypted to somebody else; and how one is put back."""

from totrinn.backing_up.age_keys import read_identities, read_recipients, write_identity
from totrinn.backing_up.archive import BackupBroken, Manifest
from totrinn.backing_up.making import BackupNotMade, make_backup
from totrinn.backing_up.restoring import Restored, RestoreRefused, Wishes, restore

__all__ = [
    "BackupBroken",
    "BackupNotMade",
    "Manifest",
    "RestoreRefused",
    "Restored",
    "Wishes",
    "make_backup",
    "read_identities",
    "read_recipients",
    "restore",
    "write_identity",
]
