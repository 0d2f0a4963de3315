"""What the gate answers: 200 with who it is, or a refusal that says why, and where to sign in."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import Browser, House, running_house
from tests.gate.conftest import APP, OLA
from tests.gate.visiting import CALL, PAGE, Visit, prepare, protect, query_of, until
from tests.races.nodes import at_once
from totrinn.core.events import Kind
from totrinn.web.settings import IDENTITY_HEADERS


def _code(answer: httpx2.Response) -> str:
    return str(answer.json()["code"])


def test_whoever_is_let_in_is_told_by_every_header(visit: Visit) -> None:
    """Person, organisation, role and proof stand on the answer, which no cache keeps."""
    answer = visit.check()
    told = {name: answer.headers[header] for name, header in IDENTITY_HEADERS.items()}
    assert told["email"] == OLA
    assert told["organisation"] == "fjordly"
    assert told["role"] == "user"
    assert told["amr"] == "pwd otp mfa"
    assert told["acr"] == "urn:totrinn:acr:two-factor"
    assert told["person"]
    assert told["organisation_id"]
    assert told["auth_time"].isdigit()
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == b""


def test_a_header_without_a_value_is_sent_empty(house: House) -> None:
    """Nobody's own header passes for one that is missing."""
    house.person(OLA, "fjordly")
    _name(house, "")
    browser = house.browser()
    browser.sign_in(OLA)
    visit = Visit(browser, APP)
    visit.enter()
    answer = visit.check()
    assert answer.status_code == 200
    assert set(IDENTITY_HEADERS.values()) <= {name.title() for name in answer.headers}
    assert answer.headers["x-totrinn-name"] == ""
    assert answer.headers["x-totrinn-acr"] == "urn:totrinn:acr:password"


def test_a_name_is_told_in_ascii_and_comes_back_whole(house: House) -> None:
    """Letters beyond ASCII, percent signs and what could forge a header are percent-encoded."""
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    visit = Visit(browser, APP)
    visit.enter()
    for name in ("Åse Ødegård", "100 % Kari, d.e.", "x\r\nX-Totrinn-Role: vendor", "名前", 'a"b;c'):
        _name(house, name)
        told = visit.check().headers["x-totrinn-name"]
        assert told.isascii()
        assert told.isprintable()
        assert unquote(told) == name.replace("\r\n", "  ")
        assert visit.check().headers["x-totrinn-role"] == "user"


def test_a_page_is_sent_to_sign_in_and_a_call_is_told(house: House) -> None:
    """Only what a person opens is redirected; everything else gets 401 with a code, however it asks."""
    visit = Visit(house.browser(), APP)
    page = visit.check("/a?b", query="?redirect")
    assert page.status_code == 303
    assert page.headers["location"].startswith(f"{house.address}/gate/start?")
    assert query_of(page.headers["location"])["to"] == "/a?b"
    assert page.headers["cache-control"] == "no-store"
    told = visit.check("/a?b")
    assert told.status_code == 401
    assert told.headers["x-totrinn-location"] == page.headers["location"]
    calls = (CALL, {"accept": "*/*"}, {**PAGE, "sec-fetch-mode": "cors"}, {**PAGE, "x-forwarded-method": "POST"})
    for headers in calls:
        for query in ("", "?redirect"):
            answer = visit.check("/a", headers, query=query)
            assert answer.status_code == 401
            assert _code(answer) == "sign_in_required"
            assert "x-totrinn-location" not in answer.headers
            assert "location" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_method_of_the_check_is_the_proxys_affair(visit: Visit, method: str) -> None:
    """Whatever method the sub-request has, it is answered by the pass; a preflight without one is refused."""
    address = f"{visit.home.house.address}/gate"
    headers = {**CALL, "x-forwarded-host": APP, "x-forwarded-method": method}
    cookie = {"cookie": f"totrinn-gate={visit.cookies['totrinn-gate']}"}
    assert httpx2.request(method, address, headers={**headers, **cookie}).status_code == 200
    assert httpx2.request(method, address, headers=headers).status_code == 401


def test_the_way_back_is_the_address_that_was_opened(ola: Browser) -> None:
    """To the last sign, whatever stands in it."""
    visit = Visit(ola, APP)
    for uri in ("/", "/a?b=%26&c=%C3%A6+d", "/x//y?u=https://e.test/%2F", "/søk?q=ø", "/a;b=c?d|e"):
        answer = visit.enter(uri)
        assert answer.status_code == 303
        assert answer.headers["location"] == uri.replace("ø", "%C3%B8")
        assert visit.status() == 200


def test_an_address_that_is_too_long_loses_its_query_and_then_itself(ola: Browser) -> None:
    """It is carried through signing in, where it has to fit."""
    visit = Visit(ola, APP)
    assert visit.enter("/a?" + "b" * 2000).headers["location"] == "/a"
    assert visit.enter("/" + "b" * 2000).headers["location"] == "/"


def test_the_way_leads_through_signing_in_and_enrolment(house: House) -> None:
    """Whoever is signed out signs in, enrols where that is required, and comes to the page that they opened."""
    house.require("fjordly")
    house.person(OLA, "fjordly")
    browser = house.browser()
    visit = Visit(browser, APP)
    to_login = browser.get(visit.set_out("/report?year=2026"))
    login = browser.get(to_login.headers["location"])
    assert 'name="next"' in login.text
    start = query_of(to_login.headers["location"])["next"]
    assert browser.submit(to_login.headers["location"], "/login", email=OLA, password="x").status_code != 303
    held = browser.submit(
        to_login.headers["location"], "/login", email=OLA, password="mild regn over fjorden", next=start
    )
    assert held.headers["location"] == "/login/enrol"
    assert browser.get(start).headers["location"] == "/login/enrol", "held at enrolment, there is no ticket"
    done = browser.enrol(OLA)
    assert done.status_code == 200
    assert start.replace("&", "&amp;") in done.text
    ticket = browser.get(start)
    assert visit.callback(ticket.headers["location"]).headers["location"] == "/report?year=2026"
    assert visit.status() == 200


def test_after_a_form_of_ours_the_way_goes_by_a_page(ola: Browser) -> None:
    """Browsers hold the redirects of a form against the policy of the page that it stood on."""
    visit = Visit(ola, APP)
    answer = ola.http.get(visit.set_out("/a"), headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    address = answer.headers["refresh"].removeprefix("0; url=")
    assert visit.callback(address).headers["location"] == "/a"


def test_windows_that_were_opened_together_all_get_in(ola: Browser) -> None:
    """Each has a ticket of its own, bound to the one cookie, and no pass undoes another."""
    visit = Visit(ola, APP)
    first, second = visit.ticket("/1"), visit.ticket("/2")
    assert visit.callback(second).headers["location"] == "/2"
    earlier = dict(visit.cookies)
    assert visit.callback(first).headers["location"] == "/1"
    assert visit.status() == 200
    assert Visit(ola, APP, earlier).status() == 200


def test_passes_do_not_pile_up(ola: Browser, clock: Clock) -> None:
    """Who comes for a new pass has lost the earlier ones, unless they were opened together."""
    visit = Visit(ola, APP)
    visit.enter()
    earlier = Visit(ola, APP, dict(visit.cookies))
    clock.pass_by(minutes=2)
    visit.enter()
    assert visit.status() == 200
    assert earlier.status() == 401


def test_a_second_host_needs_no_second_sign_in(visit: Visit) -> None:
    """The session on our own host hands over to each."""
    other = Visit(visit.home, "other.test:8443")
    assert other.status() == 401
    other.enter()
    assert (other.status(), visit.status()) == (200, 200)


def test_ports_and_letter_case_of_a_host(visit: Visit) -> None:
    """The usual port is no part of a host's name, another one is; letter case makes no difference."""
    for host, status in ((f"{APP}:80", 200), (APP.upper(), 200), (f"{APP}:8443", 403), ("other.test", 403)):
        assert Visit(visit.home, host, visit.cookies).status() == status, host


def test_envoy_asks_by_the_original_path_host_and_method(visit: Visit) -> None:
    """What a browser claims in `X-Forwarded-…` is not read there; pages are redirected, calls are told."""
    forged = {"x-forwarded-host": "other.test:8443", "x-forwarded-uri": "/elsewhere", "x-forwarded-method": "POST"}
    cookie = {"cookie": f"totrinn-gate={visit.cookies['totrinn-gate']}"}
    address = f"{visit.home.house.address}/gate/envoy/a%2Fb/c?d=e&f"
    let_in = httpx2.post(address, headers={**CALL, **forged, **cookie, "host": APP})
    assert (let_in.status_code, let_in.headers["x-totrinn-email"]) == (200, OLA)
    away = httpx2.get(address, headers={**PAGE, **forged, "host": APP})
    assert away.status_code == 303
    assert query_of(away.headers["location"])["to"] == "/a%2Fb/c?d=e&f"
    assert query_of(away.headers["location"])["host"] == APP
    assert httpx2.post(address, headers={**PAGE, "host": APP}).status_code == 401
    assert httpx2.get(address, headers={**PAGE, "x-forwarded-host": APP, "host": "evil.test"}).status_code == 403


def test_the_operator_names_the_headers(tmp_path: Path) -> None:
    """Those that are named otherwise replace the usual ones; the others stay."""
    with running_house(tmp_path, gate_headers={**IDENTITY_HEADERS, "email": "Remote-Email"}) as house:
        prepare(house)
        protect(house, APP)
        house.person(OLA, "fjordly")
        browser = house.browser()
        browser.sign_in(OLA)
        visit = Visit(browser, APP)
        visit.enter()
        answer = visit.check()
        assert answer.headers["remote-email"] == OLA
        assert "x-totrinn-email" not in answer.headers
        assert answer.headers["x-totrinn-organisation"] == "fjordly"


def test_on_our_own_host_the_session_itself_counts(house: House, ola: Browser) -> None:
    """Asked without any forwarded host, the gate answers by the session's own cookie, and tells an unfinished step."""
    assert ola.get("/gate").status_code == 200
    assert ola.get("/gate").headers["x-totrinn-email"] == OLA
    nobody, held = house.browser(), house.browser()
    assert _code(nobody.get("/gate")) == "sign_in_required"
    held.sign_in(OLA)
    assert _code(held.get("/gate")) == "verification_required"
    own = house.address.removeprefix("http://")
    assert Visit(ola, own, {"totrinn": ola.cookie("totrinn") or ""}).status() == 403, "no application is there"


def test_held_at_enrolment_the_gate_says_so(house: House) -> None:
    """On our own host the code names the step; on a protected host nothing is known of the unfinished sign-in."""
    house.require("fjordly")
    house.person(OLA, "fjordly")
    held = house.browser()
    held.sign_in(OLA)
    answer = held.get("/gate")
    assert (answer.status_code, _code(answer)) == (401, "enrolment_required")
    assert held.http.get("/gate?redirect", headers=PAGE).status_code == 303
    assert _code(Visit(held, APP).check(headers=CALL)) == "sign_in_required"


def test_a_requirement_that_takes_force_holds_the_next_request_and_says_why(house: House) -> None:
    """The code tells once what has become of the session; afterwards there is none."""
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    visit = Visit(browser, APP)
    visit.enter()
    assert visit.status() == 200
    house.require("fjordly")
    assert _code(visit.check(headers=CALL)) == "enrolment_required"
    assert _code(visit.check(headers=CALL)) == "sign_in_required"
    assert not browser.is_in()
    assert _ended(house) == 1


def test_of_many_requests_at_once_one_ends_the_session(house: House) -> None:
    """All are refused, and one event tells of it."""
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    visit = Visit(browser, APP)
    visit.enter()
    house.require("fjordly")
    assert at_once([visit.status] * 8) == [401] * 8
    assert _ended(house) == 1


def test_the_session_lives_by_being_used_at_the_gate(visit: Visit, clock: Clock) -> None:
    """Checks count as use, as pages do, and no longer than a session may live at all."""
    for _ in range(14):
        clock.pass_by(minutes=50)
        assert visit.status() == 200
        seen_by = clock.now() - timedelta(minutes=1)
        until(partial(_is_seen, visit, seen_by))
    clock.pass_by(minutes=30)
    assert visit.status() == 401


def test_a_session_that_idles_is_over_at_the_gate(visit: Visit, clock: Clock) -> None:
    """After an hour without a request nobody is let in, and nothing prolongs what is over."""
    clock.pass_by(minutes=61)
    assert visit.status() == 401
    clock.pass_by(minutes=-61)
    assert visit.status() == 401


def test_signing_out_from_a_protected_host_is_asked_for_on_ours(visit: Visit) -> None:
    """Being sent there signs nobody out; the button there ends every pass."""
    answer = httpx2.get(f"{visit.home.house.address}/.totrinn/sign-out", headers={"host": APP})
    assert answer.headers["location"] == f"{visit.home.house.address}/oauth2/logout"
    assert "Logg ut" in visit.home.get("/oauth2/logout").text
    assert visit.status() == 200
    assert visit.home.submit("/oauth2/logout", "/oauth2/logout/confirm").status_code == 303
    assert visit.status() == 401


def _name(house: House, name: str) -> None:
    with house.database.writing() as unit:
        person = unit.people.find_by_email(OLA)
        assert person is not None
        unit.people.set_name(person.id, name)


def _ended(house: House) -> int:
    with house.database.reading() as unit:
        return sum(event.kind == Kind.SESSION_NO_LONGER_ADMITTED for event in unit.log.all())


def _is_seen(visit: Visit, after: datetime) -> bool:
    services = visit.home.house.services
    with services.store.reading() as unit:
        live = unit.sessions.find(services.digest(visit.home.cookie("totrinn") or ""))
    assert live is not None
    return live.session.last_seen > after
