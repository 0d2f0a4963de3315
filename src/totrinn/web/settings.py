"""What the pages need to know of this installation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """Whom people are told to ask: words, and an address to follow if there is one."""

    text: str
    href: str | None


IDENTITY_HEADERS = {
    "person": "X-Totrinn-Person",
    "email": "X-Totrinn-Email",
    "name": "X-Totrinn-Name",
    "organisation": "X-Totrinn-Organisation",
    "organisation_id": "X-Totrinn-Organisation-Id",
    "role": "X-Totrinn-Role",
    "amr": "X-Totrinn-Amr",
    "acr": "X-Totrinn-Acr",
    "auth_time": "X-Totrinn-Auth-Time",
}
"""What the gate tells of whoever is let in, and the header that tells it unless the operator names another."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Settings of the pages. `base_url` is the one address that people use; request headers never replace it."""

    base_url: str
    application_name: str = "Jobadmin"
    application_url: str = "/"
    vendor_name: str = "Totrinn"
    support: Support | None = None
    trusted_proxies: tuple[str, ...] = ()
    allow_private_addresses: bool = False
    """Whether identity providers may stand on private networks, and speak plain http."""
    hashes_at_once: int = 2
    """How many passwords this process hashes at a time: its share of the cores."""
    nobody_told: bool = True
    """No mail server yet: what is in the outbox reaches nobody, and pages say so."""
    gate_headers: Mapping[str, str] = field(default_factory=lambda: IDENTITY_HEADERS)
    gate_secret: str = ""
    """What the reverse proxy must show to be told who is signed in; empty: whoever reaches the gate is."""

    @property
    def secure(self) -> bool:
        """Whether people come by https: cookies then carry `Secure` and the `__Host-` prefix."""
        return self.base_url.startswith("https://")

    @property
    def own_host(self) -> str:
        """The host of the base address, with the port where it is not the usual one."""
        return plain_host(self.base_url.partition("://")[2], secure=self.secure)

    def networks(self) -> Networks:
        """The networks whose `X-Forwarded-For` is believed."""
        return read_networks(self.trusted_proxies)


def plain_host(host: str, *, secure: bool) -> str:
    """A host as applications register theirs: in lower case, without the port that is the usual one."""
    return host.lower().removesuffix(":443" if secure else ":80")


def read_networks(texts: Sequence[str]) -> Networks:
    """The networks that these texts name."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded_for: str, trusted: Networks) -> str:
    """The address of who asks: the last one in `X-Forwarded-For` that no trusted proxy vouches for; IPv6 by its /64."""
    address = peer
    for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not is_trusted(address, trusted):
            break
        address = hop
    return _counted(address)


def is_trusted(address: str, trusted: Networks) -> bool:
    """Whether a proxy at this address is believed."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in trusted if network.version == known.version)


def _counted(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network(f"{known}/64", strict=False)) if known.version == 6 else str(known)
