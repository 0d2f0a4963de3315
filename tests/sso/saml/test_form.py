"""The white list itself: what it says of a document, and that it is whole."""

import pytest
from lxml import etree

from tests.sso.saml.provider import SAML, SAMLP, answer, sign, tree
from totrinn.sso.saml_form import FORMS, FREE, check_form
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_signature import verified


def test_every_element_that_may_stand_somewhere_is_described() -> None:
    """Or free, and then not read."""
    listed = {tag for form in FORMS.values() for tags, _ in form.children for tag in tags}
    assert listed <= set(FORMS) | FREE
    assert not set(FORMS) & FREE


@pytest.mark.row("R79")
def test_an_element_that_is_not_described_is_refused() -> None:
    """Also where it is the first one."""
    with pytest.raises(Refused) as refused:
        check_form(etree.Element(f"{{{SAML}}}Evidence"))
    assert refused.value.code == SamlRefusal.UNEXPECTED_FORM


@pytest.mark.row("R79")
def test_each_element_is_refused_where_it_does_not_belong() -> None:
    """Every described element, put into every other one in the wrong place, is refused; the right answer is not."""
    check_form(tree(answer()))
    for parent, form in FORMS.items():
        allowed = {tag for tags, _ in form.children for tag in tags}
        for tag in set(FORMS) - allowed:
            element = etree.Element(parent)
            etree.SubElement(element, tag)
            with pytest.raises(Refused):
                check_form(element)


@pytest.mark.row("R79")
def test_the_verifier_wants_one_signature() -> None:
    """None, and two, prove nothing."""
    root = tree(answer())
    for _ in range(3):
        if root.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is None or len(root) > 4:
            with pytest.raises(Refused) as refused:
                verified(root, ())
            assert refused.value.code == SamlRefusal.SIGNATURE_FORM
        sign(root)
    assert root.tag == f"{{{SAMLP}}}Response"
