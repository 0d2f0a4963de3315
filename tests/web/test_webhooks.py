"""`/settings/webhooks`: who may, what is shown once, and that everything is judged anew."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Answer, Browser, House, Resident
from totrinn.app.webhooks.records import Webhook, WhyOff
from totrinn.core.roles import Role

HOME = "/settings/webhooks"
ADDRESS = "https://siem.fjordly.no/hook"


@pytest.fixture
def kari(house: House) -> Resident:
    """A global administrator of Fjordly."""
    house.organisation("fjordly")
    house.organisation("other")
    house.organisation("vendor", is_vendor=True)
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


def stored(house: House, slug: str = "fjordly") -> list[Webhook]:
    """The organisation's webhooks as they stand."""
    with house.services.store.reading() as unit:
        return list(unit.webhooks.of_organisation(house.stored(slug).id))


def added(browser: Browser, home: str = HOME, **more: str) -> Answer:
    """Adds one by the page."""
    browser.get(home)
    return browser.post(home, **{"address": ADDRESS, "members": "on", "requirement": "on", **more})


def test_one_is_added_and_its_secret_shown_once(house: House, kari: Resident) -> None:
    """Right after; never again, and nothing of it stands in the tables or the log."""
    browser = house.sign_in(kari)
    answer = added(browser)
    assert answer.status == 200
    secret = answer.text.partition('id="secret"')[2].partition(">")[2].partition("<")[0]
    assert secret.startswith("whsec_")
    (webhook,) = stored(house)
    assert webhook.sealed_secret is not None
    assert secret.encode() not in webhook.sealed_secret
    page = browser.get(f"{HOME}/{webhook.id}")
    assert "whsec_" not in page.text
    assert ADDRESS in browser.get(HOME).words
    event = house.events("fjordly")[0]
    assert (event.kind, event.detail) == (
        "organisation:webhook:added",
        {"id": webhook.id, "webhook": "https://siem.fjordly.no", "topics": "members requirement"},
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "http://siem.fjordly.no/"}, "This is no https address."),
        ({"address": "ftp://siem.fjordly.no/"}, "This is no https address."),
        ({"address": "https://a:b@siem.fjordly.no/"}, "This is no https address."),
        ({"address": "https://x.no/" + "a" * 500}, "This is no https address."),
        ({"address": ""}, "This is no https address."),
        ({"members": "", "requirement": ""}, "Choose at least one."),
    ],
)
def test_what_cannot_be_is_refused(house: House, kari: Resident, fields: dict[str, str], words: str) -> None:
    """With what was typed still there, and the reason beside it."""
    answer = added(house.sign_in(kari), **fields)
    assert answer.status == 422
    assert words in answer.words
    assert stored(house) == []


def test_ten_are_enough(house: House, kari: Resident) -> None:
    """An eleventh is refused."""
    browser = house.sign_in(kari)
    for number in range(10):
        assert added(browser, address=f"{ADDRESS}/{number}").status == 200
    assert "New receiver" not in browser.get(HOME).words
    browser.get("/settings/basic")
    assert browser.post(HOME, address=ADDRESS, members="on").status == 422
    assert len(stored(house)) == 10


def test_it_is_changed_switched_and_removed(house: House, kari: Resident) -> None:
    """Each with its event; a new secret is another one."""
    browser = house.sign_in(kari)
    added(browser)
    (before,) = stored(house)
    one = f"{HOME}/{before.id}"
    browser.get(one)
    assert browser.post(one, address=f"{ADDRESS}/2", sign_ins="on").location == f"{one}?said=saved"
    (changed,) = stored(house)
    assert (changed.address, set(changed.topics)) == (f"{ADDRESS}/2", {"sign_ins"})
    assert "whsec_" in browser.post(f"{one}/secret").text
    assert stored(house)[0].sealed_secret != before.sealed_secret
    browser.get(one)
    browser.post(f"{one}/switch")
    assert stored(house)[0].why_off is WhyOff.BY_HAND
    browser.get(one)
    browser.post(f"{one}/switch", on="on")
    assert stored(house)[0].is_on
    browser.get(one)
    assert browser.post(f"{one}/try").location == f"{one}?said=webhook-tried"
    page = browser.get(f"{one}?said=webhook-tried")
    assert "waits to be sent" in page.words
    assert page.headers["refresh"] == "2"
    assert browser.post(f"{one}/remove").location == f"{HOME}?said=webhook-removed"
    assert stored(house) == []
    kinds = [kind for kind in house.kinds("fjordly") if "webhook" in kind]
    assert [kind.rpartition(":")[2] for kind in reversed(kinds)] == [
        "added",
        "changed",
        "renewed",
        "switched_off",
        "switched_on",
        "tried",
        "removed",
    ]


@pytest.mark.row("R42", "R43")
def test_a_session_left_open_is_not_enough(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """After 20 minutes nothing is changed before everything has been proven again."""
    browser = house.sign_in(kari)
    added(browser)
    (before,) = stored(house)
    one = f"{HOME}/{before.id}"
    clock.shift(timedelta(minutes=21))
    assert added(browser, address="https://evil.test/").status == 422
    for path, fields in ((one, {"address": "https://evil.test/", "members": "on"}), (f"{one}/secret", {})):
        browser.get(one)
        answer = browser.post(path, **fields)
        assert answer.status == 422
        assert "whsec_" not in answer.text
    for path in (f"{one}/switch", f"{one}/remove"):
        browser.get(one)
        assert browser.post(path).status == 422
    assert stored(house) == [before]
    browser.get(one)
    proven = browser.post(one, address=f"{ADDRESS}/2", members="on", password=PASSWORD, proof_code=kari.code())
    assert proven.status == 303, proven.words
    assert stored(house)[0].address == f"{ADDRESS}/2"


@pytest.mark.row("R46")
def test_another_organisations_is_unknown(house: House, kari: Resident) -> None:
    """As one that there is not: by every address, from a customer's session and from the vendor's."""
    browser = house.sign_in(kari)
    added(browser)
    (before,) = stored(house)
    ola = house.sign_in(house.person("ola@other.no", "other", Role.GLOBAL_ADMINISTRATOR, factor=True))
    staff = house.sign_in(house.person("vera@vendor.no", "vendor", Role.VENDOR, factor=True))
    for other, home in ((ola, HOME), (staff, "/vendor/webhooks")):
        for end in ("", "/secret", "/switch", "/try", "/remove"):
            other.get("/account")
            for id_ in (before.id, "01900000-0000-7000-8000-000000000000"):
                sent = other.post(f"{home}/{id_}{end}", address=ADDRESS, members="on", organisation=_slug(home))
                assert sent.status == 404, (end, sent.status)
        assert other.get(f"{home}/{before.id}").status == 404
    assert staff.get(HOME).status == 404
    assert ola.get("/vendor/webhooks").status == 404
    assert stored(house) == [before]


def _slug(home: str) -> str:
    return "other" if home == HOME else "vendor"


@pytest.mark.parametrize("role", [Role.USER, Role.ADMINISTRATOR])
def test_who_does_not_govern_is_refused(house: House, kari: Resident, role: Role) -> None:
    """Neither the pages nor their forms."""
    browser = house.sign_in(house.person("ola@fjordly.no", "fjordly", role))
    assert browser.get(HOME).status == 403
    browser.get("/account")
    assert browser.post(HOME, address=ADDRESS, members="on", organisation="fjordly").status == 403
    assert browser.get("/settings/scim").status == 403


def test_the_vendor_has_its_own(house: House, kari: Resident) -> None:
    """It is told of what happens at the vendor, and of nothing of a customer's."""
    staff = house.sign_in(house.person("vera@vendor.no", "vendor", Role.VENDOR, factor=True))
    answer = added(staff, "/vendor/webhooks")
    assert answer.status == 200, answer.words
    (webhook,) = stored(house, "vendor")
    house.sign_in(kari)
    with house.services.store.reading() as unit:
        assert unit.webhooks.waiting(webhook.id) == 0


def test_the_page_of_scim_says_how_to_connect(house: House, kari: Resident) -> None:
    """The address, the proven domains, and that nothing has come; the vendor's own organisation has none."""
    browser = house.sign_in(kari)
    page = browser.get("/settings/scim")
    assert "http://localhost:8700/scim/v2" in page.words
    assert "Nothing has come yet." in page.words
    staff = house.sign_in(house.person("vera@vendor.no", "vendor", Role.VENDOR, factor=True))
    assert staff.get("/settings/scim").status in (403, 404)
