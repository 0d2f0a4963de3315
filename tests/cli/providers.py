"""Identity providers as commands are told of them: an issuer, a file with metadata."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ISSUER = "https://idp.fjordly.example/realm"
SECRET = "en hemmelighet mellom tjenester"
OIDC = ("--kind", "oidc", "--issuer", ISSUER, "--client-id", "totrinn", "--client-secret-stdin")
DOMAIN = ("--domain", "fjordly.example", "--vouch")


@cache
def certificate(days: int) -> str:
    """A certificate that ends so many days from now: DER in base64."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.fjordly.example")])
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=800))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def description(entity_id: str, *, days: int = 900) -> str:
    """One SAML provider's description of itself."""
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>{certificate(days)}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
      Location="https://saml.fjordly.example/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""


def metadata(folder: Path, *entity_ids: str, days: int = 900) -> str:
    """A file that describes these providers."""
    described = "".join(description(each, days=days) for each in entity_ids)
    if len(entity_ids) > 1:
        namespace = "urn:oasis:names:tc:SAML:2.0:metadata"
        described = f'<md:EntitiesDescriptor xmlns:md="{namespace}">{described}</md:EntitiesDescriptor>'
    file = folder / "metadata.xml"
    file.write_text(described, encoding="utf-8")
    return str(file)
