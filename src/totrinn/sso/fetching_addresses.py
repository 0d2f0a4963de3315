"""Which addresses may be fetched from: their form, and whether the hosts behind them are on the public internet."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_LONGEST = 2048
_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)
"""What RFC 3986 lets stand in an address."""
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]{2,45}", re.ASCII)

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Protocol assignments (Teredo among them), documentation twice.
_SPECIAL_V6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
# Protocol assignments, and relays of 6to4: Python counts some of them as global.
_SPECIAL_V4 = tuple(ipaddress.IPv4Network(text) for text in ("192.0.0.0/24", "192.88.99.0/24"))


@dataclass(frozen=True, slots=True)
class Address:
    """An address whose form is allowed; whether its host may be reached is seen when it is looked up."""

    is_encrypted: bool
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """Host and port, as the header `Host` names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(is_encrypted=self.is_encrypted) else f"{host}:{self.port}"


def read_address(text: str) -> Address | None:
    """The parts of an `http` or `https` address; None for all else, and for user names, fragments and stray signs."""
    if len(text) > _LONGEST or not _PRINTABLE.fullmatch(text) or "#" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or port == 0:
        return None
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or len(host) > 253:
        return None
    is_encrypted = parts.scheme == "https"
    return Address(is_encrypted, host, port or _default_port(is_encrypted=is_encrypted), _target(parts))


def is_literal(host: str) -> bool:
    """Whether a host is an IP address itself, in the one way of writing it, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, and so does the IPv4 address embedded in it, if any."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public_v4(address)
    embedded = _embedded(address)
    if embedded is not None:
        return _is_public_v4(embedded)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_V6)


def _default_port(*, is_encrypted: bool) -> int:
    return 443 if is_encrypted else 80


def _target(parts: SplitResult) -> str:
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _SPECIAL_V4)
    )


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
