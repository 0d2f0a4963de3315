"""The vendor's pages: organisations, availability, one-time links, help for a locked-out administrator."""

import html
import re
from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Answer, Browser, House, Resident
from tests.web.own_account import is_dead, lets_in, mails, wait_for_next_code
from tests.web.requiring import CONFIRM, confirmation, proposed, turned_on
from totrinn.core.roles import Role

FJORDLY = "/vendor/organisations/fjordly"
_LINK = re.compile(r'id="setup-link"[^>]*>(?P<link>[^<]+)<')


@pytest.fixture
def tor(house: House) -> Resident:
    """One of the vendor's staff."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    return house.person("tor@vendor.no", "vendor", Role.VENDOR, name="Tor Vik", factor=True)


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of a customer to whom the feature is not available."""
    house.organisation("fjordly", name="Fjordly AS", is_available=False)
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def browser(house: House, tor: Resident, kari: Resident) -> Browser:
    """The vendor's, with the list open."""
    browser = house.sign_in(tor)
    assert browser.get("/vendor").status == 200
    return browser


def shown_link(answer: Answer) -> str:
    """The path of the one-time link on the page."""
    found = _LINK.search(answer.text)
    assert found is not None
    return html.unescape(found["link"]).removeprefix("http://localhost:8700")


# The list


def test_the_list_says_how_each_customer_stands(house: House, browser: Browser) -> None:
    """Requirement, who is missing, availability; the vendor's own organisation is no customer."""
    house.organisation("nordly", name="Nordly AS")
    house.person("siri@nordly.no", "nordly")
    turned_on(house, "nordly")
    words = browser.get("/vendor").words
    assert "1 of 2 organisations requires two-factor authentication" in words
    assert "The feature has been made available to 1. 2 users in all." in words
    assert "Fjordly AS 1 user Requirement Off Missing 0 of 1 The feature Not available" in words
    assert "Nordly AS 1 user Requirement On since 23 November 2026 Missing 1 of 1 The feature Available" in words
    assert "/vendor/organisations/vendor" not in browser.last.text


def test_the_list_is_searched_filtered_and_paged(house: House, browser: Browser) -> None:
    """50 a page; every customer stands on exactly one."""
    for number in range(60):
        house.organisation(f"by-{number:02}", name=f"Bygda {number:02}")
    shown = [
        name for page in (1, 2) for name in re.findall(r"Bygda \d\d(?= 0)", browser.get(f"/vendor?page={page}").words)
    ]
    assert sorted(shown) == [f"Bygda {number:02}" for number in range(60)]
    assert "Fjordly AS" not in browser.get("/vendor?filter=available").words
    assert "Fjordly AS" in browser.get("/vendor?filter=unavailable").words
    assert "Bygda 17" in browser.get("/vendor?q=BYGDA+17").words
    assert "No organisation matches “nowhere”" in browser.get("/vendor?q=nowhere").words


@pytest.mark.row("R69")
@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=999999999999", "filter=%27", "q=%00", "q=%25_", "q=<script>alert(1)</script>"]
)
def test_odd_questions_are_answered(browser: Browser, query: str) -> None:
    """Whatever stands in the address, the list is a list."""
    page = browser.get(f"/vendor?{query}")
    assert page.status == 200
    assert "<script>alert" not in page.text


# Organisations


@pytest.mark.row("R51", "R92")
def test_an_organisation_is_created(house: House, browser: Browser) -> None:
    """The feature is not available to it, nothing is required, and its log begins with who created it."""
    answer = browser.post("/vendor/organisations", name="  Nordly \t AS ", slug="nordly-as")
    assert (answer.status, answer.location) == (303, "/vendor/organisations/nordly-as?said=created")
    assert "The organisation has been created" in browser.get(answer.location).words
    organisation = house.stored("nordly-as")
    assert (organisation.name, organisation.policy.is_available) == ("Nordly AS", False)
    (event,) = house.events("nordly-as")
    assert (event.kind, event.actor_name) == ("organisation:organisation:created", "Tor Vik")


@pytest.mark.parametrize(
    ("name", "slug", "status"),
    [
        ("Nordly", "no", 303),
        ("Nordly", "n" * 40, 303),
        ("Nordly", "9-to-5", 303),
        ("Nordly", "n", 422),
        ("Nordly", "n" * 41, 422),
        ("Nordly", "Nordly", 422),
        ("Nordly", "nord ly", 422),
        ("Nordly", "nordly-", 422),
        ("Nordly", "-nordly", 422),
        ("Nordly", "nørdly", 422),
        ("Nordly", "nordly\n", 303),
        ("Nordly", "../x", 422),
        ("Nordly", "", 422),
        ("Nordly", None, 422),
        ("", "nordly", 422),
        (None, "nordly", 422),
        ("x" * 101, "nordly", 422),
        ("x\u202ey", "nordly", 422),
        ("Nordly", "fjordly", 409),
        ("Nordly", "vendor", 409),
    ],
)
def test_names_and_short_names(browser: Browser, name: str | None, slug: str | None, status: int) -> None:
    """Short names are 2 to 40 lower-case letters, digits and hyphens, and taken once; what was typed stays."""
    answer = browser.post("/vendor/organisations", name=name, slug=slug)
    assert answer.status == status
    if status != 303:
        assert 'aria-invalid="true"' in answer.text
        assert not name or len(name) > 100 or f'value="{name}"' in answer.text


# Availability


@pytest.mark.row("R51", "R92")
def test_the_feature_is_made_available_and_withdrawn(house: House, browser: Browser) -> None:
    """Each with a reason, which stands in the customer's log beside the name of who did it."""
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/availability", available="on", why="Avtale  4711")
    assert answer.location == f"{FJORDLY}?said=available"
    assert "Available, since 23 November 2026" in browser.get(answer.location).words
    answer = browser.post(f"{FJORDLY}/availability", available="off", why="Oppsagt")
    assert answer.location == f"{FJORDLY}?said=withdrawn"
    assert "Not available" in browser.get(answer.location).words
    withdrawn, granted = house.events("fjordly")[:2]
    assert (granted.kind, granted.detail["why"]) == ("organisation:feature:granted", "Avtale 4711")
    assert (withdrawn.kind, withdrawn.detail["why"]) == ("organisation:feature:withdrawn", "Oppsagt")
    assert {granted.actor_name, withdrawn.actor_name} == {"Tor Vik"}


@pytest.mark.row("R51")
@pytest.mark.parametrize(
    ("available", "why", "said"),
    [
        ("on", None, "Say why"),
        ("on", "  ", "Say why"),
        ("on", "x" * 301, "too long"),
        ("yes", "because", "Choose whether"),
        (None, "because", "Choose whether"),
    ],
)
@pytest.mark.parametrize("minutes", [0, 21])
def test_the_availability_needs_a_reason(
    house: House,
    browser: Browser,
    clock: time_machine.Traveller,
    available: str | None,
    why: str | None,
    said: str,
    minutes: int,
) -> None:
    """Without one nothing changes, and the sentence stands at the form that was sent, or above both."""
    clock.shift(timedelta(minutes=minutes))
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/availability", available=available, why=why)
    assert answer.status == 422
    assert said in answer.words
    assert 'id="why-reset-error"' not in answer.text
    assert not house.stored("fjordly").policy.is_available


@pytest.mark.row("R45")
def test_what_is_required_stays_required_when_the_feature_is_withdrawn(
    house: House, browser: Browser, kari: Resident
) -> None:
    """Whoever lacks a factor is still held at enrolment; it can be turned off, but not on again."""
    browser.get(FJORDLY)
    assert browser.post(f"{FJORDLY}/availability", available="on", why="because").status == 303
    hers = house.sign_in(kari)
    assert hers.post(CONFIRM, confirmation=confirmation(hers)).status == 303
    browser.get(FJORDLY)
    assert browser.post(f"{FJORDLY}/availability", available="off", why="because").status == 303
    assert house.requires("fjordly")
    ola = house.person("ola@fjordly.no", "fjordly")
    assert house.sign_in(ola).get("/").location == "/login/enrol"
    off = {"name": "Fjordly AS", "language": "nb", "time_zone": "Europe/Oslo"}
    assert hers.post(CONFIRM, confirmation=proposed(hers, **off).hidden("confirmation")).status == 303
    assert not house.requires("fjordly")
    hers.get("/settings/basic")
    assert hers.post("/settings/basic", **off, require_two_factor="on").status in (403, 409)
    assert not house.requires("fjordly")


# The one-time link


@pytest.mark.row("R10", "R68", "R72", "R92")
def test_a_setup_link_is_shown_once_and_leads_in(house: House, browser: Browser, clock: time_machine.Traveller) -> None:
    """At the configured address; a newer one voids it; only that it was made stands in the log."""
    browser.get(FJORDLY)
    first = shown_link(browser.post(f"{FJORDLY}/setup-link"))
    answer = browser.post(f"{FJORDLY}/setup-link")
    second = shown_link(answer)
    assert "http://localhost:8700/setup/" in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert "setup-link-" not in browser.get(FJORDLY).text
    assert _LINK.search(browser.last.text) is None
    assert house.browser().get(first).status == 410
    newcomer = house.browser()
    assert "Fjordly AS" in newcomer.get(second).words
    sent = {"email": "per@fjordly.no", "name": "Per Berg", "password": "hestehov og blåveis 7"}
    assert newcomer.post(second, **sent).location == "/login?said=welcome"
    assert newcomer.get(second).status == 410
    assert house.kinds("fjordly").count("organisation:setup_link:issued") == 2
    assert second.rpartition("/")[2] not in str(house.events("fjordly"))


# The locked-out administrator


@pytest.mark.row("R30", "R33", "R34", "R51", "R92")
def test_a_locked_out_administrator_is_reset(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """The customer's log says who did it and why; everything that the factor proved ends, and she sets it up anew."""
    hers = house.sign_in(kari)
    assert "Kari Fjeldstad" in browser.get(FJORDLY).words
    answer = browser.post(f"{FJORDLY}/reset", person=kari.id, why="Ringte fra kjent nummer")
    assert (answer.status, answer.location) == (303, f"{FJORDLY}?said=reset")
    event = house.events("fjordly")[0]
    assert (event.kind, event.actor_name) == ("person:factor:reset", "Tor Vik")
    assert event.detail["why"] == "Ringte fra kjent nummer"
    assert mails(house) == ["factor_reset"]
    assert is_dead(house, hers.cookie())
    assert house.sign_in(kari).get("/").location == "/login/enrol"


@pytest.mark.row("R29", "R34", "R51")
def test_a_reset_asks_for_a_stale_proof(
    house: House, browser: Browser, tor: Resident, kari: Resident, clock: time_machine.Traveller
) -> None:
    """After 20 minutes password and code are asked for, and with both it goes on."""
    clock.shift(timedelta(minutes=21))
    assert "Confirm that it is you" in browser.get(FJORDLY).words
    for wrong in ({}, {"password": "wrong"}, {"password": PASSWORD, "proof_code": "000000"}):
        answer = browser.post(f"{FJORDLY}/reset", person=kari.id, why="because", **wrong)
        assert answer.status == 422
        assert 'value="because"' in answer.text
        assert f'value="{kari.id}" selected' in answer.text
        assert PASSWORD not in answer.text
    assert lets_in(house, kari, code=kari.code())
    wait_for_next_code(clock)
    sent = {"person": kari.id, "why": "because", "password": PASSWORD, "proof_code": tor.code()}
    answer = browser.post(f"{FJORDLY}/reset", **sent)
    assert answer.location == f"{FJORDLY}?said=reset"
    assert browser.get(answer.location).status == 200


@pytest.mark.row("R34", "R51")
@pytest.mark.parametrize("minutes", [0, 21])
@pytest.mark.parametrize(("why", "said"), [(None, "Say why"), (" ", "Say why"), ("x" * 301, "too long")])
def test_a_reset_needs_a_reason(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller, minutes: int, why: str, said: str
) -> None:
    """Without one nobody is reset, and the sentence does not stand at the other form that asks why."""
    clock.shift(timedelta(minutes=minutes))
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/reset", person=kari.id, why=why)
    assert answer.status == 422
    assert said in answer.words
    assert 'id="why-fjordly-error"' not in answer.text
    assert lets_in(house, kari, code=kari.code())


@pytest.mark.row("R30", "R34", "R51", "R92")
def test_a_user_of_several_organisations_is_reset_by_address(house: House, browser: Browser) -> None:
    """No administrator of theirs may; each organisation's log says that the vendor did, and the person is told."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", factor=True)
    house.join(siri, "fjordly")
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/reset", email=" Siri@NORDLY.no. ", why="Ringte fra kjent nummer")
    assert answer.location == f"{FJORDLY}?said=reset", answer.words
    for slug in ("fjordly", "nordly"):
        event = house.events(slug)[0]
        assert (event.kind, event.actor_name, event.person_id) == ("person:factor:reset", "Tor Vik", siri.id)
    assert mails(house) == ["factor_reset"]
    assert house.sign_in(siri, organisation="nordly").get("/").location == "/login/enrol"


@pytest.mark.row("R34", "R46")
@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("siri@nordly.no", "Nobody with this address is a user of the organisation"),
        ("nobody@nordly.no", "Nobody with this address is a user of the organisation"),
        ("per@fjordly.no", "Nobody with this address is a user of the organisation"),
        ("no address", "This does not look like an email address"),
        ("x" * 300 + "@fjordly.no", "The email address is too long"),
        ("<script>@fjordly.no", "This does not look like an email address"),
    ],
)
def test_an_address_of_nobody_there_resets_nobody(house: House, browser: Browser, email: str, said: str) -> None:
    """Whoever is of another organisation, or only invited, is as unknown as anybody; what was typed stays."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", factor=True)
    per = house.person("per@fjordly.no", "nordly", factor=True)
    house.join(per, "fjordly", accepted=False)
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/reset", email=email, why="Ringte")
    assert answer.status == 422
    assert said in answer.words
    assert "<script>@" not in answer.text
    assert 'value="Ringte"' in answer.text
    for resident in (siri, per):
        assert lets_in(house, resident, code=resident.code())


def test_whom_to_reset_is_said_once(house: House, browser: Browser, kari: Resident) -> None:
    """Nobody is chosen beforehand, and two answers are none."""
    assert "selected" not in browser.get(FJORDLY).text
    answer = browser.post(f"{FJORDLY}/reset", person=kari.id, email=kari.email, why="Ringte")
    assert answer.status == 422
    assert "Choose one of them or type an address, not both" in answer.words
    assert f'value="{kari.id}" selected' in answer.text
    assert lets_in(house, kari, code=kari.code())


def test_without_a_factor_there_is_nothing_to_reset(house: House, browser: Browser) -> None:
    """Nobody is marked, and nobody is told."""
    ola = house.person("ola@fjordly.no", "fjordly")
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/reset", email=ola.email, why="Ringte")
    assert answer.status == 409
    assert "There is nothing to reset" in answer.words
    assert not mails(house)
    assert house.sign_in(ola).get("/account").status == 200


def test_a_customer_without_administrators_is_helped_by_address(house: House, browser: Browser) -> None:
    """Then the address is all that is asked for."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", factor=True)
    path = "/vendor/organisations/nordly"
    assert "There is none yet" in browser.get(path).words
    assert "<select" not in browser.last.text
    assert "Choose who it is" in browser.post(f"{path}/reset", why="Ringte").words
    assert browser.post(f"{path}/reset", email=siri.email, why="Ringte").status == 303


@pytest.mark.row("R34", "R46")
def test_only_that_customers_members_are_reset(house: House, browser: Browser, tor: Resident) -> None:
    """Not those of others, not who is only invited, not one's own colleagues, not oneself."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", factor=True)
    house.join(siri, "fjordly", accepted=False)

    def answer_to(person: str | None, path: str = FJORDLY) -> Answer:
        browser.get(FJORDLY)
        return browser.post(f"{path}/reset", person=person, why="because")

    assert answer_to(siri.id).status == 404
    assert answer_to(tor.id).status == 404
    assert answer_to(tor.id, "/vendor/organisations/vendor").status == 404
    assert "Choose who it is" in answer_to(None).words
    house.join(tor, "fjordly", Role.USER)
    assert answer_to(tor.id).status == 403
    for resident in (siri, tor):
        with house.services.store.reading() as unit:
            assert unit.factors.of_person(resident.id)


@pytest.mark.row("R51")
def test_a_set_up_link_asks_for_a_fresh_proof(
    house: House, browser: Browser, tor: Resident, clock: time_machine.Traveller
) -> None:
    """Whoever has the link governs the organisation: after twenty minutes the staff prove who they are first."""
    clock.shift(timedelta(minutes=21))
    browser.get(FJORDLY)
    answer = browser.post(f"{FJORDLY}/setup-link")
    assert answer.status == 422
    assert _LINK.search(answer.text) is None
    answer = browser.post(f"{FJORDLY}/setup-link", password=PASSWORD, proof_code=tor.code())
    assert _LINK.search(answer.text) is not None
