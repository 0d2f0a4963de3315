"""A provider's metadata (SAML Metadata §2), as an administrator brings it or as it was fetched.

What is written in it is only agreed to once the administrator has confirmed it, so that its signature, of a federation
nobody here has pinned, says nothing; nor does its period of validity. Certificates' own dates do not count either: they
are pinned. Comments and processing instructions are dropped; a document type is refused.
"""

from collections.abc import Iterable

from totrinn.app.identity_providers import SamlSettings
from totrinn.sso.saml_limits import METADATA_BYTES, limited
from totrinn.sso.saml_redirect import is_address
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import HTTP_REDIRECT, PROTOCOL, Element, children, ds, local, md, text_of
from totrinn.sso.xml_parsing import new_parser, tree_of, without_declaration
from totrinn.sso.xml_signature import load_certificate

ENTITY_ID_LENGTH = 1024
"""SAML Metadata §2.2.1."""

_NAMESPACES = 2_000
_DEPTH = 40


def settings_in(document: bytes, entity_id: str) -> SamlSettings:
    """What the metadata says of the provider; of several, `entity_id` names the one. Raises `Refused`."""
    entity = _chosen(_root_of(document), entity_id)
    role = _role_of(entity)
    if role is None:
        raise Refused(SamlRefusal.NO_PROVIDER, "no IDPSSODescriptor for SAML 2.0")
    return SamlSettings(
        entity_id=entity.get("entityID") or "",
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


def _entities(root: Element, depth: int = 0) -> Iterable[Element]:
    if root.tag == md("EntityDescriptor"):
        yield root
    elif depth < _DEPTH:
        for child in root.iterchildren(md("EntityDescriptor"), md("EntitiesDescriptor")):
            yield from _entities(child, depth + 1)


def _chosen(root: Element, entity_id: str) -> Element:
    providers = [entity for entity in _entities(root) if _role_of(entity) is not None]
    if entity_id:
        providers = [entity for entity in providers if entity.get("entityID") == entity_id]
    names = [(entity.get("entityID") or "")[:100] for entity in providers]
    if len(providers) > 1:
        raise Refused(SamlRefusal.SEVERAL_PROVIDERS, " ".join(names[:10]))
    if not providers or not 0 < len(providers[0].get("entityID") or "") <= ENTITY_ID_LENGTH:
        raise Refused(SamlRefusal.NO_PROVIDER, entity_id[:100])
    return providers[0]


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
    if not found:
        raise Refused(SamlRefusal.NO_CERTIFICATE)
    for text in found:
        load_certificate(text)
    return tuple(dict.fromkeys(found))
