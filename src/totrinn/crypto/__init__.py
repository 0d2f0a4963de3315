"""Hashing, sealing and chance. Nothing else in the program touches a cryptographic library."""

from totrinn.crypto.check_value import KeysWrong, check_keys, keys_fit, renew_check_value
from totrinn.crypto.keys import KeysMissing, KeysUnusable, write_new_key
from totrinn.crypto.passwords import Argon2Passwords
from totrinn.crypto.randomness import SystemRandomness
from totrinn.crypto.sealing import KeyVault

__all__ = [
    "Argon2Passwords",
    "KeyVault",
    "KeysMissing",
    "KeysUnusable",
    "KeysWrong",
    "SystemRandomness",
    "check_keys",
    "keys_fit",
    "renew_check_value",
    "write_new_key",
]
