"""A SAML identity provider of the tests, which says whatever a test wants, and signs it.

Its signer is written from the standards, apart from the program's verifier. It can sign well, and in every wrong way.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from totrinn.app.identity_providers import Challenge, Party, SamlSettings

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
BASE_URL = "https://totrinn.example"
CONNECTION = "c0ffee"
PROVIDER = "https://idp.example/metadata"
ENTITY_ID = f"{BASE_URL}/sso/{CONNECTION}/metadata"
CONSUMER = f"{BASE_URL}/sso/{CONNECTION}/acs"
LOGOUT = f"{BASE_URL}/sso/{CONNECTION}/slo"
REQUEST = "_0123456789abcdef0123456789abcdef"
SUBJECT = "kari-0001"
EVIL = "evil-9999"

DSIG = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XMLENC = "http://www.w3.org/2001/04/xmlenc#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
DIGESTS = {"1": f"{DSIG}sha1", "256": f"{XMLENC}sha256", "384": f"{MORE}sha384", "512": f"{XMLENC}sha512"}
METHODS = {
    **{f"rsa-{bits}": f"{MORE}rsa-sha{bits}" for bits in ("256", "384", "512")},
    **{f"ecdsa-{bits}": f"{MORE}ecdsa-sha{bits}" for bits in ("1", "256", "384", "512")},
    **{f"hmac-{bits}": f"{MORE}hmac-sha{bits}" for bits in ("256", "512")},
    "rsa-1": f"{DSIG}rsa-sha1",
}


@cache
def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The RSA key of this name, made once a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def curve_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key of this name on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate(private: PrivateKey, *, ended: bool = False) -> str:
    """A self-signed certificate for the key: DER in base64."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    ends = NOW - timedelta(days=400) if ended else NOW + timedelta(days=4000)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=800))
        .not_valid_after(ends)
        .sign(private, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


@cache
def own_certificate(name: str) -> str:
    """The certificate of the RSA key of this name."""
    return certificate(key(name))


@cache
def our_key() -> bytes:
    """The key of the connection, as `Party` holds it."""
    return key("ours").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def settings(**changes: object) -> SamlSettings:
    """What is agreed with the provider."""
    agreed: dict[str, object] = {
        "entity_id": PROVIDER,
        "sso_url": "https://idp.example/sso",
        "slo_url": "https://idp.example/slo",
        "certificates": (own_certificate("provider"),),
    }
    return SamlSettings(**(agreed | changes))  # type: ignore[arg-type]  # the names are the tests' own


def party(**changes: object) -> Party:
    """The connection to the provider."""
    return Party(CONNECTION, 1, settings(**changes), key=our_key())


def challenge(**changes: object) -> Challenge:
    """The request that this browser has made half a minute ago."""
    made: dict[str, object] = {
        "state": "state-of-this-browser",
        "nonce": "n" * 22,
        "verifier": "v" * 43,
        "request_id": REQUEST,
        "started_at": NOW - timedelta(seconds=30),
    }
    return Challenge(**(made | changes))  # type: ignore[arg-type]  # the names are the tests' own


def at(seconds: float) -> str:
    """A time as SAML writes it, so far from now."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def answer(subject: str = SUBJECT) -> str:
    """An answer that is right in every respect, and unsigned. Tests change its text before they have it signed."""
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_response" Version="2.0"'
        f' IssueInstant="{at(-2)}" Destination="{CONSUMER}" InResponseTo="{REQUEST}">'
        f"<saml:Issuer>{PROVIDER}</saml:Issuer>"
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f"{assertion(subject)}"
        "</samlp:Response>"
    )


def assertion(subject: str = SUBJECT) -> str:
    """The assertion of `answer`."""
    return (
        f'<saml:Assertion ID="_assertion" Version="2.0" IssueInstant="{at(-1)}">'
        f"<saml:Issuer>{PROVIDER}</saml:Issuer>"
        "<saml:Subject>"
        f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{at(300)}" Recipient="{CONSUMER}" InResponseTo="{REQUEST}"/>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{at(-30)}" NotOnOrAfter="{at(300)}">'
        f"<saml:AudienceRestriction><saml:Audience>{ENTITY_ID}</saml:Audience></saml:AudienceRestriction>"
        "</saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{at(-10)}" SessionIndex="_session" SessionNotOnOrAfter="{at(28800)}">'
        "<saml:AuthnContext><saml:AuthnContextClassRef>"
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        "<saml:AttributeStatement>"
        f'<saml:Attribute Name="mail"><saml:AttributeValue>{subject}@idp.example</saml:AttributeValue></saml:Attribute>'
        '<saml:Attribute Name="displayName"><saml:AttributeValue>Kari Nordmann</saml:AttributeValue></saml:Attribute>'
        '<saml:Attribute Name="memberOf"><saml:AttributeValue>staff</saml:AttributeValue>'
        "<saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>"
        "</saml:AttributeStatement>"
        "</saml:Assertion>"
    )


@dataclass(frozen=True)
class Signing:
    """How something is signed; the defaults are right."""

    key: PrivateKey | bytes = field(default_factory=lambda: key("provider"))
    """Bytes are a secret, for HMAC."""
    method: str = "rsa-256"
    digest: str = "256"
    canonical: str = EXC_C14N
    transforms: tuple[str, ...] = (f"{DSIG}enveloped-signature", EXC_C14N)
    uri: str | None = None
    """None: the element's own identifier."""
    prefixes: str = ""
    key_info: str = ""
    extra_reference: str = ""
    extra_object: str = ""
    after_signing: Callable[[str], str] = field(default=str)
    """Changes the text of the finished signature."""


def _canonical(element: etree._Element, prefixes: str) -> bytes:
    own = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(own, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes.split() or None)


def _value(how: Signing, message: bytes) -> bytes:
    digest = _HASHES[how.method.rpartition("-")[2]]
    if isinstance(how.key, bytes):
        mac = hmac.HMAC(how.key, digest)
        mac.update(message)
        return mac.finalize()
    if isinstance(how.key, rsa.RSAPrivateKey):
        return how.key.sign(message, PKCS1v15(), digest)
    r, s = decode_dss_signature(how.key.sign(message, ec.ECDSA(digest)))
    return r.to_bytes(32) + s.to_bytes(32)


def signature(element: etree._Element, how: Signing) -> str:
    """The text of a signature over the element, as it is now."""
    hasher = hashes.Hash(_HASHES[how.digest])
    hasher.update(_canonical(element, how.prefixes))
    digest = base64.b64encode(hasher.finalize()).decode()
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{how.prefixes}"/>' if how.prefixes else ""
    transforms = "".join(
        f'<ds:Transform Algorithm="{name}">{inclusive if name == EXC_C14N else ""}</ds:Transform>'
        for name in how.transforms
    )
    uri = f"#{element.get('ID')}" if how.uri is None else how.uri
    reference = (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGESTS[how.digest]}"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>'
    )
    info = (
        f'<ds:SignedInfo xmlns:ds="{DSIG}"><ds:CanonicalizationMethod Algorithm="{how.canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{METHODS[how.method]}"/>{reference}{how.extra_reference}</ds:SignedInfo>'
    )
    value = base64.b64encode(_value(how, _canonical(etree.fromstring(info), ""))).decode()
    return how.after_signing(
        f'<ds:Signature xmlns:ds="{DSIG}">{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"{how.key_info}{how.extra_object}</ds:Signature>"
    )


def sign(element: etree._Element, how: Signing | None = None) -> None:
    """Puts a signature into the element, behind its issuer, where the standard wants it."""
    made = etree.fromstring(signature(element, how or Signing()))
    issuer = element.find(f"{{{SAML}}}Issuer")
    element.insert(0 if issuer is None else element.index(issuer) + 1, made)


def tree(text: str) -> etree._Element:
    """The text as it stands: comments, CDATA sections and entities included."""
    return etree.fromstring(text.encode(), etree.XMLParser(strip_cdata=False, resolve_entities=False, huge_tree=True))


def assertion_in(root: etree._Element) -> etree._Element:
    """The first assertion."""
    found = root.find(f".//{{{SAML}}}Assertion")
    assert found is not None
    return found


def signed(text: str, form: str, how: Signing | None = None) -> bytes:
    """The answer with its response signed (R), its assertion (A), or both (B)."""
    root = tree(text)
    if form in ("A", "B"):
        sign(assertion_in(root), how)
    if form in ("R", "B"):
        sign(root, how)
    return etree.tostring(root)


def packed(document: bytes) -> dict[str, str]:
    """The parameters as the browser posts them."""
    return {"SAMLResponse": base64.b64encode(document).decode(), "RelayState": "state-of-this-browser"}


def public_pem(private: PrivateKey) -> bytes:
    """The public key, as text that anybody may have."""
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
