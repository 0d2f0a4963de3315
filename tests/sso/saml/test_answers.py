"""Which answers are accepted, and what is read out of them."""

import dataclasses
from datetime import timedelta

import pytest
from lxml import etree

from tests.sso.saml import provider
from tests.sso.saml.forging import key_info
from tests.sso.saml.provider import (
    CONSUMER,
    NOW,
    REQUEST,
    SUBJECT,
    Signing,
    answer,
    assertion,
    at,
    certificate,
    challenge,
    curve_key,
    key,
    own_certificate,
    packed,
    party,
    settings,
    signed,
)
from tests.sso.saml.reading import changed, read_answer, with_attributes
from tests.sso.saml.trying import OURS, code, identity
from totrinn.app.identity_providers import Identity, Party, Rejected
from totrinn.sso.saml_refusals import SamlCheck, SamlRefusal

BOTH = pytest.mark.parametrize("form", ["R", "A", "B"])


@BOTH
def test_everything_that_an_answer_says_is_read(form: str) -> None:
    """Person, address, name, groups, context, times, session and identifiers."""
    read = identity(signed(answer(), form))
    assert dataclasses.replace(read, claims=(), checks=()) == Identity(
        subject=SUBJECT,
        email=f"{SUBJECT}@idp.example",
        email_verified=True,
        name="Kari Nordmann",
        groups=("staff", "admins"),
        amr=(),
        acr="urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        authenticated_at=NOW - timedelta(seconds=10),
        session="_session",
        ends_at=NOW + timedelta(hours=8),
        token_id="_assertion",
        token_expires_at=NOW + timedelta(seconds=360),
    )
    assert ("memberOf", "admins") in read.claims
    assert ("NameID", SUBJECT) in read.claims


def test_what_is_shown_of_an_answer_is_little_of_much() -> None:
    """A hundred values, each shortened, in signs that print; what is read of them does not change."""
    groups = [f"g{n}" for n in range(200)]
    attributes: dict[str, str | list[str]] = {"n" * 300: "v" * 100_000, "displayName": "Kari", "memberOf": groups}
    many = with_attributes(**attributes)
    read = read_answer(many.replace("Kari", "Ka\u202eri"))
    assert len(read.claims) == 100
    assert ("n" * 199 + "…", "v" * 999 + "…") in read.claims
    assert ("displayName", "Ka\N{REPLACEMENT CHARACTER}ri") in read.claims
    assert len(read.groups) == 200


def test_a_context_that_is_no_name_of_one_is_none() -> None:
    """It stands with the session, and proves nothing."""
    context = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    assert [read_answer(changed(context, "x" * length)).acr for length in (255, 256)] == ["x" * 255, ""]


@pytest.mark.row("R79", "R80")
def test_the_checks_that_an_answer_passed_are_told_in_their_order() -> None:
    """All but decryption, for an answer that is signed twice."""
    assert list(read_answer(answer()).checks) == [check for check in SamlCheck if check != SamlCheck.DECRYPTION]


def test_a_refusal_tells_which_checks_were_passed_before() -> None:
    """Whoever sets the connection up sees how far it got."""
    result = OURS.finish(party(), challenge(), packed(signed(changed(CONSUMER, "x"), "R")), NOW)
    assert isinstance(result, Rejected)
    assert result.checks == (SamlCheck.SIZE, SamlCheck.FORM, SamlCheck.RESPONSE_SIGNATURE)
    assert result.detail == f"expected {CONSUMER}, came x"


VARIANTS: dict[str, Signing] = {
    "no KeyInfo": Signing(),
    "KeyInfo": Signing(key_info=key_info(own_certificate("provider"))),
    "KeyInfo with another certificate": Signing(key_info=key_info(own_certificate("evil"))),
    "KeyInfo with a name": Signing(key_info="<ds:KeyInfo><ds:KeyName>any</ds:KeyName></ds:KeyInfo>"),
    "KeyInfo with nonsense": Signing(key_info="<ds:KeyInfo><x:y xmlns:x='urn:x'/></ds:KeyInfo>"),
    "SHA-384": Signing(method="rsa-384", digest="384"),
    "SHA-512": Signing(method="rsa-512", digest="512"),
    "prefixes": Signing(prefixes="xs xsi saml"),
    "lines in Base64": Signing(after_signing=lambda text: text.replace("==</ds:", "==\n</ds:")),
}


@pytest.mark.row("R79")
@pytest.mark.parametrize("name", VARIANTS)
@BOTH
def test_signatures_as_real_providers_make_them_are_verified(name: str, form: str) -> None:
    """Whatever stands in `KeyInfo`, the pinned certificate counts, and it alone."""
    assert identity(signed(answer(), form, VARIANTS[name])).subject == SUBJECT


@pytest.mark.row("R79")
@BOTH
def test_any_of_the_pinned_certificates_will_do(form: str) -> None:
    """Two are pinned while one rolls over; ended ones count too, and so do keys on a curve."""
    ended = certificate(key("old"), ended=True)
    curve = certificate(curve_key("new"))
    pinned = party(certificates=(own_certificate("provider"), ended, curve))
    for how in (Signing(), Signing(key=key("old")), Signing(key=curve_key("new"), method="ecdsa-256")):
        assert identity(signed(answer(), form, how), to=pinned).subject == SUBJECT
    assert code(signed(answer(), form, Signing(key=key("evil"))), to=pinned) == SamlRefusal.SIGNATURE_WRONG
    assert code(signed(answer(), form), to=party(certificates=())) == SamlRefusal.SIGNATURE_WRONG


@pytest.mark.row("R79")
def test_a_certificate_that_is_too_weak_verifies_nothing() -> None:
    """Fewer than 2048 bits, another curve, or no certificate at all."""
    weak = key("weak", 1024)
    for pinned in (certificate(weak), "AAAA", "", "!"):
        document = signed(answer(), "A", Signing(key=weak))
        assert code(document, to=party(certificates=(pinned,))) == SamlRefusal.CERTIFICATE_UNUSABLE


_TYPED = '<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="0">'
ACCEPTED: dict[str, list[tuple[str, str]]] = {
    "line breaks": [("><", ">\n  <")],
    "no beginning": [(f'NotBefore="{at(-30)}"', "")],
    "fractions": [(f'IssueInstant="{at(-1)}"', 'IssueInstant="2026-11-25T11:59:59.1234567Z"')],
    "two audiences": [("<saml:Audience>", "<saml:Audience>x</saml:Audience><saml:Audience>")],
    "one use": [("</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>")],
    "no attributes": [("</saml:AuthnStatement><saml:AttributeStatement>", "</saml:AuthnStatement><cut>")],
    "clock ahead": [(at(-30), at(59)), (at(-1), at(59)), (at(-10), at(60))],
    "clock behind": [(at(300), at(-59))],
    "never": [(at(300), "9999-12-31T23:59:59.999999Z"), (at(28800), "9999-12-31T23:59:59Z")],
    "typed values": [("<saml:AttributeValue>", _TYPED)],
    "address": [(" Recipient=", ' Address="192.0.2.1" Recipient=')],
    "locality": [("<saml:AuthnContext>", '<saml:SubjectLocality Address="::1"/><saml:AuthnContext>')],
    "other confirmation": [("</saml:Subject>", '<saml:SubjectConfirmation Method="urn:x"/></saml:Subject>')],
    "consent": [(" Destination=", ' Consent="urn:x" Destination=')],
    "status message": [("</samlp:Status>", "<samlp:StatusMessage>ok</samlp:StatusMessage></samlp:Status>")],
    "foreign attribute": [('Attribute Name="mail"', 'Attribute xmlns:a="urn:a" a:OriginalIssuer="x" Name="mail"')],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_answers_as_real_providers_write_them_are_accepted(name: str) -> None:
    """Within the standard and the tolerance of 60 seconds."""
    text = answer()
    for old, new in ACCEPTED[name]:
        assert old in text
        text = text.replace(old, new)
    before, cut, after = text.partition("<cut>")
    text = before + after[after.index("</saml:Assertion>") :] if cut else text
    assert identity(signed(text, "B")).subject == SUBJECT


@pytest.mark.parametrize("front", ["\ufeff", '<?xml version="1.0"?>', '\ufeff<?xml version="1.0" encoding="utf-8" ?>'])
def test_a_document_may_begin_with_a_declaration(front: str) -> None:
    """With a byte order mark, a declaration, or both."""
    assert identity(front.encode() + signed(answer(), "B")).subject == SUBJECT


@pytest.mark.row("R80")
def test_a_destination_may_only_be_missing_where_it_would_prove_nothing() -> None:
    """A signed response must have one (SAML Bindings §3.5.5.2)."""
    text = changed(f' Destination="{CONSUMER}"', "")
    assert [code(signed(text, form)) for form in ("R", "A", "B")] == [
        SamlRefusal.DESTINATION_WRONG,
        f"admitted: {SUBJECT}",
        SamlRefusal.DESTINATION_WRONG,
    ]


@pytest.mark.row("R81")
@BOTH
def test_an_answer_that_nobody_asked_for_passes_only_where_agreed(form: str) -> None:
    """And only without a word of a request, in response or assertion."""
    unasked = answer().replace(f' InResponseTo="{REQUEST}"', "")
    agreed = party(allows_idp_initiated=True)
    texts = {
        "unasked": unasked,
        "asked": answer(),
        "response asked": unasked.replace(" Version=", f' InResponseTo="{REQUEST}" Version=', 1),
        "assertion asked": unasked.replace(" Recipient=", f' InResponseTo="{REQUEST}" Recipient=', 1),
    }

    def said(to: Party) -> dict[str, str]:
        results = {name: OURS.finish(to, None, packed(signed(text, form)), NOW) for name, text in texts.items()}
        return {name: result.code if isinstance(result, Rejected) else "in" for name, result in results.items()}

    assert said(agreed) == {"unasked": "in", **dict.fromkeys(list(texts)[1:], SamlRefusal.ANSWERS_A_REQUEST)}
    assert set(said(party()).values()) == {SamlRefusal.NOT_ASKED_FOR}
    assert code(signed(unasked, form), to=agreed) == SamlRefusal.REQUEST_MISMATCH


@pytest.mark.row("R85")
def test_whoever_had_to_prove_themselves_anew_must_have_done_so() -> None:
    """Not before the request, but for the tolerance; otherwise the provider's memory is as good."""
    asked = challenge(is_fresh=True)
    for seconds, expected in ((-29, "in"), (-89, "in"), (-91, SamlRefusal.NOT_FRESH), (-3600, SamlRefusal.NOT_FRESH)):
        document = signed(changed(f'AuthnInstant="{at(-10)}"', f'AuthnInstant="{at(seconds)}"'), "B")
        result = OURS.finish(party(), asked, packed(document), NOW)
        assert (result.code if isinstance(result, Rejected) else "in") == expected
        assert identity(document).authenticated_at == NOW + timedelta(seconds=seconds)


_TIMES = (f'AuthnInstant="{at(-10)}"', f'NotBefore="{at(-30)}"', f'SessionNotOnOrAfter="{at(28800)}"', at(300))


@pytest.mark.row("R80")
@pytest.mark.parametrize("time", _TIMES)
@pytest.mark.parametrize("year", ["0001", "1969"])
def test_a_time_that_cannot_be_reckoned_with_is_none(time: str, year: str) -> None:
    """A day less would be no `datetime`: it is refused where it is read, wherever it stands."""
    assert time in answer()
    text = answer().replace(time, time.replace("2026", year))
    assert code(signed(text, "B")) == SamlRefusal.TIME_MALFORMED


@pytest.mark.row("R80")
@pytest.mark.parametrize("year", ["1970-01-01", "9999-12-31"])
def test_no_time_of_an_identity_overflows(year: str) -> None:
    """A day can be added to each, and taken away."""
    text = answer().replace(f'AuthnInstant="{at(-10)}"', 'AuthnInstant="1970-01-01T00:00:00Z"')
    for time in (at(28800), at(300)):
        text = text.replace(time, "9999-12-31T23:59:59.999999Z" if year.startswith("9") else time)
    read = read_answer(text)
    for moment in (read.authenticated_at, read.ends_at, read.token_expires_at):
        assert moment is not None
        assert moment - timedelta(days=1) < moment < moment + timedelta(days=1)


DECLINED = {
    ("Responder", "AuthnFailed"): "Responder AuthnFailed",
    ("Requester", "NoAuthnContext"): "Requester NoAuthnContext",
    ("Responder", "<b>evil</b>"): "Responder other",
    ("evil", "RequestDenied"): "other RequestDenied",
}


@pytest.mark.parametrize("codes", DECLINED)
@pytest.mark.parametrize("is_signed", [True, False])
def test_what_a_provider_declines_is_told_in_words_of_the_standard(codes: tuple[str, str], is_signed: bool) -> None:
    """Its refusals hold no assertion and are often unsigned: nothing else of them is shown."""
    prefix = "urn:oasis:names:tc:SAML:2.0:status:"
    top, sub = (f"{prefix}{name.replace('<', '&lt;')}" for name in codes)
    text = changed(
        f'<samlp:StatusCode Value="{prefix}Success"/>',
        f'<samlp:StatusCode Value="{top}"><samlp:StatusCode Value="{sub}"/></samlp:StatusCode>'
        "<samlp:StatusMessage>evil</samlp:StatusMessage>",
    ).replace(assertion(), "")
    document = signed(text, "R") if is_signed else text.encode()
    result = OURS.finish(party(), challenge(), packed(document), NOW)
    assert isinstance(result, Rejected)
    assert (result.code, result.detail) == (SamlRefusal.DECLINED, DECLINED[codes])


def test_success_without_an_assertion_is_none() -> None:
    """Neither signed nor unsigned."""
    text = answer().replace(assertion(), "")
    assert code(signed(text, "R")) == code(text.encode()) == SamlRefusal.ASSERTION_MISSING


def test_a_session_may_have_a_name_of_255_characters() -> None:
    """As any that a provider is known to give."""
    assert read_answer(changed('SessionIndex="_session"', f'SessionIndex="{"x" * 255}"')).session == "x" * 255


@pytest.mark.row("R80")
@pytest.mark.parametrize("identifier", ["", ' ID=""', ' ID="1"', f' ID="_{"x" * 256}"', ' ID="a b"', ' ID="#"'])
def test_an_assertion_has_an_identifier_by_which_it_is_known_again(identifier: str) -> None:
    """Also where the response around it is signed, so that nothing refers to it."""
    assert code(signed(changed(' ID="_assertion"', identifier), "R")) == SamlRefusal.UNEXPECTED_FORM


@pytest.mark.row("R79")
def test_what_an_unsigned_response_says_does_not_reach_the_identity() -> None:
    """With the assertion signed, nothing of the identity comes from around it."""
    root = etree.fromstring(signed(answer(), "A"))
    root.set("ID", "_changed")
    root.set("IssueInstant", at(0))
    assert identity(etree.tostring(root)) == identity(signed(answer(), "A"))


def test_a_message_must_be_there() -> None:
    """Without `SAMLResponse` there is nothing to check."""
    for there in ({}, {"SAMLRequest": "x"}, {"samlresponse": "x"}):
        assert OURS.finish(party(), challenge(), there, NOW) == Rejected(SamlRefusal.ANSWER_MISSING)


@pytest.mark.row("R77")
def test_an_answer_for_one_connection_is_none_for_another() -> None:
    """Destination, recipient and audience name the connection."""
    other = Party("other", 1, settings(), key=provider.our_key())
    result = OURS.finish(other, challenge(), packed(signed(answer(), "B")), NOW)
    assert isinstance(result, Rejected)
    assert result.code == SamlRefusal.DESTINATION_WRONG


def test_codes_are_stable_and_distinct() -> None:
    """One a cause, few enough to be put into words, with a prefix that no other protocol uses."""
    assert len(SamlRefusal) == len({str(refusal) for refusal in SamlRefusal})
    assert all(str(name).startswith("saml_") for name in (*SamlRefusal, *SamlCheck))
