"""What surrounds every request: its id, its line in the log if that is wanted, its place in the counts, and its end.

The id stands on the answer and in every line that is logged meanwhile. A trusted proxy may have given it, in plain
signs; anybody else's is not taken over. A line of the log names the route's template, never the path, which holds
names, ids and one-time tokens; and neither an address nor a browser: who signed in, and from where, is in the log of
events.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from totrinn.app.observing import Observer
from totrinn.serving.logs import request_id
from totrinn.web.routing import ROUTE
from totrinn.web.settings import Networks, is_trusted

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("totrinn.requests")
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"})
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_ID_HEADER = b"x-request-id"
_ENDS = (b"connection", b"close")


class RequestLog:
    """Surrounds an application."""

    def __init__(
        self,
        application: "ASGIApp",
        *,
        observer: Observer,
        is_ending: Callable[[], bool],
        trusted: Networks = (),
        is_written: bool = False,
    ) -> None:
        """`trusted`: the proxies that may give ids. `is_written`: a line for each request."""
        self._application = application
        self._observer = observer
        self._is_ending = is_ending
        self._trusted = trusted
        self._is_written = is_written

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        own = self._id_of(scope)
        request_id.set(own.decode())
        status = 0

        async def send_with_id(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                ends = [_ENDS] if self._is_ending() else []
                message["headers"] = [*message.get("headers", []), (_ID_HEADER, own), *ends]
            await send(message)

        began = time.perf_counter()
        try:
            await self._application(scope, receive, send_with_id)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: "Scope", status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = scope.get(ROUTE) or "/static/{path}"
        self._observer.answered(method, route, status, seconds)
        if self._is_written:
            told = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
            _log.info("request", extra=told)

    def _id_of(self, scope: "Scope") -> bytes:
        for name, value in scope["headers"]:
            if name == _ID_HEADER and _GIVEN_ID.fullmatch(value):
                client = scope.get("client")
                if client and is_trusted(client[0], self._trusted):
                    return bytes(value)
        return secrets.token_hex(8).encode()
