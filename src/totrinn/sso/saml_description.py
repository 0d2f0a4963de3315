"""What a provider must know of us: our metadata as a service provider (SAML Metadata §2.4.4), and our certificate.

The certificate only wraps the key, as providers want one. It is made anew each time and always comes out the same: its
number is a digest of the key, its dates are fixed, and RSA signatures of PKCS #1 v1.5 have no chance in them.
"""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from functools import lru_cache
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from totrinn.app.identity_providers import SamlSettings
from totrinn.sso.keys import load_key
from totrinn.sso.xml_names import (
    EMAIL_ADDRESS,
    ENCRYPTION,
    ENCRYPTION_11,
    HTTP_POST,
    HTTP_REDIRECT,
    METADATA,
    NAME_ID_FORMAT,
    PROTOCOL,
    SIGNATURE,
)

CONTENT_TYPE = "application/samlmetadata+xml"

_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
# The last day that every reader of certificates takes for what it is (RFC 5280 §4.1.2.5).
_ENDS = datetime(2049, 12, 31, tzinfo=UTC)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Totrinn")])


@lru_cache(maxsize=256)
def certificate_of(key: bytes) -> str:
    """Our self-signed certificate for this key: DER in base64, the same each time."""
    private = load_key(key)
    public = private.public_key()
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(public)
        # Twelve bytes, and one in front that makes it positive and never zero.
        .serial_number(int.from_bytes(b"\x01" + digest[:12]))
        .not_valid_before(_BEGINS)
        .not_valid_after(_ENDS)
        .sign(private, SHA256())
    )
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def description(settings: SamlSettings, key: bytes, *, entity_id: str, consumer: str, logout: str) -> bytes:
    """Our metadata for one connection."""
    signs = "true" if key else "false"
    return (
        f'<md:EntityDescriptor xmlns:md="{METADATA}" entityID={quoteattr(entity_id)}>'
        f'<md:SPSSODescriptor AuthnRequestsSigned="{signs}" WantAssertionsSigned="true"'
        f' protocolSupportEnumeration="{PROTOCOL}">'
        f"{_keys(settings, key)}"
        f'<md:SingleLogoutService Binding="{HTTP_REDIRECT}" Location={quoteattr(logout)}/>'
        # Lasting names first: some providers would otherwise choose a transient one.
        f"<md:NameIDFormat>{NAME_ID_FORMAT}persistent</md:NameIDFormat>"
        f"<md:NameIDFormat>{EMAIL_ADDRESS}</md:NameIDFormat>"
        f'<md:AssertionConsumerService Binding="{HTTP_POST}" Location={quoteattr(consumer)} index="0"'
        ' isDefault="true"/>'
        "</md:SPSSODescriptor>"
        "</md:EntityDescriptor>\n"
    ).encode()


def _keys(settings: SamlSettings, key: bytes) -> str:
    if not key:
        return ""
    info = (
        f'<ds:KeyInfo xmlns:ds="{SIGNATURE}"><ds:X509Data>'
        f"<ds:X509Certificate>{certificate_of(key)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
    algorithms = [f"{ENCRYPTION_11}aes256-gcm", f"{ENCRYPTION_11}aes128-gcm"]
    if settings.allows_cbc:
        algorithms += [f"{ENCRYPTION}aes256-cbc", f"{ENCRYPTION}aes128-cbc"]
    algorithms.append(f"{ENCRYPTION}rsa-oaep-mgf1p")
    methods = "".join(f'<md:EncryptionMethod Algorithm="{algorithm}"/>' for algorithm in algorithms)
    return (
        f'<md:KeyDescriptor use="signing">{info}</md:KeyDescriptor>'
        f'<md:KeyDescriptor use="encryption">{info}{methods}</md:KeyDescriptor>'
    )
