"""The provider's pages in a demonstration that runs: who signs in there comes back, and nobody is sent elsewhere."""

import http.client
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.demo.visiting import Visit
from totrinn.demo.browser import Answer, Browser
from totrinn.demo.people import NORDLYS, PEOPLE

AUTHORIZE = "/demo/provider/authorize"


def led_there(browser: Browser, email: str) -> Answer:
    """The provider's page, by way of the address."""
    page = browser.post(browser.visit("/login/sso").form("/login/sso"), email=email)
    assert (page.status, page.path.partition("?")[0]) == (200, AUTHORIZE)
    return page


def changed(page: Answer, **changes: str) -> str:
    """The same request to the provider, with changes."""
    parts = urlsplit(page.path)
    return f"{parts.path}?{urlencode({**dict(parse_qsl(parts.query)), **changes})}"


@pytest.mark.parametrize("email", [who.email for who in PEOPLE if who.organisation == NORDLYS])
def test_everybody_it_knows_is_let_in_without_a_second_step(visit: Visit, email: str) -> None:
    """With a second factor of their own or without, registered or not: the provider's word is enough."""
    browser = visit.new_browser()
    page = led_there(browser, email)
    key = email.partition("@")[0]
    home = browser.post(page.form(AUTHORIZE), person=f"nordlys-{key}")
    assert (home.status, home.path) == (200, "/")
    assert email in browser.get("/account").text


def test_it_asks_anew_when_a_new_proof_is_demanded(visit: Visit) -> None:
    """Somebody who is signed in is asked again, and goes on where they wanted to go."""
    browser = visit.new_browser()
    page = led_there(browser, "marit@nordlys.example")
    assert browser.post(page.form(AUTHORIZE), person="nordlys-marit").path == "/"
    connection = urlsplit(dict(parse_qsl(urlsplit(page.path).query))["redirect_uri"]).path.split("/")[2]
    again = browser.visit(f"/sso/{connection}/login?again=1&next=/settings/basic")
    asked = dict(parse_qsl(urlsplit(again.path).query))
    assert (again.status, asked["prompt"], asked["max_age"]) == (200, "login", "0")
    there = browser.post(again.form(AUTHORIZE), person="nordlys-marit")
    assert (there.status, there.path) == (200, "/settings/basic")


def test_it_says_what_it_is(visit: Visit) -> None:
    """Another service than ours, and one of the demonstration only."""
    browser = visit.new_browser()
    for page in (browser.get("/demo/provider"), led_there(browser, "aase@nordlys.example")):
        assert page.status == 200
        assert "Nordlys kommune</title>" in page.text
        assert "demo" in page.text
        assert all(who.email in page.text for who in PEOPLE if who.organisation == NORDLYS)
        assert "kari@fjordly.example" not in page.text


def test_who_was_typed_comes_first(visit: Visit) -> None:
    """The hint that came along is only that: everybody else can still be chosen."""
    text = led_there(visit.new_browser(), "sivert@nordlys.example").text
    assert text.index("Sivert Moen") < text.index("Marit Haugen")


def test_whoever_changes_their_mind_is_not_signed_in(visit: Visit) -> None:
    """The service is told, and says so."""
    browser = visit.new_browser()
    page = led_there(browser, "aase@nordlys.example")
    back = browser.post(page.form(AUTHORIZE), person="")
    assert back.path.startswith("/sso/")
    assert "access_denied" in back.text
    assert browser.get("/").location.startswith("/login")


def test_a_person_whom_it_does_not_know_gets_no_code(visit: Visit) -> None:
    """Those whom it knows are shown again."""
    browser = visit.new_browser()
    page = led_there(browser, "aase@nordlys.example")
    again = browser.post(page.form(AUTHORIZE), person="nordlys-kari")
    assert (again.status, again.location) == (422, "")
    assert browser.post(again.form(AUTHORIZE), person="nordlys-aase").path == "/"


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://elsewhere.example/"}, {"client_id": "other"}])
def test_nobody_is_sent_elsewhere(visit: Visit, changes: dict[str, str]) -> None:
    """Neither asked nor, by a form that was changed, after a choice."""
    browser = visit.new_browser()
    page = led_there(browser, "aase@nordlys.example")
    asked = browser.get(changed(page, **changes))
    chosen = browser.post(page.form(AUTHORIZE), person="nordlys-aase", **changes)
    assert [(answer.status, answer.location) for answer in (asked, chosen)] == [(400, "")] * 2


def test_a_request_that_is_wrong_is_answered_with_what_is_wrong(visit: Visit) -> None:
    """Where it is certain who asks, the browser goes back."""
    browser = visit.new_browser()
    page = led_there(browser, "aase@nordlys.example")
    answer = browser.get(changed(page, prompt="none"))
    assert answer.status == 303
    assert "error=login_required" in answer.location


def test_nobody_can_be_signed_in_there_by_another_page(visit: Visit) -> None:
    """Its form is bound to its own page, like all others."""
    browser = visit.new_browser()
    form = led_there(browser, "aase@nordlys.example").form(AUTHORIZE)
    form.fields["csrf"] = "0" * 64
    assert browser.post(form, person="nordlys-aase").status == 403


def test_programs_get_json(visit: Visit) -> None:
    """Discovery and keys are there for everybody; the token endpoint demands the client, and no form of ours."""
    metadata = json.loads(visit.browser.get("/demo/provider/.well-known/openid-configuration").text)
    assert metadata["issuer"] == f"{visit.base_url}/demo/provider"
    keys = json.loads(visit.browser.get(urlsplit(metadata["jwks_uri"]).path).text)
    assert len(keys["keys"]) == 1
    connection = http.client.HTTPConnection("127.0.0.1", visit.port, timeout=20)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", urlsplit(metadata["token_endpoint"]).path, "grant_type=authorization_code", headers)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (401, {"error": "invalid_client"})
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    connection.close()
