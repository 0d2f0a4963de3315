"""Hashing, sealing and chance. Nothing else in the program touches a cryptographic library."""

from totrinn.crypto.check_value import (
    KeysOfDatabase,
    KeysWrong,
    begin_anew,
    check_keys,
    check_value_of,
    follow,
    keys_fit,
    keys_of_database,
    make_active,
    retire,
)
from totrinn.crypto.key_places import KeyPlace, line_of
from totrinn.crypto.keys import Key, KeysMissing, KeysUnusable, keys_of_text, sync_folder, write_keys, write_new_key
from totrinn.crypto.passwords import Argon2Passwords
from totrinn.crypto.randomness import SystemRandomness
from totrinn.crypto.sealing import KeyVault

__all__ = [
    "Argon2Passwords",
    "Key",
    "KeyPlace",
    "KeyVault",
    "KeysMissing",
    "KeysOfDatabase",
    "KeysUnusable",
    "KeysWrong",
    "SystemRandomness",
    "begin_anew",
    "check_keys",
    "check_value_of",
    "follow",
    "keys_fit",
    "keys_of_database",
    "keys_of_text",
    "line_of",
    "make_active",
    "retire",
    "sync_folder",
    "write_keys",
    "write_new_key",
]
