"""Requests that no browser sends: odd methods, paths, headers and bodies. None of them is a way in, or a crash."""

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.house import House, running_house
from totrinn.core.roles import Role
from totrinn.web.cookies import Cookie, without

OLA = "ola@fjordly.test"
KARI = "kari@mild.test"
PATHS = (
    "/%2e/account", "/login/%2e%2e/account", "/login/enrol/..;/account", "/account;x", "/account%00", "/account%2f",
    "//account", "/account/", "/ACCOUNT", "/acc%6funt", "/./account",
    "/account%20", "/account?login",
    "/account%3f/login",
    "/account%0d%0aX-Evil:1", "/static/%2e%2e/account", "/static/..%2f..%2fapplication.py", "/static//etc/passwd",
    "/%ff%fe", "http://localhost/account", "http://evil.test/account", "/login%2f..%2faccount", "/members/%00", "*",
)  # fmt: skip
HEADERS = (
    "X-HTTP-Method-Override: GET", "X-Original-URL: /login", "X-Rewrite-URL: /login", "X-Forwarded-Prefix: /login",
    "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: localhost", "Forwarded: for=127.0.0.1;proto=https",
    "Remote-User: kari@mild.test", "X-Forwarded-User: kari@mild.test", "X-Remote-User: kari@mild.test",
    "Range: bytes=0-10", "Accept-Language: nb;q=nan", "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT",
    "Date: Mon, 01 Jan 2035 00:00:00 GMT", "Cookie: totrinn=x", "Cookie: " + "; ".join(f"c{n}=x" for n in range(2000)),
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


def _raw(house: House, request: bytes) -> str:
    """Sends bytes as they are, and reads what comes until the server closes."""
    port = int(house.address.rpartition(":")[2])
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, suppress(ConnectionError):
        connection.sendall(request)
        while chunk := connection.recv(65536):
            received += chunk
    return received.decode("latin-1")


def _hang_up(house: House, request: bytes) -> None:
    """Sends a part of a request, and goes away."""
    with socket.create_connection(("127.0.0.1", int(house.address.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(request)


def _ask(house: House, line: str, headers: Sequence[str], body: bytes = b"") -> tuple[int, str]:
    """The status, and the whole answer."""
    length = [f"Content-Length: {len(body)}"] if body else []
    head = "\r\n".join([line, "Host: localhost", "Connection: close", *headers, *length, "", ""])
    answer = _raw(house, head.encode("latin-1") + body)
    assert answer.startswith("HTTP/1.1 "), (line, headers)
    assert "Traceback" not in answer
    return int(answer[9:12]), answer


def _held(house: House) -> str:
    """The cookie of somebody who is held at enrolment."""
    house.organisation("fjordly", required=True)
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    return f"Cookie: totrinn-signin={browser.cookie('totrinn-signin')}"


@pytest.mark.row("R39")
@pytest.mark.row("R40")
def test_no_spelling_of_a_path_and_no_header_leads_past_enrolment(house: House) -> None:
    """Whatever is asked for, and however: back to enrolment, and not a word of what is behind."""
    held = _held(house)
    tries = [(path, ()) for path in PATHS] + [("/account", (header,)) for header in HEADERS]
    for path, headers in tries:
        for method in ("GET", "HEAD", "POST"):
            status, answer = _ask(house, f"{method} {path} HTTP/1.1", [held, *headers])
            if path.startswith("/static/") and method == "POST":
                assert status == 405, path
                continue
            assert status in (303, 400), (method, path, headers, status)
            assert status == 400 or re.search("(?i)location: /login", answer), (method, path, headers)
            assert not re.search("(?i)^x-evil", answer, re.MULTILINE)
            assert "Min konto" not in answer
    assert _ask(house, "GET /account HTTP/1.0", [held])[0] == 303


@pytest.mark.row("R69")
def test_methods_that_a_page_does_not_have_are_refused_and_named(house: House) -> None:
    """TRACE, PUT and the like: 405 with the methods that there are, for whoever may come there; nothing echoed."""
    house.organisation("mild")
    house.person(KARI, "mild")
    browser = house.browser()
    browser.sign_in(KARI)
    session = f"Cookie: totrinn={browser.cookie('totrinn')}"
    places: list[tuple[str, list[str], str]] = [
        ("/login", [], "GET, POST"),
        ("/logout", [], "POST"),
        ("/static/x", [], "GET"),
    ]
    for path, headers, allowed in [*places, ("/account", [session], "GET"), ("/", [session], "GET")]:
        for method in ("TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "OPTIONS"):
            status, answer = _ask(house, f"{method} {path} HTTP/1.1", [*headers, "X-Canary: tweet"])
            assert status == 405, (method, path, status)
            assert f"allow: {allowed}" in answer, (method, path)
            assert "tweet" not in answer
            assert "content-security-policy" in answer
    for method in ("TRACE", "PUT", "DELETE"):
        assert _ask(house, f"{method} /account HTTP/1.1", [])[0] == 303
    assert browser.is_in()


@pytest.mark.row("R70")
def test_a_cookie_that_comes_twice_is_none(house: House) -> None:
    """Two different session cookies are no session, in one header or in two, in either order."""
    house.organisation("mild")
    house.person(KARI, "mild")
    browser = house.browser()
    browser.sign_in(KARI)
    own = f"totrinn={browser.cookie('totrinn')}"
    assert _ask(house, "GET /account HTTP/1.1", [f"Cookie: {own}"])[0] == 200
    for cookies in (
        [f"{own}; totrinn=x"],
        [f"totrinn=x; {own}"],
        [own, "totrinn=x"],
        ["totrinn=x", own],
        [f"totrinn=; {own}"],
    ):
        assert _ask(house, "GET /account HTTP/1.1", [f"Cookie: {cookie}" for cookie in cookies])[0] == 303, cookies


@pytest.mark.row("R54", "R55")
@pytest.mark.parametrize("sign", ["\xa0", "\x85", "\x1c", "\x1f", "\x0b", "\x0c"])
def test_no_name_that_only_looks_like_ours_is_ours(house: House, sign: str) -> None:
    """Browsers hold neighbours of this host from the prefix `__Host-`, and not from such a sign before it."""
    house.organisation("mild")
    house.person(KARI, "mild")
    browser = house.browser()
    browser.sign_in(KARI)
    own = f"totrinn={browser.cookie('totrinn')}"
    for cookies in (f"{sign}{own}", f"a=1; {sign}{own}", f"{sign} {own}", f" {sign}{own}"):
        assert _ask(house, "GET /account HTTP/1.1", [f"Cookie: {cookies}"])[0] in (303, 400), cookies
    assert _ask(house, "GET /account HTTP/1.1", [f"Cookie: a=1;\t{own}; {sign}totrinn=x"])[0] in (200, 400)
    assert without(f"a=1; {sign}totrinn-gate=x", Cookie.GATE, secure=False) == f"a=1; {sign}totrinn-gate=x"


@pytest.mark.row("R63")
@pytest.mark.row("R69")
def test_bodies_that_make_no_sense_are_refused_by_a_status(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand fields, bytes that are no text, other kinds, too much, too little: a 4xx, and no error of ours."""
    form = "Content-Type: application/x-www-form-urlencoded"
    chunked = b"ffff\r\n" + b"a" * 0xFFFF + b"\r\nffff\r\n" + b"a" * 0xFFFF + b"\r\n0\r\n\r\n"
    post = "POST /login HTTP/1.1"
    assert _ask(house, post, [form], "&".join(f"a{n}=1" for n in range(6000)).encode())[0] == 400
    assert _ask(house, post, [form], b"email=%ff&password=%ff")[0] == 400
    assert _ask(house, post, [form], b"email=a%00&password=b")[0] == 400
    assert _ask(house, post, [form], b"email=a&email=b&password=c")[0] == 400
    assert _ask(house, post, ["Content-Type: multipart/form-data; boundary=x"], b"--x--")[0] == 415
    assert _ask(house, post, ["Content-Type: application/json"], b'{"email": "a"}')[0] == 415
    head = f"{post}\r\nHost: x\r\nConnection: close\r\n{form}\r\n"
    assert " 413 " in _raw(house, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunked)[:13]
    assert " 400 " in _raw(house, head.encode() + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")
    _hang_up(house, head.encode() + b"Content-Length: 50\r\n\r\nonly this")
    _hang_up(house, head.replace("/login", "/nowhere").encode() + b"Content-Length: 50\r\n\r\nonly this")
    assert house.browser().get("/login").status_code == 200
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.row("R66")
@pytest.mark.row("R13")
def test_a_proxy_that_adds_a_line_of_its_own_is_the_one_believed(tmp_path: Path) -> None:
    """Of two `X-Forwarded-For` lines the browser's own comes first and is not believed; the proxy's comes last."""
    with running_house(tmp_path, trusted_proxies=("127.0.0.1/32",)) as house:
        house.organisation("mild")
        person = house.person(KARI, "mild", Role.USER)
        browser = house.browser()
        browser.http.headers = [*browser.http.headers.raw, (b"x-forwarded-for", b"203.0.113.66")]
        browser.http.headers = [*browser.http.headers.raw, (b"x-forwarded-for", b"198.51.100.7")]
        browser.sign_in(KARI)
        with house.database.reading() as unit:
            assert [live.session.address for live in unit.sessions.of_person(person)] == ["198.51.100.7"]


@pytest.mark.row("R65")
def test_no_target_leads_to_another_host(house: House) -> None:
    """After sign-in and after the switch of language one stays here, whatever `next` says."""
    house.organisation("mild")
    house.person(KARI, "mild")
    targets = [
        "//evil.test", "/\\evil.test", "/%09//evil.test", "/\t/evil.test", "https:evil.test", "https://evil.test",
        "/@evil.test", "@evil.test", "/%0d%0aSet-Cookie:x=1", "\r\nX-Evil: 1", "/login//evil.test",
        "/login\\@evil.test",

        "/%2f/evil.test", "javascript:alert(1)", "/\uff0e\uff0e/evil.test", "/login\u2028x",
        "///evil.test", "/./..//evil.test",
    ]  # fmt: skip
    for target in targets:
        browser = house.browser()
        page = browser.get("/login")
        for answer in (
            browser.send(page, "/language", language="en", next=target),
            browser.send(page, "/login", email=KARI, password="mild regn over fjorden", next=target),
        ):
            assert answer.status_code == 303, target
            location = answer.headers["location"]
            assert re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", location), (target, location)
            assert "\\" not in location
            assert "x-evil" not in answer.headers
            assert not any("x=1" in cookie for cookie in answer.headers.get_list("set-cookie"))
