"""What `doctor` finds by going through the front door: does the base address lead here, and whom does Totrinn see?

It asks as anybody would, with a value that only holders of the keys can sign, and is told what arrived. It also claims
to be somebody else in `X-Forwarded-For`; a proxy that is set up well does not let that count.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from totrinn.cli.findings import Finding, Level, bad, note, place_of
from totrinn.config import Settings, is_loopback, plain_http_beyond_loopback

if TYPE_CHECKING:
    from totrinn.crypto import KeyVault

_ABOUT = "base address"
FORGED = "192.0.2.66"
_SECONDS = 5
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    our_address: str


def front_door(settings: Settings, vault: "KeyVault", now: datetime) -> Iterator[Finding]:
    """Asks the base address what arrives of a request. The server must run."""
    from totrinn.web.pages.probe import PATH, answered_by_us, signed_probe

    address = settings.base_url
    if plain_http_beyond_loopback(address):
        return
    probe = signed_probe(vault, now)
    try:
        answer = _ask(address, PATH, probe)
    except ssl.SSLError as error:
        yield bad(_ABOUT, f"{address} has no certificate that browsers accept: {error.reason or error}")
        return
    except (OSError, http.client.HTTPException) as error:
        local = is_loopback(urlsplit(address).hostname or "")
        mend = f"totrinn serve {place_of(settings)}" if local else f"curl -I {address}/health/live"
        yield note(_ABOUT, f"{address} does not answer from here: {_reason(error)}", mend)
        return
    told = _read(answer)
    if told is None or not answered_by_us(vault, probe, str(told.get("answer"))):
        text = f"at {address} answers something else, or an installation with other keys (status {answer.status})"
        yield bad(_ABOUT, text, "have the proxy pass everything on to TOTRINN_HOST and TOTRINN_PORT")
        return
    yield from _judge(settings, answer, told)


def _reason(error: OSError | http.client.HTTPException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _judge(settings: Settings, answer: _Answer, told: dict[str, Any]) -> Iterator[Finding]:
    client, forwarded = str(told["client"]), str(told["forwarded_for"])
    trusted = settings.trusted_proxies
    if client == FORGED:
        if not _is_within(answer.our_address, trusted):
            text = "whoever asks can choose the address under which failures are counted, and which the log shows"
            yield bad(_ABOUT, text, "proxy_set_header X-Forwarded-For $remote_addr;  # nginx")
    elif forwarded != FORGED and not trusted:
        text = f"requests come through a proxy at {client} that is not trusted: all people seem to come from there"
        yield note(_ABOUT, text, f"TOTRINN_TRUSTED_PROXIES={client}")
    elif trusted and _is_within(client, trusted) and not _is_within(answer.our_address, trusted):
        text = f"the proxy at {client} does not say for whom it asks: all people seem to come from there"
        yield bad(_ABOUT, text, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;  # nginx")
    else:
        yield Finding(Level.OK, _ABOUT, f"leads here; a request from this machine is seen to come from {client}")
    if told["host"] != urlsplit(settings.base_url).netloc:
        text = f"the proxy passes on the host {told['host']!r}; pages and links use the base address all the same"
        yield note(_ABOUT, text, "proxy_set_header Host $http_host;  # nginx")


def _ask(address: str, path: str, probe: str) -> _Answer:
    url = urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=_SECONDS)
    try:
        connection.connect()
        ours = connection.sock.getsockname()[0] if isinstance(connection.sock, socket.socket) else ""
        connection.request(
            "GET", path, headers={"X-Totrinn-Probe": probe, "X-Forwarded-For": FORGED, "Host": url.netloc}
        )
        response = connection.getresponse()
        return _Answer(response.status, response.read(_LARGEST), ours)
    finally:
        connection.close()


def _read(answer: _Answer) -> dict[str, Any] | None:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return None
    return told if answer.status == 200 and isinstance(told, dict) else None


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    from ipaddress import ip_address, ip_network

    try:
        known = ip_address(address.partition("/")[0])
    except ValueError:
        return False
    return any(known in ip_network(network, strict=False) for network in networks)
