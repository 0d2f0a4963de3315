"""The vendor's pages of applications: registered, changed, switched, given a new secret, removed."""

import html
import json
import re
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from joserfc.jwk import KeySet, OKPKey

from tests.web.house import PASSWORD, Answer, Browser, House, Resident, now
from totrinn.app.applications.records import Application
from totrinn.core.roles import Role

LIST = "/vendor/applications"
NEW = f"{LIST}/new"
CALLBACK = "https://jobadmin.example/callback"
ADDRESSES = {"name": "Jobadmin", "redirect_uris": CALLBACK}
_SECRET = re.compile(r'id="client-secret"[^>]*>(?P<secret>[^<]+)<')


@pytest.fixture
def tor(house: House) -> Resident:
    """One of the vendor's staff."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    return house.person("tor@vendor.no", "vendor", Role.VENDOR, name="Tor Vik", factor=True)


@pytest.fixture
def browser(house: House, tor: Resident) -> Browser:
    """The vendor's, with the form open."""
    browser = house.sign_in(tor)
    assert browser.get(NEW).status == 200
    return browser


def stored(house: House) -> tuple[Application, ...]:
    """The applications."""
    with house.services.store.reading() as unit:
        return unit.applications.all()


def registered(house: House, browser: Browser, **fields: str) -> Application:
    """One that was registered by the form; its page is open."""
    browser.get(NEW)
    assert browser.post(NEW, **{**ADDRESSES, **fields}).status in (200, 303)
    made = max(stored(house), key=lambda each: each.id)
    browser.get(f"{LIST}/{made.id}")
    return made


def secret_of(answer: Answer) -> str:
    """The secret that is shown."""
    found = _SECRET.search(answer.text)
    assert found is not None, answer.words
    return html.unescape(found["secret"])


def is_secret(house: House, application: Application, secret: str) -> bool:
    """Whether the application may prove itself by it now."""
    with house.services.store.reading() as unit:
        return unit.applications.has_secret(application.id, sha256(secret.encode()).digest(), now())


@pytest.mark.row("R90", "R92")
def test_an_application_is_registered_and_its_secret_is_shown_once(house: House, browser: Browser) -> None:
    """With all that the developer needs; no other page has the secret, and the log says who registered what."""
    assert "No application has been registered yet" in browser.get(LIST).words
    browser.get(NEW)
    answer = browser.post(NEW, **ADDRESSES, home="https://jobadmin.example/")
    assert answer.status == 200
    (made,) = stored(house)
    secret = secret_of(answer)
    assert is_secret(house, made, secret)
    for said in (made.id, "http://localhost:8700/.well-known/openid-configuration"):
        assert said in answer.text
    assert "no-store" in answer.headers["cache-control"]
    for path in (LIST, f"{LIST}/{made.id}", "/log"):
        assert secret not in browser.get(path).text
    assert "Jobadmin OpenID Connect https://jobadmin.example/ On" in re.sub(
        r"(Signs in by|Home page|Status) ", "", browser.get(LIST).words
    )
    assert "Tor Vik registered an application Jobadmin" in browser.get("/log").words
    assert secret not in str(house.events("vendor"))


def test_a_form_that_is_sent_twice_registers_one(house: House, browser: Browser) -> None:
    """The second says that there is one of this name."""
    assert browser.post(NEW, **ADDRESSES).status == 200
    browser.get(NEW)
    answer = browser.post(NEW, name="JOBADMIN", redirect_uris=CALLBACK)
    assert answer.status == 422
    assert "There is an application with this name already" in answer.words
    assert len(stored(house)) == 1


def test_everything_that_is_agreed_is_stored_and_shown_again(house: House, browser: Browser) -> None:
    """Lines with blanks around them, twice the same, and capitals in host names are put right."""
    keys = json.dumps(KeySet([OKPKey.generate_key("Ed25519")]).as_dict(private=False))
    fields = {
        "name": "  Jobadmin  app ",
        "home": "https://jobadmin.example/?a=b&c=d",
        "redirect_uris": f" {CALLBACK} \r\n\r\nno.jobadmin.app:/callback\r\n{CALLBACK}",
        "logout_uris": "http://localhost:3000/out",
        "back_channel": "https://jobadmin.example/ended",
        "events": "https://jobadmin.example/events",
        "authentication": "private_key_jwt",
        "public_keys": keys,
        "signing": "EdDSA",
        "requires_pushed": "on",
        "hosts": "App.example.org\nb.example.org:8443",
    }
    answer = browser.post(NEW, **fields)
    (made,) = stored(house)
    assert (answer.status, answer.location) == (303, f"{LIST}/{made.id}?said=application-added")
    agreed = made.agreement
    assert agreed.name == "Jobadmin app"
    assert agreed.redirect_uris == (CALLBACK, "no.jobadmin.app:/callback")
    assert agreed.logout_uris == ("http://localhost:3000/out",)
    assert (agreed.back_channel, agreed.events) == (fields["back_channel"], fields["events"])
    assert (agreed.keys, agreed.signing, agreed.requires_pushed) == (keys, "EdDSA", True)
    assert agreed.hosts == ("app.example.org", "b.example.org:8443")
    page = browser.get(answer.location)
    assert "Make a new secret" not in page.words
    revision = page.hidden("revision")
    again = {
        name: html.unescape(value)
        for name, value in re.findall(r'<textarea[^>]* name="([a-z_]+)"[^>]*>([^<]*)</textarea>', page.text)
    }
    assert again["redirect_uris"].split() == list(agreed.redirect_uris)
    sent = {**fields, **again, "revision": revision, "requires_pushed": None}
    assert browser.post(f"{LIST}/{made.id}", **sent).status == 303
    (changed,) = stored(house)
    assert (changed.agreement.requires_pushed, changed.revision) == (False, 2)
    assert changed.agreement.keys == keys


@pytest.mark.row("R65", "R69")
@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Type a name"),
        ("name", "x" * 101, "too long"),
        ("redirect_uris", "", "Write at least one address"),
        ("redirect_uris", f"{CALLBACK}\nhttp://jobadmin.example/", "begins with http://"),
        ("redirect_uris", f"{CALLBACK}#part", "not a whole address"),
        ("redirect_uris", "javascript:alert(1)", "not a whole address"),
        ("redirect_uris", "//jobadmin.example", "not a whole address"),
        ("redirect_uris", "https://a:b@jobadmin.example", "not a whole address"),
        ("redirect_uris", "https:\\\\jobadmin.example", "not a whole address"),
        ("redirect_uris", "https://jobadmin.example/<script>", "not a whole address"),
        ("logout_uris", "no.jobadmin.app:/out", "not a whole address"),
        ("home", "/inside", "not a whole address"),
        ("home", "javascript:alert(1)", "not a whole address"),
        ("back_channel", "http://10.0.0.1/", "begins with http://"),
        ("events", "http://10.0.0.1/", "begins with http://"),
        ("events", "https://a@jobadmin.example/", "not a whole address"),
        ("hosts", "https://app.example.org", "is not a host name"),
        ("hosts", "app.example.org/x", "is not a host name"),
        ("authentication", "whatever", "Choose one of these"),
        ("authentication", "private_key_jwt", "public keys only"),
        ("signing", "none", "Choose one of these"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(house: House, browser: Browser, field: str, typed: str, said: str) -> None:
    """What was typed stays, nothing is registered, and no mark of HTML that was typed is one on the page."""
    answer = browser.post(NEW, **{**ADDRESSES, "back_channel": "", field: typed})
    assert answer.status == 422
    assert said in answer.words
    wrong = "public_keys" if typed == "private_key_jwt" else field
    assert f'id="{wrong}-error"' in answer.text
    assert "<script>" not in answer.text
    assert stored(house) == ()


def test_a_host_belongs_to_one_application(house: House, browser: Browser) -> None:
    """The other is told so, at the field."""
    registered(house, browser, name="Intern", redirect_uris="", hosts="intern.example.org")
    browser.get(NEW)
    answer = browser.post(NEW, name="Other", hosts="intern.example.org")
    assert answer.status == 409
    assert "Another application has one of these host names" in answer.words


@pytest.mark.row("R48")
def test_only_what_the_form_offers_can_be_set(house: House, browser: Browser) -> None:
    """Id, secret, revision and being on or off cannot be sent along."""
    browser.post(NEW, **ADDRESSES, id="chosen", client_id="chosen", secret="known", is_enabled="off", revision="7")
    (made,) = stored(house)
    assert (made.id != "chosen", made.is_enabled, made.revision) == (True, True, 1)
    assert not is_secret(house, made, "known")


def test_of_two_who_change_one_is_told(house: House, browser: Browser, tor: Resident) -> None:
    """The answer is 409 with what now stands; nothing of the second is saved."""
    made = registered(house, browser)
    path = f"{LIST}/{made.id}"
    first, second = browser.last.hidden("revision"), browser.last.hidden("revision")
    assert browser.post(path, **ADDRESSES, home="https://one.example/", revision=first).status == 303
    answer = browser.post(path, **{**ADDRESSES, "name": "Two"}, home="https://two.example/", revision=second)
    assert answer.status == 409
    assert "Someone else has changed this in the meantime" in answer.words
    assert "https://one.example/" in answer.text
    assert "two.example" not in answer.text
    assert browser.post(path, **ADDRESSES, revision=None).status == 409
    assert browser.post(path, **ADDRESSES, revision="2").status == 303


def test_a_new_secret_leaves_the_old_one_a_day(house: House, browser: Browser, clock: time_machine.Traveller) -> None:
    """So that it can be exchanged in peace."""
    browser.get(NEW)
    first = secret_of(browser.post(NEW, **ADDRESSES))
    (made,) = stored(house)
    browser.get(f"{LIST}/{made.id}")
    second = secret_of(browser.post(f"{LIST}/{made.id}/secret"))
    assert first != second
    clock.shift(timedelta(hours=23))
    assert is_secret(house, made, first)
    clock.shift(timedelta(hours=2))
    assert not is_secret(house, made, first)
    assert is_secret(house, made, second)


def test_it_is_switched_and_removed(house: House, browser: Browser) -> None:
    """Each stands in the log, and an address without a page of its own leads to the application's."""
    made = registered(house, browser)
    path = f"{LIST}/{made.id}"
    assert browser.get(f"{path}/off").location == path
    browser.get(path)
    assert "The application is off" in browser.get(browser.post(f"{path}/off").location).words
    assert not stored(house)[0].is_enabled
    assert "The application is on" in browser.get(browser.post(f"{path}/on").location).words
    assert stored(house)[0].is_enabled
    assert "has been removed" in browser.get(browser.post(f"{path}/remove").location).words
    assert stored(house) == ()
    assert browser.get(path).status == 404
    kinds = [kind.rpartition(":")[2] for kind in house.kinds("vendor") if ":application" in kind]
    assert sorted(kinds) == ["added", "removed", "switched_off", "switched_on"]


@pytest.mark.row("R29", "R51")
@pytest.mark.parametrize("form", ["", "/secret", "/off", "/remove", "new"])
def test_every_change_asks_for_a_fresh_proof(
    house: House, browser: Browser, tor: Resident, clock: time_machine.Traveller, form: str
) -> None:
    """After 20 minutes nothing is changed until password and code are given; the form then goes on as it was sent."""
    made = registered(house, browser)
    path = NEW if form == "new" else f"{LIST}/{made.id}{form}"
    fields = {"revision": "1", "redirect_uris": CALLBACK, "name": "Fresh"}
    clock.shift(timedelta(minutes=21))
    browser.get(NEW if form == "new" else f"{LIST}/{made.id}")
    before = stored(house)
    for wrong in ({}, {"password": ""}, {"password": "wrong"}, {"password": PASSWORD, "proof_code": "000000"}):
        answer = browser.post(path, **fields, **wrong)
        assert answer.status == 422, wrong
        assert "Confirm that it is you" in answer.words
        assert PASSWORD not in answer.text
        assert stored(house) == before
        assert _SECRET.search(answer.text) is None
    answer = browser.post(path, **fields, password=PASSWORD, proof_code=tor.code())
    assert answer.status in (200, 303)
    assert sum(":application" in kind for kind in house.kinds("vendor")) == 2


@pytest.mark.row("R46", "R47")
def test_nobody_else_sees_or_changes_applications(house: House, browser: Browser) -> None:
    """A customer's global administrator is refused by every address and method, whether there is such an id or not."""
    made = registered(house, browser)
    house.organisation("fjordly", name="Fjordly AS")
    kari = house.sign_in(house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True))
    for known in (made.id, "unknown"):
        for end in ("", "/secret", "/on", "/off", "/remove"):
            kari.get("/")
            assert kari.get(f"{LIST}/{known}{end}").status == 403
            kari.get("/")
            assert kari.post(f"{LIST}/{known}{end}", **ADDRESSES, revision="1").status == 403
    assert kari.get(LIST).status == 403
    kari.get("/")
    assert kari.post(NEW, **ADDRESSES).status == 403
    assert stored(house) == (made,)


@pytest.mark.parametrize("end", ["", "/secret", "/on", "/off", "/remove"])
def test_an_unknown_application_is_not_found(browser: Browser, end: str) -> None:
    """By no form, however the id is written."""
    for known in ("unknown", "%00", "x" * 300):
        browser.get(NEW)
        assert browser.post(f"{LIST}/{known}{end}", **ADDRESSES, revision="1").status == 404
