"""Signature wrapping: a validly signed answer is taken apart, and put together around an assertion of the attacker's.

Nothing is signed anew. The well-known eight (XSW1 to XSW8, Somorovsky et al. 2012) are among the places.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from lxml import etree

from tests.sso.saml.provider import DSIG, EVIL, SAML, SAMLP, SUBJECT, answer, assertion_in, signed
from totrinn.sso.saml_refusals import SamlRefusal as No

Element = etree._Element

SIGNATURES = ("none", "copied", "moved")
"""What the attacker's element holds: no signature, a copy of the honest one's, or the honest one's own."""
IDENTIFIERS = ("same", "new", "none")


@dataclass(frozen=True)
class Wrapped:
    """An answer that holds an honest element and one of the attacker's."""

    name: str
    document: bytes
    code: str


def _append(parent: Element, tag: str) -> Element:
    return etree.SubElement(parent, tag)


def _inside(path: tuple[str, ...]) -> Callable[[Element, Element], None]:
    """Hides one element in another one, this deep."""

    def hide(hidden: Element, host: Element) -> None:
        for tag in path:
            found = host.find(tag)
            host = _append(host, tag) if found is None else found
        host.append(hidden)

    return hide


_OBJECT = (f"{{{DSIG}}}Signature", f"{{{DSIG}}}Object")
_KEY_INFO = (f"{{{DSIG}}}Signature", f"{{{DSIG}}}KeyInfo")
_ADVICE = (f"{{{SAML}}}Advice",)
_DATA = tuple(f"{{{SAML}}}{name}" for name in ("Subject", "SubjectConfirmation", "SubjectConfirmationData"))
_VALUE = tuple(f"{{{SAML}}}{name}" for name in ("AttributeStatement", "Attribute", "AttributeValue"))
_EXTENSIONS = (f"{{{SAMLP}}}Extensions",)
_DETAIL = (f"{{{SAMLP}}}Status", f"{{{SAMLP}}}StatusDetail")
_ENCRYPTED = (f"{{{SAML}}}EncryptedAssertion",)

# Where the white list itself refuses what is hidden there. Everywhere else is free, and it must be found by counting.
_LISTED = {_ADVICE, _DATA, _EXTENSIONS}

# Of two assertions, one is within the other; the response holds the outer one.
_WITHIN = {"object": _OBJECT, "key info": _KEY_INFO, "advice": _ADVICE, "data": _DATA, "value": _VALUE, "itself": ()}
# One of two assertions is within the response, apart from where assertions stand.
_APART = {"extensions": _EXTENSIONS, "status": _DETAIL, "encrypted": _ENCRYPTED, "response's signature": _OBJECT}
# The honest response is within the attacker's.
_AROUND = {"itself": (), "extensions": _EXTENSIONS, "object": _OBJECT, "status": _DETAIL}


def _evil(honest: Element, signature: str, identifier: str) -> Element:
    """The attacker's copy of an element, with another person in it."""
    evil = etree.fromstring(etree.tostring(honest).replace(SUBJECT.encode(), EVIL.encode()))
    for found in evil.findall(f"{{{DSIG}}}Signature"):
        evil.remove(found)
    if identifier == "new":
        evil.set("ID", "_evil")
    elif identifier == "none":
        del evil.attrib["ID"]
    own = honest.find(f"{{{DSIG}}}Signature")
    if own is not None and signature != "none":
        evil.insert(1, own if signature == "moved" else copy.deepcopy(own))
    return evil


def _parts(form: str, signature: str, identifier: str) -> tuple[Element, Element, Element]:
    root = etree.fromstring(signed(answer(), form))
    honest = assertion_in(root)
    return root, honest, _evil(honest, signature, identifier)


def _siblings(form: str, signature: str, identifier: str) -> Iterator[tuple[str, Element, bool]]:
    for name in ("evil before", "evil behind"):
        root, honest, evil = _parts(form, signature, identifier)
        (honest.addprevious if name == "evil before" else honest.addnext)(evil)
        yield name, root, False


def _one_within_other(form: str, signature: str, identifier: str) -> Iterator[tuple[str, Element, bool]]:
    for place, path in _WITHIN.items():
        is_listed = path in _LISTED or not path
        root, honest, evil = _parts(form, signature, identifier)
        root.replace(honest, evil)
        _make_room(evil, path)
        _inside(path)(honest, evil)
        yield f"honest in evil's {place}", root, is_listed
        root, honest, evil = _parts(form, signature, identifier)
        _make_room(honest, path)
        _inside(path)(evil, honest)
        yield f"evil in honest's {place}", root, is_listed


def _one_apart(form: str, signature: str, identifier: str) -> Iterator[tuple[str, Element, bool]]:
    for place, path in _APART.items():
        for who in ("honest", "evil"):
            root, honest, evil = _parts(form, signature, identifier)
            hidden = evil
            if who == "honest":
                root.replace(honest, evil)
                hidden = honest
            _make_room(root, path)
            _inside(path)(hidden, root)
            yield f"{who} in {place}", root, path in _LISTED


def _make_room(host: Element, path: tuple[str, ...]) -> None:
    """A signature to hide in stands where signatures stand, so that not the order of the parts is refused."""
    if path[:1] == _OBJECT[:1] and host.find(path[0]) is None:
        host.insert(1, etree.Element(path[0]))


def _assertions() -> Iterator[Wrapped]:
    for form in ("A", "B", "R"):
        for signature in SIGNATURES if form != "R" else ("none",):
            for identifier in IDENTIFIERS:
                for arrange in (_siblings, _one_within_other, _one_apart):
                    for name, root, is_listed in arrange(form, signature, identifier):
                        full = f"{form}: {name}, signature {signature}, id {identifier}"
                        yield Wrapped(full, etree.tostring(root), _expected(root, is_listed))


def _responses() -> Iterator[Wrapped]:
    """Whole responses around, within or in place of the honest one."""
    for form in ("R", "B"):
        for signature in SIGNATURES:
            for identifier in IDENTIFIERS:
                for place, path in _AROUND.items():
                    honest = etree.fromstring(signed(answer(), form))
                    evil = _evil(honest, signature, identifier)
                    _make_room(evil, path)
                    _inside(path)(honest, evil)
                    is_listed = path in _LISTED or not path
                    name = f"{form}: honest response in evil's {place}, signature {signature}, id {identifier}"
                    yield Wrapped(name, etree.tostring(evil), _expected(evil, is_listed))


def _expected(root: Element, is_listed: bool) -> str:
    """What the guards, in their order, make of it: form, identifiers, signatures, count."""
    if is_listed:
        return No.UNEXPECTED_FORM
    identifiers = [element.get("ID") for element in root.iter() if element.get("ID")]
    if len(set(identifiers)) < len(identifiers):
        return No.DUPLICATE_ID
    places = [root, *root.findall(f"{{{SAML}}}Assertion")]
    if any(found.getparent() not in places for found in root.iter(f"{{{DSIG}}}Signature")):
        return No.MISPLACED_SIGNATURE
    return No.SEVERAL_ASSERTIONS


@cache
def wrappings() -> tuple[Wrapped, ...]:
    """All of them."""
    return (*_assertions(), *_responses())
