"""Slow, silent and endless clients are closed, and keep nobody else out; nobody says more than a proxy has seen."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.cli.test_serving import free_port
from totrinn.serving import patience
from totrinn.serving.running import listening, serving_meanwhile

ASK = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
_SECONDS = 20.0


async def _application(scope: object, receive: object, send: object) -> None:
    request = Request(scope, receive)  # type: ignore[arg-type]  # as the server calls it
    body = await request.body()
    claimed = ", ".join(request.headers.getlist("x-forwarded-for"))
    response: Response = PlainTextResponse(f"{claimed}{len(body)} bytes")
    await response(scope, receive, send)  # type: ignore[arg-type]


@contextmanager
def _served(monkeypatch: pytest.MonkeyPatch, **limits: float) -> Iterator[int]:
    for name, value in limits.items():
        monkeypatch.setattr(patience, name, value)
    port = free_port()
    with listening("127.0.0.1", port) as listener, serving_meanwhile(_application, listener):
        yield port


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1000) == b""
    except ConnectionResetError:
        return True


def _answer(client: socket.socket, sent: bytes = ASK) -> bytes:
    client.sendall(sent)
    return client.recv(1000)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: loc"], ids=["nothing", "half a head"])
def test_whoever_does_not_say_what_they_want_is_closed(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Sending a little now and then does not help: the whole head has its time."""
    with _served(monkeypatch, SECONDS_TO_ASK=0.3) as port, closing(_connect(port)) as client:
        client.sendall(sent)
        assert _is_closed(client)


def test_a_body_that_does_not_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take its time, but not for ever."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nx"
    with (
        _served(monkeypatch, SECONDS_TO_ASK=0.1, SECONDS_TO_BE_ANSWERED=0.5) as port,
        closing(_connect(port)) as client,
    ):
        client.sendall(head)
        began = time.monotonic()
        assert _is_closed(client)
        assert time.monotonic() - began >= 0.4


def test_a_head_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not kept in memory for as long as it goes on."""
    with _served(monkeypatch) as port, closing(_connect(port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
        line = b"x-more: " + b"x" * 1000 + b"\r\n"
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
            client.sendall(line * 100_000)


def test_a_connection_may_ask_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has its own time, and a body may be larger than a head."""
    post = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n" + b"x" * 60_000
    with _served(monkeypatch, SECONDS_TO_ASK=1.0) as port, closing(_connect(port)) as client:
        for _ in range(6):
            assert _answer(client).endswith(b"0 bytes")
            assert _answer(client, post).endswith(b"60000 bytes")
            time.sleep(0.25)
        assert _answer(client, ASK + ASK).count(b"200 OK") >= 1


@pytest.mark.row("R52")
def test_silent_connections_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """When there are too many, the one that has been silent for longest makes room."""
    with _served(monkeypatch, MOST_CONNECTIONS=20) as port:
        silent = [_connect(port) for _ in range(60)]
        try:
            with closing(_connect(port)) as client:
                assert _answer(client).endswith(b"0 bytes")
            assert all(_is_closed(client) for client in silent[:40])
        finally:
            for client in silent:
                client.close()


@pytest.mark.row("R52")
@pytest.mark.parametrize("before", [b"", ASK], ids=["alone", "behind another request"])
def test_unfinished_bodies_keep_nobody_out(monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    """Whoever owes the rest of a body makes room as those do who have said nothing."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nx"
    with _served(monkeypatch, MOST_CONNECTIONS=20) as port:
        slow = [_connect(port) for _ in range(20)]
        try:
            for each in slow:
                each.sendall(before + head)
            time.sleep(0.3)
            with closing(_connect(port)) as client:
                assert _answer(client).endswith(b"0 bytes")
        finally:
            for each in slow:
                each.close()


def test_headers_without_end_are_refused_behind_a_body_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunked body may be followed by more of them, which are kept no more than in a head."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    with _served(monkeypatch) as port, closing(_connect(port)) as client:
        client.sendall(head)
        line = b"x-more: " + b"x" * 1000 + b"\r\n"
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
            client.sendall(line * 100_000)


@pytest.mark.row("R13")
def test_what_stands_behind_a_body_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy replaces what a client claims in the head; behind a chunked body it lets everything pass."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.7\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"1\r\nx\r\n0\r\nx-forwarded-for: 192.0.2.66\r\n\r\n"
    with _served(monkeypatch) as port, closing(_connect(port)) as client:
        assert _answer(client, head + body).endswith(b"\r\n192.0.2.71 bytes")


def test_a_body_is_never_taken_for_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when another protocol was asked for: a proxy that passes that on would give the answer to somebody else."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    with _served(monkeypatch) as port, closing(_connect(port)) as client:
        answer = _answer(client, head + b"content-length: 100\r\n\r\n")
        assert b"connection: close" in answer
        assert answer.endswith(b"0 bytes")
        assert _is_closed(client)
