"""Text to tree, for messages that anybody may have written: plain XML in UTF-8, of limited size, and nothing else.

Comments, CDATA sections, processing instructions and document types are refused before a parser sees them (R79): none
of them has a place in a SAML message, and each has let two readers of one document see two things.
"""

import re

from lxml import etree

from totrinn.sso.saml_limits import XML_BYTES, limited
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import Element

ELEMENTS = 2_000
ATTRIBUTES = 40
"""Of one element."""
DEPTH = 30
NAMESPACES = 200
"""Declarations, in the whole document."""

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(
    rb"""<\?xml\s+version=["']1\.[0-9]["'](?:\s+encoding=["']([A-Za-z0-9._-]{1,20})["'])?"""
    rb"""(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>""",
)


def parse(document: bytes) -> Element:
    """The root of a message within all limits; raises `Refused`."""
    text = plain_text(limited(document, XML_BYTES))
    if text.count(b"<") > 2 * ELEMENTS or text.count(b"xmlns") > NAMESPACES:
        raise Refused(SamlRefusal.TOO_COMPLEX, "too many elements or namespaces")
    root = tree_of(text, new_parser())
    _check_complexity(root)
    return root


def reparse(element: Element) -> Element:
    """The element as the root of a tree of its own, with the namespaces that it had where it stood."""
    return tree_of(etree.tostring(element, with_tail=False), new_parser())


def new_parser(*, drops_remarks: bool = False) -> etree.XMLParser:
    """A parser that fetches nothing, replaces no entities, and keeps libxml2's own limits."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=drops_remarks,
        remove_pis=drops_remarks,
        strip_cdata=True,
    )


def tree_of(text: bytes, parser: etree.XMLParser) -> Element:
    """What the parser makes of it; raises `Refused`."""
    try:
        root: Element = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise Refused(SamlRefusal.TOO_COMPLEX, "too deep") from None
        raise Refused(SamlRefusal.NOT_XML) from None
    return root


def plain_text(document: bytes) -> bytes:
    """The document without its XML declaration, certain to hold no other markup than elements."""
    text = without_declaration(document)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused(SamlRefusal.DOCTYPE)
    if b"<!" in text or b"<?" in text:
        raise Refused(SamlRefusal.HIDDEN_MARKUP)
    return text


def without_declaration(document: bytes) -> bytes:
    """The document from its root on; only UTF-8 is left, which is what the parser is told."""
    text = document.removeprefix(_BOM)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(SamlRefusal.NOT_UTF8) from None
    # A NUL is UTF-8, but no XML: here it betrays UTF-16 or UTF-32, which a parser may find out by itself.
    if b"\x00" in text:
        raise Refused(SamlRefusal.NOT_UTF8)
    declaration = _DECLARATION.match(text)
    if declaration is None:
        return text
    if (declaration[1] or b"utf-8").lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise Refused(SamlRefusal.NOT_UTF8)
    return text[declaration.end() :]


def _check_complexity(root: Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEPTH:
            raise Refused(SamlRefusal.TOO_COMPLEX, f"deeper than {DEPTH}")
        if len(element.attrib) > ATTRIBUTES:
            raise Refused(SamlRefusal.TOO_COMPLEX, f"more than {ATTRIBUTES} attributes")
