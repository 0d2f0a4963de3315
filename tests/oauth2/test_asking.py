"""What an application may ask for, where the answer may go, and what is refused before anybody is asked."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.oauth2.application import CALLBACK, Application, register, returned
from tests.web.house import BASE_URL, Browser, House

LOOPBACK = "http://127.0.0.1/cb"
REFUSED: dict[str, tuple[dict[str, str | None], str]] = {
    "no response_type": ({"response_type": None}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "none": ({"response_type": "none"}, "unsupported_response_type"),
    "form_post": ({"response_mode": "form_post"}, "invalid_request"),
    "fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "no scope": ({"scope": None}, "invalid_scope"),
    "not openid": ({"scope": "profile email"}, "invalid_scope"),
    "no PKCE": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "PKCE plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "PKCE without its method": ({"code_challenge_method": None}, "invalid_request"),
    "PKCE of nothing": ({"code_challenge": None}, "invalid_request"),
    "a short challenge": ({"code_challenge": "x" * 42}, "invalid_request"),
    "an unknown prompt": ({"prompt": "create"}, "invalid_request"),
    "none with another": ({"prompt": "none login"}, "invalid_request"),
    "an age that is none": ({"max_age": "-1"}, "invalid_request"),
    "a request object": ({"request": "e30.e30."}, "request_not_supported"),
    "a request elsewhere": ({"request_uri": "https://app.example.no/r"}, "request_uri_not_supported"),
    "a registration": ({"registration": "{}"}, "registration_not_supported"),
    "a hint that is not ours": ({"id_token_hint": "a.b.c"}, "invalid_request"),
    "an endless nonce": ({"nonce": "n" * 1025}, "invalid_request"),
}


@pytest.fixture
def browser(house: House, application: Application) -> Browser:
    """A browser in which somebody is signed in."""
    house.organisation("fjordly")
    return house.sign_in(house.person("kari@fjordly.no", "fjordly"))


@pytest.mark.row("R86")
@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_answered_is_refused_at_the_application(
    browser: Browser, application: Application, name: str
) -> None:
    """By an error code, with state and our name, and without a code."""
    changed, error = REFUSED[name]
    answer = browser.get(application.link(**changed))
    assert answer.status == 303
    back = returned(answer.location)
    assert (back["error"], back["state"], back["iss"]) == (error, application.state, BASE_URL)
    assert "code" not in back


@pytest.mark.row("R65")
@pytest.mark.row("R86")
@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "https://evil.example/cb",
        f"{CALLBACK}/",
        f"{CALLBACK}/../x",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#x",
        "https://app.example.no:8443/cb",
        "http://app.example.no/cb",
        "HTTPS://app.example.no/cb",
        "https://APP.example.no/cb",
        "https://app.example.no@evil.example/cb",
        "https://app.example.no.evil.example/cb",
        "//app.example.no/cb",
        "javascript:alert(1)",
        f"{CALLBACK}%0d%0aX:1",
    ],
)
def test_the_answer_goes_only_where_it_was_agreed(
    browser: Browser, application: Application, redirect_uri: str | None
) -> None:
    """Any other address is not redirected to, not even with an error: the person reads why."""
    answer = browser.get(application.link(redirect_uri=redirect_uri, response_type="token"))
    assert (answer.status, answer.location) == (400, "")


@pytest.mark.parametrize(
    ("redirect_uri", "status"),
    [
        ("http://127.0.0.1:51234/cb", 303),
        ("http://127.0.0.1/cb", 303),
        ("http://127.0.0.1:51234/other", 400),
        ("http://127.0.0.1:51234.evil.example/cb", 400),
        ("http://127.0.0.1:51234@evil.example/cb", 400),
        ("http://localhost:51234/cb", 400),
        ("https://127.0.0.1:51234/cb", 400),
    ],
)
def test_the_port_of_a_loopback_address_is_free(house: House, browser: Browser, redirect_uri: str, status: int) -> None:
    """An installed application takes whatever port there is; everything else is compared to the last sign."""
    native = register(house, redirect_uris=(LOOPBACK,), authentication="none")
    assert browser.get(native.link(redirect_uri=redirect_uri)).status == status


@pytest.mark.row("R70")
def test_a_parameter_that_comes_twice_is_refused(browser: Browser, application: Application) -> None:
    """Whichever it is, in the address or in a form, nothing is redirected; nor is a form with an address beside it."""
    for name in ("client_id", "redirect_uri", "state", "scope", "nonce"):
        answer = browser.get(f"{application.link()}&{urlencode({name: 'x'})}")
        assert (answer.status, answer.location) == (400, ""), name
    form = urlencode(application.request())
    assert browser.send("/oauth2/authorize", f"{form}&state=x").status == 400
    assert browser.send("/oauth2/authorize?state=x", form).status == 400
    token = application.http.post(
        "/oauth2/token",
        content="grant_type=refresh_token&grant_type=authorization_code",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (token.status_code, token.json()["error"]) == (400, "invalid_request")


def test_a_request_may_come_as_a_form(browser: Browser, application: Application) -> None:
    """It is asked again by GET, with which the cookies come along even from another site."""
    answer = browser.send("/oauth2/authorize", urlencode(application.request()))
    assert answer.status == 303
    assert "code" in returned(browser.get(answer.location).location)


@pytest.mark.row("R65")
def test_an_address_that_was_taken_back_is_not_answered(house: House, application: Application) -> None:
    """Be it that the request waited for its person meanwhile, or had been pushed."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly")
    uri = application.post("/oauth2/par", **application.request()).json()["request_uri"]
    waiting = house.browser().get(application.link()).location
    with house.services.store.writing() as unit:
        stored = unit.applications.find(application.id)
        assert stored is not None
        agreed = replace(stored.agreement, redirect_uris=("https://app.example.no/other",))
        assert unit.applications.save(replace(stored, agreement=agreed), expected_revision=1)
    browser = house.sign_in(kari)
    pushed = f"/oauth2/authorize?{urlencode({'client_id': application.id, 'request_uri': uri})}"
    for path in (waiting, pushed):
        answer = browser.get(path)
        assert (answer.status, answer.location) == (400, ""), path


@pytest.mark.row("R46")
def test_an_unknown_application_is_not_answered(house: House, browser: Browser, application: Application) -> None:
    """Nor one that is switched off."""
    assert browser.get(application.link(client_id="nobody")).status == 400
    with house.services.store.writing() as unit:
        unit.applications.set_enabled(application.id, is_enabled=False)
    assert browser.get(application.link()).status == 400


def test_what_was_pushed_is_answered_once(house: House, browser: Browser, application: Application) -> None:
    """Under the address that was handed out, for this application alone, and for no second time (RFC 9126)."""
    pushed = application.post("/oauth2/par", **application.request())
    assert pushed.status_code == 201, pushed.text
    uri = pushed.json()["request_uri"]
    assert 0 < pushed.json()["expires_in"] <= 600
    other = register(house, name="Annen")
    by_other = f"/oauth2/authorize?{urlencode({'client_id': other.id, 'request_uri': uri})}"
    assert (browser.get(by_other).status, browser.last.location) == (400, "")
    link = f"/oauth2/authorize?{urlencode({'client_id': application.id, 'request_uri': uri, 'state': 'x'})}"
    back = returned(browser.get(link).location)
    assert back["state"] == application.state
    assert application.exchange(back["code"]).status_code == 200
    assert browser.get(link).status == 400


def test_what_is_wrong_is_not_pushed(house: House, application: Application) -> None:
    """The application is told at once, in JSON."""
    for changed, error in ({"redirect_uri": "https://evil.example/"}, "invalid_request"), REFUSED["no PKCE"]:
        answer = application.post("/oauth2/par", **application.request(**changed))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    stranger = Application(house, application.id, "wrong", application.agreement)
    assert stranger.post("/oauth2/par", **application.request()).status_code == 401


def test_who_must_push_may_not_ask_by_the_browser(house: House, browser: Browser) -> None:
    """An application with which that was agreed."""
    strict = register(house, requires_pushed=True)
    assert returned(browser.get(strict.link()).location)["error"] == "invalid_request"
    uri = strict.post("/oauth2/par", **strict.request()).json()["request_uri"]
    link = f"/oauth2/authorize?{urlencode({'client_id': strict.id, 'request_uri': uri})}"
    assert "code" in returned(browser.get(link).location)
