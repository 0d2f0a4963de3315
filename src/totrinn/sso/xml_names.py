"""The names of SAML, XML Signature and XML Encryption, written as lxml has them: `{namespace}name`."""

from lxml.etree import _Element

Element = _Element

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
ENCRYPTION_11 = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"

HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
NAME_ID_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def samlp(name: str) -> str:
    """A name of the SAML protocol."""
    return f"{{{PROTOCOL}}}{name}"


def saml(name: str) -> str:
    """A name of SAML assertions."""
    return f"{{{ASSERTION}}}{name}"


def md(name: str) -> str:
    """A name of SAML metadata."""
    return f"{{{METADATA}}}{name}"


def ds(name: str) -> str:
    """A name of XML Signature."""
    return f"{{{SIGNATURE}}}{name}"


def xenc(name: str) -> str:
    """A name of XML Encryption."""
    return f"{{{ENCRYPTION}}}{name}"


def local(element: Element) -> str:
    """An element's name without its namespace, for whoever reads a refusal."""
    return str(element.tag).rpartition("}")[2][:40]


def children(element: Element, tag: str) -> list[Element]:
    """The element's own children of this name."""
    return [child for child in element if child.tag == tag]


def text_of(element: Element) -> str:
    """The text of an element that holds nothing else."""
    return element.text or ""
