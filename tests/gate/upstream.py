"""An application behind the gate that tells what reached it, over HTTP and over WebSocket."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

_PATIENCE_SECONDS = 30


@dataclass
class Upstream:
    """What has reached it."""

    requests: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request, or one socket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        digest, length, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            digest.update(message.get("body", b""))
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        told = {**_told(scope), "method": scope["method"], "length": length, "sha256": digest.hexdigest()}
        self.requests.append(told)
        body = json.dumps(told).encode()
        status = 401 if scope["path"] == "/own-401" else 200
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Own realm")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests.append(_told(scope))
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps(_told(scope))})
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message["text"].upper()})


def _told(scope: Any) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode(), []).append(value.decode("latin-1"))
    query = scope["query_string"].decode()
    return {"uri": scope["raw_path"].decode() + (f"?{query}" if query else ""), "headers": headers}


@contextmanager
def upstream(port: int) -> Iterator[Upstream]:
    """Listens on this port until the block ends."""
    application = Upstream()
    config = uvicorn.Config(application, log_level="error", lifespan="off", ws="websockets-sansio", access_log=False)
    config.timeout_graceful_shutdown = 2
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        last = time.monotonic() + _PATIENCE_SECONDS
        while not server.started:
            assert time.monotonic() < last, "the application did not start"
            time.sleep(0.01)
        try:
            yield application
        finally:
            server.should_exit = True
            thread.join(_PATIENCE_SECONDS)
