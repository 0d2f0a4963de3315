"""A password alone opens nothing: not a page, not an address that does not exist, not by any method or header."""

import httpx2
import pytest

from tests.attacks.house import Browser, House
from totrinn.web.application import route_table

OPEN_TO_ALL = {
    "/login",
    "/login/sso",
    "/logout",
    "/.totrinn/callback",
    "/.totrinn/sign-out",
    "/language",
    "/face/{id}",
    "/health/live",
    "/health/ready",
    "/health/probe",
    "/setup/{token}",
    "/password/{token}",
    "/api/v1/openapi.json",
    "/.well-known/openid-configuration",
    "/oauth2/jwks",
    "/oauth2/continue",
    "/oauth2/logout/confirm",
}
PROBE = "/health/probe"
"""There for whoever holds the installation's keys; for nobody else is there such a page."""
SSO = "/sso/"
"""Open to all, too: how one gets to an identity provider, and back."""
FOR_APPLICATIONS = {
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/oauth2/par",
    "/oauth2/logout",
}
"""Whoever asks there proves it by a secret or a token; that no unfinished sign-in does is tried beside this file."""
SCIM = "/scim/"
OWN_STEPS = {
    "verifying": {"/login/two-factor", "/login/why"},
    "enrolling": {"/login/enrol", "/login/enrol/confirm", "/login/why", "/choose-organisation"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODIES: tuple[dict[str, object], ...] = (
    {},
    {"data": {"csrf": "x"}},
    {"json": {"code": "000000"}},
    {"content": b"<x/>", "headers": {"content-type": "text/plain"}},
)


def _paths() -> list[str]:
    known = [route.path for route in route_table() if not route.path.startswith("/static")]
    invented = [
        "/api/v1/organisations/fjordly/members",
        "/gate?redirect",
        "/oauth2/device",
        "/gate/x",
        "/admin",
        "//account",
    ]
    return [*known, *invented, "/account/", "/ACCOUNT", "/./account", "/login/../account", "/login/enrol/../../account"]


def _concrete(path: str) -> str:
    for name, value in (("connection", "x"), ("domain", "x.test"), ("slug", "fjordly"), ("path:path", "x")):
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{token}", "x").replace("{id}", "x").replace("{path}", "x")


def _assert_nothing_but(browser: Browser, steps: set[str], code: str) -> None:
    for path in _paths():
        if path in OPEN_TO_ALL | FOR_APPLICATIONS | steps or path.startswith(SSO):
            continue
        for method in METHODS:
            for body in BODIES:
                answer = browser.http.request(method, _concrete(path), **body)  # type: ignore[arg-type]
                refusals = (404,) if path == PROBE else (303, 401, 403)
                assert answer.status_code in refusals, (method, path, answer.status_code)
                assert "Min konto" not in answer.text, (method, path)
                if answer.status_code == 401 and method != "HEAD":
                    # Directories come with tokens only, and are told nothing of anybody's sign-in.
                    told = {"status": "401"} if path.startswith(SCIM) else {"code": code}
                    assert told.items() <= answer.json().items()
                if answer.status_code == 303:
                    assert answer.headers["location"].split("?")[0] in steps, (method, path, answer.headers["location"])


def _sso_paths() -> list[str]:
    return [route.path for route in route_table() if route.path.startswith(SSO)]


@pytest.mark.row("R39")
def test_the_pages_of_sso_let_nobody_in_without_a_provider(house: House) -> None:
    """By no method and with no body do they give a session, or an unfinished sign-in, or fail."""
    house.organisation("fjordly", required=True)
    connection = house.connection("fjordly")
    browser = house.browser()
    for path in _sso_paths():
        for method in METHODS:
            for body in (*BODIES, {"data": {"SAMLResponse": "x", "RelayState": "x"}}, {"params": {"state": "x"}}):
                answer = browser.http.request(method, path.replace("{connection}", connection), **body)  # type: ignore[arg-type]
                assert answer.status_code < 500, (method, path)
                assert browser.cookie("totrinn") is None, (method, path)
                assert browser.cookie("totrinn-signin") is None, (method, path)


@pytest.mark.row("R39")
@pytest.mark.row("R40")
def test_held_at_enrolment_reaches_no_route_by_any_method(house: House) -> None:
    """Every route and every invented path sends a person who must enrol back to enrolment, or says so by a code."""
    house.organisation("fjordly", required=True)
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    assert browser.sign_in("ola@fjordly.test").headers["location"] == "/login/enrol"
    _assert_nothing_but(browser, OWN_STEPS["enrolling"], "enrolment_required")
    assert not browser.is_in()


@pytest.mark.row("R39")
@pytest.mark.row("R40")
def test_held_at_verification_reaches_no_route_by_any_method(house: House) -> None:
    """Every route and every invented path sends a person who must verify back to verification, or says so by a code."""
    house.organisation("fjordly")
    house.enrolled("ola@fjordly.test", "fjordly")
    browser = house.browser()
    assert browser.sign_in("ola@fjordly.test").headers["location"] == "/login/two-factor"
    _assert_nothing_but(browser, OWN_STEPS["verifying"], "verification_required")
    assert not browser.is_in()


@pytest.mark.row("R60")
def test_the_cookie_of_an_unfinished_sign_in_is_worth_nothing_elsewhere(house: House) -> None:
    """As session cookie, bearer token, basic password or key of any name, it opens nothing."""
    house.organisation("fjordly", required=True)
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    token = browser.cookie("totrinn-signin")
    assert token
    attempts: list[dict[str, str]] = [
        {"cookie": f"totrinn={token}"},
        {"cookie": f"__Host-totrinn={token}"},
        {"cookie": f"totrinn={token}; totrinn-signin={token}"},
        {"cookie": f"totrinn-signin={token}; totrinn={token}"},
        {"authorization": f"Bearer {token}"},
        {"authorization": f"Basic {token}"},
        {"x-api-key": token},
    ]
    for headers in attempts:
        for path in ("/", "/account", "/api/v1/me", "/gate"):
            answer = httpx2.get(house.address + path, headers=headers)
            assert answer.status_code in (303, 401), (headers, path)


@pytest.mark.row("R54")
def test_an_identifier_of_ones_own_making_is_not_adopted(house: House) -> None:
    """Cookies that we did not give are not turned into ours by signing in with them."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    for name in ("totrinn", "totrinn-signin", "totrinn-device", "totrinn-visit"):
        browser.http.cookies.set(name, "planted-by-somebody-else", domain="localhost.local")
    answer = browser.sign_in("ola@fjordly.test")
    given = answer.headers.get_list("set-cookie")
    assert any(cookie.startswith("totrinn=") for cookie in given)
    assert not any("planted" in cookie for cookie in given)


@pytest.mark.row("R40")
def test_no_step_is_skipped_by_asking_for_a_later_one(house: House) -> None:
    """Confirming before starting, choosing before verifying, and verifying before the password all lead nowhere."""
    house.organisation("fjordly", required=True)
    house.person("ola@fjordly.test", "fjordly")
    nobody = house.browser()
    for path in ("/login/two-factor", "/login/enrol", "/login/enrol/confirm", "/choose-organisation"):
        assert nobody.submit("/login", path, code="123456", organisation="fjordly").status_code == 303
    held = house.browser()
    held.sign_in("ola@fjordly.test")
    answer = held.submit("/login/enrol", "/login/enrol/confirm", code="123456")
    assert answer.status_code == 422
    assert held.submit("/login/enrol", "/login/two-factor", code="123456").headers["location"] == "/login/enrol"
    assert not held.is_in()


@pytest.mark.row("R28")
def test_whoever_has_a_factor_is_never_shown_a_new_secret_before_verifying_it(house: House) -> None:
    """With the password alone of an enrolled person, enrolment is refused and no secret is shown."""
    house.organisation("fjordly")
    house.enrolled("ola@fjordly.test", "fjordly")
    thief = house.browser()
    thief.sign_in("ola@fjordly.test")
    for answer in (thief.get("/login/enrol"), thief.submit("/login/two-factor", "/login/enrol")):
        assert answer.headers["location"] == "/login/two-factor"
        assert "otpauth" not in answer.text


@pytest.mark.row("R28")
def test_a_sign_in_that_waits_at_enrolment_dies_when_the_person_enrols_elsewhere(house: House) -> None:
    """A thief who waits with a pending secret gains nothing once the owner has enrolled."""
    house.organisation("fjordly", required=True)
    house.person("ola@fjordly.test", "fjordly")
    thief, owner = house.browser(), house.browser()
    thief.sign_in("ola@fjordly.test")
    app = thief.begin_enrolment()
    page = thief.get("/login/enrol")
    owner.sign_in("ola@fjordly.test")
    assert owner.enrol("ola@fjordly.test").status_code == 200
    answer = thief.send(page, "/login/enrol/confirm", code=app.now())
    assert answer.status_code == 303
    assert not thief.is_in()
    assert owner.is_in()


@pytest.mark.row("R94")
def test_an_error_inside_the_decision_lets_nobody_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the policy itself fails, sign-in and live sessions are refused, and no cookie is given."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    inside, outside = house.browser(), house.browser()
    inside.sign_in("ola@fjordly.test")
    assert inside.is_in()

    def fails(_: object) -> object:
        raise RuntimeError("the policy is broken")

    monkeypatch.setattr("totrinn.app.landing.decide", fails)
    monkeypatch.setattr("totrinn.app.judging.decide", fails)
    answer = outside.sign_in("ola@fjordly.test")
    assert answer.status_code == 500
    assert "broken" not in answer.text
    assert outside.cookie("totrinn") is None
    assert inside.get("/").status_code == 500
    monkeypatch.undo()
    assert not outside.is_in()
    assert inside.is_in()
