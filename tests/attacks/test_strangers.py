"""What somebody unknown leaves behind, on each kind of database: nothing, or so much at most."""

from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from tests.oauth2.application import Application, register
from tests.oauth2.conftest import made_keys, vendor
from tests.oauth2.houses import house
from tests.storage.held import counted
from tests.web.conftest import blueprint, clock
from tests.web.connected import SAML, connected
from tests.web.house import BASE_URL, House, now
from totrinn.app.identity_providers import Rejected
from totrinn.app.proving import address_throttle
from totrinn.core.throttle import ADDRESS_FAILURES, Counter
from totrinn.storage import Database

__all__ = ["blueprint", "clock", "house", "made_keys", "vendor"]
MANY = 200
NETWORKS = 16
"""So many at most are told apart in what is told once a minute."""


@pytest.fixture
def application(house: House, vendor: None) -> Application:
    """One that can keep no secret."""
    return register(house, authentication="none", hosts=("app.example.no",))


def _rows(house: House) -> dict[str, int]:
    assert isinstance(house.services.store, Database)
    return counted(house.services.store)


def _grown(house: House, before: dict[str, int]) -> dict[str, int]:
    return {name: number - before[name] for name, number in _rows(house).items() if number != before[name]}


def _try_to_sign_in(house: House, email: str) -> int:
    browser = house.browser()
    browser.get("/login")
    return browser.post("/login", email=email, password="feil passord her").status


@pytest.mark.row("R86")
def test_two_hundred_requests_of_strangers_leave_no_row(house: House, application: Application) -> None:
    """For an application, by the browser and pushed, and on the way to a provider, with all that follows before it."""
    house.organisation("fjordly")
    oidc = connected(house, is_on=True)
    saml = connected(house, settings=SAML, name="SAML", is_on=True)
    before = _rows(house)
    for number in range(MANY):
        browser = house.browser()
        waiting = browser.get(application.link(state=f"s{number}", login_hint="a@b.no")).location
        login = browser.get(waiting).location
        assert browser.get(login).status == 200
        pushed = application.post("/oauth2/par", **application.request(state=f"p{number}"))
        assert pushed.status_code == 201
        uri = pushed.json()["request_uri"]
        asked = urlencode({"client_id": application.id, "request_uri": uri})
        assert browser.get(f"/oauth2/authorize?{asked}").status == 303
        for connection in (oidc, saml):
            away = browser.get(f"/sso/{connection.id}/login?{urlencode({'next': waiting})}")
            assert away.location.startswith("https://idp.example.no/"), away.words
    assert _grown(house, before) == {}


@pytest.mark.row("R69")
def test_what_is_refused_leaves_no_row(house: House, application: Application) -> None:
    """Tokens, codes, keys, links and tickets that are none, at every place that takes them."""
    house.organisation("fjordly")
    saml = connected(house, settings=SAML, is_on=True)
    before = _rows(house)
    bearer = {"authorization": "Bearer ttn_none", "idempotency-key": "k", "accept": "application/json"}
    for number in range(20):
        browser = house.browser()
        for path in ("/setup/x", "/password/x", f"/gate/start?host=app.example.no&start={'0' * 64}&to=/{number}"):
            browser.get(f"{path}{number}")
        browser.get(f"/.totrinn/callback?ticket={number}")
        browser.get(f"/sso/{saml.id}/callback?state=s{number}&code=c")
        browser.get(f"/sso/{saml.id}/answer?state=s{number}")
        browser.client.post(f"/sso/{saml.id}/acs", data={"SAMLResponse": "A" * 1000, "RelayState": f"s{number}"})
        for path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/par", "/oauth2/logout"):
            application.http.post(path, data={"client_id": application.id, "token": f"t{number}", "code": "c"})
        application.http.post("/oauth2/par", auth=("nobody", f"s{number}"), data=application.request())
        for path in ("/api/v1/members", "/scim/v2/Users", "/api/v1/organisations"):
            browser.client.post(path, json={"a": number}, headers=bearer)
        browser.get("/login")
        assert browser.post("/login", email=f"{number}", password="x").status == 422
        browser.post("/login/sso", email=f"nobody{number}@nowhere.no")
        browser.post("/language", language="nn", next="/login")
        browser.post("/logout")
    assert _grown(house, before) == {}


@pytest.mark.row("R92")
def test_what_a_provider_did_not_say_is_told_once_a_minute(house: House) -> None:
    """However many networks it comes from."""
    house.organisation("fjordly")
    oidc = connected(house, is_on=True)
    house.providers.ends = Rejected("oidc_logout_token_wrong")
    before = _rows(house)
    for number in range(MANY):
        client = TestClient(house.application, base_url=BASE_URL, client=(f"192.0.2.{number}", 40000))
        refused = client.post(f"/sso/{oidc.id}/backchannel-logout", data={"logout_token": f"x{number}"})
        assert refused.status_code == 400
    grown = _grown(house, before)
    assert set(grown) == {"event", "spent_token"}
    assert max(grown.values()) <= NETWORKS


@pytest.mark.row("R13", "R92")
def test_whoever_has_to_wait_fills_no_log(house: House) -> None:
    """What was not looked at is told once a minute, of each person and of all who are nobody."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", factor=True)
    with house.services.store.writing() as unit:
        for email in (kari.email, "nobody@fjordly.no"):
            unit.throttles.save(address_throttle(house.services, email), Counter(20, now()))
    before = _rows(house)
    for number in range(MANY):
        email = (kari.email, "nobody@fjordly.no")[number % 2]
        assert _try_to_sign_in(house, email) == 429
    grown = _grown(house, before)
    assert set(grown) <= {"event", "spent_token"}
    assert max(grown.values(), default=0) <= 2


@pytest.mark.row("R13")
def test_a_network_makes_so_many_counters_at_most(house: House) -> None:
    """Each costs a hash, and after a while whoever fails at many addresses has to wait, at whatever next address."""
    with house.services.store.writing() as unit:
        for number in range(ADDRESS_FAILURES):
            unit.throttles.add_address_failure("", f"a{number}", now())
    before = _rows(house)
    for number in range(20):
        assert _try_to_sign_in(house, f"x{number}@fjordly.no") == 429
    grown = _grown(house, before)
    assert set(grown) <= {"event", "spent_token"}
    assert max(grown.values(), default=0) <= 1
