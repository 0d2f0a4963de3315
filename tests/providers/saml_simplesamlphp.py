"""SimpleSAMLphp as Debian packages it, as an identity provider on loopback: started by a test, stopped by its own pid.

Debian packages: simplesamlphp php-cli php-xml php-mbstring php-sqlite3 php-curl. PHP's own server is enough.
"""

import base64
import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

WEB_ROOT = Path("/usr/share/simplesamlphp/www")
PASSWORD = "passord-hos-leverandøren"
_FILES = Path(__file__).parent / "simplesamlphp"
_STARTS_WITHIN = 20.0
_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_CERTIFICATE = ".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class ProviderMissing(Exception):
    """A program that the test needs is not installed."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in at the provider, with `PASSWORD`."""

    uid: str
    mail: str
    name: str = "Kari Nordmann"
    groups: tuple[str, ...] = ()

    def attributes(self) -> dict[str, list[str]]:
        """What the provider says of them."""
        return {
            "uid": [self.uid],
            "mail": [self.mail],
            "displayName": [self.name],
            "memberOf": list(self.groups),
        }


@dataclass
class SimpleSamlPhp:
    """A running provider."""

    place: Path
    port: int
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The base address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def entity_id(self) -> str:
        """The provider's name."""
        return f"{self.address}/idp"

    def metadata(self) -> bytes:
        """The provider's metadata, as it serves them now."""
        return httpx2.get(f"{self.address}/saml2/idp/metadata.php", timeout=30).content

    def trust(
        self,
        sp_metadata: bytes,
        *,
        signs_response: bool = True,
        signs_assertion: bool = True,
        encrypts: bool = False,
        algorithm: str = RSA_SHA256,
        name_id_format: str = PERSISTENT,
    ) -> None:
        """Lets the service provider that this metadata describes ask for sign-ins; tells anew how to answer it."""
        root = etree.fromstring(sp_metadata)
        consumer, logout = root.find(f".//{_MD}AssertionConsumerService"), root.find(f".//{_MD}SingleLogoutService")
        assert consumer is not None
        certificate = root.findtext(_CERTIFICATE)
        key = {"type": "X509Certificate", "signing": True, "encryption": True, "X509Certificate": certificate}
        self.state["remote"][root.get("entityID")] = {
            "entityid": root.get("entityID"),
            "AssertionConsumerService": consumer.get("Location"),
            "SingleLogoutService": "" if logout is None else logout.get("Location"),
            "NameIDFormat": name_id_format,
            "keys": [key] if certificate else [],
            "saml20.sign.response": signs_response,
            "saml20.sign.assertion": signs_assertion,
            "assertion.encryption": encrypts,
            "signature.algorithm": algorithm,
            "sign.logout": True,
            "validate.authnrequest": certificate is not None,
            "validate.logout": True,
        }
        self._write()

    def announce_new_key(self) -> None:
        """Publishes the next certificate beside the one that signs."""
        self._hosted()["new_certificate"] = "next.crt"
        self._hosted()["new_privatekey"] = "next.pem"
        self._write()

    def roll_over(self) -> None:
        """Signs with the next key from now on."""
        hosted = self._hosted()
        for name in ("new_certificate", "new_privatekey"):
            hosted.pop(name, None)
        hosted |= {"privatekey": "next.pem", "certificate": "next.crt"}
        self._write()

    def _hosted(self) -> dict[str, Any]:
        hosted: dict[str, Any] = self.state["hosted"][self.entity_id]
        return hosted

    def _write(self) -> None:
        """Whole or not at all, as the provider may be reading."""
        file = self.place / "config" / "state.json"
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(self.state), encoding="utf-8")
        fresh.replace(file)


class Browser(httpx2.Client):
    """Follows redirects and fills in the provider's forms, as a person would."""

    def __init__(self) -> None:
        super().__init__(follow_redirects=True, timeout=30)

    def sign_in(self, address: str, uid: str, password: str = PASSWORD) -> dict[str, str]:
        """Goes to the address of a request, signs in if asked to, and returns what would be posted to us."""
        page = self.get(address)
        if 'name="password"' in page.text:
            state = hidden_fields(page.text)
            page = self.post(str(page.url), data={**state, "username": uid, "password": password})
        return hidden_fields(page.text)


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the forms on a page."""
    fields = {}
    for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    return fields


@contextmanager
def running_simplesamlphp(
    people: Mapping[str, Person] | tuple[Person, ...], sp_metadata: tuple[bytes, ...] = ()
) -> Iterator[SimpleSamlPhp]:
    """A provider at which these people can sign in; raises `ProviderMissing` with what has to be installed."""
    if not WEB_ROOT.is_dir() or shutil.which("php") is None:
        raise ProviderMissing("apt-get install simplesamlphp php-cli php-xml php-mbstring php-sqlite3 php-curl")
    everybody = tuple(people.values()) if isinstance(people, Mapping) else people
    with tempfile.TemporaryDirectory(prefix="totrinn-simplesamlphp-") as folder:
        provider = SimpleSamlPhp(Path(folder), _free_port())
        _lay_out(provider, everybody)
        for metadata in sp_metadata:
            provider.trust(metadata)
        with _served(provider):
            yield provider


@contextmanager
def _served(provider: SimpleSamlPhp) -> Iterator[None]:
    place = provider.place
    with (place / "log" / "php.log").open("wb") as log:
        server = subprocess.Popen(
            [
                "php", "-d", f"session.save_path={place / 'tmp'}", "-d", "opcache.enable=0", "-d", "display_errors=0",
                "-S", f"127.0.0.1:{provider.port}", "-t", str(WEB_ROOT),
            ],
            env={"PATH": os.environ["PATH"], "SIMPLESAMLPHP_CONFIG_DIR": str(place / "config")},
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(provider, server)
            yield
        finally:
            _stop(server)


def _wait_for(provider: SimpleSamlPhp, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", provider.port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"SimpleSAMLphp did not start: {(provider.place / 'log' / 'php.log').read_text()}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(5)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _lay_out(provider: SimpleSamlPhp, people: tuple[Person, ...]) -> None:
    place = provider.place
    for name in ("config", "metadata", "cert", "log", "data", "tmp"):
        (place / name).mkdir()
    for name in ("config.php", "authsources.php"):
        shutil.copy(_FILES / name, place / "config")
    for name in ("saml20-idp-hosted.php", "saml20-sp-remote.php"):
        shutil.copy(_FILES / name, place / "metadata")
    for name in ("first", "next"):
        _make_key(place / "cert", name)
    provider.state.update(
        config=_config(provider),
        authsources={
            "people": {
                "0": "exampleauth:UserPass",
                **{f"{person.uid}:{PASSWORD}": person.attributes() for person in people},
            },
        },
        hosted={provider.entity_id: _hosted()},
        remote={},
    )
    provider._write()


def _config(provider: SimpleSamlPhp) -> dict[str, Any]:
    place = provider.place
    return {
        "baseurlpath": f"{provider.address}/",
        "certdir": f"{place}/cert/",
        "loggingdir": f"{place}/log/",
        "datadir": f"{place}/data/",
        "tempdir": f"{place}/tmp",
        "metadatadir": f"{place}/metadata/",
        "attributenamemapdir": "/usr/share/simplesamlphp/attributemap/",
        "secretsalt": base64.b64encode(os.urandom(24)).decode(),
        "auth.adminpassword": base64.b64encode(os.urandom(24)).decode(),
        "timezone": "UTC",
        "technicalcontact_email": "na@example.org",
        "enable.saml20-idp": True,
        "module.enable": {"exampleauth": True, "core": True, "saml": True},
        "session.cookie.secure": False,
        "session.cookie.samesite": None,
        "language.cookie.secure": False,
        "store.type": "phpsession",
        "logging.handler": "file",
        "authproc.idp": [],
        "usenewui": False,
        "metadata.sources": [{"type": "flatfile"}],
    }


def _hosted() -> dict[str, Any]:
    return {
        "host": "__DEFAULT__",
        "privatekey": "first.pem",
        "certificate": "first.crt",
        "auth": "people",
        "signature.algorithm": RSA_SHA256,
        "sign.logout": True,
        "NameIDFormat": [PERSISTENT],
        "authproc": {"class": "saml:AttributeNameID", "attribute": "uid", "Format": PERSISTENT},
    }


def _make_key(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.pem").write_bytes(pem)
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
