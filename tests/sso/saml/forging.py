"""Answers with another signature than the provider's, or over something else, or whose text hides something."""

import base64
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from tests.sso.saml.provider import (
    DSIG,
    EVIL,
    EXC_C14N,
    MORE,
    SUBJECT,
    Signing,
    answer,
    curve_key,
    key,
    own_certificate,
    public_pem,
    signed,
)
from totrinn.sso.saml_refusals import SamlRefusal as No

ENVELOPED = f"{DSIG}enveloped-signature"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@dataclass(frozen=True)
class Forged:
    """An answer that must be refused, and why."""

    name: str
    document: bytes
    code: No


def key_info(certificate: str) -> str:
    """A `KeyInfo` with this certificate."""
    return f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"


def _keys() -> Iterator[tuple[str, Signing, No]]:
    evil = key("evil")
    wrong = No.SIGNATURE_WRONG
    yield "another key", Signing(key=evil), wrong
    yield "another key, its certificate", Signing(key=evil, key_info=key_info(own_certificate("evil"))), wrong
    yield "another key, the true certificate", Signing(key=evil, key_info=key_info(own_certificate("provider"))), wrong
    both = key_info(own_certificate("provider")).replace(
        "</ds:X509Data>",
        f"<ds:X509Certificate>{own_certificate('evil')}</ds:X509Certificate></ds:X509Data>",
    )
    yield "another key, both certificates", Signing(key=evil, key_info=both), wrong
    yield "our own key", Signing(key=key("ours")), wrong
    yield "a key on a curve", Signing(key=curve_key("evil"), method="ecdsa-256"), wrong
    for name, secret in {
        "public key": public_pem(key("provider")),
        "certificate": own_certificate("provider").encode(),
        "certificate's bytes": base64.b64decode(own_certificate("provider")),
        "nothing": b"",
    }.items():
        for bits in ("256", "512"):
            yield f"HMAC-{bits} with the {name}", Signing(key=secret, method=f"hmac-{bits}"), No.WEAK_ALGORITHM


def _algorithms() -> Iterator[tuple[str, Signing, No]]:
    yield "RSA with SHA-1", Signing(method="rsa-1"), No.WEAK_ALGORITHM
    yield "digest of SHA-1", Signing(digest="1"), No.WEAK_ALGORITHM
    yield "SHA-1 for both", Signing(method="rsa-1", digest="1"), No.WEAK_ALGORITHM
    rsa = f"{MORE}rsa-sha256"
    for name, algorithm in {
        "none": "",
        "DSA": "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "PSS": "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "MD5": f"{MORE}rsa-md5",
        "RIPEMD": f"{MORE}rsa-ripemd160",
        "upper case": rsa.upper(),
        "with a space": f"{rsa} ",
    }.items():
        yield f"method {name}", _edited(rsa, algorithm), No.WEAK_ALGORITHM
    yield (
        "method with a parameter",
        _edited(
            f'<ds:SignatureMethod Algorithm="{rsa}"/>',
            f'<ds:SignatureMethod Algorithm="{rsa}"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>',
        ),
        No.SIGNATURE_FORM,
    )
    yield "ECDSA named, RSA made", _edited(rsa, f"{MORE}ecdsa-sha256"), No.SIGNATURE_WRONG
    for canonical in (
        _C14N,
        f"{_C14N}#WithComments",
        f"{EXC_C14N}WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
    ):
        yield f"canonical form {canonical}", Signing(canonical=canonical), No.SIGNATURE_FORM


def _references() -> Iterator[tuple[str, Signing, No]]:
    no = No.SIGNATURE_FORM
    for uri in ("", "#", "#_other", "_assertion", "#xpointer(/)", "#xpointer(id('_assertion'))", "##_assertion",
                "https://evil.example/", "file:///etc/passwd", "#_assertion#_assertion", " #_assertion"):  # fmt: skip
        yield f"reference to {uri or 'everything'}", Signing(uri=uri), no


def _transforms() -> Iterator[tuple[str, Signing, No]]:
    transforms = "http://www.w3.org/TR/1999/REC-"
    for name, chain in {
        "none": (),
        "no envelope": (EXC_C14N,),
        "no canonical form": (ENVELOPED,),
        "reversed": (EXC_C14N, ENVELOPED),
        "twice": (ENVELOPED, ENVELOPED, EXC_C14N),
        "with comments": (ENVELOPED, f"{EXC_C14N}WithComments"),
        "inclusive": (ENVELOPED, _C14N),
        "XPath": (ENVELOPED, f"{transforms}xpath-19991116", EXC_C14N),
        "XPath first": (f"{transforms}xpath-19991116", EXC_C14N),
        "XSLT": (ENVELOPED, f"{transforms}xslt-19991116", EXC_C14N),
        "Base64": (ENVELOPED, f"{DSIG}base64"),
        "filter": (ENVELOPED, "http://www.w3.org/2002/06/xmldsig-filter2", EXC_C14N),
    }.items():
        yield f"transforms {name}", Signing(transforms=chain), No.SIGNATURE_FORM


def _parts() -> Iterator[tuple[str, Signing, No]]:
    no = No.SIGNATURE_FORM
    extra = (
        f'<ds:Reference URI="#_other"><ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AA==</ds:DigestValue>'
        "</ds:Reference>"
    )
    yield "two references", Signing(extra_reference=extra), no
    yield "201 references", Signing(extra_reference=extra * 200), no
    yield "object", Signing(extra_object="<ds:Object/>"), no
    yield "manifest", Signing(extra_object="<ds:Object><ds:Manifest/></ds:Object>"), no
    yield "no reference", _edited_between("<ds:Reference", "</ds:Reference>", ""), no
    yield "no signed info", _edited_between("<ds:SignedInfo", "</ds:SignedInfo>", ""), no
    yield "no value", _edited_between("<ds:SignatureValue>", "</ds:SignatureValue>", ""), no
    yield "empty value", _edited_between("<ds:SignatureValue>", "", "<ds:SignatureValue>"), no
    yield "value no Base64", _edited("<ds:SignatureValue>", "<ds:SignatureValue>!"), no
    yield "empty digest", _edited_between("<ds:DigestValue>", "", "<ds:DigestValue>"), no
    for prefixes in ("#default", "a b c d e f g h i j k", "xs,xsi"):
        change = (
            f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"/></ds:Transform></ds:Transforms>'
        )
        yield f"prefixes {prefixes}", _edited("</ds:Transform></ds:Transforms>", change, self_closed=True), no


def _edited(old: str, new: str, *, self_closed: bool = False) -> Signing:
    def edit(text: str) -> str:
        if self_closed:
            text = text.replace(
                f'<ds:Transform Algorithm="{EXC_C14N}"/>', f'<ds:Transform Algorithm="{EXC_C14N}"></ds:Transform>'
            )
        assert old in text, old
        return text.replace(old, new)

    return Signing(after_signing=edit)


def _edited_between(begin: str, end: str, new: str) -> Signing:
    """Without what stands from one text to the other; without an end, to the next tag."""

    def edit(text: str) -> str:
        first = text.index(begin)
        last = text.index(end, first) + len(end) if end else text.index("<", first + 1)
        return text[:first] + new + text[last:]

    return Signing(after_signing=edit)


def signatures() -> list[Forged]:
    """Each in the response, in the assertion, and in both."""
    return [
        Forged(f"{form}: {name}", signed(answer(), form, how), code)
        for source in (_keys, _algorithms, _references, _transforms, _parts)
        for name, how, code in source()
        for form in ("R", "A", "B")
    ]


def changed_afterwards() -> Iterator[Forged]:
    """What was signed has been changed."""
    changes = {
        "name": (SUBJECT, EVIL),
        "one letter": ("Kari Nordmann", "Kari Nordmenn"),
        "group": ("admins", "owners"),
        "attribute name": ('Name="mail"', 'Name="Mail"'),
        "space": ("<saml:AttributeValue>staff", "<saml:AttributeValue> staff"),
        "instant": ("IssueInstant", "issueInstant"),
    }
    for form in ("R", "A", "B"):
        right = signed(answer(), form)
        for name, (old, new) in changes.items():
            code = No.UNEXPECTED_FORM if name == "instant" else No.SIGNATURE_WRONG
            yield Forged(f"{form}: {name} changed", right.replace(old.encode(), new.encode()), code)
        root = etree.fromstring(right)
        for found in root.findall(f".//{{{DSIG}}}Signature"):
            found.getparent().remove(found)  # type: ignore[union-attr]  # no signature is the root
        yield Forged(f"{form}: signature removed", etree.tostring(root), No.UNSIGNED)
    one, other = (
        signed(answer(), "A"),
        signed(answer(EVIL).replace("_assertion", "_other"), "A", Signing(key=key("evil"))),
    )
    yield Forged("assertion of another", other, No.SIGNATURE_WRONG)
    mixed = other.replace(b"_other", b"_assertion")
    yield Forged("assertion of another under this one's identifier", mixed, No.SIGNATURE_WRONG)
    assert one != mixed


def syntax() -> Iterator[Forged]:
    """Text that two readers could take for two things: put into a signed answer, or signed with it."""
    inserts = {
        "comment": ("<!---->", No.HIDDEN_MARKUP),
        "long comment": ("<!-- x -->", No.HIDDEN_MARKUP),
        "CDATA": ("<![CDATA[]]>", No.HIDDEN_MARKUP),
        "CDATA with text": ("<![CDATA[.evil]]>", No.HIDDEN_MARKUP),
        "instruction": ("<?x?>", No.HIDDEN_MARKUP),
        "instruction with text": ("<?xml-stylesheet href='x'?>", No.HIDDEN_MARKUP),
        "entity": ("&evil;", No.NOT_XML),
        "no character": ("&#0;", No.NOT_XML),
        "half a pair": ("&#xD800;", No.NOT_XML),
        "unclosed": ("<saml:X>", No.NOT_XML),
    }
    for form in ("R", "A", "B"):
        right = signed(answer(), form)
        for name, (text, code) in inserts.items():
            for where, place in {
                "name": f"{SUBJECT}<",
                "audience": "</saml:Audience>",
                "issuer": "</saml:Issuer>",
            }.items():
                begin = right.index(place.encode()) + (4 if where == "name" else 0)
                document = right[:begin] + text.encode() + right[begin:]
                yield Forged(f"{form}: {name} in {where}", document, code)
        for name in ("comment", "CDATA with text", "instruction"):
            hidden = answer().replace(SUBJECT, f"kari{inserts[name][0]}-0001")
            yield Forged(f"{form}: {name} signed with it", signed(hidden, form), No.HIDDEN_MARKUP)
        yield from (Forged(f"{form}: {name}", *made) for name, made in _documents(right).items())


def _documents(right: bytes) -> dict[str, tuple[bytes, No]]:
    entity = b'<!DOCTYPE r [<!ENTITY e "x">]>'
    return {
        "empty document type": (b"<!DOCTYPE r>" + right, No.DOCTYPE),
        "document type with entity": (entity + right, No.DOCTYPE),
        "document type with external entity": (b'<!DOCTYPE r SYSTEM "file:///etc/passwd">' + right, No.DOCTYPE),
        "document type behind a declaration": (b'<?xml version="1.0"?>' + entity + right, No.DOCTYPE),
        "document type with attributes": (
            b"<!DOCTYPE r [<!ATTLIST saml:NameID ID ID #IMPLIED>]>" + right,
            No.DOCTYPE,
        ),
        "document type in small letters": (b"<!doctype r>" + right, No.HIDDEN_MARKUP),
        "UTF-16": (right.decode().encode("utf-16"), No.NOT_UTF8),
        "UTF-16 without a mark": (right.decode().encode("utf-16-le"), No.NOT_UTF8),
        "UTF-32": (right.decode().encode("utf-32-be"), No.NOT_UTF8),
        "Latin-1 declared": (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + right, No.NOT_UTF8),
        "UTF-7 declared": (b'<?xml version="1.0" encoding="UTF-7"?>' + right, No.NOT_UTF8),
        "bytes that are no UTF-8": (right.replace(b"Kari N", b"Kari \xff"), No.NOT_UTF8),
        "over-long UTF-8": (right.replace(b"Kari N", b"Kari \xc0\xbc"), No.NOT_UTF8),
        "NUL": (right + b"\x00", No.NOT_UTF8),
        "two declarations": (b'<?xml version="1.0"?>' * 2 + right, No.HIDDEN_MARKUP),
        "space before the declaration": (b' <?xml version="1.0"?>' + right, No.HIDDEN_MARKUP),
        "two roots": (right + right, No.NOT_XML),
        "text behind": (right + b"x", No.NOT_XML),
        "half": (right[: len(right) // 2], No.NOT_XML),
        "empty": (b"", No.NOT_XML),
        "deflated": (zlib.compress(right)[2:-4], No.NOT_UTF8),
        "gzip": (gzip.compress(right), No.NOT_UTF8),
        "JSON": (b'{"a": 1}', No.NOT_XML),
        "the assertion alone": (right[right.index(b"<saml:Assertion") : right.index(b"</samlp:Response>")], No.NOT_XML),
        "another message": (right.replace(b"samlp:Response", b"samlp:LogoutResponse"), No.OTHER_MESSAGE),
        "another namespace": (right.replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), No.OTHER_MESSAGE),
        "attribute twice": (right.replace(b' ID="_response"', b' ID="_response" ID="_x"'), No.NOT_XML),
    }
