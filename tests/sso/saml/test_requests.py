"""What we ask a provider, and what we tell it about ourselves."""

import base64
import zlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from tests.sso.saml.provider import (
    CONSUMER,
    DSIG,
    ENTITY_ID,
    LOGOUT,
    NOW,
    REQUEST,
    SAML,
    SAMLP,
    challenge,
    key,
    our_key,
    party,
    settings,
)
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Challenge, OidcSettings, Party, Rejected
from totrinn.sso.saml_refusals import SamlRefusal

MD = "urn:oasis:names:tc:SAML:2.0:metadata"


def _address(asked: Challenge, to: Party | None = None) -> str:
    address = OURS.begin(to or party(), asked, login_hint="kari@idp.example")
    assert isinstance(address, str)
    return address


def _request(address: str) -> etree._Element:
    packed = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def test_a_request_says_who_asks_what_and_where_the_answer_goes() -> None:
    """Everything that binds the answer, and nothing that a provider might stumble over."""
    address = _address(challenge())
    request = _request(address)
    assert address.startswith("https://idp.example/sso?SAMLRequest=")
    assert parse_qs(urlsplit(address).query)["RelayState"] == ["state-of-this-browser"]
    assert request.tag == f"{{{SAMLP}}}AuthnRequest"
    assert _attributes(request) == {
        "ID": REQUEST,
        "Version": "2.0",
        "IssueInstant": "2026-11-25T11:59:30Z",
        "Destination": "https://idp.example/sso",
        "AssertionConsumerServiceURL": CONSUMER,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }
    assert request.findtext(f"{{{SAML}}}Issuer") == ENTITY_ID
    policy = request.find(f"{{{SAMLP}}}NameIDPolicy")
    assert policy is not None
    assert _attributes(policy) == {"AllowCreate": "true"}
    assert len(request) == 2


@pytest.mark.row("R85")
def test_a_request_asks_for_freshness_and_contexts_when_they_are_needed() -> None:
    """`ForceAuthn`, and exactly the contexts that are asked for."""
    request = _request(_address(challenge(is_fresh=True, context=("urn:a", "urn:b&c"))))
    assert request.get("ForceAuthn") == "true"
    wanted = request.find(f"{{{SAMLP}}}RequestedAuthnContext")
    assert wanted is not None
    assert wanted.get("Comparison") == "exact"
    assert [reference.text for reference in wanted] == ["urn:a", "urn:b&c"]


def test_a_request_is_signed_over_its_query() -> None:
    """RSA with SHA-256 over the text as it is sent (SAML Bindings §3.4.4.1); without a key, nothing is signed."""
    query = urlsplit(_address(challenge())).query
    text, _, signature = query.partition("&Signature=")
    assert [piece.partition("=")[0] for piece in text.split("&")] == ["SAMLRequest", "RelayState", "SigAlg"]
    value = base64.b64decode(parse_qs(f"s={signature}")["s"][0])
    key("ours").public_key().verify(value, text.encode(), PKCS1v15(), SHA256())
    unsigned = _address(challenge(), Party("c0ffee", 1, settings()))
    assert "Sig" not in urlsplit(unsigned).query


def test_a_query_of_the_providers_own_is_kept() -> None:
    """What it has in its address stays there."""
    address = _address(challenge(), party(sso_url="https://idp.example/sso?tenant=a%20b"))
    assert address.startswith("https://idp.example/sso?tenant=a%20b&SAMLRequest=")


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "address",
    ["", "javascript:alert(1)", "//idp.example", "ftp://idp.example", "https://", "https://a@idp.example/",
     "https://idp.example/#x", "https://idp.example/ x", "https://idp.example/\r\nx", "https://idp.example:x/",
     "https://idp.example\\@evil.example/", "https://æøå.example/"],
)  # fmt: skip
def test_a_browser_is_sent_nowhere_else(address: str) -> None:
    """An address of the provider is http or https, without credentials, fragment or odd characters."""
    result = OURS.begin(party(sso_url=address), challenge(), login_hint="")
    assert result == Rejected(SamlRefusal.NO_REDIRECT)


def test_our_metadata_names_our_addresses_and_our_certificate() -> None:
    """Entity, consumer and logout service are the connection's own; our metadata is read by nobody as a provider's."""
    kind, document = OURS.describe(party())
    root = etree.fromstring(document)
    assert kind == "application/samlmetadata+xml"
    assert root.get("entityID") == ENTITY_ID
    consumer = root.find(f".//{{{MD}}}AssertionConsumerService")
    logout = root.find(f".//{{{MD}}}SingleLogoutService")
    assert consumer is not None
    assert logout is not None
    assert (consumer.get("Location"), logout.get("Location")) == (CONSUMER, LOGOUT)
    certificates = {found.text for found in root.iter(f"{{{DSIG}}}X509Certificate")}
    assert len(certificates) == 1
    certificate = x509.load_der_x509_certificate(base64.b64decode(certificates.pop() or ""))
    assert certificate.public_key() == key("ours").public_key()
    assert certificate.not_valid_before_utc < NOW - timedelta(days=365)
    assert certificate.not_valid_after_utc > NOW + timedelta(days=3650)
    refused = OURS.read_metadata(document)
    assert isinstance(refused, Rejected)
    assert refused.code == SamlRefusal.NO_PROVIDER


def test_our_metadata_is_the_same_each_time() -> None:
    """So that a provider which compares it sees no change; other keys have other certificates."""
    from totrinn.sso import saml_description

    first = OURS.describe(party())
    saml_description.certificate_of.cache_clear()
    assert OURS.describe(party()) == first
    other = Party("c0ffee", 1, settings(), key=b"")
    assert b"KeyDescriptor" not in OURS.describe(other)[1]
    assert b"AuthnRequestsSigned=\"false\"" in OURS.describe(other)[1]  # fmt: skip


def test_our_metadata_offers_cbc_only_where_it_is_agreed() -> None:
    """A provider that chooses by it chooses GCM."""
    assert b"-cbc" not in OURS.describe(party())[1]
    assert b"aes128-cbc" in OURS.describe(party(allows_cbc=True))[1]


def test_a_connection_of_another_protocol_is_a_mistake_of_the_caller() -> None:
    """It is not refused as if somebody had sent it."""
    other = Party("c0ffee", 1, OidcSettings("https://idp.example", "id"), key=our_key())
    with pytest.raises(TypeError):
        OURS.describe(other)
