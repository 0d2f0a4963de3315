"""An application signs its person out here, too: at once if it means this session, else the person is asked."""

from urllib.parse import urlencode

import pytest

from tests.oauth2.application import BYE, Application, register
from tests.web.house import Browser, House


@pytest.fixture
def browser(house: House, application: Application) -> Browser:
    """A browser in which somebody is signed in."""
    house.organisation("fjordly")
    return house.sign_in(house.person("kari@fjordly.no", "fjordly"))


def _logout(**parameters: str) -> str:
    return f"/oauth2/logout?{urlencode(parameters)}"


def _is_in(browser: Browser) -> bool:
    return browser.get("/").status == 200


@pytest.mark.row("R87")
def test_whoever_shows_an_id_token_of_this_session_ends_it(application: Application, browser: Browser) -> None:
    """The browser goes on to where it was agreed, with the state; the tokens are worth nothing."""
    given = application.tokens(browser)
    answer = browser.get(_logout(id_token_hint=given["id_token"], post_logout_redirect_uri=BYE, state="a b"))
    assert (answer.status, answer.location) == (303, f"{BYE}?state=a+b")
    assert not _is_in(browser)
    assert application.userinfo(given["access_token"]).status_code == 401


def test_it_may_come_as_a_form_of_another_site(application: Application, browser: Browser) -> None:
    """Which comes without cookies; the journey by GET that follows has them."""
    hint = application.tokens(browser)["id_token"]
    form = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": BYE})
    answer = browser.send("/oauth2/logout", form)
    assert answer.status == 303
    assert browser.get(answer.location).location == BYE


@pytest.mark.row("R62")
def test_without_one_the_person_is_asked(application: Application, browser: Browser) -> None:
    """A link of anybody's signs nobody out; only the form of our own page does."""
    right = application.tokens(browser)["id_token"]
    header, body, signature = right.split(".")
    other = body.replace(body[10:12], "AA" if body[10:12] != "AA" else "BB")
    hints = ("a.b.c", f"{header}.{other}.{signature}", f"{header}.{body}.AAAA", f"eyJhbGciOiJub25lIn0.{body}.AA")
    shown: list[dict[str, str]] = [{"id_token_hint": hint} for hint in hints]
    for parameters in ({}, {"state": "x"}, {"client_id": application.id}, *shown):
        page = browser.get(_logout(**parameters, post_logout_redirect_uri=BYE))
        assert (page.status, "Sign out?" in page.words) == (200, True)
        assert _is_in(browser)
    forged = browser.send("/oauth2/logout/confirm", urlencode({"client_id": application.id}))
    assert forged.status == 403
    assert _is_in(browser)
    browser.get(_logout(client_id=application.id, post_logout_redirect_uri=BYE, state="x"))
    answer = browser.post("/oauth2/logout/confirm", client_id=application.id, post_logout_redirect_uri=BYE, state="x")
    assert (answer.status, answer.headers["refresh"]) == (200, f"0; url={BYE}?state=x")
    assert not _is_in(browser)


def test_the_id_token_of_another_session_is_not_enough(
    house: House, application: Application, browser: Browser
) -> None:
    """Nor one of the same person's earlier session: whoever sits here now is asked."""
    hint = application.tokens(browser)["id_token"]
    browser.post("/logout")
    other = house.sign_in(house.person("ola@fjordly.no", "fjordly"))
    page = other.get(_logout(id_token_hint=hint, post_logout_redirect_uri=BYE))
    assert page.status == 200
    assert _is_in(other)


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "target", ["https://evil.example/", f"{BYE}/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_the_browser_goes_on_only_to_where_it_was_agreed(
    house: House, application: Application, browser: Browser, target: str
) -> None:
    """Anything else leads to our own page, be the ID token right or the person signed out already."""
    given = application.tokens(browser)
    other = register(house, name="Annen", logout_uris=("https://other.example/bye",))
    right = {"id_token_hint": given["id_token"]}
    assert (
        browser.get(_logout(**right, client_id=other.id, post_logout_redirect_uri="https://other.example/bye")).status
        == 200
    )
    assert browser.get(_logout(**right, post_logout_redirect_uri=target)).location == "/login?said=out"
    assert browser.get(_logout(**right)).location == "/login?said=out"
    assert browser.get(_logout(client_id=application.id, post_logout_redirect_uri=target)).location == "/login?said=out"
    assert browser.get(_logout(client_id=application.id, post_logout_redirect_uri=BYE)).location == BYE
