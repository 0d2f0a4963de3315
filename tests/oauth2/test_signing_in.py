"""One sign-in for an application, from the first request to the tokens."""

import pytest

from tests.oauth2.application import CALLBACK, Application, returned
from tests.web.house import BASE_URL, PASSWORD, House

PERSONAL = {
    "sub", "name", "locale", "email", "email_verified", "organisation", "organisation_id", "organisation_name", "roles",
}  # fmt: skip


def test_whoever_is_signed_in_brings_a_code_back_at_once(house: House, application: Application) -> None:
    """The answer carries the code, the state and our name, and is kept by nobody."""
    house.organisation("fjordly")
    browser = house.sign_in(house.person("kari@fjordly.no", "fjordly"))
    answer = browser.get(application.link())
    assert answer.status == 303
    assert answer.location.startswith(f"{CALLBACK}?")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    back = returned(answer.location)
    assert (back["state"], back["iss"]) == (application.state, BASE_URL)
    given = application.exchange(back["code"])
    assert given.headers["cache-control"] == "no-store"
    told = given.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 300)
    assert told["scope"] == "openid profile email organisation"


@pytest.mark.row("R61")
def test_the_tokens_say_who_it_is_and_what_was_proven(house: House, application: Application) -> None:
    """The ID token names person, organisation, role and proof; userinfo tells the same of the person."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", factor=True)
    given = application.tokens(house.sign_in(kari))
    claims = application.claims(given["id_token"])
    assert (claims["iss"], claims["aud"], claims["sub"]) == (BASE_URL, application.id, kari.id)
    assert claims["nonce"] == application.nonce
    assert (claims["acr"], claims["amr"]) == ("urn:totrinn:acr:two-factor", ["pwd", "otp", "mfa"])
    assert (claims["organisation"], claims["roles"]) == ("fjordly", ["user"])
    assert (claims["email"], claims["email_verified"]) == ("kari@fjordly.no", False)
    told = application.userinfo(given["access_token"])
    assert told.status_code == 200
    assert told.json() == {name: claims[name] for name in PERSONAL}
    refreshed = application.refresh(given["refresh_token"])
    assert refreshed.status_code == 200, refreshed.text
    again = application.claims(refreshed.json()["id_token"])
    assert "nonce" not in again
    assert {name: again[name] for name in ("sid", "auth_time", "acr", "amr")} == {
        name: claims[name] for name in ("sid", "auth_time", "acr", "amr")
    }


@pytest.mark.row("R40")
def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(house: House, application: Application) -> None:
    """Password and code come first; the browser then sets out anew, and brings a code back."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", factor=True)
    browser = house.browser()
    answer = browser.get(application.link())
    assert answer.location.startswith("/oauth2/answer?request=")
    answer = browser.get(answer.location)
    assert answer.location.startswith("/login?next=%2Foauth2%2Fanswer%3Frequest%3D")
    browser.get(answer.location)
    answer = browser.post("/login", email=kari.email, password=PASSWORD, next=browser.last.hidden("next"))
    assert answer.location == "/login/two-factor"
    assert (
        browser.get(application.link(prompt="none")).location.partition("&")[0].endswith("error=interaction_required")
    )
    browser.get("/login/two-factor")
    answer = browser.post("/login/two-factor", code=kari.code())
    assert answer.location.startswith("/oauth2/continue?request=")
    answer = browser.get(answer.location)
    assert answer.status == 200
    target = answer.headers["refresh"].removeprefix("0; url=")
    answer = browser.get(target)
    assert answer.location.startswith(f"{CALLBACK}?code=")
    assert application.exchange(returned(answer.location)["code"]).status_code == 200
    assert browser.get(target).status == 400
