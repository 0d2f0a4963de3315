"""A receiver of webhooks on loopback, which checks signatures as the specification of Standard Webhooks says."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.listening import Quiet, listening_by


@dataclass
class Receiver:
    """What has come, and what is answered."""

    address: str
    status: int = 200
    said: bytes = b"thank you"
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        """The messages, read."""
        return [json.loads(body) for body in self.bodies]

    def kinds(self) -> list[str]:
        """What they are about."""
        return [event["type"] for event in self.events()]

    def is_ours(self, at: int, secret: str) -> bool:
        """Whether the signature of a message is right: `base64(HMAC-SHA256(secret, id.timestamp.body))` after `v1,`."""
        headers, body = self.headers[at], self.bodies[at]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return headers["webhook-signature"] == f"v1,{expected}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, as long as the block lasts."""
    receiver = Receiver("")

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(receiver.status)
            if receiver.status // 100 == 3:
                self.send_header("Location", receiver.address)
            self.send_header("Content-Length", str(len(receiver.said)))
            self.end_headers()
            self.wfile.write(receiver.said)

    with listening_by(Handler) as port:
        receiver.address = f"http://localhost:{port}/hook?a=1"
        yield receiver
