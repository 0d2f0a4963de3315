"""Encrypted answers, as a provider makes them and as it should not; anybody may make them, as our key is public."""

import base64
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from tests.sso.saml.provider import DSIG, SAML, XMLENC, Signing, answer, assertion, assertion_in, key, sign, tree

XMLENC11 = "http://www.w3.org/2009/xmlenc11#"
GCM = f"{XMLENC11}aes256-gcm"
CBC = f"{XMLENC}aes128-cbc"
MGF1P = f"{XMLENC}rsa-oaep-mgf1p"
OAEP11 = f"{XMLENC11}rsa-oaep"
RSA_15 = f"{XMLENC}rsa-1_5"

_KEY_BYTES = {"128": 16, "192": 24, "256": 32}


@dataclass(frozen=True)
class Encrypting:
    """How something is encrypted; the defaults are right."""

    data: str = GCM
    transport: str = MGF1P
    digest: str = ""
    """Of OAEP: the name of a digest; empty: SHA-1, and not named."""
    generator: str = ""
    """Of OAEP in XML Encryption 1.1."""
    beside: bool = False
    """The encrypted key stands beside the data, not within."""
    keys: int = 1
    key_bytes: int = 0
    """Another length than the algorithm's."""
    to: str = "ours"


_DIGESTS: dict[str, hashes.HashAlgorithm] = {"": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}
_PARAMETER = "<xenc:OAEPparams>AA==</xenc:OAEPparams>"


def encrypted(plain: bytes, how: Encrypting | None = None) -> etree._Element:
    """The `EncryptedAssertion` that holds these bytes."""
    how = how or Encrypting()
    content_key = secrets.token_bytes(how.key_bytes or _KEY_BYTES.get(how.data[-7:-4], 24))
    wrapped = base64.b64encode(_wrap(content_key, how)).decode()
    one_key = (
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{how.transport}">{_parameters(how)}'
        f"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )
    keys = one_key * how.keys
    info = "" if how.beside else f'<ds:KeyInfo xmlns:ds="{DSIG}">{keys}</ds:KeyInfo>'
    text = base64.b64encode(_encrypt(content_key, plain, how.data)).decode()
    return tree(
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}" xmlns:xenc="{XMLENC}"><xenc:EncryptedData'
        f' Type="{XMLENC}Element"><xenc:EncryptionMethod Algorithm="{how.data}"/>{info}<xenc:CipherData>'
        f"<xenc:CipherValue>{text}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
        f"{keys if how.beside else ''}</saml:EncryptedAssertion>"
    )


def holding(plain: bytes, how: Encrypting | None = None, *, signs_response: bool = False) -> etree._Element:
    """The right answer, with this encrypted in place of its assertion."""
    root = tree(answer())
    root.replace(assertion_in(root), encrypted(plain, how))
    if signs_response:
        sign(root)
    return root


def signed_assertion(how: Signing | None = None) -> bytes:
    """The right assertion by itself, signed."""
    own = tree(assertion().replace("<saml:Assertion ", f'<saml:Assertion xmlns:saml="{SAML}" ', 1))
    sign(own, how)
    return etree.tostring(own)


def plain_assertion() -> bytes:
    """The right assertion by itself, unsigned."""
    return assertion().replace("<saml:Assertion ", f'<saml:Assertion xmlns:saml="{SAML}" ', 1).encode()


def _parameters(how: Encrypting) -> str:
    if how.digest == "label":
        return _PARAMETER
    digest = f'<ds:DigestMethod xmlns:ds="{DSIG}" Algorithm="{XMLENC}{how.digest}"/>' if how.digest else ""
    mgf = f'<e:MGF xmlns:e="{XMLENC11}" Algorithm="{XMLENC11}mgf1{how.generator}"/>' if how.generator else ""
    return digest + mgf


def _wrap(content_key: bytes, how: Encrypting) -> bytes:
    public = key(how.to).public_key()
    assert isinstance(public, RSAPublicKey)
    if how.transport == RSA_15:
        return public.encrypt(content_key, PKCS1v15())
    digest = _DIGESTS.get(how.digest, hashes.SHA1())
    return public.encrypt(content_key, OAEP(MGF1(_DIGESTS.get(how.generator, hashes.SHA1())), digest, label=None))


def _encrypt(content_key: bytes, plain: bytes, algorithm: str) -> bytes:
    if algorithm.endswith("-gcm"):
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(content_key).encrypt(nonce, plain, None)
    block, size = (algorithms.AES(content_key), 16) if "aes" in algorithm else (None, 8)
    padding = size - len(plain) % size
    padded = plain + secrets.token_bytes(padding - 1) + bytes([padding])
    if block is None:
        return padded
    start = secrets.token_bytes(16)
    encryptor = Cipher(block, modes.CBC(start)).encryptor()
    return start + encryptor.update(padded) + encryptor.finalize()
