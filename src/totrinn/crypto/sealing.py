"""Secrets at rest, keyed digests and signed values: everything that needs the installation's keys.

Sealed bytes are `1 | length of the key id | key id | nonce | AES-256-GCM ciphertext and tag`; the key id and the
caller's context are authenticated with them, so that a sealed secret cannot be moved to another row. Nonces are 96
random bits: one key may seal 2³² values (NIST SP 800-38D §8.3). No key is used for two things: each purpose has its
own, derived by HKDF-SHA-256 (RFC 5869).

Sealing and signing use the newest key, opening and checking any key that is there. Digests use the *oldest*, since
what is stored as a digest cannot be made anew: it stays in the directory for as long as digests made with it live.
"""

import base64
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from totrinn.app.errors import SealBroken
from totrinn.app.ports import Vault
from totrinn.crypto.keys import KEY_BYTES, Key, KeysUnusable, keys_of_text, read_keys, write_new_key

_FORMAT = 1
_NONCE_BYTES = 12
_SALT = b"totrinn"


class KeyVault(Vault):
    """Implements `ports.Vault`. Safe for any number of threads."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._oldest, self._active = keys[0], keys[-1]
        self._keys = {key.id.encode(): key for key in keys}
        self._ciphers = {id_: AESGCM(_derived(key, "seal")) for id_, key in self._keys.items()}
        self._purposes: dict[tuple[str, str], bytes] = {}

    @classmethod
    def load(cls, place: Path) -> "KeyVault":
        """The vault with the keys in this directory, or this one file. Raises `KeysMissing` or `KeysUnusable`."""
        return cls(read_keys(place))

    @classmethod
    def of_text(cls, text: str) -> "KeyVault":
        """The vault with the keys in this text. Raises `KeysMissing` or `KeysUnusable`."""
        return cls(keys_of_text(text))

    @classmethod
    def create(cls, directory: Path) -> "KeyVault":
        """Makes the first key. Raises `KeysUnusable` when there are keys: something may be sealed with them."""
        if any(directory.glob("*.key")):
            raise KeysUnusable(f"there are keys in {directory} already")
        return cls((write_new_key(directory),))

    def seal(self, secret: bytes, context: str) -> bytes:
        """Encrypts under the newest key, bound to the context."""
        id_ = self._active.id.encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = bytes((_FORMAT, len(id_))) + id_
        return header + nonce + self._ciphers[id_].encrypt(nonce, secret, header + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts. Raises `SealBroken` when key, context or bytes do not fit."""
        header_end = 2 + sealed[1] if len(sealed) > 1 else 0
        header, nonce = sealed[:header_end], sealed[header_end : header_end + _NONCE_BYTES]
        cipher = self._ciphers.get(header[2:])
        if cipher is None or header[0] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise SealBroken("sealed with a key that is not there")
        try:
            return cipher.decrypt(nonce, sealed[header_end + _NONCE_BYTES :], header + context.encode())
        except InvalidTag:
            raise SealBroken("changed, or sealed for something else") from None

    def digest(self, value: str, purpose: str) -> bytes:
        """HMAC-SHA-256 of the value, under the oldest key's key for this purpose; stays the same as keys are added."""
        return hmac.digest(self._key_for(self._oldest, f"digest {purpose}"), _bytes(value), "sha256")

    def sign(self, value: str, purpose: str) -> str:
        """`value.signature` under the newest key."""
        return f"{value}.{self._signature(self._active, value, purpose)}"

    def signed_value(self, signed: str, purpose: str) -> str | None:
        """The value, if the signature is by any of our keys, for this purpose. Compares in constant time (R91)."""
        value, dot, signature = signed.rpartition(".")
        if not dot or not signature.isascii():
            return None
        ours = (self._signature(key, value, purpose) for key in self._keys.values())
        fits = [hmac.compare_digest(each, signature) for each in ours]
        return value if any(fits) else None

    def _signature(self, key: Key, value: str, purpose: str) -> str:
        mac = hmac.digest(self._key_for(key, f"sign {purpose}"), _bytes(value), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")

    def _key_for(self, key: Key, purpose: str) -> bytes:
        derived = self._purposes.get((key.id, purpose))
        if derived is None:
            derived = self._purposes[key.id, purpose] = _derived(key, purpose)
        return derived


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _derived(key: Key, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=_SALT, info=purpose.encode()).derive(key.secret)
