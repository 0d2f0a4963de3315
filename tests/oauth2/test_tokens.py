"""What codes and tokens are good for: once, for one application, and for as long as the session is admitted."""

from datetime import timedelta

import pytest
import time_machine

from tests.oauth2.application import BYE, CALLBACK, Application, register
from tests.web.house import Browser, House, Resident
from tests.web.requiring import turned_on
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House, application: Application) -> Resident:
    """Somebody with a password alone."""
    house.organisation("fjordly")
    return house.person("kari@fjordly.no", "fjordly")


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """Her browser, signed in."""
    return house.sign_in(kari)


@pytest.mark.row("R86")
def test_a_code_is_good_once_and_takes_back_what_it_gave_when_it_comes_again(
    house: House, application: Application, browser: Browser
) -> None:
    """The second time is refused, and tokens from the first are worth nothing; the log tells."""
    code = application.code(browser)
    given = application.exchange(code).json()
    assert application.userinfo(given["access_token"]).status_code == 200
    again = application.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert application.userinfo(given["access_token"]).status_code == 401
    assert application.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert "session:application_tokens:revoked" in house.kinds("fjordly")


@pytest.mark.row("R86")
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"redirect_uri": BYE}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
def test_a_code_is_bound_to_its_request(
    application: Application, browser: Browser, changed: dict[str, str | None], error: str
) -> None:
    """To the verifier of PKCE and to the address that it was sent to; the right exchange still succeeds after."""
    code = application.code(browser)
    refused = application.exchange(code, **changed)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert refused.headers["cache-control"] == "no-store"
    assert application.exchange(code).status_code == 200


@pytest.mark.row("R86")
def test_a_code_lives_for_a_minute(application: Application, browser: Browser, clock: time_machine.Traveller) -> None:
    """Then it is too old."""
    code = application.code(browser)
    clock.shift(timedelta(seconds=61))
    assert application.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.row("R46")
@pytest.mark.row("R86")
def test_what_one_application_was_given_is_nothing_in_the_hands_of_another(
    house: House, application: Application, browser: Browser
) -> None:
    """Code, refresh token, introspection and revocation: a stranger gains nothing, and spoils nothing."""
    other = register(house, name="Annen", redirect_uris=(CALLBACK,))
    other.verifier = application.verifier
    code = application.code(browser)
    assert other.exchange(code).json()["error"] == "invalid_grant"
    given = application.exchange(code).json()
    assert other.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    for token in (given["access_token"], given["refresh_token"]):
        assert other.post("/oauth2/introspect", token=token).json() == {"active": False}
        assert other.post("/oauth2/revoke", token=token).status_code == 200
    assert application.userinfo(given["access_token"]).status_code == 200
    assert application.refresh(given["refresh_token"]).status_code == 200


@pytest.mark.row("R86")
def test_a_refresh_token_is_good_once_but_for_a_moment(
    house: House, application: Application, browser: Browser, clock: time_machine.Traveller
) -> None:
    """Shown again at once it gives the same next one; later, everything that came of the sign-in has ended."""
    first = application.tokens(browser)["refresh_token"]
    second = application.refresh(first).json()["refresh_token"]
    assert second != first
    assert application.refresh(first).json()["refresh_token"] == second
    clock.shift(timedelta(seconds=11))
    late = application.refresh(first)
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")
    assert application.refresh(second).json()["error"] == "invalid_grant"
    assert "session:application_tokens:revoked" in house.kinds("fjordly")


@pytest.mark.row("R86")
def test_a_grandparent_that_comes_again_ends_the_family(application: Application, browser: Browser) -> None:
    """Be it at once: its successor has been used."""
    first = application.tokens(browser)["refresh_token"]
    second = application.refresh(first).json()["refresh_token"]
    third = application.refresh(second).json()
    assert application.refresh(first).json()["error"] == "invalid_grant"
    assert application.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"
    assert application.userinfo(third["access_token"]).status_code == 401


def test_scopes_can_be_narrowed_and_never_widened(application: Application, browser: Browser) -> None:
    """What a refresh asks for is at most what was granted; another refresh may ask for all of it again."""
    given = application.tokens(browser, scope="openid email")
    narrow = application.refresh(given["refresh_token"], scope="openid").json()
    assert narrow["scope"] == "openid"
    assert set(application.userinfo(narrow["access_token"]).json()) == {"sub"}
    assert application.refresh(narrow["refresh_token"], scope="openid profile").json()["error"] == "invalid_scope"
    assert application.refresh(narrow["refresh_token"]).json()["scope"] == "openid email"


def test_an_access_token_lives_for_five_minutes(
    application: Application, browser: Browser, clock: time_machine.Traveller
) -> None:
    """Userinfo and introspection both say so."""
    given = application.tokens(browser)
    clock.shift(timedelta(minutes=5, seconds=1))
    answer = application.userinfo(given["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert application.post("/oauth2/introspect", token=given["access_token"]).json() == {"active": False}
    assert application.refresh(given["refresh_token"]).status_code == 200


def test_without_a_token_there_is_only_a_challenge(application: Application, browser: Browser) -> None:
    """Without an error, as none was made; twice is an error."""
    answer = application.http.get("/oauth2/userinfo")
    assert (answer.status_code, answer.headers["www-authenticate"], answer.text) == (401, "Bearer", "")
    token = application.tokens(browser)["access_token"]
    header = {"authorization": f"Bearer {token}"}
    twice = application.http.post("/oauth2/userinfo", data={"access_token": token}, headers=header)
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert application.http.post("/oauth2/userinfo", data={"access_token": token}).status_code == 200


def test_introspection_tells_what_a_token_is_worth(house: House, application: Application, browser: Browser) -> None:
    """To the application whose it is, if it can prove itself."""
    given = application.tokens(browser)
    told = application.post("/oauth2/introspect", token=given["access_token"]).json()
    assert (told["active"], told["client_id"], told["token_type"]) == (True, application.id, "Bearer")
    assert (told["acr"], told["amr"], told["roles"]) == ("urn:totrinn:acr:password", ["pwd"], ["user"])
    assert told["exp"] - told["iat"] == 300
    assert application.post("/oauth2/introspect", token=given["refresh_token"]).json()["active"]
    assert application.post("/oauth2/introspect", token="guessed").json() == {"active": False}
    public = register(house, authentication="none")
    assert public.post("/oauth2/introspect", token=given["access_token"]).json()["error"] == "invalid_client"


def test_what_is_revoked_is_worth_nothing(application: Application, browser: Browser) -> None:
    """An access token alone; a refresh token with everything beside it."""
    given = application.tokens(browser)
    assert application.post("/oauth2/revoke", token=given["access_token"]).status_code == 200
    assert application.userinfo(given["access_token"]).status_code == 401
    following = application.refresh(given["refresh_token"]).json()
    assert application.post("/oauth2/revoke", token=following["refresh_token"]).status_code == 200
    assert application.userinfo(following["access_token"]).status_code == 401
    assert application.refresh(following["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.row("R41")
def test_the_requirement_bites_tokens_at_once(house: House, application: Application, browser: Browser) -> None:
    """A live grant of a session by password alone is worth nothing as soon as two-factor is required."""
    given = application.tokens(browser)
    turned_on(house)
    assert application.userinfo(given["access_token"]).status_code == 401
    assert application.post("/oauth2/introspect", token=given["access_token"]).json() == {"active": False}
    assert application.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert browser.get("/").location == "/login/enrol"


@pytest.mark.row("R41")
def test_a_session_that_ends_takes_its_tokens_along(house: House, application: Application, browser: Browser) -> None:
    """Signing out is enough; a code that is under way comes to nothing, too."""
    given, code = application.tokens(browser), application.code(browser)
    browser.post("/logout")
    assert application.userinfo(given["access_token"]).status_code == 401
    assert application.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert application.exchange(code).json()["error"] == "invalid_grant"


def test_refreshing_is_use_of_the_session(
    application: Application, browser: Browser, clock: time_machine.Traveller
) -> None:
    """For twelve hours at the most; without, it idles out in one."""
    token = application.tokens(browser)["refresh_token"]
    for _ in range(23):
        clock.shift(timedelta(minutes=31))
        token = application.refresh(token).json()["refresh_token"]
    assert browser.get("/").status == 200
    clock.shift(timedelta(minutes=31))
    assert application.refresh(token).json()["error"] == "invalid_grant"


def test_a_role_is_told_as_it_is_now(house: House, application: Application, browser: Browser, kari: Resident) -> None:
    """Userinfo reads it afresh."""
    given = application.tokens(browser)
    house.set_role("fjordly", kari, Role.ADMINISTRATOR)
    assert application.userinfo(given["access_token"]).json()["roles"] == ["administrator"]


def test_scripts_of_any_site_may_ask_without_cookies(application: Application) -> None:
    """Where a token or a code is what counts; not where secrets are."""
    origin = {"origin": "https://spa.example", "access-control-request-method": "POST"}
    for path in (
        "/.well-known/openid-configuration",
        "/oauth2/jwks",
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/revoke",
    ):
        asked = application.http.options(path, headers=origin)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*"), path
        assert "access-control-allow-credentials" not in asked.headers
        assert application.http.get(path, headers=origin).headers["access-control-allow-origin"] == "*"
    for path in ("/oauth2/introspect", "/oauth2/par", "/oauth2/authorize"):
        assert "access-control-allow-origin" not in application.http.options(path, headers=origin).headers, path


@pytest.mark.row("R69")
def test_errors_are_json_and_say_nothing_of_us(application: Application) -> None:
    """Wrong methods, wrong bodies and unknown addresses."""
    for method, path, status in (
        ("GET", "/oauth2/token", 405),
        ("PUT", "/oauth2/par", 405),
        ("GET", "/oauth2/introspect", 405),
        ("GET", "/oauth2/unknown", 401),
    ):
        answer = application.http.request(method, path)
        assert answer.status_code == status, path
        assert "json" in answer.headers["content-type"], path
    for content, kind in ((b"{}", "application/json"), (b"a=%ff", "application/x-www-form-urlencoded")):
        answer = application.http.post("/oauth2/token", content=content, headers={"content-type": kind})
        assert (answer.status_code in (400, 415), answer.json()["error"]) == (True, "invalid_request")
