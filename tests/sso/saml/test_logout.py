"""Single logout as a provider starts it: what is believed, and what we answer."""

import base64
import zlib
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from lxml import etree

from tests.sso.saml.provider import (
    CONSUMER,
    ENTITY_ID,
    LOGOUT,
    MORE,
    NOW,
    PROVIDER,
    SAML,
    SAMLP,
    SUBJECT,
    Signing,
    at,
    certificate,
    curve_key,
    key,
    own_certificate,
    packed,
    party,
    settings,
    sign,
    tree,
)
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Ended, Party, Rejected
from totrinn.sso.saml_refusals import SamlRefusal

RSA_SHA256 = f"{MORE}rsa-sha256"


def request(subject: str = SUBJECT) -> str:
    """A request that is right in every respect."""
    return (
        f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_logout" Version="2.0"'
        f' IssueInstant="{at(-5)}" Destination="{LOGOUT}"><saml:Issuer>{PROVIDER}</saml:Issuer>'
        f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>'
        "<samlp:SessionIndex>_session</samlp:SessionIndex></samlp:LogoutRequest>"
    )


def deflated(text: str) -> str:
    """The text as it stands in a query."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return quote(base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode(), safe="")


def signed_query(
    text: str,
    relay_state: str | None = None,
    *,
    by: RSAPrivateKey | None = None,
    algorithm: str = RSA_SHA256,
    digest: HashAlgorithm | None = None,
    name: str = "SAMLRequest",
) -> str:
    """The query of a redirected message, signed."""
    query = f"{name}={deflated(text)}"
    if relay_state is not None:
        query += f"&RelayState={relay_state}"
    query += f"&SigAlg={quote(algorithm, safe='')}"
    value = (by or key("provider")).sign(query.encode(), PKCS1v15(), digest or SHA256())
    return f"{query}&Signature={quote(base64.b64encode(value).decode(), safe='')}"


def read(query: str, to: Party | None = None) -> Ended | Rejected:
    """What the program makes of it."""
    return OURS.read_logout(to or party(), {"SAMLRequest": "as parsed"}, query, NOW)


def refusal(query: str, to: Party | None = None) -> str:
    """The code of the refusal; `ended` when there is none."""
    result = read(query, to)
    return result.code if isinstance(result, Rejected) else "ended"


def ended(query: str, to: Party | None = None) -> Ended:
    """What was ended; fails when it is refused."""
    result = read(query, to)
    assert isinstance(result, Ended), result
    return result


@pytest.mark.row("R87")
def test_a_signed_request_ends_what_it_names() -> None:
    """Person, sessions, and an identifier to be accepted once for as long as it is believed."""
    result = ended(signed_query(request()))
    assert (result.subject, result.sessions, result.token_id) == (SUBJECT, ("_session",), "_logout")
    assert result.token_expires_at == NOW + timedelta(seconds=-5 + 300 + 60)
    everything = request().replace("<samlp:SessionIndex>_session</samlp:SessionIndex>", "")
    assert ended(signed_query(everything)).sessions == ()
    two = request().replace("<samlp:Session", "<samlp:SessionIndex>_1</samlp:SessionIndex><samlp:Session", 1)
    assert ended(signed_query(two)).sessions == ("_1", "_session")


@pytest.mark.row("R65")
@pytest.mark.parametrize("relay_state", [None, "", "abc", "a%20b", "a+b", "%C3%A6", "https%3a%2F%2Fevil.example"])
def test_our_answer_is_signed_and_goes_to_the_provider_alone(relay_state: str | None) -> None:
    """Whatever the relay state is, it comes back as it was, and chooses no address."""
    address = ended(signed_query(request(), relay_state)).reply_to
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://idp.example/slo"
    text, _, signature = parts.query.partition("&Signature=")
    value = base64.b64decode(parse_qs(f"s={signature}")["s"][0])
    key("ours").public_key().verify(value, text.encode(), PKCS1v15(), SHA256())
    fields = parse_qs(text, keep_blank_values=True)
    expected = None if relay_state is None else parse_qs(f"r={relay_state}", keep_blank_values=True)["r"]
    assert fields.get("RelayState") == expected
    response = etree.fromstring(zlib.decompress(base64.b64decode(fields["SAMLResponse"][0]), -15))
    assert response.get("InResponseTo") == "_logout"
    assert response.get("Destination") == "https://idp.example/slo"
    assert response.findtext(f"{{{SAML}}}Issuer") == ENTITY_ID
    code = response.find(f".//{{{SAMLP}}}StatusCode")
    assert code is not None
    assert code.get("Value") == "urn:oasis:names:tc:SAML:2.0:status:Success"


def test_without_an_address_or_a_key_nothing_is_answered() -> None:
    """The sessions end all the same."""
    assert ended(signed_query(request()), party(slo_url="")).reply_to == ""
    assert ended(signed_query(request()), Party("c0ffee", 1, settings())).reply_to == ""


def _without(query: str, name: str) -> str:
    return "&".join(piece for piece in query.split("&") if not piece.startswith(f"{name}="))


RIGHT = signed_query(request(), "abc")
_OTHER = signed_query(request("evil"), "abc")
_MESSAGE = RIGHT.partition("&")[0]

QUERIES: dict[str, tuple[str, SamlRefusal]] = {
    "no signature": (_without(RIGHT, "Signature"), SamlRefusal.UNSIGNED),
    "no algorithm": (_without(RIGHT, "SigAlg"), SamlRefusal.UNSIGNED),
    "no relay state": (_without(RIGHT, "RelayState"), SamlRefusal.SIGNATURE_WRONG),
    "no request": (_without(RIGHT, "SAMLRequest"), SamlRefusal.ANSWER_MISSING),
    "nothing": ("", SamlRefusal.ANSWER_MISSING),
    "another relay state": (RIGHT.replace("=abc", "=abd"), SamlRefusal.SIGNATURE_WRONG),
    "another request": (RIGHT.replace(_MESSAGE, _OTHER.partition("&")[0]), SamlRefusal.SIGNATURE_WRONG),
    "another spelling": (RIGHT.replace("%3A", "%3a"), SamlRefusal.SIGNATURE_WRONG),
    "request twice": (f"{_OTHER.partition('&')[0]}&{RIGHT}", SamlRefusal.PARAMETER_REPEATED),
    "request twice, behind": (f"{RIGHT}&{_OTHER.partition('&')[0]}", SamlRefusal.PARAMETER_REPEATED),
    "request disguised": (f"{RIGHT}&SAMLReques%74=x", SamlRefusal.PARAMETER_REPEATED),
    "relay state twice": (f"{RIGHT}&RelayState=x", SamlRefusal.PARAMETER_REPEATED),
    "algorithm twice": (f"{RIGHT}&SigAlg=x", SamlRefusal.PARAMETER_REPEATED),
    "signature twice": (f"{RIGHT}&Signature=x", SamlRefusal.PARAMETER_REPEATED),
    "response beside": (f"{RIGHT}&SAMLResponse=x", SamlRefusal.OTHER_MESSAGE),
    "signature empty": (f"{_without(RIGHT, 'Signature')}&Signature=", SamlRefusal.SIGNATURE_WRONG),
    "signature no Base64": (f"{_without(RIGHT, 'Signature')}&Signature=!", SamlRefusal.SIGNATURE_WRONG),
    "evil key": (signed_query(request(), by=key("evil")), SamlRefusal.SIGNATURE_WRONG),
    "our key": (signed_query(request(), by=key("ours")), SamlRefusal.SIGNATURE_WRONG),
    "SHA-1": (signed_query(request(), algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1", digest=SHA1()),
              SamlRefusal.WEAK_ALGORITHM),
    "HMAC": (signed_query(request(), algorithm=f"{MORE}hmac-sha256"), SamlRefusal.WEAK_ALGORITHM),
    "SHA-1 named as SHA-256": (signed_query(request(), digest=SHA1()), SamlRefusal.SIGNATURE_WRONG),
    "no algorithm's name": (signed_query(request(), algorithm=""), SamlRefusal.WEAK_ALGORITHM),
}  # fmt: skip


@pytest.mark.row("R87")
@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_the_provider_has_not_signed_ends_nothing(name: str) -> None:
    """It is verified as it came: missing, repeated, disguised, respelled or other parameters are refused."""
    query, expected = QUERIES[name]
    assert refusal(query) == expected


CHANGES: dict[str, tuple[Callable[[str], str], SamlRefusal]] = {
    "other destination": (lambda text: text.replace(LOGOUT, CONSUMER), SamlRefusal.DESTINATION_WRONG),
    "no destination": (lambda text: text.replace(f' Destination="{LOGOUT}"', ""), SamlRefusal.DESTINATION_WRONG),
    "other connection": (lambda text: text.replace("c0ffee", "other"), SamlRefusal.DESTINATION_WRONG),
    "other issuer": (lambda text: text.replace(PROVIDER, "https://evil.example"), SamlRefusal.ISSUER_WRONG),
    "no issuer": (lambda text: text.replace(f"<saml:Issuer>{PROVIDER}</saml:Issuer>", ""), SamlRefusal.ISSUER_WRONG),
    "old": (lambda text: text.replace(at(-5), at(-360)), SamlRefusal.TOO_LATE),
    "very old": (lambda text: text.replace(at(-5), "1970-01-01T00:00:00Z"), SamlRefusal.TOO_LATE),
    "before all times": (lambda text: text.replace(at(-5), "0001-01-01T00:00:00Z"), SamlRefusal.TIME_MALFORMED),
    "early": (lambda text: text.replace(at(-5), at(61)), SamlRefusal.TOO_EARLY),
    "far away": (lambda text: text.replace(at(-5), "9998-12-31T23:59:59Z"), SamlRefusal.TOO_EARLY),
    "after all times": (lambda text: text.replace(at(-5), "9999-01-01T00:00:00Z"), SamlRefusal.TOO_EARLY),
    "no time": (lambda text: text.replace(at(-5), ""), SamlRefusal.TIME_MALFORMED),
    "over": (lambda text: text.replace(" ID=", f' NotOnOrAfter="{at(-60)}" ID='), SamlRefusal.TOO_LATE),
    "version": (lambda text: text.replace("2.0", "1.1", 4), SamlRefusal.OTHER_MESSAGE),
    "version 1.1": (lambda text: text.replace('Version="2.0"', 'Version="1.1"'), SamlRefusal.VERSION),
    "nobody": (lambda text: text[: text.index("<saml:NameID")] + text[text.index("<samlp:Session") :],
               SamlRefusal.NAME_ID_MISSING),
    "empty name": (lambda text: text.replace(SUBJECT, ""), SamlRefusal.NAME_ID_MALFORMED),
    "encrypted name": (lambda text: text.replace("<saml:NameID", "<saml:EncryptedID/><saml:NameID"),
                       SamlRefusal.UNEXPECTED_FORM),
    "session too long": (lambda text: text.replace("_session", "x" * 256), SamlRefusal.UNEXPECTED_FORM),
    "comment in name": (lambda text: text.replace(SUBJECT, f"{SUBJECT}<!-- -->"), SamlRefusal.HIDDEN_MARKUP),
    "document type": (lambda text: f"<!DOCTYPE x>{text}", SamlRefusal.DOCTYPE),
    "response": (lambda text: text.replace("LogoutRequest", "LogoutResponse"), SamlRefusal.OTHER_MESSAGE),
    "no XML": (lambda text: "x", SamlRefusal.NOT_XML),
    "no identifier": (lambda text: text.replace(' ID="_logout"', ""), SamlRefusal.UNEXPECTED_FORM),
    "empty identifier": (lambda text: text.replace('"_logout"', '""'), SamlRefusal.UNEXPECTED_FORM),
    "base identifier": (lambda text: text.replace("<saml:NameID ", '<saml:BaseID/><saml:NameID '),
                        SamlRefusal.UNEXPECTED_FORM),
}  # fmt: skip


@pytest.mark.row("R87")
@pytest.mark.parametrize("name", CHANGES)
def test_a_request_that_is_not_for_us_or_not_for_now_ends_nothing(name: str) -> None:
    """Though the provider has signed it."""
    change, expected = CHANGES[name]
    text = change(request())
    assert text != request()
    assert refusal(signed_query(text)) == expected


@pytest.mark.row("R87")
def test_only_the_signature_of_the_query_counts() -> None:
    """One within the document proves nothing here, and must not be there (SAML Bindings §3.4.4.1)."""
    root = tree(request())
    sign(root, Signing())
    text = etree.tostring(root).decode()
    assert refusal(f"SAMLRequest={deflated(text)}") == SamlRefusal.UNSIGNED
    assert refusal(signed_query(text)) == SamlRefusal.UNEXPECTED_FORM


@pytest.mark.row("R87")
def test_a_request_must_come_by_redirect() -> None:
    """What was posted has no signed query; what is no message at all is refused, too."""
    posted = packed(request().encode())["SAMLResponse"]
    result = OURS.read_logout(party(), {"SAMLRequest": posted}, "", NOW)
    assert result == OURS.read_logout(party(), {}, RIGHT, NOW) == Rejected(SamlRefusal.ANSWER_MISSING)


def test_any_pinned_rsa_key_and_sha_512_will_do() -> None:
    """Keys on curves are passed over: how their signatures stand in a query is not agreed among providers."""
    pinned = party(certificates=(certificate(curve_key("new")), own_certificate("next"), own_certificate("provider")))
    assert refusal(RIGHT, pinned) == "ended"
    assert refusal(signed_query(request(), algorithm=f"{MORE}rsa-sha512", digest=SHA512())) == "ended"
    assert refusal(RIGHT, party(certificates=(certificate(curve_key("new")),))) == SamlRefusal.SIGNATURE_WRONG


@pytest.mark.row("R82")
def test_what_is_no_deflate_is_refused() -> None:
    """Plain text, too much or too little of it; the signature is verified first."""
    whole = deflated(request())
    for text in (quote(base64.b64encode(request().encode()).decode(), safe=""), whole[:-20], "", "!", "AAAA"):
        query = f"SAMLRequest={text}&SigAlg={quote(RSA_SHA256, safe='')}"
        value = base64.b64encode(key("provider").sign(query.encode(), PKCS1v15(), SHA256())).decode()
        assert refusal(f"{query}&Signature={quote(value, safe='')}") == SamlRefusal.BAD_ENCODING
        assert refusal(f"{query}&Signature=AAAA") == SamlRefusal.SIGNATURE_WRONG
