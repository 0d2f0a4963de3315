"""Against two more real identity providers, of other authors: samlp on Node.js, and pysaml2 with xmlsec1."""

import base64
import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.providers import saml_pysaml2_idp
from tests.providers.saml_samlp import running_samlp
from tests.providers.saml_simplesamlphp import Browser, ProviderMissing, hidden_fields
from tests.sso.saml.provider import (
    CONSUMER,
    ENTITY_ID,
    PROVIDER,
    REQUEST,
    challenge,
    key,
    our_key,
    own_certificate,
    party,
    public_pem,
)
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Identity, Rejected, SamlSettings
from totrinn.sso.saml_description import certificate_of
from totrinn.sso.saml_refusals import SamlCheck, SamlRefusal

CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


def pem(certificate: str) -> str:
    """A certificate as these programs want it."""
    lines = "\n".join(textwrap.wrap(certificate, 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


@cache
def private_pem() -> str:
    """The provider's key."""
    return key("provider").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def verdict(result: Identity | Rejected) -> str:
    """Which signatures and encryption an accepted answer had, or the code of a refusal."""
    if isinstance(result, Rejected):
        return result.code
    marks = {SamlCheck.RESPONSE_SIGNATURE: "R", SamlCheck.ASSERTION_SIGNATURE: "A", SamlCheck.DECRYPTION: "E"}
    return "".join(mark for check, mark in marks.items() if check in result.checks)


# samlp ----------------------------------------------------------------------------------------------------------

GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"


def _encrypted(algorithm: str, **more: Any) -> dict[str, Any]:
    return {
        "encryptionCert": pem(certificate_of(our_key())),
        "encryptionPublicKey": public_pem(key("ours")).decode(),
        "encryptionAlgorithm": algorithm,
        "disallowEncryptionWithInsecureAlgorithm": False,
        "warnOnInsecureEncryptionAlgorithm": False,
        **more,
    }


SHA_1 = {"signatureAlgorithm": "rsa-sha1", "digestAlgorithm": "sha1"}
SAMLP_WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "assertion": ({"signAssertion": True}, "A"),
    "response": ({"signAssertion": False, "signResponse": True}, "R"),
    "both": ({"signAssertion": True, "signResponse": True}, "RA"),
    "neither": ({"signAssertion": False}, SamlRefusal.UNSIGNED),
    "sha-1": ({"signAssertion": True, **SHA_1}, SamlRefusal.WEAK_ALGORITHM),
    "sha-1 digest": ({"signAssertion": True, "digestAlgorithm": "sha1"}, SamlRefusal.WEAK_ALGORITHM),
    "gcm": (_encrypted(GCM, signAssertion=True), "AE"),
    "gcm, both": (_encrypted(GCM, signAssertion=True, signResponse=True), "RAE"),
    "gcm, unsigned": (_encrypted(GCM, signAssertion=False), SamlRefusal.UNSIGNED),
    "cbc": (_encrypted(CBC, signAssertion=True), SamlRefusal.ENCRYPTION_REFUSED),
    "cbc, agreed": (_encrypted(CBC, signAssertion=True), "AE"),
    "cbc, agreed, unsigned": (_encrypted(CBC, signAssertion=False), SamlRefusal.DECRYPTION_FAILED),
}


@pytest.fixture(scope="module")
def samlp() -> Iterator[str]:
    """The base address of a running samlp."""
    told = {
        "issuer": PROVIDER,
        "cert": pem(own_certificate("provider")),
        "key": private_pem(),
        "signingCert": pem(certificate_of(our_key())),
        "consumer": CONSUMER,
        "user": {
            "id": "kari",
            "displayName": "Kari Nordmann",
            "name": {},
            "emails": [{"value": "kari@idp.example"}],
        },
        "ways": {name: way for name, (way, _) in SAMLP_WAYS.items()},
    }
    with running_samlp(told) as address:
        yield address


@pytest.mark.row("R79")
@pytest.mark.parametrize("way", SAMLP_WAYS)
def test_samlp_is_read_where_it_signs_and_encrypts_well(samlp: str, way: str) -> None:
    """It is asked over HTTP, and its answers are accepted or refused for the right reason."""
    to = party(sso_url=f"{samlp}/sso?way={way.replace(' ', '%20')}", allows_cbc="agreed" in way)
    asked = challenge(started_at=datetime.now(UTC))
    with Browser() as browser:
        page = browser.get(str(OURS.begin(to, asked, login_hint="")))
    fields = hidden_fields(page.text)
    assert fields["RelayState"] == asked.state
    result = OURS.finish(to, asked, fields, datetime.now(UTC))
    assert verdict(result) == SAMLP_WAYS[way][1], result
    if isinstance(result, Identity):
        assert (result.subject, result.email, result.name) == ("kari", "kari@idp.example", "Kari Nordmann")


def test_samlps_metadata_are_read(samlp: str) -> None:
    """With the addresses that it serves."""
    with Browser() as browser:
        read = OURS.read_metadata(browser.get(f"{samlp}/metadata").content)
    assert isinstance(read, SamlSettings), read
    assert (read.entity_id, read.sso_url) == (PROVIDER, f"{samlp}/sso")
    assert read.certificates == (own_certificate("provider"),)


# pysaml2 --------------------------------------------------------------------------------------------------------

_STRONG = {
    "sign_alg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_alg": "http://www.w3.org/2001/04/xmlenc#sha256",
}
_ENCRYPTED = {"encrypt_assertion": True, "encrypted_advice_attributes": False}
PYSAML2_WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "assertion": ({"sign_assertion": True, "sign_response": False, **_STRONG}, "A"),
    "response": ({"sign_assertion": False, "sign_response": True, **_STRONG}, "R"),
    "both": ({"sign_assertion": True, "sign_response": True, **_STRONG}, "RA"),
    "neither": ({"sign_assertion": False, "sign_response": False}, SamlRefusal.UNSIGNED),
    "sha-1 by default": ({"sign_assertion": True, "sign_response": True}, SamlRefusal.WEAK_ALGORITHM),
    "3des": ({"sign_assertion": True, "sign_response": True, **_ENCRYPTED, **_STRONG}, SamlRefusal.ENCRYPTION_REFUSED),
}


@pytest.fixture(scope="module")
def pysaml2() -> dict[str, Any]:
    """What pysaml2 has answered, in every way at once."""
    xmlsec1 = shutil.which("xmlsec1")
    if xmlsec1 is None:
        raise ProviderMissing("apt-get install xmlsec1")
    told = {
        "issuer": PROVIDER,
        "key": private_pem(),
        "cert": pem(own_certificate("provider")),
        "sp": OURS.describe(party())[1].decode(),
        "xmlsec1": xmlsec1,
        "attributes": {"mail": ["kari@idp.example"], "displayName": ["Kari Nordmann"]},
        "request": REQUEST,
        "consumer": CONSUMER,
        "audience": ENTITY_ID,
        "subject": "kari",
        "context": CONTEXT,
        "now": int(datetime.now(UTC).timestamp()),
        "ways": {name: way for name, (way, _) in PYSAML2_WAYS.items()},
    }
    program = [sys.executable, str(Path(saml_pysaml2_idp.__file__))]
    done = subprocess.run(program, input=json.dumps(told), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.row("R79")
@pytest.mark.parametrize("way", PYSAML2_WAYS)
def test_pysaml2_is_read_where_it_signs_well(pysaml2: dict[str, Any], way: str) -> None:
    """Its SHA-1 and 3DES are refused, its SHA-256 is accepted."""
    asked = challenge(started_at=datetime.now(UTC))
    result = OURS.finish(party(), asked, {"SAMLResponse": pysaml2["answers"][way]}, datetime.now(UTC))
    assert verdict(result) == PYSAML2_WAYS[way][1], base64.b64decode(pysaml2["answers"][way])
    if isinstance(result, Identity):
        assert (result.subject, result.email, result.acr) == ("kari", "kari@idp.example", CONTEXT)


def test_pysaml2_reads_our_metadata_and_we_read_its(pysaml2: dict[str, Any]) -> None:
    """It has found our consumer and audience in ours; we find its address and certificate in its."""
    read = OURS.read_metadata(pysaml2["metadata"].encode())
    assert read == SamlSettings(PROVIDER, f"{PROVIDER}/sso", (own_certificate("provider"),))
