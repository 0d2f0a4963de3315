"""How a test brings an answer to the program, and what it may come back with."""

from tests.sso.saml.provider import BASE_URL, NOW, challenge, packed, party
from totrinn.app.identity_providers import Challenge, Identity, Party, Rejected
from totrinn.sso.saml import SamlServiceProvider

OURS = SamlServiceProvider(BASE_URL)


def outcome(document: bytes, asked: Challenge | None = None, to: Party | None = None) -> Identity | Rejected:
    """What the program makes of this answer to its request."""
    return OURS.finish(to or party(), asked or challenge(), packed(document), NOW)


def code(document: bytes, asked: Challenge | None = None, to: Party | None = None) -> str:
    """The code of the refusal; `admitted: …` when there is none."""
    result = outcome(document, asked, to)
    return result.code if isinstance(result, Rejected) else f"admitted: {result.subject}"


def identity(document: bytes, asked: Challenge | None = None, to: Party | None = None) -> Identity:
    """Who the answer names; fails when it is refused."""
    result = outcome(document, asked, to)
    assert isinstance(result, Identity), result
    return result
