"""Single logout as the provider starts it (SAML Profiles §4.4): a signed request in a query, and our signed answer.

A request is only believed with a signature over its query (R87), for a few minutes, once: the identifier is handed to
the caller, who keeps it for as long as the request would be believed.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from totrinn.app.identity_providers import Ended, SamlSettings
from totrinn.sso.saml_answers import check_issuer, check_version, identifier_of
from totrinn.sso.saml_form import check_form, check_identifiers
from totrinn.sso.saml_redirect import address_with, read_request
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.saml_subject import name_id_of, session_of
from totrinn.sso.saml_times import check_begun, check_not_over, read_time, with_skew, write_time
from totrinn.sso.xml_names import ASSERTION, PROTOCOL, STATUS, Element, children, local, samlp, text_of
from totrinn.sso.xml_parsing import parse

BELIEVED_FOR = timedelta(minutes=5)
"""From the moment that the provider has made the request."""


@dataclass(frozen=True, slots=True)
class ExpectedLogout:
    """What a request is held against."""

    settings: SamlSettings
    key: bytes = field(repr=False)
    entity_id: str
    destination: str
    """Our single logout service."""
    now: datetime


def read_logout_request(expected: ExpectedLogout, raw_query: str) -> Ended:
    """What the request ends, with our answer to it; raises `Refused`."""
    request = read_request(raw_query, expected.settings.certificates)
    root = parse(request.document)
    if root.tag != samlp("LogoutRequest"):
        raise Refused(SamlRefusal.OTHER_MESSAGE, local(root))
    check_form(root)
    check_identifiers(root)
    check_version(root)
    if root.get("Destination") != expected.destination:
        raise Refused(SamlRefusal.DESTINATION_WRONG, f"expected {expected.destination}")
    check_issuer(root, expected.settings.entity_id)
    until = _check_times(root, expected.now)
    identifier = identifier_of(root)
    return Ended(
        subject=name_id_of(root, expected.settings.entity_id).subject,
        sessions=tuple(session_of(text_of(index)) for index in children(root, samlp("SessionIndex"))),
        token_id=identifier,
        token_expires_at=with_skew(until),
        reply_to=_reply(expected, identifier, request.relay_state),
    )


def _check_times(root: Element, now: datetime) -> datetime:
    """Returns until when the request is believed."""
    issued = read_time(root.get("IssueInstant"), "IssueInstant")
    check_begun(issued, now, "IssueInstant")
    until = issued + BELIEVED_FOR
    if "NotOnOrAfter" in root.attrib:
        until = min(until, read_time(root.get("NotOnOrAfter"), "NotOnOrAfter"))
    check_not_over(until, now, "the request's end")
    return until


def _reply(expected: ExpectedLogout, answers: str, relay_state: str | None) -> str:
    """The address with our answer; empty when the provider wants none, or we could not sign it."""
    location = expected.settings.slo_url
    if not location or not expected.key:
        return ""
    document = _response(expected, answers).encode()
    return address_with(location, "SAMLResponse", document, relay_state=relay_state, key=expected.key)


def _response(expected: ExpectedLogout, answers: str) -> str:
    return (
        f'<samlp:LogoutResponse xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="_{secrets.token_hex(16)}"'
        f' Version="2.0" IssueInstant="{write_time(expected.now)}"'
        f" Destination={quoteattr(expected.settings.slo_url)} InResponseTo={quoteattr(answers)}>"
        f"<saml:Issuer>{escape(expected.entity_id)}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{STATUS}Success"/></samlp:Status>'
        "</samlp:LogoutResponse>"
    )
