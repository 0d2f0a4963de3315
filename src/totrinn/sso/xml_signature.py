"""Enveloped XML signatures as SAML has them (SAML Core §5.4), and nothing else that XML Signature could do.

What is relied upon is never what came in, but what the signature covers: its canonical bytes, parsed anew. The form is
checked first, so that the verifier has nothing to choose: one reference, to the very element that holds the signature,
by its identifier. `KeyInfo` is thrown away unread; only pinned certificates count, and their period of validity does
not, as it is the pinning that is trusted.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import EXCLUSIVE_C14N, SIGNATURE, Element, children, ds, text_of
from totrinn.sso.xml_parsing import new_parser, reparse

RSA_BITS = 2048
CERTIFICATE_LENGTH = 16 * 1024
"""In Base64; those in use have some 1 500 characters, and loaded ones are remembered."""
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

_METHODS = frozenset({
    SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
    SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
})  # fmt: skip
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_METHOD_NAMES = frozenset(method.value for method in _METHODS)
_DIGEST_NAMES = frozenset(digest.value for digest in _DIGESTS)
_ENVELOPED = f"{SIGNATURE}enveloped-signature"
_INCLUSIVE = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"
_NC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BLANKS = str.maketrans("", "", " \t\r\n")
_PREFIXES = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*(?: [A-Za-z_][A-Za-z0-9._-]*){0,9}")

# What the verifier and its libraries are known to raise for a signature that is wrong.
_WRONG = (SignXMLException, InvalidSignature, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError, LookupError)


def verified(element: Element, certificates: Iterable[str]) -> Element:
    """The element as one of the pinned certificates (base64 DER) has signed it; raises `Refused`.

    The element holds one signature, which covers it as a whole. The result is parsed from the bytes that were signed.
    """
    own = reparse(element)
    identifier = _check_form(own)
    for signature in children(own, ds("Signature")):
        for key_info in children(signature, ds("KeyInfo")):
            signature.remove(key_info)
    message = etree.tostring(own)
    for certificate in certificates:
        signed = _signed_by(load_certificate(certificate), message)
        if signed is not None and signed.tag == own.tag and signed.get("ID") == identifier:
            return signed
    raise Refused(SamlRefusal.SIGNATURE_WRONG)


def load_certificate(text: str) -> x509.Certificate:
    """The certificate (base64 DER), whose key is strong enough: RSA of 2048 bits, or one of the NIST curves."""
    if len(text) > CERTIFICATE_LENGTH:
        raise Refused(SamlRefusal.CERTIFICATE_UNUSABLE, f"a certificate of more than {CERTIFICATE_LENGTH} characters")
    return _loaded(text)


@lru_cache(maxsize=256)
def _loaded(text: str) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(b64decode(text, validate=True))
        key = certificate.public_key()
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise Refused(SamlRefusal.CERTIFICATE_UNUSABLE, "a certificate cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS:
        return certificate
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return certificate
    raise Refused(SamlRefusal.CERTIFICATE_UNUSABLE, f"neither RSA of {RSA_BITS} bits nor ECDSA on P-256 or better")


def _signed_by(certificate: x509.Certificate, message: bytes) -> Element | None:
    expected = SignatureConfiguration(
        location="./",
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc,
    )
    try:
        result = XMLVerifier().verify(
            message, x509_cert=certificate, id_attribute="ID", parser=new_parser(), expect_config=expected
        )
    except _WRONG:
        return None
    return result.signed_xml if isinstance(result, VerifyResult) else None


def _check_form(element: Element) -> str:
    """Returns the identifier that the signature refers to: the element's own."""
    signature = _only(element, ds("Signature"))
    _expect(signature, [ds("SignedInfo"), ds("SignatureValue")], [ds("KeyInfo")])
    info = signature[0]
    _expect(info, [ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")])
    method, reference = info[1], info[2]
    _expect_canonical(info[0])
    _expect_algorithm(method, _METHOD_NAMES)
    _expect(reference, [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")])
    _expect_algorithm(reference[1], _DIGEST_NAMES)
    _expect_transforms(reference[0])
    for value in (signature[1], reference[2]):
        _expect_base64(value)
    identifier = element.get("ID") or ""
    if not _NC_NAME.fullmatch(identifier) or reference.get("URI") != f"#{identifier}":
        raise Refused(SamlRefusal.SIGNATURE_FORM, "the reference is not to the element itself")
    return identifier


def _expect_transforms(transforms: Element) -> None:
    _expect(transforms, [ds("Transform"), ds("Transform")])
    enveloped, canonical = transforms
    if enveloped.get("Algorithm") != _ENVELOPED:
        raise Refused(SamlRefusal.SIGNATURE_FORM, "the first transform is not the enveloped signature's")
    _expect(enveloped, [])
    _expect_canonical(canonical)


def _expect_canonical(method: Element) -> None:
    """Exclusive canonicalisation without comments, with a list of prefixes at most."""
    if method.get("Algorithm") != EXCLUSIVE_C14N:
        raise Refused(SamlRefusal.SIGNATURE_FORM, "the canonical form is not the exclusive one without comments")
    _expect(method, [], [_INCLUSIVE])
    for inclusive in method:
        if set(inclusive.attrib) != {"PrefixList"} or not _PREFIXES.fullmatch(inclusive.get("PrefixList") or ""):
            raise Refused(SamlRefusal.SIGNATURE_FORM, "the list of prefixes")


def _expect_algorithm(method: Element, allowed: frozenset[str]) -> None:
    if method.get("Algorithm") not in allowed:
        raise Refused(SamlRefusal.WEAK_ALGORITHM, (method.get("Algorithm") or "")[:80])
    _expect(method, [])


def _expect_base64(value: Element) -> None:
    # The verifier passes over whatever is no Base64. The blanks go first: a pattern that allowed them anywhere would
    # take the third power of their number.
    if len(value) or not _BASE64.fullmatch(text_of(value).translate(_BLANKS)):
        raise Refused(SamlRefusal.SIGNATURE_FORM, "a value is not Base64")


def _expect(element: Element, needed: list[str], optional: list[str] | None = None) -> None:
    """The element's children are these, in this order."""
    tags = [str(child.tag) for child in element]
    if tags not in (needed, needed + (optional or [])):
        raise Refused(SamlRefusal.SIGNATURE_FORM, "a signature has other parts than it should")


def _only(element: Element, tag: str) -> Element:
    found = children(element, tag)
    if len(found) != 1:
        raise Refused(SamlRefusal.SIGNATURE_FORM, "not exactly one signature")
    return found[0]
