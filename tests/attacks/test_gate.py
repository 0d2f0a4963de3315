"""Past the gate: tickets and passes that are stolen, replayed or carried elsewhere, and ways to be sent astray."""

from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import Browser, House, running_house
from tests.gate.visiting import CALL, PAGE, Visit, path_of, prepare, protect, query_of
from tests.races.nodes import at_once
from totrinn.app.errors import StoreUnavailable
from totrinn.core.policy import Admit, Reason

OLA, APP, OTHER = "ola@fjordly.test", "app.test", "other.test:8443"
PASS, START = "totrinn-gate", "totrinn-gate-start"


@pytest.fixture
def ola(house: House) -> Browser:
    """Signed in with both factors."""
    prepare(house)
    protect(house, APP)
    protect(house, OTHER, name="Other")
    return house.enrolled(OLA, "fjordly")


@pytest.fixture
def visit(ola: Browser) -> Visit:
    """Let in to the first host."""
    visit = Visit(ola, APP)
    visit.enter()
    assert visit.status() == 200
    return visit


@pytest.mark.row("R46")
@pytest.mark.row("R55")
def test_a_pass_counts_on_its_own_host_only(visit: Visit) -> None:
    """An application that keeps the passes of its visitors gains nothing at another one, nor on our own host."""
    token = visit.cookies[PASS]
    assert Visit(visit.home, OTHER, {PASS: token}).status() == 401
    thief = visit.home.house.browser()
    for name in ("totrinn", "totrinn-signin", "totrinn-device"):
        answer = httpx2.get(f"{visit.home.house.address}/account", headers={"cookie": f"{name}={token}"})
        assert answer.status_code == 303
    assert httpx2.get(f"{visit.home.house.address}/gate", headers={"cookie": f"{PASS}={token}"}).status_code == 401
    assert not thief.is_in()


@pytest.mark.row("R60")
def test_no_other_cookie_passes_for_a_pass(house: House, visit: Visit) -> None:
    """The session's, the unfinished sign-in's, the start's, a ticket, or any of them as a bearer: all are refused."""
    held = house.browser()
    held.sign_in(OLA)
    ticket = query_of(visit.ticket())["ticket"]
    others = [visit.home.cookie("totrinn"), held.cookie("totrinn-signin"), visit.cookies[START], ticket, "x" * 43]
    for value in others:
        assert value
        assert Visit(held, APP, {PASS: value}).status() == 401
        for header in ("authorization", "x-api-key", "x-totrinn-person"):
            stranger = Visit(held, APP)
            assert stranger.check(headers={**CALL, header: f"Bearer {value}"}).status_code == 401
    for value in (visit.home.cookie("totrinn"), held.cookie("totrinn-signin")):
        own = {"totrinn": value or "", "totrinn-signin": value or ""}
        assert Visit(held, APP, own).status() == 401


@pytest.mark.row("R54")
def test_a_ticket_is_taken_once(visit: Visit) -> None:
    """A second time it is worth nothing, to whomever."""
    location = visit.ticket()
    assert visit.callback(location).status_code == 303
    again = visit.callback(location)
    assert again.status_code == 400
    assert "set-cookie" not in again.headers
    assert visit.status() == 200


def test_of_eight_at_once_one_gets_the_pass(visit: Visit) -> None:
    """However many come with the same ticket and the same cookie."""
    location, cookies = visit.ticket(), dict(visit.cookies)
    visits = [Visit(visit.home, APP, dict(cookies)) for _ in range(8)]
    answers = at_once([lambda each=each: each.callback(location).status_code for each in visits])  # type: ignore[misc]
    assert sorted(answers) == [303] + [400] * 7


@pytest.mark.row("R54")
def test_a_ticket_is_bound_to_browser_host_and_time(house: House, visit: Visit, clock: Clock) -> None:
    """Sent to a victim, carried to another host, or kept for later, it lets nobody in."""
    stranger, elsewhere = Visit(house.browser(), APP), Visit(visit.home, OTHER)
    stranger.set_out()
    elsewhere.set_out()
    for thief in (stranger, Visit(house.browser(), APP), elsewhere, Visit(house.browser(), APP, {START: "x.y"})):
        location = visit.ticket()
        assert thief.callback(location).status_code == 400
        assert PASS not in thief.cookies
    late = visit.ticket()
    clock.pass_by(seconds=31)
    assert visit.callback(late).status_code == 400


@pytest.mark.row("R54")
def test_a_start_cookie_of_ones_own_making_is_not_adopted(visit: Visit) -> None:
    """Whatever a browser brings is replaced by one that we made; another host's is not taken either."""
    other = Visit(visit.home, OTHER)
    other.set_out()
    for planted in ("planted", "planted.signature", other.cookies[START]):
        victim = Visit(visit.home, APP, {START: planted})
        victim.set_out()
        assert victim.cookies[START] != planted


@pytest.mark.row("R40")
def test_an_unfinished_sign_in_gets_no_ticket(house: House, ola: Browser) -> None:
    """Held at its step, it is sent there; by no method is there a ticket."""
    visit = Visit(house.browser(), APP)
    visit.home.sign_in(OLA)
    start = visit.set_out()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = visit.home.http.request(method, start)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login/two-factor"
    assert ola.is_in()


@pytest.mark.row("R65")
def test_nobody_is_sent_to_a_host_that_is_not_registered(visit: Visit) -> None:
    """Neither by the gate nor by the page that hands over, whatever a host is spelt like."""
    digest = query_of(visit.set_out())["start"]
    hosts = (
        "evil.test", "app.test.evil.test", "evil.test/app.test", "app.test@evil.test", "evil.test#app.test", "",
        "APP.TEST", "app.test:80", "app.test.", "app.test\\@evil.test", "//evil.test", "*", "%61pp.test",
    )  # fmt: skip
    for host in hosts:
        answer = visit.home.get(f"/gate/start?host={quote(host)}&to=/&start={digest}")
        assert answer.status_code == 403, host
        if host not in ("APP.TEST", "app.test:80"):
            checked = Visit(visit.home, host or "x").check(query="?redirect")
            assert checked.status_code == 403, host
            assert "location" not in checked.headers


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "path",
    [
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test/",
        "https:evil.test",
        "javascript:alert(1)",
        "/\tevil.test",
        "/\r\nSet-Cookie: a=b",
        "/ /evil.test",
        "",
        "evil.test",
        "/\u2028/evil",
    ],
)
def test_nobody_is_sent_to_another_host_by_a_path(visit: Visit, path: str) -> None:
    """On the way back one stays on the host that one came from."""
    digest = query_of(visit.set_out())["start"]
    answer = visit.home.get(f"/gate/start?host={APP}&to={quote(path)}&start={digest}")
    assert answer.status_code == 403, answer.headers
    own = visit.home.house.address.removeprefix("http://")
    assert visit.home.get(f"/gate/start?host={own}&to={quote(path)}").status_code == 403


def test_the_address_that_a_proxy_forwards_is_made_plain(visit: Visit) -> None:
    """What would lead elsewhere leads to the front page."""
    for uri in ("//evil.test", "/\\evil.test", "https://evil.test/", "evil.test", "*"):
        answer = Visit(visit.home, APP, {START: visit.cookies[START]}).check(uri, query="?redirect")
        assert query_of(answer.headers["location"])["to"] == "/"


@pytest.mark.row("R70")
def test_what_is_said_twice_is_refused(house: House, visit: Visit) -> None:
    """Two hosts, two addresses, two passes: nobody chooses which one counts."""
    token = visit.cookies[PASS]
    right = [("x-forwarded-host", APP), ("cookie", f"{PASS}={token}"), ("accept", "application/json")]
    doubled: list[tuple[list[tuple[str, str]], int]] = [
        ([*right, ("x-forwarded-host", OTHER)], 400),
        ([*right, ("x-forwarded-host", APP)], 400),
        ([("x-forwarded-uri", "/a"), *right, ("x-forwarded-uri", "/b")], 400),
        ([("x-forwarded-method", "GET"), *right, ("x-forwarded-method", "POST")], 400),
        ([*right, ("cookie", f"{PASS}=x")], 401),
        ([("x-forwarded-host", f"{OTHER}, {APP}"), *right[1:]], 403),
        ([("x-forwarded-host", ""), *right[1:]], 403),
        (right, 200),
    ]
    for headers, status in doubled:
        assert httpx2.get(f"{house.address}/gate", headers=headers).status_code == status, headers
    location = path_of(visit.ticket())
    twice = [("x-forwarded-host", APP), ("x-forwarded-host", APP), ("cookie", f"{START}={visit.cookies[START]}")]
    assert httpx2.get(house.address + location, headers=twice).status_code == 400
    twins = f"/gate/start?host={APP}&host={OTHER}&to=/&start={'0' * 64}"
    assert visit.home.get(twins).status_code == 403


@pytest.mark.row("R69")
def test_what_is_sent_astray_never_fails(house: House, visit: Visit) -> None:
    """Bad input is refused by a 4xx, whatever it is made of."""
    for query in ("", "host=a", "to=%00", "start=zz", "start=%00", "ticket=%00", "ticket=" + "x" * 5000, "a" * 3000):
        for path in ("/gate/start", "/.totrinn/callback", "/.totrinn/sign-out", "/gate"):
            answer = visit.home.get(f"{path}?{query}")
            assert answer.status_code < 500, (path, query)
    for value in ("\xff", "x" * 4000, "a b", "[::1]", "[", "%", "\x80.test"):
        for name in ("x-forwarded-host", "x-forwarded-uri", "cookie", "accept", "x-forwarded-method"):
            headers = {b"x-forwarded-host": APP.encode(), name.encode(): value.encode("latin-1")}
            answer = httpx2.get(f"{house.address}/gate?redirect", headers={b"accept": b"text/html", **headers})
            assert answer.status_code in (303, 401, 403), (name, value)


@pytest.mark.row("R54")
def test_only_the_proxy_is_told_where_it_has_a_secret(tmp_path: Path) -> None:
    """Without the secret, with another, or with both, nobody learns anything."""
    with running_house(tmp_path, gate_secret="s" * 40) as house:
        prepare(house)
        protect(house, APP)
        browser = house.enrolled(OLA, "fjordly")
        visit = Visit(browser, APP, secret="s" * 40)
        visit.enter()
        assert visit.status() == 200
        for secret in ("", "t" * 40, "s" * 39, "s" * 40 + ","):
            answer = Visit(browser, APP, visit.cookies, secret=secret).check()
            assert answer.status_code == 403
            assert answer.json()["code"] == "not_the_proxy"
        assert browser.get("/gate").status_code == 403
        twice = [("x-totrinn-gate-secret", "s" * 40), ("x-totrinn-gate-secret", "t" * 40)]
        assert httpx2.get(f"{house.address}/gate", headers=twice).status_code == 400


@pytest.mark.row("R94")
def test_an_error_inside_the_decision_lets_nobody_through(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the policy itself fails, the gate is closed; afterwards it opens again."""

    def fails(_: object) -> object:
        raise RuntimeError("the policy is broken")

    monkeypatch.setattr("totrinn.app.judging.decide", fails)
    answer = visit.check(headers=CALL)
    assert answer.status_code == 503
    assert "broken" not in answer.text
    assert not [name for name in answer.headers if name.startswith("x-totrinn")]
    monkeypatch.undo()
    assert visit.status() == 200


@pytest.mark.row("R94")
def test_whatever_the_reading_raises_the_gate_is_closed(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database, or an error of ours, is a refusal."""
    for error in (StoreUnavailable(), OSError(), KeyError("x"), TimeoutError()):

        async def fails(*_: object, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr("totrinn.storage.gate_sqlite.SqliteGateReads.behind_pass", fails)
            assert visit.status() == 503
    assert visit.status() == 200


def test_only_an_admission_opens_the_gate(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the policy says that is not expressly an admission is a refusal."""
    for verdict in (None, True, Reason.VERIFIED, Admit):
        with monkeypatch.context() as patched:
            patched.setattr("totrinn.app.judging.decide", lambda _, verdict=verdict: verdict)
            assert visit.check(headers=PAGE).status_code in (401, 503)
