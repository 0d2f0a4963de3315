"""Who an assertion speaks of: its subject, their address, their name."""

import pytest

from tests.sso.saml.provider import (
    PROVIDER,
    SUBJECT,
    answer,
    party,
)
from tests.sso.saml.reading import changed, read_answer, with_attributes

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def test_a_name_is_qualified_when_somebody_else_gave_it() -> None:
    """The provider's own name in front changes nothing (SAML Core §8.3.7); another one tells two people apart."""
    own = changed("<saml:NameID ", f'<saml:NameID NameQualifier="{PROVIDER}" SPNameQualifier="x" ')
    other = changed("<saml:NameID ", '<saml:NameID NameQualifier="https://behind.example" ')
    assert read_answer(own).subject == SUBJECT
    assert read_answer(other).subject == f" https://behind.example!{SUBJECT}"


def test_no_two_names_are_one_subject() -> None:
    """Neither a plain name that looks like a qualified one, nor a qualifier that looks like the end of another."""
    pairs = [("q", "v"), ("", "q!v"), ("", "v"), ("a!b", "c"), ("a", "b!c"), ("a%21b", "c"), ("", "a%21b!c")]
    subjects = {}
    for qualifier, value in pairs:
        name = f'NameQualifier="{qualifier}"' if qualifier else ""
        text = answer().replace("<saml:NameID ", f"<saml:NameID {name} ").replace(f">{SUBJECT}<", f">{value}<")
        subjects[qualifier, value] = read_answer(text).subject
        if not qualifier:
            assert subjects[qualifier, value] == value
    assert len(set(subjects.values())) == len(pairs)


@pytest.mark.parametrize("name", ["a", "æøå", "x" * 256, "kari@idp.example", "a b", "&lt;b&gt;"])
def test_names_of_plain_text_are_taken_as_they_are(name: str) -> None:
    """One to 256 characters."""
    expected = name.replace("&lt;", "<").replace("&gt;", ">")
    assert read_answer(changed(f">{SUBJECT}</saml:NameID>", f">{name}</saml:NameID>")).subject == expected


CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
ADDRESSES: list[tuple[dict[str, str | list[str]], str | None]] = [
    ({"mail": "a@x.example"}, "a@x.example"),
    ({"urn__oid__0.9.2342.19200300.100.1.3": "a@x.example"}, "a@x.example"),
    ({"email": "a@x.example", "other": "b@x.example"}, "a@x.example"),
    ({"mail": ["a@x.example", "b@x.example"]}, None),
    ({"mail": []}, None),
    ({"mail": ""}, None),
    ({"mail": "<x/>"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("attributes", "expected"), ADDRESSES)
def test_an_address_counts_when_there_is_exactly_one(
    attributes: dict[str, str | list[str]], expected: str | None
) -> None:
    """Under one of the usual names; with it, the provider vouches for it."""
    read = read_answer(with_attributes(**attributes))
    assert (read.email, read.email_verified) == (expected, expected is not None)


def test_a_name_that_says_it_is_an_address_is_one() -> None:
    """Unless an attribute has another, or the connection names the attribute."""
    text = with_attributes().replace(PERSISTENT, EMAIL_ADDRESS).replace(f">{SUBJECT}<", ">k@x.example<")
    assert read_answer(text).email == "k@x.example"
    assert read_answer(text, party(email_attribute="workMail")).email is None
    both = text.replace(
        "</saml:AttributeStatement>",
        '<saml:Attribute Name="workMail"><saml:AttributeValue>w@x.example</saml:AttributeValue></saml:Attribute>'
        "</saml:AttributeStatement>",
    )
    assert read_answer(both, party(email_attribute="workMail")).email == "w@x.example"


NAMES: list[tuple[dict[str, str | list[str]], str]] = [
    ({"displayName": "Kari N", "cn": "other"}, "Kari N"),
    ({"cn": "Kari N", "givenName": "other"}, "Kari N"),
    ({"givenName": "Kari", "sn": "Nordmann"}, "Kari Nordmann"),
    ({"firstName": "Kari"}, "Kari"),
    ({"name": "kari@x"}, "kari@x"),
    ({"displayName": ["a", "b"]}, ""),
    ({"displayName": "Ka\u202eri"}, ""),
    ({"displayName": "K" * 201}, "K" * 200),
    ({}, ""),
]


@pytest.mark.parametrize(("attributes", "expected"), NAMES)
def test_a_persons_name_is_found_under_the_usual_names(attributes: dict[str, str | list[str]], expected: str) -> None:
    """Display name, common name, given and family name."""
    assert read_answer(with_attributes(**attributes)).name == expected


def test_the_connection_may_name_the_attributes() -> None:
    """Then the usual names do not count."""
    text = with_attributes(nick="Kari", teams=["a", "b"], displayName="other", memberOf=["c"])
    read = read_answer(text, party(name_attribute="nick", groups_attribute="teams"))
    assert (read.name, read.groups) == ("Kari", ("a", "b"))
    missing = read_answer(text, party(name_attribute="x", groups_attribute="x"))
    assert (missing.name, missing.groups) == ("", ())


def test_values_that_are_no_text_are_left_out() -> None:
    """An eduPersonTargetedID holds an element, which is neither read nor refused."""
    text = with_attributes(memberOf=["staff", "<saml:NameID>x</saml:NameID>", " "])
    assert read_answer(text).groups == ("staff",)
