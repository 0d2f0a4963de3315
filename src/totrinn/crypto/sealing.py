"""Secrets at rest, keyed digests and signed values: everything that needs the installation's keys.

Sealed bytes are `1 | length of the key id | key id | nonce | AES-256-GCM ciphertext and tag`; the key id and the
caller's context are authenticated with them, so that a sealed secret cannot be moved to another row. Nonces are 96
random bits: one key may seal 2³² values (NIST SP 800-38D §8.3). No key is used for two things: each purpose has its
own, derived by HKDF-SHA-256 (RFC 5869).

What others keep for us is enclosed: `1 | length of the key id | key id | nonce | XChaCha20-Poly1305 ciphertext and
tag`, in base64url. Anybody can have that done, without end, so its nonces are 192 random bits.

Sealing and signing use the active key, opening and checking any key that is there. Which one is active stands in the
database (`check_value`); until that has been read it is the newest. Digests use the *oldest*, since what is stored as a
digest cannot be made anew: it stays in the directory for as long as digests made with it live.

A vault that meets a key it does not know, or a signature that fits none, reads its keys again, at most once a second
and only if their files have changed.
"""

import base64
import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from totrinn.app.errors import SealBroken
from totrinn.app.ports import Vault
from totrinn.crypto.key_places import KeyPlace
from totrinn.crypto.keys import KEY_BYTES, Key, KeysMissing, KeysUnusable, keys_of_text, write_new_key

_FORMAT = 1
_NONCE_BYTES = 12
_LONG_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_SALT = b"totrinn"
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys as they were read at one time."""

    keys: dict[str, Key]
    ciphers: dict[str, AESGCM]
    oldest: Key
    newest: Key


class KeyVault(Vault):
    """Implements `ports.Vault`. Safe for any number of threads."""

    def __init__(self, keys: tuple[Key, ...], place: KeyPlace | None = None) -> None:
        self._ring = _ring_of(keys)
        self._active: str | None = None
        self._place = place
        self._stamp = place.stamp() if place else ()
        self._looked_at = time.monotonic()
        self._looking = threading.Lock()
        self._purposes: dict[tuple[str, str], bytes] = {}

    @classmethod
    def load(cls, place: Path) -> "KeyVault":
        """The vault with the keys in this directory, or this one file. Raises `KeysMissing` or `KeysUnusable`."""
        return cls.at(KeyPlace(place))

    @classmethod
    def at(cls, place: KeyPlace) -> "KeyVault":
        """The vault with the keys at this place. Raises `KeysMissing` or `KeysUnusable`."""
        return cls(place.read(), place)

    @classmethod
    def of_text(cls, text: str) -> "KeyVault":
        """The vault with the keys in this text. Raises `KeysMissing` or `KeysUnusable`."""
        return cls(keys_of_text(text))

    @classmethod
    def create(cls, directory: Path) -> "KeyVault":
        """Makes the first key. Raises `KeysUnusable` when there are keys: something may be sealed with them."""
        if any(directory.glob("*.key")):
            raise KeysUnusable(f"there are keys in {directory} already")
        write_new_key(directory)
        return cls.load(directory)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The keys that it knows, the oldest first."""
        return tuple(self._ring.keys)

    @property
    def active(self) -> str:
        """The key that it seals and signs with."""
        return self._active or self._ring.newest.id

    @property
    def digesting(self) -> str:
        """The key that it digests with."""
        return self._ring.oldest.id

    def use(self, id_: str) -> bool:
        """Seals and signs with this key from now on, read anew if need be; False where it is not known."""
        if id_ not in self._ring.keys:
            self.look_again(at_once=True)
        if id_ not in self._ring.keys:
            return False
        self._active = id_
        return True

    def look_again(self, *, at_once: bool = False) -> bool:
        """Reads the keys again if their files have changed, at most once a second; whether they are others now.

        Keys that lack the oldest or the active one are not taken: somebody is in the midst of moving them.
        """
        with self._looking:
            now = time.monotonic()
            if self._place is None or (not at_once and now - self._looked_at < _SECONDS_BETWEEN_LOOKS):
                return False
            self._looked_at = now
            stamp = self._place.stamp()
            if not stamp or stamp == self._stamp:
                return False
            try:
                ring = _ring_of(self._place.read())
            except (KeysMissing, KeysUnusable):
                return False
            if ring.oldest != self._ring.oldest or self.active not in ring.keys:
                return False
            self._active = self.active
            self._ring, self._stamp = ring, stamp
            return True

    def seal(self, secret: bytes, context: str) -> bytes:
        """Encrypts under the active key, bound to the context."""
        id_ = self.active
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = _header(id_)
        return header + nonce + self._ring.ciphers[id_].encrypt(nonce, secret, header + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts. Raises `SealBroken` when key, context or bytes do not fit."""
        header_end = 2 + sealed[1] if len(sealed) > 1 else 0
        header, nonce = sealed[:header_end], sealed[header_end : header_end + _NONCE_BYTES]
        id_ = header[2:].decode("ascii", "replace")
        cipher = self._ring.ciphers.get(id_)
        if cipher is None and self.look_again():
            cipher = self._ring.ciphers.get(id_)
        if cipher is None or header[0] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise SealBroken("sealed with a key that is not there")
        try:
            return cipher.decrypt(nonce, sealed[header_end + _NONCE_BYTES :], header + context.encode())
        except InvalidTag:
            raise SealBroken("changed, or sealed for something else") from None

    def digest(self, value: str, purpose: str) -> bytes:
        """HMAC-SHA-256 of the value, under the oldest key's key for this purpose; stays the same as keys are added."""
        return hmac.digest(self._key_for(self._ring.oldest, f"digest {purpose}"), _bytes(value), "sha256")

    def sign(self, value: str, purpose: str) -> str:
        """`value.signature` under the active key."""
        return f"{value}.{self._signature(self._ring.keys[self.active], value, purpose)}"

    def signed_value(self, signed: str, purpose: str) -> str | None:
        """The value, if the signature is by any of our keys, for this purpose. Compares in constant time (R91)."""
        value, dot, signature = signed.rpartition(".")
        if not dot or not signature.isascii():
            return None
        is_ours = self._is_signed(value, signature, purpose)
        if not is_ours and self.look_again():
            is_ours = self._is_signed(value, signature, purpose)
        return value if is_ours else None

    def enclose(self, value: bytes, purpose: str) -> str:
        """Encrypts under the active key's key for this purpose; in base64url, without padding."""
        key = self._ring.keys[self.active]
        header, nonce = _header(key.id), secrets.token_bytes(_LONG_NONCE_BYTES)
        own = self._key_for(key, f"enclose {purpose}")
        return _text(header + nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(value, header, nonce, own))

    def enclosed(self, text: str, purpose: str) -> bytes | None:
        """The value; None for what is not ours, is for something else, or is not written as we write it."""
        whole = _bytes_of(text)
        header_end = 2 + whole[1] if len(whole) > 1 else 0
        header, rest = whole[:header_end], whole[header_end:]
        id_ = key_of(whole)
        key = self._ring.keys.get(id_)
        if key is None and id_ and self.look_again():
            key = self._ring.keys.get(id_)
        if key is None or len(rest) < _LONG_NONCE_BYTES:
            return None
        nonce, own = rest[:_LONG_NONCE_BYTES], self._key_for(key, f"enclose {purpose}")
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(rest[_LONG_NONCE_BYTES:], header, nonce, own)
        except (CryptoError, ValueError):
            return None

    def _is_signed(self, value: str, signature: str, purpose: str) -> bool:
        ours = [self._signature(key, value, purpose) for key in self._ring.keys.values()]
        fits = [hmac.compare_digest(each, signature) for each in ours]
        return any(fits)

    def _signature(self, key: Key, value: str, purpose: str) -> str:
        return _text(hmac.digest(self._key_for(key, f"sign {purpose}"), _bytes(value), "sha256"))

    def _key_for(self, key: Key, purpose: str) -> bytes:
        derived = self._purposes.get((key.id, purpose))
        if derived is None:
            derived = self._purposes[key.id, purpose] = _derived(key, purpose)
        return derived


def key_of(sealed: bytes) -> str:
    """The id of the key that a value was sealed with; empty when it is no sealed value."""
    if len(sealed) < 2 or sealed[0] != _FORMAT:
        return ""
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def _header(id_: str) -> bytes:
    return bytes((_FORMAT, len(id_))) + id_.encode()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _bytes_of(text: str) -> bytes:
    """What stands in this base64url; nothing where it could be written otherwise, too."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return b""
    return found if _text(found) == text else b""


def _ring_of(keys: tuple[Key, ...]) -> _Ring:
    by_id = {key.id: key for key in keys}
    return _Ring(by_id, {key.id: AESGCM(_derived(key, "seal")) for key in keys}, keys[0], keys[-1])


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _derived(key: Key, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=_SALT, info=purpose.encode()).derive(key.secret)
