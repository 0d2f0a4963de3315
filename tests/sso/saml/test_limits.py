"""How much of a message is looked at, and that nothing that anybody sends makes the program fail or work for long."""

import base64
import random
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.sso.saml.forging import key_info
from tests.sso.saml.provider import (
    NOW,
    SUBJECT,
    Signing,
    answer,
    challenge,
    own_certificate,
    packed,
    party,
    signed,
)
from tests.sso.saml.trying import OURS, code
from totrinn.app.identity_providers import Identity, Rejected
from totrinn.sso.saml_limits import ENCODED_BYTES, METADATA_BYTES, XML_BYTES, inflate
from totrinn.sso.saml_refusals import Refused, SamlRefusal

CPU_SECONDS = 0.1
RIGHT = signed(answer(), "B")


def _in_extensions(text: str) -> bytes:
    return RIGHT.replace(b"<samlp:Status>", f"<samlp:Extensions>{text}</samlp:Extensions><samlp:Status>".encode())


def _with_signatures(count: int) -> bytes:
    begin = RIGHT.index(b"<ds:Signature ")
    one = RIGHT[begin : RIGHT.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    return RIGHT[:begin] + one * count + RIGHT[begin:]


def _with_references(count: int) -> bytes:
    reference = '<ds:Reference URI="#_assertion"/>'
    return signed(answer(), "B", Signing(extra_reference=reference * count))


_ATTRIBUTE = ' a{0}=""'
_NAMESPACE = ' xmlns:a{0}="u{0}"'


def _numbered(pattern: str, count: int) -> str:
    return "".join(pattern.format(n) for n in range(count))


def _laughs() -> bytes:
    levels = "".join("<!ENTITY a" + str(n) + ' "' + f"&a{n - 1};" * 10 + '">' for n in range(1, 10))
    return f'<!DOCTYPE r [<!ENTITY a0 "ha">{levels}]><r>&a9;</r>'.encode()


BOMBS: dict[str, tuple[Callable[[], bytes], SamlRefusal]] = {
    "10 MB of text": (lambda: b"<r>" + b"x" * 10_000_000 + b"</r>", SamlRefusal.TOO_LARGE),
    "300 KB of text": (lambda: b"<r>" + b"x" * 300_000 + b"</r>", SamlRefusal.TOO_LARGE),
    "60 000 elements": (lambda: b"<r>" + b"<a/>" * 60_000 + b"</r>", SamlRefusal.TOO_COMPLEX),
    "4 000 elements": (lambda: _in_extensions("<a/>" * 4_000), SamlRefusal.TOO_COMPLEX),
    "depth 30 000": (lambda: b"<a>" * 30_000 + b"</a>" * 30_000, SamlRefusal.TOO_COMPLEX),
    "depth 1 000": (lambda: _in_extensions("<a>" * 1_000 + "</a>" * 1_000), SamlRefusal.TOO_COMPLEX),
    "depth 200": (lambda: _in_extensions("<a>" * 200 + "</a>" * 200), SamlRefusal.TOO_COMPLEX),
    "20 000 attributes": (
        lambda: f"<r{_numbered(_ATTRIBUTE, 20_000)}/>".encode(),
        SamlRefusal.TOO_COMPLEX,
    ),
    "41 attributes": (
        lambda: _in_extensions(f"<r{_numbered(_ATTRIBUTE, 41)}/>"),
        SamlRefusal.TOO_COMPLEX,
    ),
    "10 000 namespaces": (
        lambda: f"<r{_numbered(_NAMESPACE, 10_000)}/>".encode(),
        SamlRefusal.TOO_COMPLEX,
    ),
    "201 namespaces": (lambda: _in_extensions('<a xmlns="u"/>' * 201), SamlRefusal.TOO_COMPLEX),
    "one name of 200 KB": (lambda: b"<" + b"a" * 200_000 + b"/>", SamlRefusal.NOT_XML),
    "one attribute of 200 KB": (lambda: b'<r a="' + b"a" * 200_000 + b'"/>', SamlRefusal.OTHER_MESSAGE),
    "200 KB of references": (lambda: b"<r>" + b"&#65;" * 40_000 + b"</r>", SamlRefusal.OTHER_MESSAGE),
    "300 signatures": (lambda: _with_signatures(300), SamlRefusal.TOO_LARGE),
    "30 signatures": (lambda: _with_signatures(30), SamlRefusal.MISPLACED_SIGNATURE),
    "900 references": (lambda: _with_references(900), SamlRefusal.SIGNATURE_FORM),
    "a name of 90 KB": (lambda: signed(answer("x" * 90_000), "B"), SamlRefusal.NAME_ID_MALFORMED),
    "a thousand certificates": (
        lambda: signed(answer(), "A", Signing(key_info=key_info(own_certificate("evil")) * 150)),
        SamlRefusal.SIGNATURE_FORM,
    ),
    "billion laughs": (_laughs, SamlRefusal.DOCTYPE),
}


@pytest.mark.row("R82")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_as_a_refusal_within_a_tenth_of_a_second(name: str) -> None:
    """It is refused for its size or form, before it could cost anything."""
    make, expected = BOMBS[name]
    answer_ = packed(make())
    _verify_once()
    begun = time.process_time()
    result = OURS.finish(party(), challenge(), answer_, NOW)
    spent = time.process_time() - begun
    assert isinstance(result, Rejected)
    assert (result.code, spent < CPU_SECONDS) == (expected, True)


def _verify_once() -> None:
    """What is loaded with the first signature does not count."""
    assert isinstance(OURS.finish(party(), challenge(), packed(RIGHT), NOW), Identity)


@pytest.mark.row("R82")
def test_the_largest_answers_that_are_accepted_stay_within_a_tenth_of_a_second() -> None:
    """Some 1 500 groups are read, with both signatures verified."""
    values = "".join(f"<saml:AttributeValue>group-{n:05d}</saml:AttributeValue>" for n in range(1_500))
    text = answer().replace("<saml:AttributeValue>staff</saml:AttributeValue>", values)
    answer_ = packed(signed(text, "B"))
    _verify_once()
    begun = time.process_time()
    result = OURS.finish(party(), challenge(), answer_, NOW)
    spent = time.process_time() - begun
    assert isinstance(result, Identity)
    assert len(result.groups) == 1_501
    assert spent < CPU_SECONDS


@pytest.mark.row("R82")
def test_base64_is_strict_and_limited() -> None:
    """Blanks and line breaks are passed over; anything else, and what is too long, is refused."""
    text = base64.b64encode(RIGHT).decode()

    def said(encoded: str) -> str:
        result = OURS.finish(party(), challenge(), {"SAMLResponse": encoded}, NOW)
        return result.code if isinstance(result, Rejected) else result.subject

    assert said("\r\n".join(text[n : n + 76] for n in range(0, len(text), 76))) == SUBJECT
    for encoded in (f"{text}!", f"{text}=", text[:-1], text.replace("A", "\u0410"), f"-{text}", f"{text}====", "%"):
        assert said(encoded) == SamlRefusal.BAD_ENCODING
    assert said("A" * (ENCODED_BYTES + 1)) == SamlRefusal.TOO_LARGE
    assert said(" " * (ENCODED_BYTES + 1)) == SamlRefusal.TOO_LARGE
    assert said(base64.b64encode(b"x" * (XML_BYTES + 1)).decode()) == SamlRefusal.TOO_LARGE
    assert said("") == SamlRefusal.NOT_XML


@pytest.mark.row("R82")
def test_no_more_is_inflated_than_is_looked_at() -> None:
    """100 MB in 100 KB are refused within a tenth of a second (CVE-2025-25293, CVE-2025-54572)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(100_000_000)) + packer.flush()
    query = f"SAMLRequest={quote(base64.b64encode(bomb).decode(), safe='')}&SigAlg=x&Signature=x"
    begun = time.process_time()
    result = OURS.read_logout(party(), {"SAMLRequest": "as parsed"}, query, NOW)
    assert isinstance(result, Rejected)
    with pytest.raises(Refused) as refused:
        inflate(bomb)
    assert refused.value.code == SamlRefusal.TOO_LARGE
    assert time.process_time() - begun < CPU_SECONDS


@pytest.mark.row("R82")
def test_metadata_is_limited_too() -> None:
    """Size, namespaces and depth."""

    def said(document: bytes) -> str:
        result = OURS.read_metadata(document)
        return result.code if isinstance(result, Rejected) else "read"

    assert said(b"x" * (METADATA_BYTES + 1)) == SamlRefusal.TOO_LARGE
    assert said(b"<r " + b" ".join(b'xmlns:a%d="u"' % n for n in range(2_001)) + b"/>") == SamlRefusal.TOO_COMPLEX
    assert said(b"<a>" * 300 + b"</a>" * 300) == SamlRefusal.TOO_COMPLEX
    assert said(_laughs()) == SamlRefusal.DOCTYPE


@pytest.mark.row("R79", "R82")
@pytest.mark.parametrize("seed", range(4))
def test_no_change_of_bytes_raises_or_names_another_person(seed: int) -> None:
    """1 000 random changes of signed answers a seed: each is refused in a foreseen way, or changes nothing."""
    chance = random.Random(seed)
    documents = [signed(answer(), form) for form in ("R", "A", "B")]
    for _ in range(1_000):
        document = bytearray(chance.choice(documents))
        for _ in range(chance.randint(1, 3)):
            _change(document, chance)
        result = OURS.finish(party(), challenge(), packed(bytes(document)), NOW)
        if isinstance(result, Identity):
            assert result.subject == SUBJECT
        else:
            assert result.code != SamlRefusal.UNFORESEEN, bytes(document)


def _change(document: bytearray, chance: random.Random) -> None:
    index = chance.randrange(len(document))
    length = chance.choice([1, 1, 4, 40])
    match chance.randrange(4):
        case 0:
            document[index] = chance.randrange(256)
        case 1:
            del document[index : index + length]
        case 2:
            begin = chance.randrange(len(document))
            document[index:index] = document[begin : begin + length]
        case _:
            document[index : index + 1] = chance.choice([b"<", b">", b'"', b"&amp;", b"/", b" ", b"#", b"\xc3\xa5"])


def test_many_answers_are_read_at_once() -> None:
    """Eight threads share one service provider and the libraries' schemas, and each gets its own answer's verdict."""
    documents = [packed(signed(answer(f"kari-{n}"), "B")) for n in range(8)]
    documents += [packed(signed(answer(), "B", Signing(method="rsa-1"))) for _ in range(8)]

    def said(number: int) -> str:
        result = OURS.finish(party(), challenge(), documents[number % 16], NOW)
        return result.code if isinstance(result, Rejected) else result.subject

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(said, range(160)))
    assert results == ([f"kari-{n}" for n in range(8)] + [SamlRefusal.WEAK_ALGORITHM] * 8) * 10


def test_whatever_a_library_raises_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that nobody foresaw is not accepted, and says no more than its kind."""

    def fail(text: str) -> bytes:
        raise RuntimeError("secret")

    monkeypatch.setattr("totrinn.sso.saml_answers.decode", fail)
    result = OURS.finish(party(), challenge(), packed(RIGHT), NOW)
    assert result == Rejected(SamlRefusal.UNFORESEEN, "RuntimeError")


def test_verified_prefix_lists_are_limited() -> None:
    """Ten prefixes are canonicalised, eleven are refused."""
    for count, expected in ((10, f"admitted: {SUBJECT}"), (11, SamlRefusal.SIGNATURE_FORM)):
        prefixes = " ".join(f"p{n}" for n in range(count))
        assert code(signed(answer(), "A", Signing(prefixes=prefixes))) == expected
