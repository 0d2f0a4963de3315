"""What the page of a SAML connection tells of the certificates that are pinned."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.web.connected import connected, open_page
from tests.web.house import House
from totrinn.app.identity_providers import SamlSettings
from totrinn.core.roles import Role


def certificate(start: datetime, end: datetime) -> x509.Certificate:
    """One that is valid so long."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.no")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(end)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 5, 4, tzinfo=UTC), "valid until 4 May 2028"),
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC), "was valid until 3 February 2026"),
        (datetime(1999, 1, 1, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC), "was valid until 31 December 1999"),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2071, 6, 7, tzinfo=UTC), "valid until 7 June 2071"),
        (datetime(2051, 1, 1, tzinfo=UTC), datetime(2071, 6, 7, tzinfo=UTC), "valid until 7 June 2071"),
    ],
)
def test_a_certificate_is_told_by_fingerprint_and_end(house: House, start: datetime, end: datetime, said: str) -> None:
    """As `openssl x509 -fingerprint -sha256` writes it."""
    made = certificate(start, end)
    fingerprint = made.fingerprint(hashes.SHA256()).hex(":").upper()
    words = page_with(house, b64encode(made.public_bytes(Encoding.DER)).decode())
    assert f"{said} {fingerprint}" in words
    assert ("was valid" in words) == said.startswith("was")


@pytest.mark.parametrize("text", ["", "MIIB", "!", "MB4XDTk5OTk5OTk5OTk5OVoXDTk5OTk5OTk5OTk5OVo="])
def test_what_is_no_certificate_breaks_no_page(house: House, text: str) -> None:
    """It could not be pinned by metadata, but an operator may have."""
    assert "valid until" not in page_with(house, text)


def page_with(house: House, pinned: str) -> str:
    """The page of a connection with this certificate, in words."""
    house.organisation("fjordly", name="Fjordly AS")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    settings = SamlSettings("https://idp.example.no/saml", "https://idp.example.no/saml/sso", (pinned,))
    browser = house.sign_in(kari)
    return browser.get(open_page(browser, connected(house, settings=settings))).words
