"""The one canonical form of an e-mail address, made at the edge before policy, counter and store see it."""

from enum import StrEnum

import idna

LONGEST = 254
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-")
_WHITE_SPACE = " \t\r\n\f\v"


class AddressProblem(StrEnum):
    """Why something typed is no address that we take."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    NOT_ASCII = "not_ascii"


def canonical_email(typed: str) -> str | AddressProblem:
    """White space trimmed, local part in lower-case ASCII, domain as lower-case A-labels without trailing dot."""
    address = typed.strip(_WHITE_SPACE)
    if not address:
        return AddressProblem.EMPTY
    if len(address) > LONGEST:
        return AddressProblem.TOO_LONG
    local, at, domain = address.rpartition("@")
    if not at or not local:
        return AddressProblem.MALFORMED
    if not local.isascii():
        return AddressProblem.NOT_ASCII
    return _joined(local.lower(), domain.removesuffix("."))


def _joined(local: str, domain: str) -> str | AddressProblem:
    if not _LOCAL.issuperset(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        return AddressProblem.MALFORMED
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return AddressProblem.MALFORMED
    address = f"{local}@{ascii_domain}"
    if not ascii_domain or len(address) > LONGEST:
        return AddressProblem.TOO_LONG if ascii_domain else AddressProblem.MALFORMED
    return address
