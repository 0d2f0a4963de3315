"""Password hashes: Argon2id with 19 MiB, two passes, one lane (R9; OWASP Password Storage), by libsodium.

The encoded form is that of the reference implementation (`$argon2id$v=19$m=19456,t=2,p=1$…`), which others read, too.
Each hash takes 19 MiB and one core for its time: how many run at once is for the caller to bound.
"""

import json
import re
from functools import cached_property
from importlib import resources

from nacl import exceptions, pwhash

from totrinn.app.ports import Passwords

MEMORY_KIB = 19 * 1024
PASSES = 2
_FORMAT = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>[0-9]{1,7}),t=(?P<passes>[0-9]{1,3}),p=1"
    r"\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,86}"
)
# The hash of 32 random bytes that nobody kept, to be checked where there is no hash.
_NOBODY = b"$argon2id$v=19$m=19456,t=2,p=1$qy4b7cuQn4YMvu+uk5iX3Q$eaKukhtiMvwAS+h59lh35HGtivbRl0OfMbseJ6Rj33c"
# An array of strings, the most common first; no shorter password can be chosen at all.
_LIST = "vendor/common_passwords/passwords.json"
_SHORTEST_LISTED = 8


class Argon2Passwords(Passwords):
    """Implements `ports.Passwords`."""

    def hash(self, password: str) -> str:
        """The encoded hash of a canonical password, with a salt of its own."""
        return pwhash.argon2id.str(_bytes(password), opslimit=PASSES, memlimit=MEMORY_KIB * 1024).decode("ascii")

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password is right.

        Nobody's hash (None), or one that cannot be read, costs as much as any other, and no password is right for it.
        """
        if encoded is None or _FORMAT.fullmatch(encoded) is None:
            _fits(_NOBODY, password)
            return False
        return _fits(encoded.encode("ascii"), password)

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        found = _FORMAT.fullmatch(encoded)
        return found is None or int(found["memory"]) < MEMORY_KIB or int(found["passes"]) < PASSES

    def is_common(self, password: str) -> bool:
        """Whether the case-folded password stands on the list of common and breached ones (R5). Works offline.

        Raises `FileNotFoundError` or `ValueError` when the list is missing or not what it should be.
        """
        return password.casefold() in self._common

    @cached_property
    def _common(self) -> frozenset[str]:
        listed = json.loads((resources.files("totrinn.app") / _LIST).read_text(encoding="utf-8"))
        if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
            raise ValueError(f"{_LIST} is no list of passwords")
        return frozenset(each.casefold() for each in listed if len(each) >= _SHORTEST_LISTED)


def _bytes(password: str) -> bytes:
    # Half a surrogate pair is no text; it is hashed all the same, so that checking it cannot fail.
    return password.encode("utf-8", "surrogatepass")


def _fits(encoded: bytes, password: str) -> bool:
    try:
        return pwhash.verify(encoded, _bytes(password))
    except exceptions.InvalidkeyError:
        return False
