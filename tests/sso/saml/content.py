"""Answers that a provider has signed, but that are not for us, not for now, or not what they should be.

Each is the right answer with one change, made before it is signed, so that it can only be refused for that change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.sso.saml.provider import CONSUMER, ENTITY_ID, PROVIDER, REQUEST, SUBJECT, answer, at
from totrinn.sso.saml_refusals import SamlRefusal as No

FORMS = ("R", "A", "B")

_RESPONSE = ' ID="_response"'
_ASSERTION = ' ID="_assertion"'
_NAME_ID = f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{SUBJECT}</saml:NameID>'
_DATA = f'NotOnOrAfter="{at(300)}" Recipient="{CONSUMER}" InResponseTo="{REQUEST}"/>'
_CONFIRMATION = (
    '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
    f"<saml:SubjectConfirmationData {_DATA}</saml:SubjectConfirmation>"
)
_CONDITIONS = f'<saml:Conditions NotBefore="{at(-30)}" NotOnOrAfter="{at(300)}">'
_AUDIENCE = f"<saml:AudienceRestriction><saml:Audience>{ENTITY_ID}</saml:Audience></saml:AudienceRestriction>"
_STATUS = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
_ISSUER = f"<saml:Issuer>{PROVIDER}</saml:Issuer>"
_INSTANT = f'AuthnInstant="{at(-10)}"'
_MAIL = f'<saml:Attribute Name="mail"><saml:AttributeValue>{SUBJECT}@idp.example</saml:AttributeValue></saml:Attribute>'
_AUTHN = answer()[answer().index("<saml:AuthnStatement") : answer().index("<saml:AttributeStatement")]
_ALL_CONDITIONS = answer()[answer().index("<saml:Conditions") : answer().index("<saml:AuthnStatement")]
_SUBJECT = answer()[answer().index("<saml:Subject>") : answer().index("<saml:Conditions")]


@dataclass(frozen=True)
class Case:
    """The right answer with one change, and the reason for which it is refused."""

    name: str
    text: str
    code: No
    forms: tuple[str, ...] = FORMS
    """What must be signed for the change to count."""


def _nth(text: str, old: str, new: str, which: int) -> str:
    parts = text.split(old)
    return old.join(parts[:which]) + new + old.join(parts[which:])


def changed(old: str, new: str, which: int = 1) -> str:
    """The right answer, with the n-th of a text replaced."""
    right = answer()
    assert right.count(old) >= which, old
    return _nth(right, old, new, which)


def _envelope() -> Iterator[tuple[str, str, No]]:
    destination = f'Destination="{CONSUMER}"'
    for name, value in {
        "other": "https://evil.example/acs",
        "empty": "",
        "prefix": CONSUMER[:-1],
        "longer": f"{CONSUMER}/",
        "upper case": CONSUMER.upper(),
        "other connection": CONSUMER.replace("c0ffee", "other"),
        "metadata": ENTITY_ID,
    }.items():
        yield f"destination {name}", changed(destination, f'Destination="{value}"'), No.DESTINATION_WRONG
    for which, where in ((1, "response"), (2, "confirmation")):
        asked = f'InResponseTo="{REQUEST}"'
        for name, value in {"other": '"_other"', "empty": '""', "prefix": f'"{REQUEST[:-1]}"'}.items():
            yield f"{where} answers {name}", changed(asked, f"InResponseTo={value}", which), No.REQUEST_MISMATCH
        yield f"{where} answers nothing", changed(asked, "", which), No.REQUEST_MISMATCH
    for which, where in ((1, "response"), (2, "assertion")):
        for name, value in {
            "other": "<saml:Issuer>https://evil.example</saml:Issuer>",
            "empty": "<saml:Issuer/>",
            "missing": "",
            "space": f"<saml:Issuer>{PROVIDER} </saml:Issuer>",
            "longer": f"<saml:Issuer>{PROVIDER}/</saml:Issuer>",
        }.items():
            yield f"{where} issuer {name}", changed(_ISSUER, value, which), No.ISSUER_WRONG
        yield f"{where} issuer twice", changed(_ISSUER, _ISSUER * 2, which), No.UNEXPECTED_FORM
        for version in ("1.1", "2.1", "", "2"):
            text = changed('Version="2.0"', f'Version="{version}"', which)
            yield f"{where} version {version or 'empty'}", text, No.VERSION
        yield f"{where} version missing", changed('Version="2.0"', "", which), No.VERSION
        instant = f'IssueInstant="{at(-2 if which == 1 else -1)}"'
        yield f"{where} from the future", changed(instant, f'IssueInstant="{at(90)}"'), No.TOO_EARLY
        yield f"{where} of no time", changed(instant, ""), No.TIME_MALFORMED


def _status() -> Iterator[tuple[str, str, No]]:
    for name in ("Requester", "Responder", "VersionMismatch", "AuthnFailed", "success", "Success "):
        code = f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{name}"/>'
        yield f"status {name}", changed(_STATUS, code), No.DECLINED
    yield "status without its beginning", changed(_STATUS, '<samlp:StatusCode Value="Success"/>'), No.DECLINED
    yield (
        "status success within failure",
        changed(
            _STATUS,
            f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">{_STATUS}</samlp:StatusCode>',
        ),
        No.DECLINED,
    )
    yield "status without value", changed(_STATUS, "<samlp:StatusCode/>"), No.DECLINED
    yield "status without code", changed(_STATUS, ""), No.DECLINED
    yield "status missing", changed(f"<samlp:Status>{_STATUS}</samlp:Status>", ""), No.DECLINED
    yield "status twice", changed(_STATUS, _STATUS * 2), No.UNEXPECTED_FORM


def _confirmation() -> Iterator[tuple[str, str, No]]:
    recipient = f'Recipient="{CONSUMER}"'
    for name, value in {"other": "https://evil.example/acs", "empty": "", "prefix": CONSUMER[:-1]}.items():
        yield f"recipient {name}", changed(recipient, f'Recipient="{value}"'), No.RECIPIENT_WRONG
    yield "recipient missing", changed(recipient, ""), No.RECIPIENT_WRONG
    ends = f'NotOnOrAfter="{at(300)}"'
    for name, value, code in _bad_times():
        yield f"confirmation ends {name}", changed(ends, f'NotOnOrAfter="{value}"'), code
    yield "confirmation without end", changed(ends, ""), No.TIME_MALFORMED
    yield "confirmation ended a minute ago", changed(ends, f'NotOnOrAfter="{at(-60)}"'), No.TOO_LATE
    yield "confirmation with a beginning", changed(ends, f'NotBefore="{at(-60)}" {ends}'), No.UNEXPECTED_FORM
    for method in ("holder-of-key", "sender-vouches", "Bearer", ""):
        text = changed("cm:bearer", f"cm:{method}")
        yield f"confirmed as {method or 'nothing'}", text, No.NOT_BEARER
    yield "no confirmation", changed(_CONFIRMATION, ""), No.NOT_BEARER
    yield "two bearer confirmations", changed(_CONFIRMATION, _CONFIRMATION * 2), No.NOT_BEARER
    yield "confirmation without data", changed(f"<saml:SubjectConfirmationData {_DATA}", ""), No.NOT_BEARER
    yield (
        "confirmation with a key",
        changed(
            _DATA,
            f"{_DATA[:-2]}><k:KeyInfo xmlns:k='http://www.w3.org/2000/09/xmldsig#'/></saml:SubjectConfirmationData>",
        ),
        No.UNEXPECTED_FORM,
    )


def _conditions() -> Iterator[tuple[str, str, No]]:
    ends = f'NotOnOrAfter="{at(300)}"'
    begins = f'NotBefore="{at(-30)}"'
    for name, value, code in _bad_times():
        yield f"conditions end {name}", changed(ends, f'NotOnOrAfter="{value}"', 2), code
    yield "conditions without end", changed(ends, "", 2), No.TIME_MALFORMED
    yield "conditions ended a minute ago", changed(ends, f'NotOnOrAfter="{at(-60)}"', 2), No.TOO_LATE
    yield "conditions begin in 61 seconds", changed(begins, f'NotBefore="{at(61)}"'), No.TOO_EARLY
    yield "conditions begin tomorrow", changed(begins, f'NotBefore="{at(86400)}"'), No.TOO_EARLY
    yield "conditions begin at no time", changed(begins, 'NotBefore="now"'), No.TIME_MALFORMED
    yield "no conditions", changed(_ALL_CONDITIONS, ""), No.CONDITIONS_MISSING
    yield "conditions twice", changed(_ALL_CONDITIONS, _ALL_CONDITIONS * 2), No.UNEXPECTED_FORM
    yield "no audience restriction", changed(_AUDIENCE, ""), No.AUDIENCE_WRONG
    yield "restriction to nobody", changed(_AUDIENCE, "<saml:AudienceRestriction/>"), No.AUDIENCE_WRONG
    other = _AUDIENCE.replace(ENTITY_ID, "https://other.example")
    for name, restrictions in {
        "other": other,
        "ours and another restriction": _AUDIENCE + other,
        "another restriction and ours": other + _AUDIENCE,
        "prefix": _AUDIENCE.replace(ENTITY_ID, ENTITY_ID[:-1]),
        "longer": _AUDIENCE.replace(ENTITY_ID, f"{ENTITY_ID}/"),
        "spaces": _AUDIENCE.replace(ENTITY_ID, f" {ENTITY_ID} "),
        "empty": _AUDIENCE.replace(ENTITY_ID, ""),
        "consumer": _AUDIENCE.replace(ENTITY_ID, CONSUMER),
        "of another connection": _AUDIENCE.replace("c0ffee", "other"),
    }.items():
        yield f"audience {name}", changed(_AUDIENCE, restrictions), No.AUDIENCE_WRONG
    for name, condition in {
        "unknown": '<x:Condition xmlns:x="urn:x"/>',
        "typed": '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="saml:OneTimeUse"/>',
    }.items():
        yield f"condition {name}", changed(_AUDIENCE, _AUDIENCE + condition), No.UNKNOWN_CONDITION


def _authentication() -> Iterator[tuple[str, str, No]]:
    yield "no authentication", changed(_AUTHN, ""), No.AUTHENTICATION_MISSING
    yield "two authentications", changed(_AUTHN, _AUTHN * 2), No.AUTHENTICATION_MISSING
    for seconds in (61, 7200):
        text = changed(_INSTANT, f'AuthnInstant="{at(seconds)}"')
        yield f"authenticated in {seconds} seconds", text, No.AUTHENTICATED_LATER
    yield "authenticated at no time", changed(_INSTANT, 'AuthnInstant="yes"'), No.TIME_MALFORMED
    yield "authenticated without a time", changed(_INSTANT, ""), No.TIME_MALFORMED
    ends = f'SessionNotOnOrAfter="{at(28800)}"'
    for name, index in {"too long": "x" * 256, "of two lines": "a&#10;b", "turned around": "\u202ea"}.items():
        text = changed('SessionIndex="_session"', f'SessionIndex="{index}"')
        yield f"session {name}", text, No.UNEXPECTED_FORM
    yield "session over", changed(ends, f'SessionNotOnOrAfter="{at(-60)}"'), No.SESSION_OVER
    yield "session ends at no time", changed(ends, 'SessionNotOnOrAfter=""'), No.TIME_MALFORMED


def _subject() -> Iterator[tuple[str, str, No]]:
    def named(name: str) -> str:
        return changed(f">{SUBJECT}</saml:NameID>", f">{name}</saml:NameID>")

    for name, value in {
        "empty": "",
        "blank": " ",
        "too long": "x" * 257,
        "with a line break": "kari&#10;0001",
        "ending in a space": "kari ",
        "with a zero width space": "kari\u200b",
        "turned around": "\u202eirak",
        "with an element": "kari<saml:Audience/>",
        "in an element": "<saml:Audience>kari</saml:Audience>",
    }.items():
        code = No.UNEXPECTED_FORM if "element" in name else No.NAME_ID_MALFORMED
        yield f"name {name}", named(value), code
    yield "name transient", changed("nameid-format:persistent", "nameid-format:transient"), No.NAME_ID_TRANSIENT
    yield (
        "name qualified to excess",
        changed("<saml:NameID ", f'<saml:NameID NameQualifier="{"q" * 256}" '),
        (No.NAME_ID_MALFORMED),
    )
    yield "name missing", changed(_NAME_ID, ""), No.NAME_ID_MISSING
    yield "name twice", changed(_NAME_ID, _NAME_ID * 2), No.UNEXPECTED_FORM
    yield "name encrypted", changed(_NAME_ID, "<saml:EncryptedID/>"), No.ENCRYPTED_PART
    yield "subject missing", changed(_SUBJECT, ""), No.NAME_ID_MISSING
    yield "subject twice", changed(_SUBJECT, _SUBJECT * 2), No.UNEXPECTED_FORM
    yield "attribute twice", changed(_MAIL, _MAIL * 2), No.ATTRIBUTE_REPEATED
    yield "attribute encrypted", changed(_MAIL, f"{_MAIL}<saml:EncryptedAttribute/>"), No.ENCRYPTED_PART
    statement = f"</saml:AttributeStatement><saml:AttributeStatement>{_MAIL}</saml:AttributeStatement>"
    yield "attribute in two statements", changed("</saml:AttributeStatement>", statement), No.ATTRIBUTE_REPEATED


def _form() -> Iterator[tuple[str, str, No]]:
    advice = "<saml:Advice/>"
    yield "advice", changed(_ALL_CONDITIONS, _ALL_CONDITIONS + advice), No.UNEXPECTED_FORM
    yield "extensions", changed("<samlp:Status>", "<samlp:Extensions/><samlp:Status>"), No.UNEXPECTED_FORM
    yield "decision", changed(_AUTHN, f"{_AUTHN}<saml:AuthzDecisionStatement/>"), No.UNEXPECTED_FORM
    yield "statement", changed(_AUTHN, f"{_AUTHN}<saml:Statement/>"), No.UNEXPECTED_FORM
    yield "foreign element", changed("<samlp:Status>", '<x:y xmlns:x="urn:x"/><samlp:Status>'), No.UNEXPECTED_FORM
    yield "no namespace", changed("<saml:Conditions", '<Conditions xmlns=""/><saml:Conditions'), No.UNEXPECTED_FORM
    yield "text between elements", changed("</saml:Subject>", "</saml:Subject>text"), No.UNEXPECTED_FORM
    yield "text in front", changed("<saml:Subject>", "<saml:Subject>text"), No.UNEXPECTED_FORM
    yield "unknown attribute", changed(_ASSERTION, f'{_ASSERTION} Status="Success"'), No.UNEXPECTED_FORM
    yield "status behind assertion", _status_last(), No.UNEXPECTED_FORM
    yield "conditions before subject", _conditions_first(), No.UNEXPECTED_FORM
    yield "same identifier", changed(_ASSERTION, ' ID="_response"'), No.DUPLICATE_ID
    yield "same identifier as xml:id", changed("<saml:Subject>", '<saml:Subject xml:id="_assertion">'), No.DUPLICATE_ID


def _status_last() -> str:
    status = f"<samlp:Status>{_STATUS}</samlp:Status>"
    return answer().replace(status, "").replace("</samlp:Response>", f"{status}</samlp:Response>")


def _conditions_first() -> str:
    return answer().replace(_ALL_CONDITIONS, "").replace("<saml:Subject>", f"{_ALL_CONDITIONS}<saml:Subject>")


def _bad_times() -> Iterator[tuple[str, str, No]]:
    for name, text in {
        "nowhere": "",
        "locally": "2026-11-25T12:05:00",
        "with an offset": "2026-11-25T12:05:00+00:00",
        "with lower case": "2026-11-25t12:05:00z",
        "without seconds": "2026-11-25T12:05Z",
        "with a space": " 2026-11-25T12:05:00Z",
        "on no day": "2026-02-30T12:05:00Z",
        "at hour 24": "2026-11-25T24:00:00Z",
        "with a long fraction": "2026-11-25T12:05:00.0000000001Z",
        "in other digits": "\uff12\uff10\uff12\uff16-11-25T12:05:00Z",
        "in seconds": "1795608000",
    }.items():
        yield name, text, No.TIME_MALFORMED
    yield "yesterday", at(-86400), No.TOO_LATE


_SECTIONS: tuple[Callable[[], Iterator[tuple[str, str, No]]], ...] = (
    _envelope,
    _status,
    _confirmation,
    _conditions,
    _authentication,
    _subject,
    _form,
)


def cases() -> list[Case]:
    """All of them."""
    return [Case(name, text, code) for section in _SECTIONS for name, text, code in section()]
