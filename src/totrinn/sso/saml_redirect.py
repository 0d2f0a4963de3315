"""Messages in the query of an address (SAML Bindings §3.4): deflated, in Base64, and signed over the query's own text.

The signature covers the query as it was written, so that a query which came in is taken apart and never written anew.
"""

import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from totrinn.sso.keys import load_key
from totrinn.sso.saml_limits import decode, inflate
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_signature import load_certificate

_RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha"
_ALGORITHMS = {f"{_RSA}256": SHA256(), f"{_RSA}384": SHA384(), f"{_RSA}512": SHA512()}
_NAMES = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")


@dataclass(frozen=True, slots=True)
class RedirectedRequest:
    """A request whose signature is verified."""

    document: bytes
    relay_state: str | None


def is_address(text: str) -> bool:
    """Whether a browser may be sent there: an absolute http or https address without surprises."""
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(text)
        is_port_right = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_port_right and is_plain


def address_with(location: str, kind: str, document: bytes, *, relay_state: str | None, key: bytes) -> str:
    """The address that carries the message (`SAMLRequest` or `SAMLResponse`), signed if there is a key."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(document) + packer.flush()
    query = f"{kind}={_quoted(b64encode(packed).decode())}"
    if relay_state is not None:
        query += f"&RelayState={_quoted(relay_state)}"
    if key:
        query += f"&SigAlg={_quoted(f'{_RSA}256')}"
        signature = load_key(key).sign(query.encode(), PKCS1v15(), SHA256())
        query += f"&Signature={_quoted(b64encode(signature).decode())}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def read_request(raw_query: str, certificates: Iterable[str]) -> RedirectedRequest:
    """The request in a query, signed with one of the pinned certificates; raises `Refused`."""
    values = _values_of(raw_query)
    if "SAMLResponse" in values:
        raise Refused(SamlRefusal.OTHER_MESSAGE, "SAMLResponse")
    if "SAMLRequest" not in values:
        raise Refused(SamlRefusal.ANSWER_MISSING)
    if "Signature" not in values or "SigAlg" not in values:
        raise Refused(SamlRefusal.UNSIGNED)
    signed = "&".join(f"{name}={values[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg") if name in values)
    _check_signature(signed, values, certificates)
    relay_state = values.get("RelayState")
    return RedirectedRequest(
        document=inflate(decode(unquote_plus(values["SAMLRequest"]))),
        relay_state=None if relay_state is None else unquote_plus(relay_state, errors="strict"),
    )


def _values_of(raw_query: str) -> dict[str, str]:
    """The parameters of the binding, as they were written; each is there once, under its plain name."""
    values: dict[str, str] = {}
    for piece in raw_query.split("&"):
        written, _, value = piece.partition("=")
        name = unquote(written)
        if name in _NAMES:
            if name != written or name in values:
                raise Refused(SamlRefusal.PARAMETER_REPEATED, name)
            values[name] = value
    return values


def _check_signature(signed: str, values: dict[str, str], certificates: Iterable[str]) -> None:
    algorithm = _ALGORITHMS.get(unquote_plus(values["SigAlg"]))
    if algorithm is None:
        raise Refused(SamlRefusal.WEAK_ALGORITHM, unquote_plus(values["SigAlg"])[:80])
    try:
        signature = b64decode(unquote_plus(values["Signature"]), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(SamlRefusal.SIGNATURE_WRONG) from None
    for certificate in certificates:
        key = load_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            continue
        try:
            key.verify(signature, signed.encode(), PKCS1v15(), algorithm)
        except InvalidSignature:
            continue
        return
    raise Refused(SamlRefusal.SIGNATURE_WRONG)


def _quoted(text: str) -> str:
    return quote(text, safe="")
