"""Encrypted assertions: which are taken, and that a refusal is of no use to whoever tries to read one."""

import base64
from collections.abc import Callable

import pytest
from lxml import etree

from tests.sso.saml import provider
from tests.sso.saml.encrypting import (
    CBC,
    GCM,
    MGF1P,
    OAEP11,
    RSA_15,
    XMLENC11,
    Encrypting,
    holding,
    plain_assertion,
    signed_assertion,
)
from tests.sso.saml.provider import DSIG, SAML, SUBJECT, XMLENC, Signing, key, party, sign
from tests.sso.saml.trying import code, identity, outcome
from totrinn.app.identity_providers import Identity, Party, Rejected
from totrinn.sso.saml_refusals import SamlCheck, SamlRefusal

CIPHER_VALUES = f".//{{{XMLENC}}}CipherValue"


def with_cbc() -> Party:
    """The connection to a provider that can do no better."""
    return party(allows_cbc=True)


@pytest.mark.row("R79")
@pytest.mark.parametrize("bits", ["128", "192", "256"])
@pytest.mark.parametrize(
    "how",
    [
        {"transport": MGF1P},
        {"transport": MGF1P, "digest": "sha256"},
        {"transport": OAEP11},
        {"transport": OAEP11, "digest": "sha256", "generator": "sha256"},
        {"transport": OAEP11, "digest": "sha512", "generator": "sha1"},
        {"beside": True},
    ],
)
def test_a_signed_assertion_encrypted_with_gcm_is_read(bits: str, how: dict[str, str]) -> None:
    """Every key length and every form of OAEP that providers use is understood."""
    document = etree.tostring(holding(signed_assertion(), Encrypting(data=f"{XMLENC11}aes{bits}-gcm", **how)))  # type: ignore[arg-type]  # of two types
    read = identity(document)
    assert read.subject == SUBJECT
    assert SamlCheck.DECRYPTION in read.checks


def test_an_assertion_encrypted_within_a_signed_response_is_read() -> None:
    """The response's signature covers what is encrypted."""
    read = identity(etree.tostring(holding(plain_assertion(), signs_response=True)))
    assert read.subject == SUBJECT
    assert SamlCheck.ASSERTION_SIGNATURE not in read.checks


@pytest.mark.parametrize("bits", ["128", "192", "256"])
def test_cbc_is_read_where_it_is_agreed_and_signed(bits: str) -> None:
    """A signature in it or around it makes up for what CBC lacks."""
    how = Encrypting(data=f"{XMLENC}aes{bits}-cbc")
    inside = etree.tostring(holding(signed_assertion(), how))
    around = etree.tostring(holding(plain_assertion(), how, signs_response=True))
    assert identity(inside, to=with_cbc()).subject == identity(around, to=with_cbc()).subject == SUBJECT
    assert code(inside) == code(around) == SamlRefusal.ENCRYPTION_REFUSED


UNREADABLE = {
    "RSA 1.5": (Encrypting(transport=RSA_15), SamlRefusal.ENCRYPTION_REFUSED),
    "no transport": (Encrypting(transport=""), SamlRefusal.ENCRYPTION_REFUSED),
    "3DES": (Encrypting(data=f"{XMLENC}tripledes-cbc"), SamlRefusal.ENCRYPTION_REFUSED),
    "no algorithm": (Encrypting(data=""), SamlRefusal.ENCRYPTION_REFUSED),
    "CBC that is not agreed": (Encrypting(data=CBC), SamlRefusal.ENCRYPTION_REFUSED),
    "two keys": (Encrypting(keys=2), SamlRefusal.ENCRYPTION_REFUSED),
    "two keys beside": (Encrypting(keys=2, beside=True), SamlRefusal.ENCRYPTION_REFUSED),
    "no key": (Encrypting(keys=0), SamlRefusal.ENCRYPTION_REFUSED),
    "a label": (Encrypting(digest="label"), SamlRefusal.ENCRYPTION_REFUSED),
    "an unknown digest": (Encrypting(digest="md5"), SamlRefusal.ENCRYPTION_REFUSED),
    "a generator of 1.0": (Encrypting(generator="sha256"), SamlRefusal.ENCRYPTION_REFUSED),
    "another digest than said": (Encrypting(transport=OAEP11, generator="sha384"), SamlRefusal.DECRYPTION_FAILED),
    "a key of another length": (Encrypting(key_bytes=24), SamlRefusal.DECRYPTION_FAILED),
    "for somebody else": (Encrypting(to="evil"), SamlRefusal.DECRYPTION_FAILED),
}


@pytest.mark.row("R79")
@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("signs_response", [False, True])
def test_nothing_else_is_decrypted(name: str, signs_response: bool) -> None:
    """Weak, ambiguous or unreadable encryption is refused, whether or not a signature is around it."""
    how, expected = UNREADABLE[name]
    assert code(etree.tostring(holding(signed_assertion(), how, signs_response=signs_response))) == expected


def _wrapped(tag: str) -> bytes:
    return f'<{tag} xmlns:saml="{SAML}">'.encode() + signed_assertion() + f"</{tag}>".encode()


CONTENTS: dict[str, tuple[Callable[[], bytes], SamlRefusal]] = {
    "unsigned": (plain_assertion, SamlRefusal.UNSIGNED),
    "signed by somebody else": (lambda: signed_assertion(Signing(key=key("evil"))), SamlRefusal.SIGNATURE_WRONG),
    "signed weakly": (lambda: signed_assertion(Signing(method="rsa-1")), SamlRefusal.WEAK_ALGORITHM),
    "changed": (lambda: signed_assertion().replace(b"admins", b"owners"), SamlRefusal.SIGNATURE_WRONG),
    "two roots": (lambda: signed_assertion() * 2, SamlRefusal.NOT_XML),
    "with a document type": (lambda: b"<!DOCTYPE r>" + signed_assertion(), SamlRefusal.DOCTYPE),
    "with a comment": (lambda: signed_assertion() + b"<!-- -->", SamlRefusal.HIDDEN_MARKUP),
    "in an assertion": (lambda: _wrapped("saml:Assertion"), SamlRefusal.UNEXPECTED_FORM),
    "in advice": (lambda: _wrapped("saml:Advice"), SamlRefusal.OTHER_MESSAGE),
    "a response": (lambda: provider.signed(provider.answer(), "B"), SamlRefusal.OTHER_MESSAGE),
    "encrypted twice": (
        lambda: etree.tostring(holding(signed_assertion()).find(f"{{{SAML}}}EncryptedAssertion")),  # type: ignore[arg-type]  # it is there
        SamlRefusal.OTHER_MESSAGE,
    ),
    "text": (lambda: b"kari", SamlRefusal.NOT_XML),
    "nothing": (lambda: b"", SamlRefusal.NOT_XML),
}


@pytest.mark.row("R79")
@pytest.mark.parametrize("name", CONTENTS)
def test_what_was_encrypted_is_checked_like_anything_else(name: str) -> None:
    """That something was encrypted for us says nothing about who did it."""
    content, expected = CONTENTS[name]
    assert code(etree.tostring(holding(content()))) == expected


@pytest.mark.row("R79")
@pytest.mark.parametrize("name", CONTENTS)
def test_with_cbc_every_failure_up_to_the_signature_is_the_same(name: str) -> None:
    """Code, detail and passed checks are those of a failed decryption (Jager and Somorovsky 2011)."""
    content, _ = CONTENTS[name]
    result = outcome(etree.tostring(holding(content(), Encrypting(data=CBC))), to=with_cbc())
    assert result == Rejected(SamlRefusal.DECRYPTION_FAILED, "", (SamlCheck.SIZE, SamlCheck.FORM))


@pytest.mark.row("R79")
def test_changing_a_ciphertext_gives_one_answer_whatever_it_hits() -> None:
    """Half of all changes of four last bytes of blocks, in both modes, are all refused alike.

    But for those that change nothing: in CBC, a blank between two attributes may become a tab.
    """
    for how, to in ((Encrypting(data=CBC), with_cbc()), (Encrypting(data=GCM), party())):
        root = holding(signed_assertion(), how)
        value = root.findall(CIPHER_VALUES)[-1]
        text = bytearray(base64.b64decode(value.text or ""))
        seen = set()
        for index in (15, 31, len(text) - 17, len(text) - 1):
            for flip in range(1, 256, 2):
                changed = bytes([*text[:index], text[index] ^ flip, *text[index + 1 :]])
                value.text = base64.b64encode(changed).decode()
                result = outcome(etree.tostring(root), to=to)
                if isinstance(result, Identity):
                    assert (result.subject, index, how.data) == (SUBJECT, 15, CBC)
                else:
                    seen.add(result)
        assert seen == {Rejected(SamlRefusal.DECRYPTION_FAILED, "", (SamlCheck.SIZE, SamlCheck.FORM))}


@pytest.mark.row("R79")
def test_what_a_signed_response_holds_cannot_be_exchanged() -> None:
    """Another text, or another key, breaks the signature around it before anything is decrypted."""
    for index in (0, 1):
        root = holding(plain_assertion(), signs_response=True)
        other = holding(plain_assertion(), signs_response=True)
        root.findall(CIPHER_VALUES)[index].text = other.findall(CIPHER_VALUES)[index].text
        assert code(etree.tostring(root)) == SamlRefusal.SIGNATURE_WRONG


@pytest.mark.row("R79")
def test_there_is_one_assertion_encrypted_or_not() -> None:
    """A second one is refused beside the first, in any order, and wherever it hides."""
    for other in (plain_assertion(), signed_assertion(), etree.tostring(_encrypted())):
        for behind in (True, False):
            root = holding(signed_assertion())
            encrypted = root.find(f"{{{SAML}}}EncryptedAssertion")
            assert encrypted is not None
            (encrypted.addnext if behind else encrypted.addprevious)(etree.fromstring(other))
            assert code(etree.tostring(root)) == SamlRefusal.SEVERAL_ASSERTIONS
    root = holding(signed_assertion())
    root[-1].append(etree.fromstring(plain_assertion()))
    assert code(etree.tostring(root)) == SamlRefusal.SEVERAL_ASSERTIONS


def _encrypted() -> etree._Element:
    found = holding(signed_assertion()).find(f"{{{SAML}}}EncryptedAssertion")
    assert found is not None
    return found


@pytest.mark.row("R79")
@pytest.mark.parametrize("value", ["", "!", "AAAA", "A", "AAAA" * 8])
def test_ciphertext_that_is_none_is_refused(value: str) -> None:
    """Too short, no Base64, or no whole block: a failure to decrypt."""
    for how, to in ((Encrypting(data=CBC), with_cbc()), (Encrypting(data=GCM), party())):
        for index in (0, 1):
            root = holding(signed_assertion(), how)
            root.findall(CIPHER_VALUES)[index].text = value
            assert code(etree.tostring(root), to=to) == SamlRefusal.DECRYPTION_FAILED


@pytest.mark.row("R79")
def test_a_ciphertext_elsewhere_is_not_fetched() -> None:
    """References out of the document, and keys that stand elsewhere, are not followed."""
    root = holding(signed_assertion())
    value = root.findall(CIPHER_VALUES)[-1]
    parent = value.getparent()
    assert parent is not None
    parent.replace(value, etree.fromstring(f'<x:CipherReference xmlns:x="{XMLENC}" URI="http://127.0.0.1:1/"/>'))
    assert code(etree.tostring(root)) == SamlRefusal.ENCRYPTION_REFUSED
    root = holding(signed_assertion())
    found = root.find(f".//{{{DSIG}}}KeyInfo")
    assert found is not None
    found.append(etree.Element(f"{{{DSIG}}}X509Data"))
    found[1].append(found[0])
    assert code(etree.tostring(root)) == SamlRefusal.ENCRYPTION_REFUSED


def test_without_a_key_of_ours_nothing_is_decrypted() -> None:
    """The refusal says that the connection has no key."""
    keyless = Party(party().connection_id, 1, party().settings)
    assert code(etree.tostring(holding(signed_assertion())), to=keyless) == SamlRefusal.KEY_MISSING


@pytest.mark.row("R79")
def test_both_signatures_of_an_encrypted_answer_are_verified() -> None:
    """A true signature around a false one helps nobody, nor the other way round."""
    root = holding(signed_assertion(Signing(key=key("evil"))), signs_response=True)
    assert code(etree.tostring(root)) == SamlRefusal.SIGNATURE_WRONG
    root = holding(signed_assertion())
    sign(root, Signing(key=key("evil")))
    assert code(etree.tostring(root)) == SamlRefusal.SIGNATURE_WRONG
