"""What one password hash costs: the share of a sign-in that is there on purpose, and is taken off."""

import time

from nacl import pwhash

PASSWORD = "korrekt hest batteri stift"
PASSES = 2
MEMORY_BYTES = 19 * 1024 * 1024
_TIMES = 50


def hashed() -> bytes:
    """The hash of the password that everybody has here."""
    return pwhash.argon2id.str(PASSWORD.encode(), opslimit=PASSES, memlimit=MEMORY_BYTES)


def cpu_of_one_hash() -> float:
    """Milliseconds of CPU for one check, by the library, the runtime and the parameters of the servers."""
    encoded, password = hashed(), PASSWORD.encode()
    began = time.process_time()
    for _ in range(_TIMES):
        pwhash.verify(encoded, password)
    return (time.process_time() - began) / _TIMES * 1000
