"""The floor of the gate: our server, answering every request with 200 and the gate's headers. `… PORT WORKERS`."""

import os
import sys
import threading
from typing import Any

from totrinn.app.observing import Observer
from totrinn.serving.answering import Server
from totrinn.serving.request_log import RequestLog
from totrinn.serving.running import listening
from totrinn.web.settings import IDENTITY_HEADERS

_HEADERS = [(name.lower().encode(), b"01a21635-12c4-73e4-a688") for name in IDENTITY_HEADERS.values()]
_START = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS, (b"content-length", b"0")]}
_BODY = {"type": "http.response.body", "body": b""}


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    """Lets everybody in."""
    await send(dict(_START))
    await send(_BODY)


def main() -> None:
    """Serves on the port, by so many processes."""
    port, workers = map(int, sys.argv[1:])
    with listening("127.0.0.1", port) as listener:
        first = os.getpid()
        is_first = all(os.fork() for _ in range(workers - 1))

        def end_with_the_first() -> None:
            if not is_first and os.getppid() != first:
                os._exit(0)

        ending = threading.Event()
        served = RequestLog(answer, observer=Observer(), is_ending=ending.is_set)
        Server(served, ending, alone=is_first, each_second=end_with_the_first).run([listener])


if __name__ == "__main__":
    main()
