"""What we fetch from outside, and how little that may cost or reveal (R89).

The address of a provider is typed by an administrator of an organisation, and further addresses come from the provider
itself. So each exchange looks its host up once, refuses unless *every* address of it is a public one, and connects to
an address that was looked at: a name that answers otherwise the second time (DNS rebinding) gains nothing. TLS still
verifies the name. Nothing is followed, remembered, unpacked or taken from the environment; the whole exchange, its
lookup and a server that drips included, ends at one deadline. Whatever goes wrong is a value.

This stands on httpcore2, the lower half of httpx2, as that is where one says what a connection is.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

import httpcore2

from totrinn.app.identity_providers import Unavailable
from totrinn.app.observing import NOBODY, Observer
from totrinn.app.web_addresses import Address, read_address
from totrinn.fetching.connections import Allowance, Bounds, Dialler, Guide, Lookup, Places, system_lookup
from totrinn.fetching.failures import Failure, GaveUp, unavailable

SIZE_LIMIT = 1 << 20
"""Bytes of a body."""

_MOST_PIECES = 8192
"""Of a body: a megabyte that comes byte by byte would cost seconds of CPU within the deadline."""
_OVERHEAD = 1 << 18
"""Bytes for the head, for encryption, and for the marks between the pieces."""
_SAME_ALWAYS = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Totrinn"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: no redirection, no server's own error, no more than the limit."""

    status: int
    content_type: str
    """In lower case, without parameters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    address: Address
    headers: dict[str, str]
    content: bytes | None
    limit: int


class Fetcher:
    """Exchanges with providers, from any thread, each on a connection of its own."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        bounds: Bounds | None = None,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = system_lookup,
        observer: Observer = NOBODY,
    ) -> None:
        """With `allow_private`, hosts in private networks are reached, too, and over plain http."""
        self._allow_private = allow_private
        self._bounds = bounds or Bounds()
        self._given_tls = tls
        self._observer = observer
        self._guide = Guide(lookup, self._bounds, allow_private=allow_private)
        self._places = Places(self._bounds)

    def get(
        self, address: str, *, accept: str = "application/json", bearer: str = "", limit: int = SIZE_LIMIT
    ) -> Fetched | Unavailable:
        """The document at an address; every status but 200 is a failure."""
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        fetched = self._exchange("GET", address, headers, None, limit)
        if isinstance(fetched, Fetched) and fetched.status != 200:
            fetched = unavailable(Failure.BAD_STATUS, str(fetched.status))
        return self._told(fetched)

    def post(
        self, address: str, fields: Mapping[str, str], *, authorization: str = "", limit: int = SIZE_LIMIT
    ) -> Fetched | Unavailable:
        """The answer to a form; a refusal with its reasons (status 400 to 499) is an answer, too."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {"Authorization": authorization} if authorization else {}
        return self._told(self._exchange("POST", address, headers, urlencode(fields).encode(), limit))

    def send(
        self, address: str, body: bytes, headers: Mapping[str, str], *, limit: int = SIZE_LIMIT
    ) -> Fetched | Unavailable:
        """The answer to a body of any kind that `headers` describe; a refusal (status 400 to 499) is one, too."""
        return self._told(self._exchange("POST", address, dict(headers), body, limit))

    def refuses(self, address: str) -> Unavailable | None:
        """Why this address will not be fetched, as far as its form tells."""
        parsed = self._read(address)
        return parsed if isinstance(parsed, Unavailable) else None

    def _told(self, fetched: Fetched | Unavailable) -> Fetched | Unavailable:
        self._observer.provider_asked(fetched.code if isinstance(fetched, Unavailable) else "answered")
        return fetched

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpcore2.default_ssl_context()

    def _read(self, text: str) -> Address | Unavailable:
        address = read_address(text)
        if address is None:
            return unavailable(Failure.MALFORMED, text[:200])
        if not address.is_encrypted and not self._allow_private:
            return unavailable(Failure.NOT_HTTPS, text[:200])
        return address

    def _exchange(
        self, method: str, text: str, headers: dict[str, str], content: bytes | None, limit: int
    ) -> Fetched | Unavailable:
        address = self._read(text)
        if isinstance(address, Unavailable):
            return address
        try:
            self._places.take(address.host)
        except GaveUp as busy:
            return unavailable(busy.failure, busy.detail)
        try:
            return self._converse(_Request(method, address, headers, content, limit))
        except Exception as error:  # noqa: BLE001 whatever a server makes the library raise is that server's failure
            return _unavailable(error, address)
        finally:
            self._places.leave(address.host)

    def _converse(self, request: _Request) -> Fetched | Unavailable:
        allowance = Allowance(self._bounds.seconds, request.limit + _OVERHEAD)
        dialler = Dialler(self._guide, self._bounds, allowance)
        headers = {"Host": request.address.authority, **_SAME_ALWAYS, **request.headers}
        with (
            httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=dialler) as pool,
            pool.stream(
                request.method, _url(request.address), headers=list(headers.items()), content=request.content
            ) as response,
        ):
            return _read_answer(response, request.limit)


def _url(address: Address) -> httpcore2.URL:
    scheme = "https" if address.is_encrypted else "http"
    return httpcore2.URL(scheme=scheme, host=address.host, port=address.port, target=address.target)


def _read_answer(response: httpcore2.Response, limit: int) -> Fetched | Unavailable:
    if 300 <= response.status < 400:
        return unavailable(Failure.REDIRECTED, str(response.status))
    if not 200 <= response.status < 500:
        return unavailable(Failure.BAD_STATUS, str(response.status))
    body = bytearray()
    for number, piece in enumerate(response.iter_stream()):
        body += piece
        if len(body) > limit or number >= _MOST_PIECES:
            return unavailable(Failure.TOO_LARGE, str(limit))
    return Fetched(response.status, _content_type(response.headers), bytes(body))


def _content_type(headers: list[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return given.decode("latin-1").partition(";")[0].strip().lower()[:100]


def _unavailable(error: Exception, address: Address) -> Unavailable:
    if isinstance(error, GaveUp):
        return unavailable(error.failure, error.detail or address.host)
    if isinstance(error, httpcore2.TimeoutException):
        return unavailable(Failure.TIMED_OUT, address.host)
    if isinstance(error, httpcore2.NetworkError):
        return unavailable(Failure.UNREACHABLE, address.host)
    return unavailable(Failure.NOT_HTTP, address.host)
