"""Service providers as they should not be: they show that the forged answers have teeth.

Both verify some signature anywhere in the document, with the right key and the right digest, and then read what they
like: one the first assertion that it finds, the other the last.
"""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree

from tests.sso.saml.provider import DSIG, SAML, key


def first_name(document: bytes) -> str | None:
    """The first NameID of a document with a valid signature in it."""
    return _name(document, 0)


def last_name(document: bytes) -> str | None:
    """The last one."""
    return _name(document, -1)


def _name(document: bytes, which: int) -> str | None:
    try:
        root = etree.fromstring(document)
    except etree.XMLSyntaxError:
        return None
    names = [name.text for found in root.iter(f"{{{SAML}}}Assertion") for name in found.iter(f"{{{SAML}}}NameID")]
    is_signed = any(_is_valid(found) for found in root.iter(f"{{{DSIG}}}Signature"))
    return names[which] if names and is_signed else None


def _is_valid(signature: etree._Element) -> bool:
    info = signature.find(f"{{{DSIG}}}SignedInfo")
    reference = signature.find(f".//{{{DSIG}}}Reference")
    if info is None or reference is None:
        return False
    value = base64.b64decode(signature.findtext(f"{{{DSIG}}}SignatureValue") or "")
    try:
        key("provider").public_key().verify(value, _canonical(info), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    digest = base64.b64decode(reference.findtext(f"{{{DSIG}}}DigestValue") or "")
    identifier = (reference.get("URI") or "")[1:]
    referred = [element for element in signature.getroottree().iter() if element.get("ID") == identifier]
    return any(_digest_of(found, signature) == digest for found in referred)


def _digest_of(element: etree._Element, signature: etree._Element) -> bytes:
    """The digest without the signature, wherever it stands."""
    signature.set("mark", "this")
    own = etree.fromstring(etree.tostring(element, with_tail=False))
    del signature.attrib["mark"]
    for found in list(own.iter(f"{{{DSIG}}}Signature")):
        parent = found.getparent()
        if found.get("mark") and parent is not None:
            parent.remove(found)
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(_canonical(own))
    return hasher.finalize()


def _canonical(element: etree._Element) -> bytes:
    own = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(own, method="c14n", exclusive=True)
