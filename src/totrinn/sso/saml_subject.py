"""Who a SAML message is about: the NameID, and what the attributes tell.

The subject is the NameID's value. A `NameQualifier` other than the provider's own name says that the value was given by
somebody behind the provider, who may give the same one to another person; it then stands in front of the value
(SAML Core §8.3.7), behind a blank, which no plain value begins with: a value that looks like a qualified one stays
another person. A transient NameID is refused, as it names somebody else's visit next time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from totrinn.app.identity_providers import SamlSettings
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import EMAIL_ADDRESS, NAME_ID_FORMAT, Element, children, saml, text_of

NAME_ID_LENGTH = 256
"""As long as SAML Core §8.3.7 lets a persistent one be."""

SESSION_LENGTH = 255
"""As long as `sid` of OpenID Connect may be here."""

_LONGEST_NAME = 200
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/"

EMAIL_NAMES = (
    "urn:oid:0.9.2342.19200300.100.1.3", f"{_CLAIMS}emailaddress", "mail", "email", "emailAddress", "emailaddress",
    "Email", "urn:mace:dir:attribute-def:mail",
)  # fmt: skip
DISPLAY_NAMES = (
    "urn:oid:2.16.840.1.113730.3.1.241", f"{_MICROSOFT}identity/claims/displayname", "displayName", "displayname",
    "urn:oid:2.5.4.3", "cn", "commonName", f"{_CLAIMS}displayname", "urn:mace:dir:attribute-def:displayName",
)  # fmt: skip
GIVEN_NAMES = ("urn:oid:2.5.4.42", f"{_CLAIMS}givenname", "givenName", "firstName", "first_name", "given_name")
FAMILY_NAMES = ("urn:oid:2.5.4.4", f"{_CLAIMS}surname", "sn", "surname", "lastName", "last_name", "family_name")
# Often a sign-in name, and therefore the last resort.
PLAIN_NAMES = ("name", f"{_CLAIMS}name")
GROUP_NAMES = (
    f"{_MICROSOFT}ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/Group", "groups", "group",
    "memberOf", f"{_MICROSOFT}ws/2008/06/identity/claims/role", "roles", "Role", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "isMemberOf", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "eduPersonAffiliation",
)  # fmt: skip

Attributes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class NameId:
    """A person's name at the provider."""

    value: str
    format: str
    subject: str
    """The value, qualified where it has to be."""


def name_id_of(parent: Element, provider: str) -> NameId:
    """The NameID in it, which lasts and is plain text."""
    if children(parent, saml("EncryptedID")):
        raise Refused(SamlRefusal.ENCRYPTED_PART, "EncryptedID")
    found = children(parent, saml("NameID"))
    if len(found) != 1:
        raise Refused(SamlRefusal.NAME_ID_MISSING)
    element = found[0]
    kind = element.get("Format") or ""
    if kind == f"{NAME_ID_FORMAT}transient":
        raise Refused(SamlRefusal.NAME_ID_TRANSIENT)
    value, qualifier = text_of(element), element.get("NameQualifier") or provider
    subject = value if qualifier == provider else _qualified(qualifier, value)
    # Without white space at its ends, which people cannot see, nor anything else that does not print.
    if len(element) or not value or value != value.strip() or not subject.isprintable():
        raise Refused(SamlRefusal.NAME_ID_MALFORMED)
    if len(subject) > NAME_ID_LENGTH:
        raise Refused(SamlRefusal.NAME_ID_MALFORMED, f"longer than {NAME_ID_LENGTH} characters")
    return NameId(value, kind, subject)


def _qualified(qualifier: str, value: str) -> str:
    """One text for each pair of them, and none that is a value by itself."""
    escaped = qualifier.replace("%", "%25").replace("!", "%21")
    return f" {escaped}!{value}"


def session_of(index: str) -> str:
    """What a `SessionIndex` says, which is plain text of a length that can be kept; nothing, where it is empty."""
    if len(index) > SESSION_LENGTH or not index.isprintable():
        raise Refused(
            SamlRefusal.UNEXPECTED_FORM, f"SessionIndex of more than {SESSION_LENGTH} characters, or not plain"
        )
    return index


def attributes_of(assertion: Element) -> Attributes:
    """The attributes by name; values that are no text are left out."""
    attributes: dict[str, tuple[str, ...]] = {}
    for statement in children(assertion, saml("AttributeStatement")):
        if children(statement, saml("EncryptedAttribute")):
            raise Refused(SamlRefusal.ENCRYPTED_PART, "EncryptedAttribute")
        for attribute in children(statement, saml("Attribute")):
            name = attribute.get("Name") or ""
            if name in attributes:
                raise Refused(SamlRefusal.ATTRIBUTE_REPEATED, name[:100])
            attributes[name] = tuple(_values_of(attribute))
    return attributes


def email_of(attributes: Attributes, name_id: NameId, settings: SamlSettings) -> str | None:
    """The one address: of the chosen attribute, else under a usual name, else the NameID that says it is one."""
    if settings.email_attribute:
        return _single(attributes, [settings.email_attribute])
    found = _single(attributes, EMAIL_NAMES)
    if found is None and name_id.format == EMAIL_ADDRESS:
        return name_id.value
    return found


def name_of(attributes: Attributes, settings: SamlSettings) -> str:
    """The person's name, for show only: empty when there is none, or one with signs that do something."""
    name = _told_name(attributes, settings)
    return name[:_LONGEST_NAME] if name.isprintable() else ""


def _told_name(attributes: Attributes, settings: SamlSettings) -> str:
    if settings.name_attribute:
        return _single(attributes, [settings.name_attribute]) or ""
    shown = _single(attributes, DISPLAY_NAMES)
    if shown:
        return shown
    given, family = _single(attributes, GIVEN_NAMES), _single(attributes, FAMILY_NAMES)
    return " ".join(filter(None, (given, family))) or _single(attributes, PLAIN_NAMES) or ""


def groups_of(attributes: Attributes, settings: SamlSettings) -> tuple[str, ...]:
    """The values of the chosen attribute, else of the first usual one that is there."""
    names = [settings.groups_attribute] if settings.groups_attribute else GROUP_NAMES
    return next((attributes[name] for name in names if name in attributes), ())


def _single(attributes: Attributes, names: Sequence[str]) -> str | None:
    """The value of the first attribute that has exactly one."""
    for name in names:
        values = attributes.get(name, ())
        if len(values) == 1:
            return values[0]
    return None


def _values_of(attribute: Element) -> Iterable[str]:
    for value in children(attribute, saml("AttributeValue")):
        if not len(value) and (text := text_of(value).strip()):
            yield text
