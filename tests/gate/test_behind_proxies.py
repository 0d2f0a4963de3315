"""The examples of the documents, run: what a browser, a program and a forger meet behind each reverse proxy."""

import hashlib
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.attacks.house import PASSWORD, House, running_house
from tests.gate import proxies
from tests.gate.conftest import OLA
from tests.gate.curl import Curl
from tests.gate.proxies import Ports, free_ports
from tests.gate.upstream import Upstream, upstream
from tests.gate.visiting import prepare, protect, registrar
from totrinn.app.applications import registering

KINDS = {
    "nginx": proxies.nginx,
    "caddy": proxies.caddy,
    "haproxy": proxies.haproxy,
    "traefik": proxies.traefik,
    "envoy": proxies.envoy,
}
FORGED = (
    "X-Totrinn-Person: 0",
    "X-Totrinn-Role: vendor",
    "X_Totrinn_Role: vendor",
    "X-Totrinn_Role: vendor",
    "X.Totrinn.Role: vendor",
    "X-Totrinn~Role: vendor",
    "x-totrinn-email: forged@example.no",
    "X-Forwarded-Host: reports.example.no",
    "X-Forwarded-Uri: /elsewhere",
    "X-Forwarded-Method: HEAD",
)


COOKIES = (
    (["{pass}"], ""),
    (["a=1; b=two words; c; {pass}"], "a=1; b=two words; c"),
    (["a=1; {pass}; b=x=y"], "a=1; b=x=y"),
    (["{pass}; a=1"], "a=1"),
    (["{start}; {pass}"], ""),
    (["a=1; {start}; {pass}; b=2"], "a=1; b=2"),
    (["{pass}; a=1; {start}"], "a=1"),
    (["a=1;{pass};b=2"], "a=1; b=2"),
    (["x__Host-totrinn-gate=1; {pass}; __Host-totrinn-gates=2"], "x__Host-totrinn-gate=1; __Host-totrinn-gates=2"),
    (['a="1,2"; {pass}; sid=s%3Aabc.def/+=; t=%7B%22a%22%3A1%7D'], 'a="1,2"; sid=s%3Aabc.def/+=; t=%7B%22a%22%3A1%7D'),
    (["a={pass}; {pass}"], "a={pass}"),
    (["a=1; {pass}", "{start}; b=2"], "a=1; b=2"),
)
"""What a browser sends, line by line, and what the application sees of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Totrinn and two applications behind a proxy."""

    house: House
    ports: Ports
    jobadmin: Upstream
    reports: Upstream
    folder: Path

    def url(self, name: str, path: str = "/") -> str:
        """An address behind the proxy."""
        return f"https://{name}.example.no:{self.ports.proxy}{path}"

    def socket(self) -> socket.socket:
        """A connection to the proxy."""
        return socket.create_connection(("127.0.0.1", self.ports.proxy), timeout=30)

    def curl(self) -> Curl:
        """A browser with nothing in it."""
        folder = self.folder / f"curl-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        return Curl(folder, self.ports.proxy)

    def signed_in(self, path: str = "/") -> Curl:
        """A browser in which Ola has signed in on the way to Jobadmin."""
        curl = self.curl()
        login = curl.follow(self.url("jobadmin", path))
        assert login.url.startswith(self.url("auth", "/login?")), login.url
        answer = curl.submit(login, "/login", email=OLA, password=PASSWORD, next=_next(login.text))
        assert curl.follow(answer.location).told["uri"] == path
        return curl


def _pass(curl: Curl, name: str = "jobadmin") -> str:
    found = re.search(rf"\t{name}\S*\t.*__Host-totrinn-gate\t(\S+)", curl.cookies().replace("#HttpOnly_", "\t"))
    assert found
    return found[1]


def _next(page: str) -> str:
    found = re.search(r'name="next" value="([^"]*)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for each proxy."""
    folder = tmp_path_factory.mktemp(request.param)
    proxy, jobadmin, reports = free_ports(3)
    with ExitStack() as stack:
        base_url = f"https://auth.example.no:{proxy}"
        house = stack.enter_context(
            running_house(folder, base_url=base_url, trusted_proxies=("127.0.0.1",), gate_secret="")
        )
        ports = Ports(proxy, int(house.address.rpartition(":")[2]), jobadmin, reports)
        prepare(house)
        house.person(OLA, "fjordly")
        protect(house, f"jobadmin.example.no:{proxy}")
        protect(house, f"reports.example.no:{proxy}", name="Reports")
        first, second = stack.enter_context(upstream(jobadmin)), stack.enter_context(upstream(reports))
        proxies.certificate(folder)
        stack.enter_context(KINDS[request.param](folder, ports))
        yield Place(house, ports, first, second, folder)


def test_a_page_is_reached_through_signing_in_to_the_last_sign(place: Place) -> None:
    """Signed out, one is sent to sign in and comes back; the application is told who it is, and sees no redirect."""
    curl = place.signed_in("/report?a=b%26c&d=%C3%A6+e")
    told = curl.get(place.url("jobadmin", "/x")).told
    assert told["headers"]["x-totrinn-email"] == [OLA]
    assert told["headers"]["x-totrinn-organisation"] == ["fjordly"]
    assert told["headers"]["host"] == [f"jobadmin.example.no:{place.ports.proxy}"]
    assert "__Host-totrinn-gate" in curl.cookies()
    assert curl.follow(place.url("reports", "/y")).told["headers"]["x-totrinn-email"] == [OLA], "no second sign-in"


def test_what_is_no_page_is_told_and_never_redirected(place: Place) -> None:
    """A form sent while signed out would lose its fields, and a call would follow into a page."""
    curl, before = place.curl(), len(place.jobadmin.requests)
    for more in (("-X", "POST", "-d", "a=b"), ("-H", "Accept: */*"), ("-H", "Sec-Fetch-Mode: cors"), ("-X", "OPTIONS")):
        got = curl.run(place.url("jobadmin"), *more, "-H", "Accept: application/json")
        assert got.status == 401
        assert "location" not in got.headers
    assert len(place.jobadmin.requests) == before


def test_bodies_arrive_whole(place: Place) -> None:
    """With a length, and in chunks."""
    curl = place.signed_in()
    body = place.folder / "body"
    body.write_bytes(bytes(range(256)) * 1200)
    digest = hashlib.sha256(body.read_bytes()).hexdigest()
    for more in ((), ("-H", "Transfer-Encoding: chunked")):
        told = curl.run(place.url("jobadmin", "/upload"), "--data-binary", f"@{body}", *more).told
        assert (told["method"], told["length"], told["sha256"]) == ("POST", 307_200, digest)


def test_forged_headers_reach_nobody(place: Place) -> None:
    """Neither the gate nor the application believes what a browser says in the proxy's name, in either spelling."""
    forged = [word for header in FORGED for word in ("-H", header)]
    nobody, before = place.curl(), len(place.jobadmin.requests)
    assert nobody.run(place.url("jobadmin"), *forged).status == 401
    assert len(place.jobadmin.requests) == before
    told = place.signed_in().run(place.url("jobadmin", "/z"), *forged).told
    seen: dict[str, list[str]] = {}
    for name, values in told["headers"].items():
        seen.setdefault(re.sub("[^a-z0-9]", "-", name), []).extend(values)
    assert seen["x-totrinn-role"] == ["user"]
    assert seen["x-totrinn-email"] == [OLA]
    assert seen["x-totrinn-person"] != ["0"]


def test_the_gates_cookies_stay_at_the_proxy_and_all_others_come_through(place: Place) -> None:
    """Wherever they stand among the others, the application sees neither the pass nor what the way back is bound to."""
    given = {"pass": f"__Host-totrinn-gate={_pass(place.signed_in())}", "start": "__Host-totrinn-gate-start=s"}
    for lines, seen in COOKIES:
        sent = [word for line in lines for word in ("-H", f"Cookie: {line.format_map(given)}")]
        got = place.curl().run(place.url("jobadmin", "/c"), *sent)
        if got.status == 401:
            assert len(lines) > 1, "only several lines, which no browser sends, may be refused"
            continue
        told = got.told
        assert re.sub("; *", "; ", "; ".join(told["headers"].get("cookie", []))) == seen.format_map(given), lines


def test_the_applications_own_refusal_is_its_own(place: Place) -> None:
    """A 401 of the application is not taken for one of the gate."""
    got = place.signed_in().get(place.url("jobadmin", "/own-401"))
    assert got.status == 401
    assert got.headers["www-authenticate"] == ["Own realm"]


def test_sockets_are_checked_when_they_open(place: Place) -> None:
    """With a pass they carry both ways; without one the handshake is refused."""
    token = _pass(place.signed_in())
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    url = place.url("jobadmin", "/socket").replace("https:", "wss:")
    pass_cookie = {"Cookie": f"__Host-totrinn-gate={token}"}
    with connect(
        url, sock=place.socket(), ssl=trusting, proxy=None, open_timeout=60, additional_headers=pass_cookie
    ) as opened:
        told = json.loads(opened.recv(timeout=30))
        assert told["headers"]["x-totrinn-email"] == [OLA]
        opened.send("both ways")
        assert opened.recv(timeout=30) == "BOTH WAYS"
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url, sock=place.socket(), ssl=trusting, proxy=None, open_timeout=60),
    ):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/.totrinn/../s",
        "/.totrinn/%2e%2e/s",
        "/.totrinn/callback/../../s",
        "/.totrinn/callback/%2e%2e/%2e%2e/s",
        "/.totrinn/callback;x",
        "/.totrinn/callback%00",
        "/.totrinn//callback",
        "//.totrinn/check",
        "/.totrinn/check",
        "/.TOTRINN/callback",
        "/%2etotrinn/callback/x",
        "/.totrinn/callback/x",
    ],
)
def test_no_spelling_of_a_path_gets_past_the_gate(place: Place, path: str) -> None:
    """Nothing reaches the application unchecked."""
    before = len(place.jobadmin.requests)
    got = place.curl().run(place.url("jobadmin", path))
    assert got.status in (303, 400, 401, 403, 404), got
    assert len(place.jobadmin.requests) == before


def test_nobody_asks_the_gate_from_outside(place: Place) -> None:
    """On our own host its address is not handed on."""
    for path in ("/gate", "/gate?redirect", "/gate/envoy/x"):
        got = place.curl().run(
            place.url("auth", path), "-H", f"X-Forwarded-Host: jobadmin.example.no:{place.ports.proxy}"
        )
        assert got.status == 404


def test_signing_out_closes_every_application(place: Place) -> None:
    """From an application one comes to the page that asks; its button ends all passes."""
    curl = place.signed_in()
    assert curl.follow(place.url("reports", "/y")).status == 200
    asked = curl.follow(place.url("jobadmin", "/.totrinn/sign-out"))
    assert asked.url == place.url("auth", "/oauth2/logout")
    assert curl.get(place.url("jobadmin")).status == 200
    assert curl.submit(asked, "/oauth2/logout/confirm").status == 303
    for name in ("jobadmin", "reports"):
        assert curl.run(place.url(name)).status == 401


@pytest.mark.row("R41")
def test_what_has_ended_is_refused_at_the_next_request(place: Place) -> None:
    """The session's end, wherever it was ended, and the application's: nothing is kept at the proxy."""
    curl = place.signed_in()
    assert curl.run(place.url("jobadmin")).status == 200
    with place.house.database.writing() as unit:
        person = unit.people.find_by_email(OLA)
        assert person is not None
        unit.sessions.end_of_person(person.id)
    assert curl.run(place.url("jobadmin")).status == 401
    curl, before = place.signed_in(), len(place.jobadmin.requests)
    with place.house.database.reading() as unit:
        application = unit.applications.find_by_host(f"jobadmin.example.no:{place.ports.proxy}")
    assert application is not None
    for is_enabled, status in ((False, 403), (True, 200)):
        registering.switch(place.house.services, registrar(place.house), application.id, is_enabled=is_enabled)
        assert curl.run(place.url("jobadmin")).status == status
    assert len(place.jobadmin.requests) == before + 1


def test_a_host_that_nobody_knows_leads_to_no_application(place: Place) -> None:
    """Not even with a pass for another."""
    token, before = _pass(place.signed_in()), len(place.jobadmin.requests) + len(place.reports.requests)
    for host in ("unknown.example.no", "jobadmin.example.no.evil.test", "127.0.0.1"):
        words = ("-H", f"Cookie: __Host-totrinn-gate={token}", "-H", f"Host: {host}")
        place.curl().run(place.url("jobadmin"), *words)
    assert len(place.jobadmin.requests) + len(place.reports.requests) == before


@pytest.mark.row("R46")
def test_a_pass_opens_no_other_host_however_a_request_names_its_host(place: Place) -> None:
    """The host that the proxy leads to is the one that it asks for: in the line of a request, its header, or both."""
    curl = place.signed_in()
    assert curl.follow(place.url("reports", "/y")).status == 200
    port, before = place.ports.proxy, len(place.jobadmin.requests)
    given = f"Cookie: __Host-totrinn-gate={_pass(curl, 'reports')}"
    for line, host in (
        (place.url("jobadmin", "/x"), f"reports.example.no:{port}"),
        (place.url("jobadmin", "/x"), ""),
        ("/x", f"jobadmin.example.no:{port},reports.example.no:{port}"),
        ("/x", f"jobadmin.example.no:{port}, reports.example.no:{port}"),
        ("/x", f"jobadmin.example.no@reports.example.no:{port}"),
    ):
        words = ("--http1.1", "--request-target", line, "-H", f"Host:{host and f' {host}'}", "-H", given)
        place.curl().run(place.url("jobadmin", "/x"), *words)
        assert len(place.jobadmin.requests) == before, (line, host)


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_gate_everything_is_closed(kind: str, tmp_path: Path) -> None:
    """Where Totrinn does not answer, the proxy lets nobody through."""
    ports = Ports(*free_ports(4))
    proxies.certificate(tmp_path)
    with upstream(ports.jobadmin) as application, KINDS[kind](tmp_path, ports):
        curl = Curl(tmp_path, ports.proxy)
        got = curl.get(f"https://jobadmin.example.no:{ports.proxy}/")
        assert got.status >= 500
        assert application.requests == []
