"""A receiver of security events on loopback, which checks what comes with nothing but the published keys.

It reads the token and its signature by itself, as RFC 7515 and RFC 8417 describe them, and answers as RFC 8935 says.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from tests.listening import Quiet, listening_by


@dataclass
class EventReceiver:
    """What has come, and what is answered besides."""

    address: str
    keys: Callable[[], list[dict[str, str]]]
    """Looks up the published keys, as JWKs."""
    issuer: str
    audience: str = ""
    status: int = 0
    """Answered whatever comes; 0: what the token deserves."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """The tokens that were found right."""
    requests: int = 0

    def judge(self, kind: str, accepted: str, token: str) -> str:
        """The error of RFC 8935 §2.4; empty where the token is right, and is remembered."""
        if (kind, accepted) != ("application/secevent+jwt", "application/json"):
            return "invalid_request"
        head, body, signature = token.split(".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        key = next((each for each in self.keys() if each["kid"] == header["kid"]), None)
        if key is None or header["alg"] != "RS256" or not _is_signed(key, f"{head}.{body}", _decoded(signature)):
            return "invalid_key"
        if claims["iss"] != self.issuer:
            return "invalid_issuer"
        if claims["aud"] != self.audience:
            return "invalid_audience"
        if header["typ"] != "secevent+jwt" or {"sub", "exp", "nonce"} & set(claims) or len(claims["events"]) != 1:
            return "invalid_request"
        self.events.append(claims)
        return ""


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_signed(key: dict[str, str], signed: str, signature: bytes) -> bool:
    modulus, exponent = (int.from_bytes(_decoded(key[name])) for name in ("n", "e"))
    try:
        RSAPublicNumbers(exponent, modulus).public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@contextmanager
def receiving_events(keys: Callable[[], list[dict[str, str]]], issuer: str) -> Iterator[EventReceiver]:
    """A receiver, as long as the block lasts."""
    receiver = EventReceiver("", keys, issuer)

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            token = self.rfile.read(int(self.headers["content-length"])).decode()
            receiver.requests += 1
            error = receiver.judge(self.headers["content-type"], self.headers["accept"], token)
            body = json.dumps({"err": error, "description": "It was not taken."}).encode() if error else b""
            self.send_response(receiver.status or (400 if error else 202))
            if receiver.status // 100 == 3:
                self.send_header("Location", receiver.address)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening_by(Handler) as port:
        receiver.address = f"http://localhost:{port}/events"
        yield receiver
