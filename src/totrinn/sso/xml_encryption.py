"""Decrypting an assertion (XML Encryption 1.0 and 1.1): RSA-OAEP for the key, AES-GCM for the text, CBC if allowed.

Whoever changes what is encrypted must learn nothing from the refusal, so that every failure past the form is the same
one (R79). CBC says nothing about whether its text is genuine: `saml_answers.py` takes it only with a signature in or
around it, and then calls *every* failure up to that signature a failure to decrypt.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import ENCRYPTION, ENCRYPTION_11, SIGNATURE, Element, children, ds, xenc

_BLOCK = 16
_GCM_NONCE = 12
_GCM_TAG = 16

# Algorithm → length of the key in bytes.
_GCM = {f"{ENCRYPTION_11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_CBC = {f"{ENCRYPTION}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}

_OAEP_MGF1P = f"{ENCRYPTION}rsa-oaep-mgf1p"
_OAEP = f"{ENCRYPTION_11}rsa-oaep"
# SHA-1 is sound within OAEP, which needs no resistance to collisions (RFC 8017 §7.1).
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    f"{SIGNATURE}sha1": hashes.SHA1(),  # noqa: S303 - as said above
    f"{ENCRYPTION}sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    f"{ENCRYPTION}sha512": hashes.SHA512(),
}
_MGF: dict[str, hashes.HashAlgorithm] = {
    f"{ENCRYPTION_11}mgf1sha1": hashes.SHA1(),  # noqa: S303 - as said above
    f"{ENCRYPTION_11}mgf1sha256": hashes.SHA256(),
    f"{ENCRYPTION_11}mgf1sha384": hashes.SHA384(),
    f"{ENCRYPTION_11}mgf1sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted assertion whose form and algorithms are accepted; nothing has been decrypted yet."""

    algorithm: str
    padding: OAEP
    key: bytes
    """The key of the text, encrypted."""
    text: bytes

    @property
    def is_cbc(self) -> bool:
        """Whether the text says nothing about who wrote it."""
        return self.algorithm in _CBC


def read_encrypted(element: Element, *, allows_cbc: bool) -> Encrypted:
    """What there is to decrypt in an `EncryptedAssertion`; raises `Refused`."""
    data = _only(element, xenc("EncryptedData"))
    method = _only(data, xenc("EncryptionMethod"))
    algorithm = method.get("Algorithm") or ""
    if algorithm not in (_GCM | _CBC if allows_cbc else _GCM) or len(method):
        raise Refused(SamlRefusal.ENCRYPTION_REFUSED, algorithm[:80])
    key = _key_of(element, data)
    return Encrypted(algorithm, _padding(key), _cipher_bytes(key), _cipher_bytes(data))


def decrypted(encrypted: Encrypted, key: RSAPrivateKey) -> bytes:
    """The assertion's text; raises `Refused`, always in the same way."""
    try:
        content_key = key.decrypt(encrypted.key, encrypted.padding)
        if len(content_key) != (_GCM | _CBC)[encrypted.algorithm]:
            raise Refused(SamlRefusal.DECRYPTION_FAILED)
        return (_open_cbc if encrypted.is_cbc else _open_gcm)(content_key, encrypted.text)
    except (ValueError, InvalidTag):
        raise Refused(SamlRefusal.DECRYPTION_FAILED) from None


def _open_gcm(key: bytes, text: bytes) -> bytes:
    if len(text) < _GCM_NONCE + _GCM_TAG:
        raise ValueError("too short")
    return AESGCM(key).decrypt(text[:_GCM_NONCE], text[_GCM_NONCE:], None)


def _open_cbc(key: bytes, text: bytes) -> bytes:
    if len(text) < 2 * _BLOCK or len(text) % _BLOCK:
        raise ValueError("no whole blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(text[:_BLOCK])).decryptor()
    padded = decryptor.update(text[_BLOCK:]) + decryptor.finalize()
    # The last byte alone says how much was added (XML Encryption §5.2): the others may be anything.
    if not 1 <= padded[-1] <= _BLOCK:
        raise ValueError("padding")
    return padded[: -padded[-1]]


def _key_of(encrypted: Element, data: Element) -> Element:
    """The one encrypted key: within the `KeyInfo` of the data, or beside the data."""
    keys = list(encrypted.iter(xenc("EncryptedKey")))
    if len(keys) != 1 or keys[0].getparent() not in (encrypted, *children(data, ds("KeyInfo"))):
        raise Refused(SamlRefusal.ENCRYPTION_REFUSED, "not exactly one encrypted key")
    return keys[0]


def _padding(encrypted_key: Element) -> OAEP:
    method = _only(encrypted_key, xenc("EncryptionMethod"))
    algorithm = method.get("Algorithm") or ""
    parts = {str(part.tag): part.get("Algorithm") or "" for part in method}
    digest = parts.pop(ds("DigestMethod"), f"{SIGNATURE}sha1")
    generator = f"{ENCRYPTION_11}mgf1sha1"
    if algorithm == _OAEP:
        generator = parts.pop(f"{{{ENCRYPTION_11}}}MGF", generator)
    if algorithm not in (_OAEP, _OAEP_MGF1P) or parts or digest not in _DIGESTS or generator not in _MGF:
        raise Refused(SamlRefusal.ENCRYPTION_REFUSED, algorithm[:80])
    return OAEP(mgf=MGF1(_MGF[generator]), algorithm=_DIGESTS[digest], label=None)


def _cipher_bytes(element: Element) -> bytes:
    """The text of `CipherData/CipherValue`; references to elsewhere are not followed."""
    value = _only(_only(element, xenc("CipherData")), xenc("CipherValue"))
    try:
        return b64decode("".join((value.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(SamlRefusal.DECRYPTION_FAILED) from None


def _only(element: Element, tag: str) -> Element:
    found = children(element, tag)
    if len(found) != 1:
        raise Refused(SamlRefusal.ENCRYPTION_REFUSED, "other parts than it should have")
    return found[0]
