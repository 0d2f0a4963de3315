"""What a provider says of its own success (SAML Core §3.2.2)."""

from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.xml_names import STATUS, Element, children, samlp

_KNOWN = frozenset({
    "Requester", "Responder", "VersionMismatch",
    "AuthnFailed", "InvalidAttrNameOrValue", "InvalidNameIDPolicy", "NoAuthnContext", "NoAvailableIDP", "NoPassive",
    "NoSupportedIDP", "PartialLogout", "ProxyCountExceeded", "RequestDenied", "RequestUnsupported",
    "RequestVersionDeprecated", "RequestVersionTooHigh", "RequestVersionTooLow", "ResourceNotRecognized",
    "TooManyResponses", "UnknownAttrProfile", "UnknownPrincipal", "UnsupportedBinding",
})  # fmt: skip


def check_status(response: Element) -> None:
    """The provider speaks of success. Otherwise the refusal's detail holds its codes, and only those of the standard.

    Refusals are often not signed, so that nothing else of one is worth being shown.
    """
    codes = _codes(response)
    if codes[:1] != [f"{STATUS}Success"]:
        raise Refused(SamlRefusal.DECLINED, " ".join(map(_shown, codes)) or "none")


def _codes(response: Element) -> list[str]:
    """The chain of status codes."""
    found: list[str] = []
    parents = children(response, samlp("Status"))
    while len(parents) == 1:
        codes = children(parents[0], samlp("StatusCode"))
        found += [code.get("Value") or "" for code in codes]
        parents = codes
    return found


def _shown(code: str) -> str:
    name = code.removeprefix(STATUS)
    return name if name in _KNOWN else "other"
