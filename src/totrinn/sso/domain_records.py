"""The TXT records of domains, by which an organisation proves that one is its own."""

import re
from collections.abc import Iterator, Sequence

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from totrinn.app.identity_providers import Unavailable

LIFETIME = 5.0
"""Seconds for all tries together."""

_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII | re.IGNORECASE)
_MOST_RECORDS = 200
_LONGEST = 2048


class DnsRecords:
    """Asks the resolvers of the system, or those that it is given; from any thread."""

    def __init__(self, nameservers: Sequence[str] | None = None, port: int = 53, *, lifetime: float = LIFETIME) -> None:
        """`nameservers` are IP addresses, `port` is theirs. Raises `ValueError` for what is no address."""
        self._nameservers = nameservers
        self._port = port
        self._lifetime = lifetime

    def texts(self, domain: str) -> tuple[str, ...] | Unavailable:
        """The TXT records of a domain, each as one text; none when it has none, or is no domain at all."""
        if not _DOMAIN.fullmatch(domain):
            return ()
        try:
            # Absolute, so that no search list of the system completes it to a domain of its own.
            name = dns.name.from_text(domain.removesuffix(".") + ".")
            answer = self._resolver().resolve(name, dns.rdatatype.TXT, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.NameTooLong):
            return ()
        except dns.exception.Timeout:
            return Unavailable("dns_timed_out", domain)
        except (dns.exception.DNSException, OSError):
            return Unavailable("dns_failed", domain)
        return tuple(_texts(answer))

    def _resolver(self) -> dns.resolver.Resolver:
        """A new one each time: it reads the system's settings anew, and holds no answer back."""
        resolver = dns.resolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = list(self._nameservers)
            resolver.port = self._port
        resolver.lifetime = self._lifetime
        return resolver


def _texts(answer: dns.resolver.Answer) -> Iterator[str]:
    """The parts of a record belong together (RFC 7208 §3.3); what is too long or no text is left out."""
    for number, record in enumerate(answer):
        if isinstance(record, TXT) and number < _MOST_RECORDS:
            joined = b"".join(record.strings)
            if len(joined) <= _LONGEST and joined.isascii():
                yield joined.decode()
