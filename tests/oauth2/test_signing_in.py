"""One sign-in for an application, from the first request to the tokens."""

import pytest

from tests.oauth2.application import CALLBACK, Application, returned
from tests.web.house import BASE_URL, PASSWORD, House, now
from totrinn.app.sso_records import Domain

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


def test_the_sign_in_page_says_where_it_leads(house: House, application: Application) -> None:
    """It names the application, and the address that this expects; both are only words on the page."""
    browser = house.browser()
    hint = '"><script>kari@fjordly.no'
    waiting = browser.get(application.link(login_hint=hint)).location
    page = browser.get(browser.get(waiting).location)
    assert "To Timeføring" in page.words
    assert 'value="&#34;&gt;&lt;script&gt;kari@fjordly.no"' in page.text
    for lead in ("/login", "/login?next=/account", "/login?next=/oauth2/answer?request=x"):
        assert "To Jobadmin" in browser.get(lead).words


@pytest.mark.parametrize(
    "changed",
    [
        {"display": "popup"},
        {"display": "page"},
        {"ui_locales": "nn en"},
        {"claims_locales": "nb"},
        {"login_hint": "kari@fjordly.no"},
        {"claims": '{"userinfo":{"name":{"essential":true}}}'},
        {"foo": "bar"},
        {"nonce": None},
        {"state": None},
        {"prompt": "consent"},
        {"scope": "email openid address phone offline_access"},
        {"max_age": "10000"},
        {"acr_values": "urn:totrinn:acr:password urn:totrinn:acr:sso urn:totrinn:acr:two-factor"},
    ],
)
def test_what_has_no_effect_here_does_no_harm(
    house: House, application: Application, changed: dict[str, str | None]
) -> None:
    """Parameters and scopes that we do not know, or need not heed: the person is signed in as ever."""
    house.organisation("fjordly")
    browser = house.sign_in(house.person("kari@fjordly.no", "fjordly"))
    back = returned(browser.get(application.link(**changed)).location)
    given = application.exchange(back["code"])
    assert given.status_code == 200
    assert set(given.json()["scope"].split()) <= {"openid", "profile", "email", "organisation"}
    assert ("nonce" in application.claims(given.json()["id_token"])) == ("nonce" not in changed)
    assert ("state" in back) == ("state" not in changed)


def test_we_describe_ourselves(application: Application) -> None:
    """What is not supported is said to be so; every address that is named is there."""
    answer = application.http.get("/.well-known/openid-configuration")
    told = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert told["issuer"] == BASE_URL
    assert told["response_types_supported"] == ["code"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256", "EdDSA"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"]
    for name in ("claims", "request", "request_uri"):
        assert told[f"{name}_parameter_supported"] is False
    for name, address in told.items():
        if name.endswith(("_endpoint", "_uri")):
            assert address.startswith(f"{BASE_URL}/oauth2/"), name
            assert application.http.get(address.removeprefix(BASE_URL)).status_code in (200, 303, 400, 401, 405), name


def test_an_address_is_verified_where_its_organisation_owns_the_domain(house: House, application: Application) -> None:
    """An address that somebody typed is only a name: applications must not let anybody in by it."""
    organisation = house.organisation("fjordly")
    browser = house.sign_in(house.person("kari@fjordly.no", "fjordly"))
    other = house.sign_in(house.person("kari@annen.no", "fjordly"))
    with house.services.store.writing() as unit:
        for name in ("fjordly.no", "annen.no"):
            assert unit.domains.add(Domain(organisation.id, name, None, "challenge", None, "", now()))
        unit.domains.prove(organisation.id, "fjordly.no", by="operator", now=now())
    for each, is_verified in ((browser, True), (other, False)):
        told = application.userinfo(application.tokens(each)["access_token"]).json()
        assert told["email_verified"] is is_verified
