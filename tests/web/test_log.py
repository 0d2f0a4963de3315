"""The organisation's log: who may read it, how it is searched, and that it holds no secrets."""

import re
from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident, now
from tests.web.own_account import NEW_PASSWORD, begun, code_of, set_up, wait_for_next_code
from totrinn.core.events import Event, Kind, Source
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """Hers."""
    return house.sign_in(kari)


def write(house: House, kind: Kind, slug: str = "fjordly", *, actor: str = "", **detail: str) -> None:
    """Writes an event as it happens now."""
    with house.services.store.writing() as unit:
        source = Source(actor, "192.0.2.7", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
        unit.log.write(Event(kind, now(), source, organisation_id=house.stored(slug).id, detail=detail))


@pytest.mark.row("R92")
def test_the_log_says_who_did_what(house: House, browser: Browser) -> None:
    """With the names of the people, from which browser and address, and when."""
    ingrid = house.person("ingrid@fjordly.no", "fjordly", name="Ingrid Solheim")
    set_up(house.sign_in(ingrid))
    page = browser.get("/log")
    assert "13:00 Ingrid Solheim set up two-factor authentication Firefox on Linux" in page.words
    assert "Monday 23 November" in page.words
    assert "<b>Ingrid Solheim</b> set up" in page.text


@pytest.mark.row("R46", "R92")
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.USER])
def test_only_who_may_read_it_does(house: House, kari: Resident, role: Role) -> None:
    """Administrators and users do not; that they tried stands in it."""
    per = house.person("per@fjordly.no", "fjordly", role)
    browser = house.sign_in(per)
    assert browser.get("/log").status == 403
    event = house.events("fjordly")[0]
    assert (event.kind, event.detail["path"]) == ("session:access:refused", "/log")
    assert house.browser().get("/log").location.startswith("/login")


@pytest.mark.row("R46")
def test_it_is_this_organisations_log(house: House, browser: Browser) -> None:
    """Nothing of another one, whatever is asked for."""
    house.organisation("nordly")
    siri = house.person("siri@nordly.no", "nordly", name="Siri Fremmed")
    house.sign_in(siri)
    event = house.events("nordly")[0]
    for query in ("", "?q=siri", f"?before={event.id}~", "?kind=signin:session:started", "?organisation=nordly"):
        assert "Siri Fremmed signed in" not in browser.get(f"/log{query}").words


def test_the_log_is_searched_and_filtered(house: House, browser: Browser, kari: Resident) -> None:
    """By name, address, network address, and by what happened."""
    write(house, Kind.SETTINGS_CHANGED, actor=kari.id, name="Fjordly")
    write(house, Kind.ORGANISATION_CREATED, actor="operator:root")
    assert "Kari Fjeldstad changed the basic settings" in browser.get("/log?q=fjeldstad").words
    assert "changed the basic settings Name: Fjordly" in browser.get("/log?q=192.0.2.7").words
    words = browser.get("/log?kind=organisation:settings:changed").words
    assert "Kari Fjeldstad changed the basic settings" in words
    assert "Kari Fjeldstad signed in" not in words
    assert "No events match" in browser.get("/log?q=nobody").words
    assert "The operator (root) created the organisation" in browser.get("/log").words


def test_the_log_is_paged_by_50(house: House, browser: Browser, clock: time_machine.Traveller) -> None:
    """Every event stands on exactly one page, and the way to older ones keeps what was searched for."""
    for number in range(120):
        clock.shift(timedelta(seconds=1))
        write(house, Kind.SETTINGS_CHANGED, name=f"Navn {number:03}")
    shown: list[str] = []
    path = "/log?q=192.0.2.7&kind=organisation:settings:changed"
    while path:
        page = browser.get(path)
        assert page.status == 200
        shown += re.findall(r"Navn \d{3}", page.words)
        older = re.search(r'href="(/log\?[^"]*)">Show older', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert shown == [f"Navn {number:03}" for number in reversed(range(120))]


def test_days_are_those_of_the_organisations_time_zone(house: House, clock: time_machine.Traveller) -> None:
    """Half past eleven in the evening in London is half past midnight in Oslo."""
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    for hours in (11, 0.5):
        clock.shift(timedelta(hours=hours))
        write(house, Kind.SETTINGS_CHANGED, name=f"after {hours}")
    words = house.sign_in(kari).get("/log").words
    assert "Tuesday 24 November 00:30" in words
    assert "Tuesday 24 November 00:00" not in words
    assert re.search(r"00:00 Somebody unknown changed the basic settings Name: after 11", words)
    assert words.index("Tuesday 24 November") < words.index("after 11")


@pytest.mark.row("R69", "R92")
@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "kind=", "before=x", "before=%00", "q=%00", "q=%25_%27", "q=" + "x" * 3000, "q=<script>alert(1)"],
)
def test_odd_questions_are_answered(browser: Browser, query: str) -> None:
    """Whatever stands in the address, the log is a log."""
    page = browser.get(f"/log?{query}")
    assert page.status == 200
    assert "<script>alert" not in page.text


@pytest.mark.row("R67", "R92")
def test_what_strangers_send_is_shown_as_text(house: House, browser: Browser) -> None:
    """Names, reasons, paths and browsers are never code, and never a line of their own."""
    eva = house.person("eva@fjordly.no", "fjordly", name="<b>Eva</b> %(actor)s %s")
    hers = house.sign_in(eva)
    hers.client.headers["user-agent"] = "Firefox/1\t<script>alert(2)</script> Windows"
    hers.get("/members/<script>alert(3)%0a%0dforged")
    page = browser.get("/log")
    assert "<b>&lt;b&gt;Eva&lt;/b&gt; %(actor)s %s</b> was refused a page" in page.text
    assert "<script>alert" not in page.text
    assert "\n" not in str([event.detail for event in house.events("fjordly")])


@pytest.mark.row("R23", "R92")
def test_no_secret_stands_in_any_log(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    """Passwords, codes, keys, cookies and links of a whole journey: none in the tables' log, none in the program's."""
    secrets = [PASSWORD, NEW_PASSWORD, kari.secret, kari.code(), browser.cookie()]
    key = begun(browser)
    secrets += [key, code_of(key), browser.last.hidden("csrf"), browser.cookie("totrinn-device")]
    browser.post("/account/second-factor/confirm", code="987654")
    secrets += [*set_up(browser)[1], "987654"]
    browser.get("/account/password")
    browser.post("/account/password", password="a wrong password", new_password=NEW_PASSWORD)
    browser.post("/account/password", password=PASSWORD, new_password=NEW_PASSWORD)
    secrets += ["a wrong password", browser.cookie()]
    wait_for_next_code(clock)
    with house.services.store.reading() as unit:
        (factor,) = unit.factors.of_person(kari.id)
        assert len(unit.log.of_person(kari.id, limit=100)) > 5
        written = str(list(unit.log.all())) + caplog.text + browser.get("/log").text
    browser.get(f"/account/second-factor/{factor.id}/remove")
    browser.post(f"/account/second-factor/{factor.id}/remove", code=code_of(key))
    secrets.append(code_of(key))
    with house.services.store.reading() as unit:
        written += str(list(unit.log.all()))
    assert "person:factor:removed" in written
    assert [secret for secret in secrets if not secret or secret in written] == []
