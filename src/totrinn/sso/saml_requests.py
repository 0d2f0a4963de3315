"""What we ask a provider: an `AuthnRequest` (SAML Core §3.4.1) in the query of its address.

No format of the NameID is demanded: which name is a lasting one, the provider knows. No hint of who is signing in is
sent, as SAML has none that a provider may disregard.
"""

from xml.sax.saxutils import escape, quoteattr

from totrinn.app.identity_providers import Challenge
from totrinn.sso.saml_times import write_time
from totrinn.sso.xml_names import ASSERTION, HTTP_POST, PROTOCOL


def authn_request(challenge: Challenge, *, entity_id: str, consumer: str, destination: str) -> bytes:
    """The request that this challenge binds an answer to."""
    fresh = ' ForceAuthn="true"' if challenge.is_fresh else ""
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}"'
        f' ID={quoteattr(challenge.request_id)} Version="2.0" IssueInstant="{write_time(challenge.started_at)}"'
        f" Destination={quoteattr(destination)} AssertionConsumerServiceURL={quoteattr(consumer)}"
        f' ProtocolBinding="{HTTP_POST}"{fresh}>'
        f"<saml:Issuer>{escape(entity_id)}</saml:Issuer>"
        '<samlp:NameIDPolicy AllowCreate="true"/>'
        f"{_context(challenge.context)}"
        "</samlp:AuthnRequest>"
    ).encode()


def _context(context: tuple[str, ...]) -> str:
    if not context:
        return ""
    references = "".join(f"<saml:AuthnContextClassRef>{escape(name)}</saml:AuthnContextClassRef>" for name in context)
    return f'<samlp:RequestedAuthnContext Comparison="exact">{references}</samlp:RequestedAuthnContext>'
