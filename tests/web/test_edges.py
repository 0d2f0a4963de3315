"""What stands on every answer, and what is refused before any handler sees it."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.testclient import TestClient

from tests.web.house import PASSWORD, House
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.web.application import create
from totrinn.web.forms import LARGEST_BODY
from totrinn.web.paths import own_path, with_next
from totrinn.web.settings import WebSettings, client_address

SECURE = WebSettings(base_url="https://login.example.no")
FORM = {"content-type": "application/x-www-form-urlencoded"}


def _client(house: House) -> TestClient:
    return TestClient(create(house.services, SECURE), base_url=SECURE.base_url, follow_redirects=False)


@pytest.mark.row("R64")
@pytest.mark.row("R24")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/login"),
        ("GET", "/account"),
        ("GET", "/nowhere"),
        ("GET", "/api/v1/nowhere"),
        ("DELETE", "/login"),
        ("POST", "/login"),
        ("GET", "/setup/unknown"),
        ("GET", "/static/own.css"),
        ("GET", "/static/nowhere.css"),
        ("GET", "/health/live"),
    ],
)
def test_every_answer_carries_the_headers(house: House, method: str, path: str) -> None:
    """Pages, redirects, refusals, errors and static files: nothing framed, sniffed, or fetched from elsewhere."""
    headers = _client(house).request(method, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert int(headers["strict-transport-security"].partition("=")[2].partition(";")[0]) >= 31536000
    assert headers["referrer-policy"] == ("no-referrer" if path.startswith("/setup") else "same-origin")
    assert headers["cache-control"] == ("public, max-age=3600" if path.startswith("/static/") else "no-store")


def test_style_and_script_are_those_of_this_version(house: House) -> None:
    """Browsers keep them for an hour; behind their addresses stands what they are: another one has another address."""
    client = _client(house)
    style, script = re.findall(r'"(/static/(?:own\.css|app\.js)\?[^"]*)"', client.get("/login").text)
    served = client.get(style).content + client.get(script).content
    edition = hashlib.sha256(served).hexdigest()[:12]
    assert (style, script) == (f"/static/own.css?{edition}", f"/static/app.js?{edition}")


@pytest.mark.row("R24", "R64")
def test_the_page_on_protected_hosts_has_its_own_style_and_nothing_else(house: House) -> None:
    """What it looks like stands in it, and is allowed by its digest; nothing is loaded there, and no form sent."""
    answer = house.browser().get("/.totrinn/callback?ticket=x")
    assert answer.status == 400
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = set(answer.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }
    assert "<script" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.row("R55")
def test_cookies_over_https_are_bound_to_the_host(house: House) -> None:
    """Every cookie carries the prefix, Secure, HttpOnly, Lax and the whole path, and no domain."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly")
    client = _client(house)
    page = client.get("/login")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    given = page.headers.get_list("set-cookie")
    fields = {"csrf": csrf, "email": kari.email, "password": "en ganske lang setning"}
    answer = client.post("/login", data=fields)
    assert answer.status_code == 303
    given += answer.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in given} >= {
        "__Host-totrinn",
        "__Host-totrinn-visit",
        "__Host-totrinn-device",
    }
    for cookie in given:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes, cookie
        assert not any(attribute.startswith("domain") for attribute in attributes), cookie


@pytest.mark.row("R63")
@pytest.mark.row("R70")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"email": "x"}', "application/json", 415),
        (b"email=x", "text/plain", 415),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        (b"email=a&email=b", FORM["content-type"], 400),
        (b"email=%ff", FORM["content-type"], 400),
        (b"email=a%00b", FORM["content-type"], 400),
        (b"&".join(b"f%d=x" % at for at in range(200)), FORM["content-type"], 400),
        (b"email=" + b"x" * LARGEST_BODY, FORM["content-type"], 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(house: House, body: bytes, content_type: str, status: int) -> None:
    """Another kind, a field twice, bytes that are no text, too many, too long: refused, and nothing is looked at."""
    answer = _client(house).post("/login", content=body, headers={"content-type": content_type})
    assert answer.status_code == status


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "target",
    [
        "//evil.test",
        "/\\evil.test",
        "https:evil.test",
        "https://evil.test/",
        "\t//evil.test",
        "/\t/evil.test",
        "/%09/evil.test",
        "/%2f/evil.test",
        "/a//evil.test",
        "@evil.test",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "/ø",
        "evil.test",
        "",
        "/logout",
        "/" + "x" * 2000,
    ],
)
def test_no_way_leads_to_another_host(target: str) -> None:
    """Whatever is no plain path of ours is not followed after signing in."""
    assert own_path(target) == ""
    assert with_next("/login", target) == "/login"


@pytest.mark.row("R65")
def test_own_paths_are_followed() -> None:
    """A page of ours, with its query, is where one comes back to."""
    assert own_path("/members?filter=missing&page=2") == "/members?filter=missing&page=2"
    assert with_next("/login", "/members?page=2") == "/login?next=%2Fmembers%3Fpage%3D2"


@pytest.mark.row("R66")
@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.7", "198.51.100.1", (), "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", ("192.0.2.0/24",), "198.51.100.1"),
        ("192.0.2.7", "203.0.113.9, 198.51.100.1", ("192.0.2.0/24",), "198.51.100.1"),
        ("2001:db8:1:2:3::4", "", (), "2001:db8:1:2::/64"),
        ("unix", "", (), ""),
    ],
)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    peer: str, forwarded: str, proxies: tuple[str, ...], expected: str
) -> None:
    """Nobody names an address of their own choosing, and IPv6 counts by its /64."""
    settings = WebSettings(base_url="https://login.example.no", trusted_proxies=proxies)
    assert client_address(peer, forwarded, settings.networks()) == expected


@pytest.mark.row("R66")
def test_a_forged_host_changes_nothing(house: House) -> None:
    """Redirects and pages never mention the host that a request claims to be for."""
    headers = {
        "host": "evil.test",
        "x-forwarded-host": "evil.test",
        "x-forwarded-proto": "http",
        "forwarded": "host=evil.test",
    }
    client = _client(house)
    for path in ("/login", "/account", "/setup/unknown"):
        answer = client.get(path, headers=headers)
        assert "evil.test" not in answer.text
        assert "evil.test" not in answer.headers.get("location", "")


@pytest.mark.row("R11")
@pytest.mark.row("R38")
@pytest.mark.row("R8")
def test_sign_in_offers_no_hint_no_question_and_no_remembering(house: House) -> None:
    """The page has an address and a password, which password managers find, and nothing that would weaken either."""
    page = _client(house).get("/login").text.lower()
    assert 'autocomplete="username"' in page
    assert 'type="password"' in page
    assert 'autocomplete="current-password"' in page
    for word in ("remember", "husk meg", "hint", "sikkerhetsspørsmål", "onpaste"):
        assert word not in page


@pytest.mark.row("R61")
def test_a_session_says_how_it_was_proven(house: House) -> None:
    """With a password alone it claims a password alone; with a code, both, and when."""
    house.organisation("fjordly")
    plain = house.person("ola@fjordly.no", "fjordly")
    strong = house.person("kari@fjordly.no", "fjordly", factor=True)
    house.sign_in(plain)
    house.sign_in(strong)
    with house.services.store.reading() as unit:
        (one,) = unit.sessions.of_person(plain.id)
        (two,) = unit.sessions.of_person(strong.id)
    assert one.session.amr == ("pwd",)
    assert one.session.proof.factor_at is None
    assert two.session.amr == ("pwd", "otp", "mfa")
    assert two.session.proof.factor_at is not None


@pytest.mark.row("R41")
def test_the_sign_in_page_leads_a_lost_session_to_its_step(house: House) -> None:
    """Whoever opens it with a session that is no longer admitted goes on from there, without the password once more."""
    house.organisation("fjordly")
    browser = house.sign_in(house.person("ola@fjordly.no", "fjordly"))
    organisation = house.stored("fjordly")
    with house.services.store.writing() as unit:
        requirement = Requirement(organisation.created_at)
        assert unit.organisations.take_requirement(organisation.id, requirement, by=None, expected_revision=1)
    answer = browser.get("/login")
    assert (answer.status, answer.location) == (303, "/login/enrol")
    assert browser.cookie() is None
    assert browser.get("/login/enrol").status == 200


@pytest.mark.row("R41")
def test_who_is_asked_for_the_password_anew_may_choose_another_organisation(
    house: House, clock: time_machine.Traveller
) -> None:
    """The page offers it, and it leads there: what requires nothing is open, what requires it asks again."""
    for slug in ("fjordly", "nordly"):
        house.organisation(slug)
    ola = house.person("ola@fjordly.no", "fjordly")
    house.join(ola, "nordly")
    browser = house.sign_in(ola, organisation="fjordly")
    organisation = house.stored("fjordly")
    with house.services.store.writing() as unit:
        requirement = Requirement(organisation.created_at)
        assert unit.organisations.take_requirement(organisation.id, requirement, by=None, expected_revision=1)
    clock.shift(timedelta(minutes=30))
    assert browser.get("/").location == "/login/enrol"
    assert 'href="/choose-organisation"' in browser.get("/login/enrol").text
    assert browser.get("/choose-organisation").status == 200
    answer = browser.post("/choose-organisation", organisation="fjordly")
    assert answer.location == "/login/enrol"
    assert "Type it once more" in browser.get("/login/enrol").words
    browser.get("/choose-organisation")
    assert browser.post("/choose-organisation", organisation="nordly").location == "/"
    assert browser.get("/").status == 200


@pytest.mark.row("R13")
def test_the_time_to_try_again_is_told_in_the_organisations_zone(house: House, clock: time_machine.Traveller) -> None:
    """As its own people read a clock; and at that minute one may."""
    house.organisation("fjordly")
    browser = house.sign_in(house.person("ola@fjordly.no", "fjordly"))
    with house.services.store.writing() as unit:
        unit.organisations.save_settings(
            house.stored("fjordly").id, name="Fjordly", language="nb", time_zone="Asia/Singapore"
        )
    clock.move_to(datetime(2026, 11, 23, 12, 0, 20, tzinfo=UTC))
    browser.get("/account/password")
    new_password = "hestehov og blåveis"
    answer = browser.last
    while "Try again at" not in answer.words:
        clock.shift(timedelta(seconds=35))
        answer = browser.post("/account/password", password="feil", new_password=new_password)
    told = re.search(r"Try again at (\d\d):(\d\d)", answer.words)
    assert told is not None
    hour, minute = int(told[1]), int(told[2])
    clock.move_to(datetime(2026, 11, 23, hour - 8, minute, tzinfo=UTC))
    assert browser.post("/account/password", password=PASSWORD, new_password=new_password).status == 303


@pytest.mark.row("R62")
@pytest.mark.parametrize("page", ["/login", "/account/password", "/settings/basic"])
def test_a_page_that_was_too_old_is_opened_again_where_it_was(house: House, page: str) -> None:
    """The way on is the page itself."""
    house.organisation("fjordly")
    browser = house.sign_in(house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR))
    answer = browser.post(page, csrf="0" * 64)
    assert answer.status == 403
    assert f'href="{page}">Open the page again' in answer.text
