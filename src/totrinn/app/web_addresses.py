"""Addresses of the web as others type them: plain `http` or `https`, or none at all.

Whether the host of one may be reached is seen when it is looked up; here its form counts.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_LONGEST = 2048
_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)
"""What RFC 3986 lets stand in an address."""
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]{2,45}", re.ASCII)


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


def origin_of(text: str) -> str:
    """The scheme and the server of an address, without all else that it may give away; empty for what is none."""
    address = read_address(text)
    return "" if address is None else f"{'https' if address.is_encrypted else 'http'}://{address.authority}"


def is_issuer(text: str, *, allow_private: bool) -> bool:
    """Whether it can be an issuer (OpenID Connect Discovery §4): `https`, without a query.

    Plain `http` will do where providers may stand on private networks.
    """
    address = read_address(text)
    return address is not None and "?" not in text and (address.is_encrypted or allow_private)


def _default_port(*, is_encrypted: bool) -> int:
    return 443 if is_encrypted else 80


def _target(parts: SplitResult) -> str:
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
