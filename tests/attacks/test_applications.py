"""An application's way in: no code without a sign-in that is finished, nothing twice, nothing in the wrong hands."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.attacks.house import OPERATOR, PASSWORD, Browser, House, at_once
from totrinn.app import operating
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement
from totrinn.core.events import Kind
from totrinn.core.sso import SsoRules
from totrinn.web.application import route_table

CALLBACK = "https://app.example.no/cb"
OLA = "ola@fjordly.test"
TWO_FACTOR = "urn:totrinn:acr:two-factor"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = sorted(route.path for route in route_table() if route.path.startswith("/oauth2/"))


class Application:
    """A registered application, in honest or other hands."""

    def __init__(self, house: House, **agreed: Any) -> None:
        self.house = house
        with house.database.reading() as unit:
            is_there = unit.organisations.find_by_slug(operating.VENDOR_SLUG) is not None
        if not is_there:
            visitor = house.visitor()
            operating.create_organisation(
                house.services, visitor, OPERATOR, name="Totrinn", slug=operating.VENDOR_SLUG, is_vendor=True
            )
        registrar = registering.Registrar(house.visitor(), OPERATOR)
        agreement = Agreement(**{"name": "Timer", "redirect_uris": (CALLBACK,), **agreed})
        registered = registering.register(house.services, registrar, agreement)
        assert isinstance(registered, registering.Registered)
        self.id, self.secret = registered.application.id, registered.secret or ""
        self.verifier = secrets.token_urlsafe(48)

    def link(self, **changed: str) -> str:
        """Where it sends a browser."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        usual = {
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email organisation",
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"/oauth2/authorize?{urlencode({**usual, **changed})}"

    def code(self, browser: Browser, **changed: str) -> str:
        """The code that a signed-in browser brings back."""
        return returned(browser.get(self.link(**changed)))["code"]

    def ask(self, **form: str) -> httpx2.Response:
        """Asks for tokens."""
        return httpx2.post(f"{self.house.address}/oauth2/token", data=form, auth=(self.id, self.secret), timeout=60)

    def exchange(self, code: str) -> httpx2.Response:
        """Exchanges a code."""
        return self.ask(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=self.verifier)

    def refresh(self, token: str) -> httpx2.Response:
        """Exchanges a refresh token."""
        return self.ask(grant_type="refresh_token", refresh_token=token)

    def is_worth(self, access_token: str) -> bool:
        """Whether a token opens userinfo."""
        header = {"authorization": f"Bearer {access_token}"}
        return httpx2.get(f"{self.house.address}/oauth2/userinfo", headers=header).status_code == 200


def returned(answer: httpx2.Response) -> dict[str, str]:
    """What an answer brings back to the application."""
    location = answer.headers.get("location", "")
    assert location.startswith(f"{CALLBACK}?"), (answer.status_code, location)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def _signed_in(house: House, email: str = OLA, slug: str = "fjordly") -> Browser:
    house.person(email, slug)
    browser = house.browser()
    browser.sign_in(email)
    assert browser.is_in()
    return browser


def _kinds(house: House, slug: str) -> list[str]:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        return [event.kind for event in unit.log.of_organisation(organisation.id, kind="", before=None, limit=200)]


@pytest.mark.row("R39")
@pytest.mark.row("R40")
@pytest.mark.parametrize("held_at", ["enrolment", "verification", "choice"])
def test_an_unfinished_sign_in_brings_no_code(house: House, held_at: str) -> None:
    """At whatever step it is held, the request leads to that step, and with prompt=none to a refusal."""
    house.organisation("fjordly", required=held_at == "enrolment")
    house.organisation("annen")
    application = Application(house)
    if held_at == "verification":
        house.enrolled(OLA, "fjordly")
    else:
        house.person(OLA, "fjordly")
    if held_at == "choice":
        house.person(OLA, "annen")
    step = {"enrolment": "/login/enrol", "verification": "/login/two-factor", "choice": "/choose-organisation"}[held_at]
    browser = house.browser()
    assert browser.sign_in(OLA).headers["location"] == step
    waiting = browser.get(application.link()).headers["location"]
    assert waiting.startswith("/oauth2/answer?request=")
    assert browser.get(waiting).headers["location"] == step
    assert "error" in returned(browser.get(application.link(prompt="none")))
    for method in METHODS:
        for path in (waiting, application.link(), *PATHS):
            answer = browser.http.request(method, path)
            assert "code=" not in answer.headers.get("location", ""), (method, path)
            assert answer.status_code < 500, (method, path)
    token = browser.cookie("totrinn-signin") or ""
    for name in ("totrinn", "totrinn-signin"):
        forged = httpx2.get(house.address + application.link(), headers={"cookie": f"{name}={token}"})
        assert "code=" not in forged.headers.get("location", "")
    assert not application.is_worth(token)


@pytest.mark.row("R40")
def test_finishing_the_sign_in_leads_to_the_request(house: House) -> None:
    """A sign-in that was under way when the application asked goes on to the newest request, when it is finished."""
    house.organisation("fjordly", required=True)
    application = Application(house)
    house.person(OLA, "fjordly")
    browser = house.browser()
    browser.sign_in(OLA)
    waiting = browser.get(application.link()).headers["location"]
    assert waiting in browser.enrol(OLA).text.replace("&amp;", "&")
    code = returned(browser.get(waiting))["code"]
    assert application.exchange(code).status_code == 200


@pytest.mark.row("R41")
def test_the_requirement_bites_what_applications_hold(house: House) -> None:
    """A live grant of a password-alone session: no refresh, no userinfo, no new code, and none by prompt=none."""
    house.organisation("fjordly")
    application = Application(house)
    browser = _signed_in(house)
    given, code = application.exchange(application.code(browser)).json(), application.code(browser)
    house.require("fjordly")
    assert not application.is_worth(given["access_token"])
    assert application.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert application.exchange(code).json()["error"] == "invalid_grant"
    assert returned(browser.get(application.link(prompt="none")))["error"] == "interaction_required"
    waiting = browser.get(application.link()).headers["location"]
    assert browser.get(waiting).headers["location"] == "/login/enrol"


@pytest.mark.row("R41")
def test_a_password_alone_session_of_one_organisation_gives_no_tokens_of_another(house: House) -> None:
    """Going over to one that requires two-factor ends what was given, and they are held before more is given."""
    house.organisation("fjordly")
    house.organisation("streng", required=True)
    application = Application(house)
    house.person(OLA, "fjordly")
    house.person(OLA, "streng")
    browser = house.browser()
    browser.sign_in(OLA)
    browser.submit("/choose-organisation", organisation="fjordly")
    given = application.exchange(application.code(browser)).json()
    browser.submit("/choose-organisation", organisation="streng")
    assert not application.is_worth(given["access_token"])
    assert application.refresh(given["refresh_token"]).status_code == 400
    assert "error" in returned(browser.get(application.link(prompt="none")))


@pytest.mark.row("R46")
def test_tokens_of_one_organisation_say_nothing_of_another(house: House) -> None:
    """Whoever goes over to another organisation gets tokens of that one, under another `sid`; the old ones are dead."""
    house.organisation("fjordly")
    house.organisation("annen")
    application = Application(house)
    house.person(OLA, "fjordly")
    house.person(OLA, "annen")
    browser = house.browser()
    browser.sign_in(OLA)
    seen = []
    for slug in ("fjordly", "annen"):
        browser.submit("/choose-organisation", organisation=slug)
        given = application.exchange(application.code(browser)).json()
        header = {"authorization": f"Bearer {given['access_token']}"}
        claims = httpx2.get(f"{house.address}/oauth2/userinfo", headers=header).json()
        assert claims["organisation"] == slug
        seen.append(given["access_token"])
    assert [application.is_worth(token) for token in seen] == [False, True]


@pytest.mark.row("R86")
def test_one_code_sent_at_once_by_eight_is_worth_nothing_in_the_end(house: House) -> None:
    """One at the most is given tokens, and those end, as the code was in several hands."""
    house.organisation("fjordly")
    application = Application(house)
    browser = _signed_in(house)
    for _ in range(5):
        code = application.code(browser)
        answers = at_once([lambda code=code: application.exchange(code)] * 8)  # type: ignore[misc]
        given = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(given) == 1
        assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)
        assert not application.is_worth(given[0]["access_token"])
        assert application.refresh(given[0]["refresh_token"]).status_code == 400
    assert Kind.APPLICATION_TOKENS_REVOKED in _kinds(house, "fjordly")


@pytest.mark.row("R86")
def test_one_refresh_token_sent_at_once_by_eight_gives_one_next_token(house: House) -> None:
    """A page that loads in eight parts harms nobody: all get the same next token, and it is good."""
    house.organisation("fjordly")
    application = Application(house)
    browser = _signed_in(house)
    token = application.exchange(application.code(browser)).json()["refresh_token"]
    for _ in range(5):
        answers = at_once([lambda token=token: application.refresh(token)] * 8)  # type: ignore[misc]
        assert [answer.status_code for answer in answers] == [200] * 8
        following = {answer.json()["refresh_token"] for answer in answers}
        assert len(following) == 1
        token = following.pop()
    assert application.refresh(token).status_code == 200


@pytest.mark.row("R86")
def test_a_thief_and_the_owner_who_refresh_in_the_same_moment_are_noticed(house: House) -> None:
    """Both hold the same next token; whoever uses it second, after the other has gone on, ends it for both."""
    house.organisation("fjordly")
    application = Application(house)
    browser = _signed_in(house)
    first = application.exchange(application.code(browser)).json()["refresh_token"]
    owners, stolen = application.refresh(first).json(), application.refresh(first).json()
    assert owners["refresh_token"] == stolen["refresh_token"]
    after = application.refresh(application.refresh(owners["refresh_token"]).json()["refresh_token"]).json()
    assert application.refresh(stolen["refresh_token"]).status_code == 400
    assert application.refresh(after["refresh_token"]).status_code == 400
    assert not application.is_worth(after["access_token"])


@pytest.mark.row("R86")
def test_a_code_of_ones_own_slipped_to_another_browser_is_bound_to_its_request(house: House) -> None:
    """A code is worth nothing with another request's verifier, nor without the secret, nor at another application."""
    house.organisation("fjordly")
    application, other = Application(house), Application(house, name="Annen")
    browser = _signed_in(house)
    code = application.code(browser)
    with_other = other.ask(
        grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=application.verifier
    )
    assert with_other.json()["error"] == "invalid_grant"
    without = httpx2.post(
        f"{house.address}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "client_id": application.id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": application.verifier,
        },
    )
    assert without.status_code == 401
    wrong = application.ask(
        grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=secrets.token_urlsafe(48)
    )
    assert wrong.json()["error"] == "invalid_grant"
    assert application.exchange(code).status_code == 200


@pytest.mark.row("R61")
def test_sso_without_evidence_is_raised_by_ones_own_factor_and_no_further(house: House) -> None:
    """The application's demand is met by a code of the person's own; whoever has none is refused, not disturbed."""
    house.organisation("fjordly")
    house.enrolled(OLA, "fjordly")
    connection = house.connection("fjordly", "fjordly.test", rules=SsoRules())
    application = Application(house)
    browser, other = house.browser(), house.browser()
    browser.sign_in_by_sso(connection, "ola", OLA)
    other.sign_in_by_sso(connection, "siri", "siri@fjordly.test")
    assert returned(other.get(application.link(acr_values=TWO_FACTOR)))["error"] == "unmet_authentication_requirements"
    assert "code" in returned(other.get(application.link()))
    waiting = browser.get(application.link(acr_values=TWO_FACTOR)).headers["location"]
    request = waiting.partition("=")[2]
    page = browser.get(waiting)
    assert page.status_code == 200
    assert 'name="password"' not in page.text
    wrong = browser.send(page, "/oauth2/answer", request=request, code="000000")
    assert wrong.status_code == 422
    right = browser.send(page, "/oauth2/answer", request=request, code=house.apps[OLA].now())
    assert right.headers["location"].startswith("/oauth2/continue")
    given = application.exchange(returned(browser.get(waiting))["code"]).json()
    assert application.is_worth(given["access_token"])


@pytest.mark.row("R86")
def test_sso_is_asked_to_prove_the_person_anew_once(house: House) -> None:
    """prompt=login leads through the provider once; if that has not seen the person since, the application is told."""
    house.organisation("fjordly")
    house.require("fjordly")
    connection = house.connection("fjordly", "fjordly.test")
    application = Application(house)
    browser = house.browser()
    browser.sign_in_by_sso(connection, "ola", OLA)
    waiting = browser.get(application.link(prompt="login")).headers["location"]
    away = browser.get(waiting).headers["location"]
    assert away.startswith(f"/sso/{connection}/login?again=1&next=%2Foauth2%2Fanswer")
    state = parse_qs(urlsplit(browser.get(away).headers["location"]).query)["state"][0]
    back = browser.come_back(connection, state, house.vouched("ola", OLA))
    assert back.headers["location"].startswith("/oauth2/continue?request=")
    assert "code" in returned(browser.get(waiting))
    waiting = browser.get(application.link(prompt="login")).headers["location"]
    browser.get(waiting)
    assert returned(browser.get(waiting))["error"] == "login_required"


@pytest.mark.row("R65")
def test_no_address_of_ours_leads_to_a_stranger(house: House) -> None:
    """Neither by the request that waits, nor by signing out, nor by what `next` names."""
    house.organisation("fjordly")
    Application(house)
    browser = _signed_in(house)
    for path in (
        "/oauth2/continue?request=//evil.example",
        "/oauth2/continue?request=x%0d%0aLocation:%20https://evil.example",
        "/oauth2/answer?request=https://evil.example",
        "/oauth2/logout?post_logout_redirect_uri=https://evil.example",
        "/login?next=/oauth2/authorize//evil.example",
    ):
        answer = browser.get(path)
        assert "evil.example" not in answer.headers.get("location", ""), path
        assert "evil.example" not in answer.headers.get("refresh", ""), path


@pytest.mark.row("R58")
def test_a_new_password_ends_what_applications_were_given_elsewhere(house: House) -> None:
    """The thief's session and all its tokens end with the owner's change; the owner's own go on."""
    house.organisation("fjordly")
    application = Application(house)
    thief, owner = _signed_in(house), house.browser()
    owner.sign_in(OLA)
    stolen, own = (application.exchange(application.code(browser)).json() for browser in (thief, owner))
    changed = owner.submit("/account/password", password=PASSWORD, new_password="en helt annen setning å gå for")
    assert changed.status_code == 303, changed.text
    assert not application.is_worth(stolen["access_token"])
    assert application.refresh(stolen["refresh_token"]).status_code == 400
    assert application.refresh(own["refresh_token"]).status_code == 200
