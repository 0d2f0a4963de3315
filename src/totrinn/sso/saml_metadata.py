"""A provider's metadata (SAML Metadata §2), as an administrator brings it or as it was fetched.

What is written in it is only agreed to once the administrator has confirmed it, so that its signature, of a federation
nobody here has pinned, says nothing; nor does its period of validity. Certificates' own dates do not count either: they
are pinned. Comments and processing instructions are dropped; a document type is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from totrinn.app.identity_providers import SamlSettings
from totrinn.sso.saml_limits import METADATA_BYTES, limited
from totrinn.sso.saml_redirect import is_address
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import HTTP_REDIRECT, PROTOCOL, Element, children, ds, local, md, text_of
from totrinn.sso.xml_parsing import new_parser, tree_of, without_declaration
from totrinn.sso.xml_signature import load_certificate

ENTITY_ID_LENGTH = 1024
"""SAML Metadata §2.2.1."""

CERTIFICATES = 10
"""More are of no use in a roll-over, and each may be tried at every sign-in."""

_NAMESPACES = 2_000


@dataclass(frozen=True, slots=True)
class _Provider:
    entity_id: str
    role: Element


def settings_in(document: bytes, entity_id: str) -> SamlSettings:
    """What the metadata says of the provider; of several, `entity_id` names the one. Raises `Refused`."""
    provider = _chosen(_root_of(document), entity_id)
    role = provider.role
    return SamlSettings(
        entity_id=provider.entity_id,
        sso_url=_sso_url(role),
        certificates=_certificates(role),
        slo_url=_slo_url(role),
    )


def _root_of(document: bytes) -> Element:
    text = without_declaration(limited(document, METADATA_BYTES))
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused(SamlRefusal.DOCTYPE)
    if text.count(b"xmlns") > _NAMESPACES:
        raise Refused(SamlRefusal.TOO_COMPLEX, f"more than {_NAMESPACES} namespaces")
    root = tree_of(text, new_parser(drops_remarks=True))
    if root.tag not in (md("EntityDescriptor"), md("EntitiesDescriptor")):
        raise Refused(SamlRefusal.OTHER_MESSAGE, local(root))
    return root


def _providers(root: Element) -> Iterable[_Provider]:
    """Every identity provider in it, within groups of them and groups of groups."""
    for entity in root.iter(md("EntityDescriptor")):
        role = _role_of(entity)
        if role is not None:
            yield _Provider(entity.get("entityID") or "", role)


def _chosen(root: Element, entity_id: str) -> _Provider:
    found = [provider for provider in _providers(root) if entity_id in ("", provider.entity_id)]
    if len(found) > 1:
        raise Refused(SamlRefusal.SEVERAL_PROVIDERS, " ".join(provider.entity_id[:100] for provider in found[:10]))
    if not found or not 0 < len(found[0].entity_id) <= ENTITY_ID_LENGTH:
        raise Refused(SamlRefusal.NO_PROVIDER, entity_id[:100])
    return found[0]


def _role_of(entity: Element) -> Element | None:
    for role in children(entity, md("IDPSSODescriptor")):
        if PROTOCOL in (role.get("protocolSupportEnumeration") or "").split():
            return role
    return None


def _services(role: Element, name: str) -> list[Element]:
    return [service for service in children(role, md(name)) if service.get("Binding") == HTTP_REDIRECT]


def _sso_url(role: Element) -> str:
    locations = [service.get("Location") or "" for service in _services(role, "SingleSignOnService")]
    usable = [location for location in locations if is_address(location)]
    if not usable:
        raise Refused(SamlRefusal.NO_REDIRECT, " ".join(locations)[:200])
    return usable[0]


def _slo_url(role: Element) -> str:
    """Where our answers go, which is all that we send there (SAML Metadata §2.2.2: `ResponseLocation`)."""
    for service in _services(role, "SingleLogoutService"):
        location = service.get("ResponseLocation") or service.get("Location") or ""
        if is_address(location):
            return location
    return ""


def _certificates(role: Element) -> tuple[str, ...]:
    """The signing certificates: those for signing, and those of which no use is said."""
    found = [
        "".join(text_of(certificate).split())
        for descriptor in children(role, md("KeyDescriptor"))
        if descriptor.get("use", "signing") == "signing"
        for certificate in descriptor.iter(ds("X509Certificate"))
    ]
    pinned = tuple(dict.fromkeys(found))
    if not pinned:
        raise Refused(SamlRefusal.NO_CERTIFICATE)
    if len(pinned) > CERTIFICATES:
        raise Refused(SamlRefusal.CERTIFICATE_UNUSABLE, f"more than {CERTIFICATES} certificates")
    for text in pinned:
        load_certificate(text)
    return pinned
