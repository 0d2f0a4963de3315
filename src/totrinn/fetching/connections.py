"""Connections to addresses that were looked at, each bound by one deadline and one number of bytes.

A `Dialler` is the network of one exchange of httpcore2: there is no other way out of it.
"""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2

from totrinn.fetching.addresses import is_literal, is_public
from totrinn.fetching.failures import Failure, GaveUp

Lookup = Callable[[str, int], list[str]]
"""All IP addresses of a host; raises `OSError` or `UnicodeError` when there are none."""

_MOST_TRIED = 4


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an exchange may take, and how much of it may come at once."""

    seconds: float = 10.0
    """For the whole exchange."""
    connect_seconds: float = 3.0
    """For the lookup, for each address that is tried, and for agreeing on encryption."""
    at_once: int = 16
    at_once_per_host: int = 4
    refusal_seconds: float = 0.5
    """How long it takes at least until a name is refused, whether it leads inside or nowhere."""


class Places:
    """So many at once, in all and of one name, and not one more."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Takes a place, or gives up at once: nobody waits for another's provider."""
        with self._lock:
            if self._taken.total() >= self._bounds.at_once or self._taken[name] >= self._bounds.at_once_per_host:
                raise GaveUp(Failure.BUSY, name)
            self._taken[name] += 1

    def leave(self, name: str) -> None:
        """Gives the place back."""
        with self._lock:
            self._taken[name] -= 1
            self._taken += Counter()  # drops the names of which there are none


def system_lookup(host: str, port: int) -> list[str]:
    """All addresses that the system knows."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guide:
    """Looks hosts up, within a time, and lets only those through that may be reached."""

    def __init__(self, lookup: Lookup, bounds: Bounds, *, allow_private: bool) -> None:
        self._lookup = lookup
        self._bounds = bounds
        self._allow_private = allow_private
        self._places = Places(bounds)

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """The addresses of a host, if every one of them may be reached.

        Of a name that may not be, nothing is told: not by the code, and not by the time, that there is one inside.
        A lookup cannot be broken off. One that hangs keeps its thread and its place until the system gives up.
        """
        found: list[list[str]] = []
        begun = time.monotonic()
        self._places.take(host)
        thread = threading.Thread(target=self._look, args=(host, port, found), daemon=True, name="lookup")
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            raise GaveUp(Failure.TIMED_OUT, host)
        addresses = found[0] if found else []
        if addresses and (self._allow_private or all(map(is_public, addresses))):
            return addresses
        if is_literal(host):
            raise GaveUp(Failure.NOT_ALLOWED, host)
        if not self._allow_private:
            time.sleep(max(0.0, min(seconds, self._bounds.refusal_seconds) - (time.monotonic() - begun)))
        raise GaveUp(Failure.UNKNOWN_HOST, host)

    def _look(self, host: str, port: int, found: list[list[str]]) -> None:
        try:
            found.append(self._lookup(host, port))
        except (OSError, UnicodeError):
            found.append([])
        finally:
            self._places.leave(host)


class Allowance:
    """What is left of the time and of the bytes of one exchange."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._ends = time.monotonic() + seconds
        self._bytes = most_bytes

    def seconds(self, at_most: float | None = None) -> float:
        """The time that is left for one step; gives up when there is none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise GaveUp(Failure.TIMED_OUT)
        return left if at_most is None else min(left, at_most)

    def spend(self, count: int) -> None:
        """Counts bytes that came; gives up when there are too many."""
        self._bytes -= count
        if self._bytes < 0:
            raise GaveUp(Failure.TOO_LARGE)


class Dialler(httpcore2.NetworkBackend):
    """The network of one exchange."""

    def __init__(self, guide: Guide, bounds: Bounds, allowance: Allowance) -> None:
        self._guide = guide
        self._bounds = bounds
        self._allowance = allowance
        self._tcp = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 the allowance knows better
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of the host that answers."""
        longest = self._bounds.connect_seconds
        addresses = self._guide.addresses(host, port, self._allowance.seconds(longest))
        failure = Failure.UNREACHABLE
        for address in addresses[:_MOST_TRIED]:
            try:
                stream = self._tcp.connect_tcp(
                    address, port, self._allowance.seconds(longest), local_address, socket_options
                )
            except httpcore2.ConnectTimeout:
                failure = Failure.TIMED_OUT
            except httpcore2.ConnectError:
                continue
            else:
                return BoundStream(stream, self._bounds, self._allowance)
        raise GaveUp(failure, host)


class BoundStream(httpcore2.NetworkStream):
    """A connection that ends with the allowance, however slowly the other side drips."""

    def __init__(self, stream: httpcore2.NetworkStream, bounds: Bounds, allowance: Allowance) -> None:
        self._stream = stream
        self._bounds = bounds
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """What has come, or nothing at the end."""
        data = self._stream.read(max_bytes, self._allowance.seconds())
        self._allowance.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Sends all of it."""
        self._stream.write(buffer, self._allowance.seconds())

    def close(self) -> None:
        """Ends the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """The same connection, encrypted to a server that proved its name."""
        seconds = self._allowance.seconds(self._bounds.connect_seconds)
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        except httpcore2.ConnectError as error:
            # The library's pool lets go of the cause, which alone tells a bad certificate from a broken connection.
            if isinstance(error.__cause__, ssl.SSLError):
                raise GaveUp(Failure.TLS_FAILED, _reason(error.__cause__)) from error
            raise
        return BoundStream(stream, self._bounds, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        """What the library asks about the connection below."""
        return self._stream.get_extra_info(info)


def _reason(error: ssl.SSLError) -> str:
    """What an administrator can act upon: why the certificate is not valid, or what OpenSSL calls it."""
    return str(getattr(error, "verify_message", "") or error.reason or "")
