"""A provider's metadata: what is agreed to with it, and what is not read out of it."""

import pytest

from tests.sso.saml.provider import (
    DSIG,
    certificate,
    curve_key,
    key,
    own_certificate,
)
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Rejected, SamlSettings
from totrinn.sso.saml_refusals import SamlRefusal

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"


def key_descriptor(text: str, use: str = ' use="signing"') -> str:
    """One certificate."""
    return (
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def service(name: str, location: str, binding: str = REDIRECT, more: str = "") -> str:
    """One address."""
    return f'<md:{name} Binding="{binding}" Location="{location}"{more}/>'


SSO = service("SingleSignOnService", "https://idp.example/sso")
SLO = service("SingleLogoutService", "https://idp.example/slo")


def entity(name: str = "https://idp.example", keys: str = "", services: str = SLO + SSO, protocols: str = SAML2) -> str:
    """One provider."""
    keys = keys or key_descriptor(own_certificate("provider"))
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DSIG}" entityID="{name}" validUntil="2001-01-01T00:00:00Z">'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{protocols}">{keys}{services}</md:IDPSSODescriptor>'
        "</md:EntityDescriptor>"
    )


def several(*entities: str) -> str:
    """A federation of them."""
    return f'<md:EntitiesDescriptor xmlns:md="{MD}">{"".join(entities)}</md:EntitiesDescriptor>'


def read(text: str, entity_id: str = "") -> SamlSettings:
    """The settings; fails when they are refused."""
    result = OURS.read_metadata(text.encode(), entity_id)
    assert isinstance(result, SamlSettings), result
    return result


def refusal(text: str | bytes, entity_id: str = "") -> str:
    """The code of the refusal."""
    result = OURS.read_metadata(text if isinstance(text, bytes) else text.encode(), entity_id)
    assert isinstance(result, Rejected), result
    return result.code


def test_settings_are_read_from_metadata() -> None:
    """Name, addresses and certificates; everything else stays as it is by default."""
    assert read(entity()) == SamlSettings(
        entity_id="https://idp.example",
        sso_url="https://idp.example/sso",
        certificates=(own_certificate("provider"),),
        slo_url="https://idp.example/slo",
    )


def test_signing_certificates_are_those_for_signing_and_those_without_a_use() -> None:
    """In their order, each once, line breaks removed; those for encryption do not count."""
    broken = "\n".join(own_certificate("provider")[n : n + 64] for n in range(0, 4000, 64))
    keys = (
        key_descriptor(own_certificate("evil"), ' use="encryption"')
        + key_descriptor(f"\n{broken}\n", "")
        + key_descriptor(own_certificate("next"))
        + key_descriptor(own_certificate("provider"))
    )
    assert read(entity(keys=keys)).certificates == (own_certificate("provider"), own_certificate("next"))


def test_ended_certificates_and_keys_on_curves_are_pinned() -> None:
    """It is the pinning that is trusted, not the dates."""
    for text in (certificate(key("old"), ended=True), certificate(curve_key("new"))):
        assert read(entity(keys=key_descriptor(text))).certificates == (text,)


@pytest.mark.row("R79")
def test_certificates_that_are_too_weak_are_refused() -> None:
    """Fewer than 2048 bits, and what is none, also beside a good one."""
    good = key_descriptor(own_certificate("provider"))
    for text in (certificate(key("weak", 1024)), "AAAA", "!", "", "MIIC"):
        assert refusal(entity(keys=good + key_descriptor(text))) == SamlRefusal.CERTIFICATE_UNUSABLE
    assert refusal(entity(keys=key_descriptor(own_certificate("x"), ' use="encryption"'))) == SamlRefusal.NO_CERTIFICATE


@pytest.mark.row("R82")
def test_no_more_certificates_are_pinned_than_are_of_use() -> None:
    """Ten, each of a size that certificates have."""
    names = [f"provider-{n}" for n in range(2)]
    many = [key_descriptor(certificate(curve_key(f"{name}-{n}"))) for name in names for n in range(5)]
    assert len(read(entity(keys="".join(many))).certificates) == 10
    many.append(key_descriptor(own_certificate("provider")))
    assert refusal(entity(keys="".join(many))) == SamlRefusal.CERTIFICATE_UNUSABLE
    assert refusal(entity(keys=key_descriptor("A" * 20_000))) == SamlRefusal.CERTIFICATE_UNUSABLE


def test_one_of_several_is_chosen_by_its_name() -> None:
    """Groups within groups are looked through; without a choice, there must be one only."""
    other = entity("https://other.example", services=service("SingleSignOnService", "https://other.example/sso"))
    federation = several(several(entity()), other)
    assert read(federation, "https://other.example").sso_url == "https://other.example/sso"
    assert read(federation, "https://idp.example").sso_url == "https://idp.example/sso"
    assert refusal(federation) == SamlRefusal.SEVERAL_PROVIDERS
    assert refusal(federation, "https://third.example") == SamlRefusal.NO_PROVIDER
    assert refusal(several(entity(), entity()), "https://idp.example") == SamlRefusal.SEVERAL_PROVIDERS
    assert refusal(several()) == SamlRefusal.NO_PROVIDER
    many = OURS.read_metadata(several(*(entity(f"https://{n}.{'x' * 90}.example") for n in range(10))).encode())
    assert isinstance(many, Rejected)
    assert len(many.detail) == 500
    assert read(several(entity())).entity_id == "https://idp.example"


def test_only_identity_providers_of_saml_2_count() -> None:
    """Services, and providers of older protocols, are passed over."""
    old = entity("https://old.example", protocols="urn:oasis:names:tc:SAML:1.1:protocol")
    assert refusal(old) == SamlRefusal.NO_PROVIDER
    assert refusal(entity().replace("IDPSSO", "SPSSO")) == SamlRefusal.NO_PROVIDER
    assert read(several(old, entity())).entity_id == "https://idp.example"
    for name in ("", "x" * 1025):
        assert refusal(entity(name)) == SamlRefusal.NO_PROVIDER


@pytest.mark.row("R65")
def test_the_address_for_requests_is_by_redirect_and_a_browser_may_go_there() -> None:
    """Other bindings are passed over, and so is anything but http and https."""
    other = service("SingleSignOnService", "https://idp.example/post", POST)
    assert read(entity(services=other + SSO)).sso_url == "https://idp.example/sso"
    for services in ("", other, *(service("SingleSignOnService", url) for url in ("", "javascript:x", "//x", "x"))):
        assert refusal(entity(services=services)) == SamlRefusal.NO_REDIRECT
    usable = service("SingleSignOnService", "javascript:x") + service("SingleSignOnService", "http://idp.example/")
    assert read(entity(services=usable)).sso_url == "http://idp.example/"


def test_our_answers_to_a_logout_go_where_the_provider_wants_them() -> None:
    """`ResponseLocation` before `Location`; none where there is no usable one."""
    there = service("SingleLogoutService", "https://idp.example/slo", more=' ResponseLocation="https://idp.example/r"')
    assert read(entity(services=there + SSO)).slo_url == "https://idp.example/r"
    for services in ("", service("SingleLogoutService", "javascript:x"), SLO.replace(REDIRECT, POST)):
        assert read(entity(services=services + SSO)).slo_url == ""


@pytest.mark.row("R79")
def test_comments_and_signatures_are_passed_over_but_no_document_type() -> None:
    """A remark cannot split a value, and no entity is replaced."""
    text = entity().replace("<md:IDPSSO", f'<!-- x --><?x y?><ds:Signature xmlns:ds="{DSIG}"/><md:IDPSSO')
    text = text.replace(own_certificate("provider"), f"<!-- x -->{own_certificate('provider')}")
    assert read(f'\ufeff<?xml version="1.0" encoding="UTF-8"?>\n{text}').certificates == (own_certificate("provider"),)
    assert refusal(f"<!DOCTYPE x>{entity()}") == SamlRefusal.DOCTYPE
    assert refusal(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{entity()}') == SamlRefusal.DOCTYPE


def test_what_is_no_metadata_is_refused() -> None:
    """Other documents, encodings, and no document at all."""
    assert refusal("<html/>") == SamlRefusal.OTHER_MESSAGE
    assert refusal("<html>") == refusal("") == refusal("{}") == SamlRefusal.NOT_XML
    assert refusal(entity().encode("utf-16")) == SamlRefusal.NOT_UTF8
    assert refusal(entity() + entity()) == SamlRefusal.NOT_XML
