"""xmlsec, another implementation in another language, on the same signatures and the same encryption."""

import base64

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from tests.sso.saml.encrypting import XMLENC11, Encrypting, holding, signed_assertion
from tests.sso.saml.forging import changed_afterwards, signatures
from tests.sso.saml.provider import (
    DSIG,
    SAML,
    SUBJECT,
    XMLENC,
    Signing,
    answer,
    assertion_in,
    certificate,
    curve_key,
    key,
    own_certificate,
    party,
    signed,
    tree,
)
from tests.sso.saml.test_answers import VARIANTS
from tests.sso.saml.trying import code, identity
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_signature import verified


def _their_verdict(element: etree._Element, pinned: str) -> bool:
    own = etree.fromstring(etree.tostring(element, with_tail=False))
    xmlsec.tree.add_ids(own, ["ID"])
    signature = own.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(base64.b64decode(pinned), xmlsec.constants.KeyDataFormatCertDer, None)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _our_verdict(element: etree._Element, pinned: str) -> bool:
    try:
        verified(element, (pinned,))
    except Refused:
        return False
    return True


@pytest.mark.row("R79")
def test_xmlsec_verifies_what_we_verify_and_nothing_of_what_was_changed() -> None:
    """The verdicts agree on every key, algorithm, prefix and change whose form we accept."""
    pinned = own_certificate("provider")
    documents = [signed(answer(), form, how) for how in VARIANTS.values() for form in ("R", "A")]
    good = len(documents)
    documents += [case.document for case in changed_afterwards() if case.code == SamlRefusal.SIGNATURE_WRONG]
    documents += [case.document for case in signatures() if case.code == SamlRefusal.SIGNATURE_WRONG]
    verdicts = []
    for document in documents:
        root = etree.fromstring(document)
        for element in (root, assertion_in(root)):
            if element.find(f"{{{DSIG}}}Signature") is not None:
                verdicts.append((_our_verdict(element, pinned), _their_verdict(element, pinned)))
    assert all(ours == theirs for ours, theirs in verdicts)
    assert [ours for ours, _ in verdicts].count(True) >= good
    assert [ours for ours, _ in verdicts].count(False) > 20


def test_xmlsec_verifies_keys_on_curves_as_we_do() -> None:
    """ECDSA on P-256, whose values are two numbers side by side."""
    pinned = certificate(curve_key("new"))
    for name, how in {
        "right": Signing(key=curve_key("new"), method="ecdsa-256"),
        "wrong": Signing(key=curve_key("evil"), method="ecdsa-256"),
    }.items():
        element = assertion_in(tree(signed(answer(), "A", how).decode()))
        assert _our_verdict(element, pinned) == _their_verdict(element, pinned) == (name == "right")


def _signed_by_xmlsec(transform: str, prefixes: str) -> bytes:
    root = tree(answer())
    element = assertion_in(root)
    node = xmlsec.template.create(element, xmlsec.constants.TransformExclC14N, getattr(xmlsec.constants, transform))
    element.insert(1, node)
    reference = xmlsec.template.add_reference(node, xmlsec.constants.TransformSha256, uri="#_assertion")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    canonical = xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    if prefixes:
        etree.SubElement(
            canonical,
            "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces",
            attrib={"PrefixList": prefixes},
        )
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    pem = key("provider").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem, None)
    context.sign(node)
    return etree.tostring(root)


@pytest.mark.parametrize("transform", ["TransformRsaSha256", "TransformRsaSha384", "TransformRsaSha512"])
@pytest.mark.parametrize("prefixes", ["", "saml", "samlp saml xs"])
def test_we_verify_what_xmlsec_signs(transform: str, prefixes: str) -> None:
    """With prefixes declared around the assertion, and signed with it."""
    document = _signed_by_xmlsec(transform, prefixes)
    assert identity(document).subject == SUBJECT
    assert code(document.replace(SUBJECT.encode(), b"evil")) == SamlRefusal.SIGNATURE_WRONG


@pytest.mark.parametrize("bits", ["128", "256"])
@pytest.mark.parametrize("mode", ["gcm", "cbc"])
def test_xmlsec_decrypts_what_we_decrypt(bits: str, mode: str) -> None:
    """The tests' own encryption is that of the standard."""
    data = f"{XMLENC11 if mode == 'gcm' else XMLENC}aes{bits}-{mode}"
    root = holding(signed_assertion(), Encrypting(data=data))
    document = etree.tostring(root)
    assert identity(document, to=party(allows_cbc=True)).subject == SUBJECT
    manager = xmlsec.KeysManager()
    pem = key("ours").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    manager.add_key(xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem, None))
    encrypted = root.find(f".//{{{XMLENC}}}EncryptedData")
    assert encrypted is not None
    theirs = xmlsec.EncryptionContext(manager).decrypt(encrypted)
    assert theirs.tag == f"{{{SAML}}}Assertion"
