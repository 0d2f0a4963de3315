"""Addresses and host names of applications, as the vendor types them."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from totrinn.app.web_addresses import read_address

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = 2000
_OF_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?([/?].*)?", re.ASCII)
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/{1,3}[!#$&-;=?-\[\]_a-z~]*", re.ASCII)
"""A scheme of an installed application: a reversed domain name (RFC 8252 §7.1), so never `javascript` or `data`."""
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*(:[1-9][0-9]{0,4})?", re.ASCII)


def is_redirect_uri(text: str) -> bool:
    """Whether answers may be sent there: `https`, plain `http` on this machine only, or an application's own scheme."""
    return is_page(text) or (len(text) <= _LONGEST and "#" not in text and _OWN_SCHEME.fullmatch(text) is not None)


def is_page(text: str) -> bool:
    """Whether it is a page of an application: `https`, or plain `http` on this machine; no fragment, no user name."""
    address = read_address(text)
    return address is not None and (address.is_encrypted or address.host in LOOPBACK)


def is_host(text: str) -> bool:
    """Whether it is a host name in lower case, with the port where it is not the usual one."""
    return len(text) <= 253 and _HOST.fullmatch(text) is not None


def is_registered(registered: tuple[str, ...], given: str) -> bool:
    """Whether an answer may go there: the same to the last sign, save the port of loopback (RFC 8252 §7.3)."""
    return given in registered or _without_port(given) in {_without_port(each) for each in registered} - {None}


def extended(address: str, parameters: Mapping[str, str]) -> str:
    """The address with these parameters added to its query; empty ones are left out."""
    words = urlencode({name: value for name, value in parameters.items() if value})
    return f"{address}{'&' if '?' in address else '?'}{words}" if words else address


def _without_port(address: str) -> tuple[str, str] | None:
    found = _OF_LOOPBACK.fullmatch(address)
    return None if found is None else (found[1], found[2] or "")
