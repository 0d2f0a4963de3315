"""How a message may be built: this white list stands for the XML schema (R79).

For every element that is read, it lists which children it may have, in which order, which attributes, and whether it
has text. Whatever is not listed is refused, also where the schema would have it but no browser sign-in needs it
(`Advice`, `Extensions` of a response, other statements). Elements with `FREE` content are never read. On top of it:
identifiers are unique, signatures stand only where they are verified, and there is one assertion.
"""

from collections import Counter
from dataclasses import dataclass

from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import SCHEMA_INSTANCE, XML, Element, children, ds, local, saml, samlp, xenc
from totrinn.sso.xml_parsing import ELEMENTS

MANY = ELEMENTS
"""As many as the limit lets in."""

_FOREIGN = "{*}"
"""Any attribute of another namespace."""
_GENERIC_ATTRIBUTES = (f"{{{SCHEMA_INSTANCE}}}", f"{{{XML}}}")


@dataclass(frozen=True, slots=True)
class Form:
    """What an element may hold: (alternatives, how many of them), in this order; attributes; text."""

    children: tuple[tuple[frozenset[str], int], ...] = ()
    attributes: frozenset[str] = frozenset()
    text: bool = False
    other_child: SamlRefusal = SamlRefusal.UNEXPECTED_FORM
    """What any other child is refused as."""


def _form(
    *kinds: tuple[str | int, ...],
    attributes: str = "",
    other_child: SamlRefusal = SamlRefusal.UNEXPECTED_FORM,
) -> Form:
    listed = tuple((frozenset(str(tag) for tag in kind[:-1]), int(kind[-1])) for kind in kinds)
    return Form(listed, frozenset(attributes.split()), other_child=other_child)


def _text(attributes: str = "") -> Form:
    return Form(attributes=frozenset(attributes.split()), text=True)


_NAME = _text("NameQualifier SPNameQualifier Format SPProvidedID")
_MESSAGE = "ID Version IssueInstant Destination Consent"
_SIGNATURE = (ds("Signature"), MANY)

FREE = frozenset({
    ds("Signature"), saml("EncryptedAssertion"), saml("EncryptedID"), saml("EncryptedAttribute"),
    saml("AttributeValue"), saml("AuthnContextDecl"), samlp("StatusDetail"), samlp("Extensions"),
})  # fmt: skip
"""What is inside is checked by whoever reads it, or not read."""

FORMS: dict[str, Form] = {
    samlp("Response"): _form(
        (saml("Issuer"), 1),
        _SIGNATURE,
        (samlp("Status"), 1),
        (saml("Assertion"), saml("EncryptedAssertion"), MANY),
        attributes=f"{_MESSAGE} InResponseTo",
    ),
    samlp("LogoutRequest"): _form(
        (saml("Issuer"), 1),
        (samlp("Extensions"), 1),
        (saml("NameID"), saml("EncryptedID"), 1),
        (samlp("SessionIndex"), MANY),
        attributes=f"{_MESSAGE} NotOnOrAfter Reason",
    ),
    samlp("SessionIndex"): _text(),
    samlp("Status"): _form((samlp("StatusCode"), 1), (samlp("StatusMessage"), 1), (samlp("StatusDetail"), 1)),
    samlp("StatusCode"): _form((samlp("StatusCode"), 1), attributes="Value"),
    samlp("StatusMessage"): _text(),
    saml("Assertion"): _form(
        (saml("Issuer"), 1),
        _SIGNATURE,
        (saml("Subject"), 1),
        (saml("Conditions"), 1),
        (saml("AuthnStatement"), saml("AttributeStatement"), MANY),
        attributes="ID Version IssueInstant",
    ),
    saml("Issuer"): _NAME,
    saml("NameID"): _NAME,
    saml("Subject"): _form((saml("NameID"), saml("EncryptedID"), 1), (saml("SubjectConfirmation"), MANY)),
    saml("SubjectConfirmation"): _form(
        (saml("NameID"), saml("EncryptedID"), 1), (saml("SubjectConfirmationData"), 1), attributes="Method"
    ),
    saml("SubjectConfirmationData"): _form(attributes="NotOnOrAfter Recipient InResponseTo Address"),
    saml("Conditions"): _form(
        (saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction"), MANY),
        attributes="NotBefore NotOnOrAfter",
        other_child=SamlRefusal.UNKNOWN_CONDITION,
    ),
    saml("AudienceRestriction"): _form((saml("Audience"), MANY)),
    saml("Audience"): _text(),
    saml("OneTimeUse"): _form(),
    saml("ProxyRestriction"): _form((saml("Audience"), MANY), attributes="Count"),
    saml("AuthnStatement"): _form(
        (saml("SubjectLocality"), 1),
        (saml("AuthnContext"), 1),
        attributes="AuthnInstant SessionIndex SessionNotOnOrAfter",
    ),
    saml("SubjectLocality"): _form(attributes="Address DNSName"),
    saml("AuthnContext"): _form(
        (saml("AuthnContextClassRef"), 1),
        (saml("AuthnContextDecl"), saml("AuthnContextDeclRef"), 1),
        (saml("AuthenticatingAuthority"), MANY),
    ),
    saml("AuthnContextClassRef"): _text(),
    saml("AuthnContextDeclRef"): _text(),
    saml("AuthenticatingAuthority"): _text(),
    saml("AttributeStatement"): _form((saml("Attribute"), saml("EncryptedAttribute"), MANY)),
    saml("Attribute"): _form((saml("AttributeValue"), MANY), attributes=f"Name NameFormat FriendlyName {_FOREIGN}"),
}


def check_form(element: Element) -> None:
    """Holds the element, and all that is read in it, against the white list."""
    if element.tag in FREE:
        return
    form = FORMS.get(str(element.tag))
    if form is None:
        raise Refused(SamlRefusal.UNEXPECTED_FORM, local(element))
    _check_attributes(element, form)
    if not form.text and any((text or "").strip() for text in (element.text, *(child.tail for child in element))):
        raise Refused(SamlRefusal.UNEXPECTED_FORM, f"text in {local(element)}")
    _check_children(element, form)
    for child in element:
        check_form(child)


def check_identifiers(root: Element) -> None:
    """No identifier, however its attribute is written, is there twice."""
    seen = Counter(
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if str(name).rpartition("}")[2].lower() == "id"
    )
    if any(times > 1 for times in seen.values()):
        raise Refused(SamlRefusal.DUPLICATE_ID)


def check_signatures(root: Element) -> None:
    """Signatures are children of the message or of its assertion, one in each at most."""
    verified = [root, *children(root, saml("Assertion"))]
    for signature in root.iter(ds("Signature")):
        parent = signature.getparent()
        if parent is None or parent not in verified or len(children(parent, ds("Signature"))) > 1:
            raise Refused(SamlRefusal.MISPLACED_SIGNATURE)


def check_single(root: Element) -> None:
    """There is one message and one assertion at most, wherever one may hide."""
    for tags in ([samlp("Response")], [saml("Assertion"), saml("EncryptedAssertion")], [xenc("EncryptedData")]):
        if sum(1 for _ in root.iter(*tags)) > 1:
            raise Refused(SamlRefusal.SEVERAL_ASSERTIONS)


def _check_attributes(element: Element, form: Form) -> None:
    foreign = "{" if _FOREIGN in form.attributes else _GENERIC_ATTRIBUTES
    for name in map(str, element.attrib):
        if name not in form.attributes and not name.startswith(foreign):
            raise Refused(SamlRefusal.UNEXPECTED_FORM, f"{name[-40:]} of {local(element)}")


def _check_children(element: Element, form: Form) -> None:
    """Each child belongs to the kind of the one before it, or to a later one."""
    left = list(form.children)
    for child in element:
        while left and child.tag not in left[0][0]:
            left.pop(0)
        if not left:
            raise Refused(form.other_child, f"{local(child)} in {local(element)}")
        kinds, most = left.pop(0)
        if most > 1:
            left.insert(0, (kinds, most - 1))
