"""An application demands a proof that is fresh, or stronger: the person is asked once, or it is told why not."""

from datetime import timedelta

import pytest
import time_machine

from tests.oauth2.application import Application, returned
from tests.web.house import PASSWORD, Browser, House, Resident

TWO_FACTOR = "urn:totrinn:acr:two-factor"


@pytest.fixture
def kari(house: House, application: Application) -> Resident:
    """Somebody with a second factor."""
    house.organisation("fjordly")
    return house.person("kari@fjordly.no", "fjordly", factor=True)


def _waiting(browser: Browser, application: Application, **changed: str) -> str:
    answer = browser.get(application.link(**changed))
    assert answer.location.startswith("/oauth2/answer?request="), answer.location
    return answer.location


@pytest.mark.row("R86")
def test_nothing_is_shown_where_nothing_may_be(house: House, application: Application, kari: Resident) -> None:
    """With prompt=none nobody is asked: a code, or the reason why there is none."""
    nobody = house.browser()
    assert returned(nobody.get(application.link(prompt="none")).location)["error"] == "login_required"
    browser = house.sign_in(kari)
    assert "code" in returned(browser.get(application.link(prompt="none")).location)
    unmet = browser.get(application.link(prompt="none", acr_values="urn:totrinn:acr:sso"))
    assert returned(unmet.location)["error"] == "unmet_authentication_requirements"
    assert returned(browser.get(application.link(prompt="none", max_age="0")).location)["error"] == "login_required"


def test_whoever_must_enrol_by_now_is_not_in(house: House, application: Application, kari: Resident) -> None:
    """A live session that is not admitted any more brings no code, and with prompt=none the reason."""
    house.organisation("streng", requirement=None)
    ola = house.person("ola@streng.no", "streng")
    browser = house.sign_in(ola)
    house.enrol(ola)
    assert returned(browser.get(application.link(prompt="none")).location)["error"] == "interaction_required"
    answer = browser.get(_waiting(browser, application))
    assert answer.location == "/login/two-factor"


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}])
def test_a_proof_is_made_anew_and_then_good(
    house: House, application: Application, kari: Resident, clock: time_machine.Traveller, demand: dict[str, str]
) -> None:
    """Password and code are asked for again, once; a wrong password leads nowhere, and auth_time is the new one."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=3))
    where = _waiting(browser, application, **demand)
    request = where.partition("=")[2]
    page = browser.get(where)
    assert page.status == 200
    assert "Timeføring asks you to sign in once more." in page.words
    assert browser.post("/oauth2/answer", request=request, password="feil", proof_code=kari.code()).status == 422
    answer = browser.post("/oauth2/answer", request=request, password=PASSWORD, proof_code=kari.code())
    assert answer.location == f"/oauth2/continue?request={request}"
    back = returned(browser.get(where).location)
    claims = application.claims(application.exchange(back["code"]).json()["id_token"])
    assert claims["iat"] - claims["auth_time"] < 60
    assert browser.get(where).status == 400


def test_an_old_proof_is_asked_for_again_only_when_it_is_too_old(
    house: House, application: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """max_age is compared with when the person last proved themselves."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=10))
    assert "code" in returned(browser.get(application.link(max_age="900")).location)
    assert _waiting(browser, application, max_age="300")


@pytest.mark.row("R61")
def test_a_level_that_cannot_be_reached_is_refused(house: House, application: Application, kari: Resident) -> None:
    """Whoever has no second factor cannot prove one; whoever has proven theirs is not asked."""
    ola = house.person("ola@fjordly.no", "fjordly")
    weak, strong = house.sign_in(ola), house.sign_in(kari)
    refused = returned(weak.get(application.link(acr_values=TWO_FACTOR)).location)
    assert refused["error"] == "unmet_authentication_requirements"
    assert "code" in returned(strong.get(application.link(acr_values=f"urn:x {TWO_FACTOR}")).location)


def test_somebody_else_is_signed_in(house: House, application: Application, kari: Resident) -> None:
    """An ID token shown with the request says who is meant; the code of another is not given."""
    again = house.sign_in(kari)
    own = application.tokens(again)["id_token"]
    ola = house.sign_in(house.person("ola@fjordly.no", "fjordly"))
    assert returned(ola.get(application.link(id_token_hint=own)).location)["error"] == "login_required"
    assert "code" in returned(again.get(application.link(id_token_hint=own, prompt="none")).location)


def test_a_request_waits_for_ten_minutes(
    house: House, application: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """Then the person is sent back to the application; so they are by an id of nobody's making."""
    where = _waiting(house.browser(), application)
    clock.shift(timedelta(minutes=11))
    browser = house.sign_in(kari)
    assert browser.get(where).status == 400
    for id_ in ("", "x" * 43, "../../x", "%00"):
        assert browser.get(f"/oauth2/answer?request={id_}").status == 400
