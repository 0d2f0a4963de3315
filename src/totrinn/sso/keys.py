"""Our own RSA keys, one a connection: made here, sealed by whoever stores them, and loaded once."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

KEY_BITS = 3072
"""128 bits of strength (NIST SP 800-57 part 1, table 2): good beyond 2030."""

_REMEMBERED = 256


def new_key() -> bytes:
    """A fresh RSA key in PKCS #8, DER, unencrypted."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=_REMEMBERED)
def load_key(der: bytes) -> rsa.RSAPrivateKey:
    """The key in it; raises `ValueError` for anything but an RSA key, which only a damaged store would hold.

    Remembered, as loading checks the key and takes some 30 ms.
    """
    key = load_der_private_key(der, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the connection's key is no RSA key")
    return key
