"""Whatever an address leads to, fetching ends soon, costs little, and reaches nothing that is not public."""

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sso.oidc.loopback import Behaviour, Visit, serving
from totrinn.app.identity_providers import Unavailable
from totrinn.app.web_addresses import is_issuer, read_address
from totrinn.fetching.addresses import is_literal, is_public
from totrinn.fetching.connections import Bounds, Lookup
from totrinn.fetching.exchange import Fetched, Fetcher
from totrinn.fetching.failures import Failure

QUICK = Bounds(seconds=0.6, connect_seconds=0.4)
UNPAUSED = Bounds(refusal_seconds=0)
MANY = b"x" * 70_000

pytestmark = pytest.mark.row("R89")


def fetch(behaviour: Behaviour, *, limit: int = 1 << 20, bounds: Bounds = QUICK) -> Fetched | Unavailable:
    """What comes of a server that behaves like this."""
    with serving(behaviour) as server:
        return Fetcher(allow_private=True, bounds=bounds).get(f"http://127.0.0.1:{server.port}/", limit=limit)


def test_a_document_comes_as_it_is() -> None:
    """Status, type and bytes; and the request asks for nothing packed and carries nothing of ours."""
    with serving(lambda visit: visit.answer(b'{"a": 1}', content_type="Application/JSON; charset=utf-8")) as server:
        result = Fetcher(allow_private=True).get(f"http://127.0.0.1:{server.port}/a?b=c")
    assert result == Fetched(200, "application/json", b'{"a": 1}')
    head = server.visits[0].request.decode().split("\r\n")
    assert head[0] == "GET /a?b=c HTTP/1.1"
    assert sorted(line.partition(":")[0] for line in head[1:] if line) == [
        "Accept",
        "Accept-Encoding",
        "Connection",
        "Host",
        "User-Agent",
    ]
    assert "Accept-Encoding: identity" in head


def test_a_form_is_sent_and_its_refusal_is_an_answer() -> None:
    """The token endpoint says why it refuses by a status of 400 and a document."""
    with serving(lambda visit: visit.answer(b'{"error":"x"}', status="400 Bad Request")) as server:
        address = f"http://127.0.0.1:{server.port}/"
        result = Fetcher(allow_private=True).post(address, {"a": "b c&", "d": "é"}, authorization="Basic eA==")
    assert result == Fetched(400, "application/json", b'{"error":"x"}')
    assert server.visits[0].body == b"a=b+c%26&d=%C3%A9"
    assert b"Authorization: Basic eA==\r\n" in server.visits[0].request


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def chunked(piece: bytes, count: int) -> Behaviour:
    """A body in so many pieces."""
    chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
    return lambda visit: visit.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk * count, b"0\r\n\r\n")


def dripping(first: bytes, endless: bytes) -> Behaviour:
    """A beginning, and then a little more, for ever."""

    def behave(visit: Visit) -> None:
        visit.send(first)
        visit.drip(endless)

    return behave


@pytest.mark.parametrize(
    ("code", "behaviour"),
    [
        (Failure.TIMED_OUT, Visit.hang),
        (Failure.TIMED_OUT, dripping(b"", b"H")),
        (Failure.TIMED_OUT, dripping(HEAD, b"a: b\r\n")),
        (Failure.TIMED_OUT, dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
        (Failure.TIMED_OUT, dripping(HEAD + b"Content-Length: 9999\r\n\r\n", b"x")),
        (Failure.TIMED_OUT, dripping(HEAD + b"\r\n", b"x")),
        (Failure.TOO_LARGE, lambda visit: visit.answer(MANY)),
        (Failure.TOO_LARGE, chunked(b"x" * 100, 800)),
        (Failure.TOO_LARGE, chunked(b"x", 20_000)),
        (Failure.TOO_LARGE, lambda visit: visit.send(HEAD + b"\r\n", MANY)),
        (Failure.TOO_LARGE, lambda visit: visit.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000)),
        (Failure.NOT_HTTP, lambda visit: visit.send(HEAD, b"a: b\r\n" * 40_000)),
        (Failure.NOT_HTTP, lambda visit: visit.send(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")),
        (Failure.NOT_HTTP, lambda visit: visit.send(HEAD + b"Content-Length: -1\r\n\r\n")),
        (Failure.NOT_HTTP, lambda visit: visit.send(HEAD + b"Content-Length: 20\r\n\r\nshort")),
        (Failure.NOT_HTTP, lambda visit: visit.send(HEAD + b"Transfer-Encoding: gzip\r\n\r\n")),
        (Failure.NOT_HTTP, lambda visit: None),
        (
            Failure.REDIRECTED,
            lambda visit: visit.answer(b"", status="302 Found", more="Location: http://127.0.0.1/\r\n"),
        ),
        (Failure.REDIRECTED, lambda visit: visit.answer(b"", status="308 Permanent Redirect")),
        (Failure.BAD_STATUS, lambda visit: visit.answer(b"{}", status="404 Not Found")),
        (Failure.BAD_STATUS, lambda visit: visit.answer(b"{}", status="201 Created")),
        (Failure.BAD_STATUS, lambda visit: visit.answer(b"{}", status="500 Oh")),
        (
            Failure.NOT_HTTP,
            lambda visit: visit.send(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        ),
    ],
)
def test_whatever_a_server_does_ends_soon_as_a_value(code: Failure, behaviour: Behaviour) -> None:
    """Each way of being no use has its own code, and none outlives the deadline."""
    bounds = QUICK if code == Failure.TIMED_OUT else Bounds()
    started = time.monotonic()
    result = fetch(behaviour, limit=65_536, bounds=bounds)
    assert isinstance(result, Unavailable)
    assert result.code == code
    assert time.monotonic() - started < bounds.seconds + 5


def test_what_comes_packed_is_not_unpacked() -> None:
    """A small body that would unpack to a large one stays small."""
    packed = gzip.compress(b"x" * 10_000_000)
    result = fetch(lambda visit: visit.answer(packed, more="Content-Encoding: gzip\r\n"), bounds=Bounds())
    assert isinstance(result, Fetched)
    assert result.body == packed


def test_nobody_there_is_unreachable() -> None:
    """A port on which nobody listens."""
    with serving(Visit.hang) as server:
        port = server.port
    result = Fetcher(allow_private=True).get(f"http://127.0.0.1:{port}/")
    assert result == Unavailable(Failure.UNREACHABLE, "127.0.0.1")


# Addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https:///path",
        "https:example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://@example.org/",
        "https://example.org/#fragment",
        "https://example.org#",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://example.org/a b",
        "https://example.org/\r\nHost: evil",
        "https://example.org\\@evil/",
        "https://exämple.org/",
        "https://example.org/ä",
        "https://exa%6dple.org/",
        "https://-example.org/",
        "https://example..org/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://" + "a" * 64 + ".org/",
        "https://" + "a." * 130 + "org/",
        "https://example.org/" + "a" * 2050,
        " https://example.org/",
    ],
)
def test_an_address_is_plain_or_refused(text: str) -> None:
    """No user names, no fragments, no signs in which two readers of addresses could differ."""
    assert read_address(text) is None
    result = Fetcher(allow_private=True).get(text)
    assert isinstance(result, Unavailable)
    assert result.code == Failure.MALFORMED


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("https://example.org", "example.org", "/"),
        ("https://EXAMPLE.org:443/a?b=c", "example.org", "/a?b=c"),
        ("https://example.org:8443?x", "example.org:8443", "/?x"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]", "/"),
        ("http://host_name/", "host_name", "/"),
    ],
)
def test_a_plain_address_is_read(text: str, authority: str, target: str) -> None:
    """Host in lower case, the usual port left out."""
    address = read_address(text)
    assert address is not None
    assert (address.authority, address.target) == (authority, target)


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://id.example.no", True),
        ("https://id.example.no/realms/a%20b/", True),
        ("https://id.example.no:8443/v2.0", True),
        ("https://id.example.no/?tenant=1", False),
        ("https://id.example.no/?", False),
        ("https://a\\b", False),
        ("https://id.example.no/a b", False),
        ("https://id.example.no/\x01", False),
        ("https://id.example.no/\t", False),
        ("https://id.example.no/\n", False),
        ("https://id.example.no/\x7f", False),
        (" https://id.example.no", False),
        ("ftp://id.example.no", False),
        ("id.example.no", False),
        ("", False),
    ],
)
def test_an_issuer_is_an_address_without_a_query(text: str, is_one: bool) -> None:
    """By https; by http only where providers may stand on private networks."""
    assert is_issuer(text, allow_private=False) == is_issuer(text, allow_private=True) == is_one
    plain = text.replace("https:", "http:")
    assert (is_issuer(plain, allow_private=False), is_issuer(plain, allow_private=True)) == (False, is_one)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1"),
        *("172.31.255.255", "192.0.0.8", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
        *("198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1"),
        *("fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "2001:db8::1", "3fff::1"),
        *("2001::1", "2001:10::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "64:ff9b::7f00:1"),
        *("64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "5f00::1", "4000::1", "no address", ""),
    ],
)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    """Neither by IPv4 nor by IPv6, nor by one inside the other; one such address among public ones is enough."""
    assert not is_public(address)
    fetcher = Fetcher(lookup=lambda host, port: ["93.184.215.14", address], bounds=UNPAUSED)
    assert fetcher.get("https://example.org/") == Unavailable(Failure.UNKNOWN_HOST, "example.org")


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1", "::ffff:1.1.1.1"]
)
def test_what_is_public_may_be_reached(address: str) -> None:
    """Embedded ones, too."""
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_no_way_of_writing_leads_inside(host: str) -> None:
    """What the system takes for an address of this machine is refused after it was looked up."""
    with serving(lambda visit: visit.answer(b"{}")) as server:
        result = Fetcher(bounds=UNPAUSED).get(f"https://{host}:{server.port}/")
    assert isinstance(result, Unavailable)
    assert result.code == (Failure.NOT_ALLOWED if is_literal(host.strip("[]")) else Failure.UNKNOWN_HOST)
    assert server.visits == []


def test_plain_http_is_for_private_networks() -> None:
    """Without leave to go there, it is refused before anything is looked up."""
    fetcher = Fetcher(lookup=lambda host, port: pytest.fail("looked up"))
    assert fetcher.get("http://example.org/") == Unavailable(Failure.NOT_HTTPS, "http://example.org/")
    assert fetcher.refuses("http://example.org/") == Unavailable(Failure.NOT_HTTPS, "http://example.org/")
    assert fetcher.refuses("https://example.org/") is None


def test_a_name_is_looked_up_once() -> None:
    """What was looked at is what is connected to, even if the name answers otherwise the second time."""
    answers = iter([["127.0.0.1"]])
    with serving(lambda visit: visit.answer(b"{}")) as server:
        fetcher = Fetcher(allow_private=True, lookup=lambda host, port: next(answers))
        assert isinstance(fetcher.get(f"http://rebinding.example:{server.port}/"), Fetched)
    assert f"Host: rebinding.example:{server.port}\r\n".encode() in server.visits[0].request


def test_the_next_address_is_tried() -> None:
    """A host whose first address is dead is still reached."""
    with serving(lambda visit: visit.answer(b"{}")) as server:
        fetcher = Fetcher(allow_private=True, lookup=lambda host, port: ["::1", "127.0.0.2", "127.0.0.1"])
        assert isinstance(fetcher.get(f"http://two.example:{server.port}/"), Fetched)


def test_a_name_that_does_not_exist_is_unknown() -> None:
    """Neither an error of the resolver nor an empty answer is more than that."""

    def failing(host: str, port: int) -> list[str]:
        raise UnicodeError

    unknown = Unavailable(Failure.UNKNOWN_HOST, "nowhere.example")
    for allow_private in (False, True):
        lookups: tuple[Lookup, ...] = (failing, lambda host, port: [])
        for lookup in lookups:
            fetcher = Fetcher(lookup=lookup, allow_private=allow_private, bounds=UNPAUSED)
            assert fetcher.get("https://nowhere.example/") == unknown


@pytest.mark.row("R65")
def test_a_name_inside_cannot_be_told_from_one_that_does_not_exist() -> None:
    """Neither by what is said nor by how soon, though one is known at once and the other is not."""

    def slowly(host: str, port: int) -> list[str]:
        time.sleep(0.1)
        raise OSError

    bounds, results, times = Bounds(refusal_seconds=0.3), [], []
    for lookup in (slowly, lambda host, port: ["10.0.0.1"], lambda host, port: ["::1", "93.184.215.14"]):
        begun = time.monotonic()
        results.append(Fetcher(lookup=lookup, bounds=bounds).get("https://git.inside.example/"))
        times.append(time.monotonic() - begun)
    assert results == [Unavailable(Failure.UNKNOWN_HOST, "git.inside.example")] * 3
    assert min(times) >= 0.3


def test_where_private_networks_may_be_reached_the_two_are_told_apart() -> None:
    """At once."""
    fetcher = Fetcher(allow_private=True, lookup=lambda host, port: ["127.0.0.1"])
    assert fetcher.get("http://nobody.example:1/") == Unavailable(Failure.UNREACHABLE, "nobody.example")
    begun = time.monotonic()
    patient = Bounds(refusal_seconds=30)
    fetcher = Fetcher(allow_private=True, lookup=lambda host, port: [], bounds=patient)
    assert fetcher.get("http://nobody.example:1/") == Unavailable(Failure.UNKNOWN_HOST, "nobody.example")
    assert time.monotonic() - begun < patient.refusal_seconds


# Many at once -------------------------------------------------------------------------------------------------


def test_a_provider_that_hangs_holds_up_nobody_else() -> None:
    """It has four places; the fifth is told at once, and another host is reached meanwhile."""
    with serving(Visit.hang) as hanging, serving(lambda visit: visit.answer(b"{}")) as well:
        fetcher = Fetcher(allow_private=True, lookup=lambda host, port: ["127.0.0.1"])
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(fetcher.get, f"http://slow.example:{hanging.port}/") for _ in range(4)]
            for _ in waiting:
                assert hanging.arrived.acquire(timeout=10)
            assert fetcher.get(f"http://slow.example:{hanging.port}/") == Unavailable(Failure.BUSY, "slow.example")
            assert isinstance(fetcher.get(f"http://well.example:{well.port}/"), Fetched)
            for visit in hanging.visits:
                visit.stopped.set()
        assert [type(each.result()) for each in waiting] == [Unavailable] * 4
        assert isinstance(fetcher.get(f"http://well.example:{well.port}/"), Fetched)


def test_there_is_a_limit_in_all() -> None:
    """However many hosts there are."""
    with serving(Visit.hang) as hanging:
        bounds = Bounds(at_once=3, at_once_per_host=2)
        fetcher = Fetcher(allow_private=True, bounds=bounds, lookup=lambda host, port: ["127.0.0.1"])
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(fetcher.get, f"http://{name}.example:{hanging.port}/") for name in "abc"]
            for _ in waiting:
                assert hanging.arrived.acquire(timeout=10)
            assert fetcher.get(f"http://d.example:{hanging.port}/") == Unavailable(Failure.BUSY, "d.example")
            hanging.visits[0].stopped.set()
        assert fetcher.get("http://e.example:1/") == Unavailable(Failure.UNREACHABLE, "e.example")


def test_a_lookup_that_hangs_is_left_behind_and_counted() -> None:
    """It cannot be broken off, so no more than four of a name are ever under way."""
    release = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        release.wait(30)
        return ["127.0.0.1"]

    fetcher = Fetcher(allow_private=True, bounds=Bounds(connect_seconds=0.05), lookup=lookup)
    results = [fetcher.get("http://slow.example/") for _ in range(5)]
    release.set()
    expected = [Unavailable(Failure.TIMED_OUT, "slow.example")] * 4 + [Unavailable(Failure.BUSY, "slow.example")]
    assert results == expected


# TLS ----------------------------------------------------------------------------------------------------------
