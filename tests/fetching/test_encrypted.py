"""Fetching over TLS: the name is verified, whatever address it leads to."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.sso.oidc.loopback import Visit, serving
from totrinn.app.identity_providers import Unavailable
from totrinn.fetching.connections import Bounds
from totrinn.fetching.exchange import Fetched, Fetcher
from totrinn.fetching.failures import Failure

QUICK = Bounds(seconds=0.6, connect_seconds=0.4)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side for `idp.example`, and a client's side that trusts its authority."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
    now = datetime.now(UTC)
    names = [x509.DNSName("idp.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


@pytest.mark.row("R83")
def test_the_certificate_is_for_the_name_and_not_for_the_address(
    authority: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    """The connection goes to the address that was looked at; the name is what must be proved."""
    server_side, client_side = authority
    with serving(lambda visit: visit.answer(b"{}"), tls=server_side) as server:
        fetcher = Fetcher(allow_private=True, tls=client_side, lookup=lambda host, port: ["127.0.0.1"])
        assert isinstance(fetcher.get(f"https://idp.example:{server.port}/"), Fetched)
        other = fetcher.get(f"https://other.example:{server.port}/")
        strange = Fetcher(allow_private=True, lookup=lambda host, port: ["127.0.0.1"])
        untrusted = strange.get(f"https://idp.example:{server.port}/")
    assert isinstance(other, Unavailable)
    assert other.code == Failure.TLS_FAILED
    assert "Hostname mismatch" in other.detail
    assert isinstance(untrusted, Unavailable)
    assert untrusted.code == Failure.TLS_FAILED


def test_a_server_that_never_agrees_on_encryption_is_left() -> None:
    """Within the time for connecting."""
    with serving(Visit.hang) as server:
        fetcher = Fetcher(allow_private=True, bounds=QUICK)
        result = fetcher.get(f"https://127.0.0.1:{server.port}/")
    assert result == Unavailable(Failure.TIMED_OUT, "127.0.0.1")
