"""Addresses and host names of applications, as the vendor types them."""

import re

from totrinn.app.web_addresses import read_address

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = 2000
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
