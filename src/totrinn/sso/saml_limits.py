"""How much of a message is looked at (R82): all of this is counted before anything is parsed.

An honest answer has some 10 KiB, 60 elements and 20 namespace declarations; the limits leave room for many groups.
"""

import base64
import binascii
import re
import zlib

from totrinn.sso.saml_refusals import Refused, SamlRefusal

ENCODED_BYTES = 350_000
"""Of Base64, line breaks included."""
XML_BYTES = 256 * 1024
"""Of a message."""
METADATA_BYTES = 2 * 1024 * 1024
"""Of a provider's metadata."""

_BLANK = re.compile(r"[ \t\r\n]+")


def decode(text: str) -> bytes:
    """The bytes of strict Base64, in which only line breaks and blanks are passed over."""
    if len(text) > ENCODED_BYTES:
        raise Refused(SamlRefusal.TOO_LARGE, f"more than {ENCODED_BYTES} characters")
    try:
        decoded = base64.b64decode(_BLANK.sub("", text).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Refused(SamlRefusal.BAD_ENCODING, "not Base64") from None
    return limited(decoded, XML_BYTES)


def inflate(packed: bytes) -> bytes:
    """The document in raw DEFLATE (RFC 1951), of which no more is unpacked than is looked at."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        document = inflater.decompress(packed, XML_BYTES + 1)
    except zlib.error:
        raise Refused(SamlRefusal.BAD_ENCODING, "not DEFLATE") from None
    limited(document, XML_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise Refused(SamlRefusal.BAD_ENCODING, "DEFLATE with too little or too much")
    return document


def limited(document: bytes, limit: int) -> bytes:
    """The document, which is no longer than this."""
    if len(document) > limit:
        raise Refused(SamlRefusal.TOO_LARGE, f"more than {limit} bytes")
    return document
