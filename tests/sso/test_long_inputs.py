"""Whatever is sent at length costs time that grows with its length, and no faster: nobody can hold the program up."""

import base64
import json
import re
import time
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.sso.oidc import issuer
from tests.sso.saml import provider
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Ended, Identity, Rejected, SamlSettings, Unavailable
from totrinn.app.web_addresses import read_address
from totrinn.fetching.exchange import Fetched
from totrinn.sso.domain_records import DnsRecords

pytestmark = pytest.mark.row("R82")

CPU_SECONDS = 1.0
"""Each of these takes 0.2 at most; a pattern of the third power would take hours."""

LENGTH = 250_000
LONG: dict[str, str] = {
    "blanks": " " * LENGTH,
    "lines": "\n" * LENGTH,
    "signs of equality": "=" * LENGTH,
    "letters": "A" * LENGTH,
    "letters and blanks": "A " * (LENGTH // 2),
    "equality and blanks": "= " * (LENGTH // 2),
    "dots": "." * LENGTH,
    "labels": "a." * (LENGTH // 2),
    "labels of full length": ("a" * 63 + ".") * (LENGTH // 64),
    "hyphens": "-" * LENGTH,
    "digits": "9" * LENGTH,
    "percent": "%" * LENGTH,
    "ampersands": "&" * LENGTH,
    "escaped": "%41" * (LENGTH // 3),
    "backslashes": "\\" * LENGTH,
    "brackets": "[" * LENGTH,
}
ENDS = {"": "", " and !": "!", " and Base64 before": ""}
TEXTS = {f"{name}{end}": text + sign for name, text in LONG.items() for end, sign in ENDS.items()}
TEXTS = {name: f"QUJD{text}" if name.endswith("before") else text for name, text in TEXTS.items()}

Result = Identity | Ended | Rejected | Unavailable | SamlSettings | str | tuple[str, ...] | object | None

every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def bounded(act: Callable[[], Result]) -> Result:
    """The result, which has not cost more than it may."""
    begun = time.process_time()
    result = act()
    assert time.process_time() - begun < CPU_SECONDS
    return result


def within_xml(text: str) -> str:
    """The text, as it may stand in a document."""
    return text.replace("&", "&amp;").replace("<", "&lt;")[: LENGTH - 15_000]


def finish_saml(document: str) -> Result:
    """An answer of a SAML provider."""
    answer = provider.packed(document.encode())
    return bounded(lambda: OURS.finish(provider.party(), provider.challenge(), answer, provider.NOW))


SIGNED = provider.signed(provider.answer(), "B").decode()


@pytest.fixture(autouse=True)
def _loaded() -> None:
    """What is loaded with the first signature does not count."""
    assert isinstance(
        OURS.finish(provider.party(), provider.challenge(), provider.packed(SIGNED.encode()), provider.NOW), Identity
    )


@pytest.mark.row("R79")
@pytest.mark.parametrize("part", ["SignatureValue", "DigestValue"])
@every_text
def test_a_signature_of_any_length_is_looked_at_soon(part: str, text: str) -> None:
    """It is read by anybody's leave: before anything is verified."""
    document = re.sub(f"<ds:{part}>[^<]*", lambda _: f"<ds:{part}>{within_xml(text)}", SIGNED, count=1)
    result = finish_saml(document)
    assert isinstance(result, Rejected)
    assert result.code != "saml_unforeseen"


@pytest.mark.parametrize(
    "value",
    [
        'IssueInstant="([^"]*)"',
        'ID="([^"]*)"',
        'Destination="([^"]*)"',
        "<saml:Issuer>([^<]*)",
        '<ds:Reference URI="([^"]*)',
        "<saml:AttributeValue>([^<]*)",
    ],
)
@every_text
def test_any_value_of_an_answer_may_be_long(value: str, text: str) -> None:
    """Attributes, identifiers, times and texts."""
    found = re.search(value, SIGNED)
    assert found is not None
    document = SIGNED[: found.start(1)] + within_xml(text).replace('"', "") + SIGNED[found.end(1) :]
    assert isinstance(finish_saml(document), Rejected)


@every_text
def test_a_declaration_may_be_long(text: str) -> None:
    """In front of a message and of metadata."""
    for document in (f"<?xml{text}?><r/>", f'<?xml version="1.0"{text}?><r/>', f"<?xml version='1.0' encoding='{text}"):
        assert isinstance(finish_saml(document), Rejected)
        assert isinstance(bounded(lambda: OURS.read_metadata(document.encode())), Rejected)  # noqa: B023


@every_text
def test_an_answer_that_is_no_document_is_refused_soon(text: str) -> None:
    """As it came from the browser."""
    answer = {"SAMLResponse": text, "RelayState": text}
    result = bounded(lambda: OURS.finish(provider.party(), provider.challenge(), answer, provider.NOW))
    assert isinstance(result, Rejected)


@pytest.mark.row("R87")
@every_text
def test_a_logout_request_may_be_long(text: str) -> None:
    """In any of its parameters, whose names are no better."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = quote(base64.b64encode(packer.compress(f"<r>{text}</r>".encode()) + packer.flush()).decode(), safe="")
    algorithm = quote("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", safe="")
    for query in (
        text,
        f"SAMLRequest={text}&SigAlg={algorithm}&Signature=AAAA",
        f"SAMLRequest={packed}&SigAlg={algorithm}&Signature={text}",
        f"SAMLRequest={packed}&SigAlg={text}&Signature=AAAA",
        f"SAMLRequest={packed}&RelayState={text}&SigAlg={algorithm}&Signature=AAAA",
    ):
        result = bounded(lambda: OURS.read_logout(provider.party(), {"SAMLRequest": ""}, query, provider.NOW))  # noqa: B023
        assert isinstance(result, Rejected)


_METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <md:IDPSSODescriptor protocolSupportEnumeration="{protocol}">
    <md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>
    </ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{address}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""
_RIGHT = {
    "entity": provider.PROVIDER,
    "protocol": provider.SAMLP,
    "certificate": provider.own_certificate("provider"),
    "address": "https://idp.example/sso",
}


@every_text
def test_any_value_of_metadata_may_be_long(text: str) -> None:
    """Of those that are read."""
    assert isinstance(OURS.read_metadata(_METADATA.format(**_RIGHT).encode()), SamlSettings)
    for name in _RIGHT:
        changed = _METADATA.format(**(_RIGHT | {name: within_xml(text).replace('"', "")}))
        bounded(lambda: OURS.read_metadata(changed.encode()))  # noqa: B023
    assert isinstance(bounded(lambda: OURS.read_metadata(text.encode(), entity_id=text)), Rejected)


@pytest.mark.row("R83")
@every_text
def test_a_token_may_be_long(text: str) -> None:
    """As a whole, in each of its parts, and in each of its claims."""
    header, claims = issuer.encode(issuer.header()), issuer.encode(issuer.id_claims())
    tokens = [text, f"{text}.{claims}.AAAA", f"{header}.{text}.AAAA", f"{header}.{claims}.{text}"]
    tokens += [issuer.encode(text.encode()), f"{header}.{issuer.encode(text.encode())}.AAAA"]
    tokens += [issuer.id_token(**{claim: text[:80_000]}) for claim in ("aud", "nonce", "sub", "at_hash", "sid")]
    tokens += [issuer.signed(issuer.header(kid=text[:5_000]), issuer.id_claims(), "RS256")]
    fetcher = issuer.canned()
    us = issuer.relying_party(fetcher)
    for token in tokens:
        fetcher.redeemed = issuer.tokens(token)
        for result in (
            bounded(lambda: us.finish(issuer.PARTY, issuer.CHALLENGE, issuer.ANSWER, issuer.NOW)),
            bounded(lambda: us.read_logout(issuer.PARTY, {"logout_token": token}, issuer.NOW)),  # noqa: B023
        ):
            assert isinstance(result, Rejected)
            assert result.code != "unreadable"


@pytest.mark.row("R83")
@every_text
def test_a_callback_may_be_long(text: str) -> None:
    """In any of the parameters that a browser brings."""
    us = issuer.relying_party(issuer.canned())
    for name in ("state", "iss", "error", "code"):
        result = bounded(lambda: us.finish(issuer.PARTY, issuer.CHALLENGE, issuer.ANSWER | {name: text}, issuer.NOW))  # noqa: B023
        assert isinstance(result, Rejected)


@pytest.mark.row("R83", "R89")
@every_text
def test_a_providers_own_documents_may_be_long(text: str) -> None:
    """Discovery, keys, token endpoint; as a whole, or within."""
    documents = [text.encode(), json.dumps({"issuer": text}).encode(), b'{"a":' + text.encode() + b"}"]
    documents += [json.dumps(issuer.metadata(jwks_uri=f"https://idp.example/{text}")).encode()]
    for document in documents:
        us = issuer.relying_party(issuer.canned(others={".well-known/openid-configuration": document}))
        assert isinstance(bounded(lambda: us.check_settings(issuer.PARTY)), Rejected | Unavailable)  # noqa: B023
        us = issuer.relying_party(issuer.canned(others={"jwks": document}))
        assert isinstance(bounded(lambda: us.check_settings(issuer.PARTY)), Rejected | Unavailable)  # noqa: B023
        fetcher = issuer.canned()
        fetcher.redeemed = Fetched(200, "application/json", document)
        us = issuer.relying_party(fetcher)
        result = bounded(lambda: us.finish(issuer.PARTY, issuer.CHALLENGE, issuer.ANSWER, issuer.NOW))  # noqa: B023
        assert isinstance(result, Rejected | Unavailable)


@pytest.mark.row("R89")
@every_text
def test_an_address_and_a_domain_may_be_long(text: str) -> None:
    """They are refused for their form, before anybody is asked."""
    for address in (text, f"https://{text}", f"https://a/{text}", f"https://a:{text}"):
        assert bounded(lambda: read_address(address)) is None  # noqa: B023
    assert bounded(lambda: DnsRecords(["127.0.0.1"], 1, lifetime=0.01).texts(f"{text}!")) == ()
