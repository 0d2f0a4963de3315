"""In a real browser, from an application on another site to its sign-in here and back, past the browser's policies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Desk
from tests.browser.installation import PASSWORD, Installation
from tests.browser.keyboard import Keyboard
from tests.browser.visits import Visit
from tests.browser.workplace import Newcomer, Workplace
from tests.listening import Quiet, listening_by

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWwBuGmiyFg4" + "x"


@dataclass(frozen=True, slots=True)
class Site:
    """The application's own site."""

    address: str
    client_id: str

    def link(self, **more: str) -> str:
        """Where it sends a browser."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": f"{self.address}/cb",
            "response_type": "code",
            "scope": "openid",
            "state": "abc",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"/oauth2/authorize?{urlencode({**asked, **more})}"

    def has_code(self, page: Page) -> bool:
        """The browser is back at the application, with a code."""
        page.wait_for_url(f"{self.address}/cb?*")
        expect(page.get_by_text("the application")).to_be_visible()
        return set(parse_qs(urlsplit(page.url).query)) == {"code", "state", "iss"}


@contextmanager
def _served() -> Iterator[str]:
    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><title>app</title><p>the application"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening_by(Handler) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def site(house: Installation) -> Iterator[Site]:
    """An application on a host of its own."""
    with _served() as address:
        about = (
            "--redirect-uri",
            f"{address}/cb",
            "--logout-uri",
            f"{address}/bye",
            "--authentication",
            "none",
            "--json",
        )
        made = json.loads(house.run("application", "add", "Timeføring", *about))
        yield Site(address, made["client_id"])


@pytest.fixture
def seat(browser: Browser, vestlia: Workplace) -> Iterator[Newcomer]:
    """Somebody new at a browser."""
    desk = Desk(browser)
    yield Newcomer(vestlia.newcomer(), Visit(desk.sit_down(vestlia.house.address)))
    desk.tidy()


def test_password_and_code_lead_back_to_the_application(site: Site, seat: Newcomer) -> None:
    """The forms of signing in end on the application's own site, which no policy of ours for forms names."""
    app, visit = seat.enrolled(), seat.visit
    seat.page.goto(site.link())
    visit.type_password(seat.email)
    visit.type_code(app.code())
    assert site.has_code(seat.page)
    seat.page.goto(site.link())
    assert site.has_code(seat.page)


def test_enrolling_leads_back_to_the_application(site: Site, seat: Newcomer) -> None:
    """Whoever must set up two-factor first is brought on when they have."""
    visit = seat.visit
    seat.page.goto(site.link())
    visit.type_password(seat.email)
    visit.enrol()
    visit.link(visit.words.onward).click()
    assert site.has_code(seat.page)


def test_proving_oneself_again_leads_back_to_the_application(site: Site, seat: Newcomer) -> None:
    """So does the form that asks for password and code once more; and signing out, confirmed: by keyboard alone."""
    app, visit, keys = seat.enrolled(), seat.visit, Keyboard(seat.page)
    visit.sign_in(seat.email, app)
    visit.is_at("/")
    seat.page.goto(site.link(prompt="login"))
    visit.sees("Timeføring ber deg logge inn en gang til.")
    visit.sees(f"{seat.email} hos Vestlia AS")
    expect(seat.page.locator("#password")).to_be_focused()
    keys.type(PASSWORD)
    keys.tab_to(seat.page.locator("#proof_code"))
    keys.type("12345")
    keys.press("Enter")
    expect(seat.page.locator("#proof_code")).to_be_focused()
    expect(seat.page.locator("#proof_code-error")).to_be_visible()
    seat.page.locator("#password").focus()
    keys.type(PASSWORD)
    keys.tab_to(seat.page.locator("#proof_code"))
    keys.type(app.code())
    keys.press("Enter")
    assert site.has_code(seat.page)
    leaving = urlencode({"client_id": site.client_id, "post_logout_redirect_uri": f"{site.address}/bye"})
    seat.page.goto(f"/oauth2/logout?{leaving}")
    keys.tab_to(visit.button("Logg ut"))
    keys.press("Enter")
    seat.page.wait_for_url(f"{site.address}/bye")
