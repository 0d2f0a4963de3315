"""The list of members, page by page: there and back, by name and by what is searched for."""

import html
import re

import pytest

from tests.web.house import Browser, House
from totrinn.core.roles import Role


@pytest.fixture
def browser(house: House) -> Browser:
    """The global administrator's."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.sign_in(house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True))


def turned(browser: Browser, way: str) -> str | None:
    """The address of the next page, or of the one before."""
    found = re.search(rf'rel="{way}" href="([^"]*)"', browser.last.text)
    return "/members" + html.unescape(found[1]) if found else None


def test_the_list_is_paged_by_25(house: House, browser: Browser) -> None:
    """Every member stands on exactly one page."""
    for number in range(59):
        house.person(f"p{number:02}@fjordly.no", "fjordly", name=f"Person {number:02}")
    shown = []
    way = "/members?filter=all"
    for _ in range(3):
        shown.append(re.findall(r"Person \d\d\b(?= p)", browser.get(way).words))
        way = turned(browser, "next") or ""
    assert [name for page in shown for name in page] == [f"Person {number:02}" for number in range(59)]
    assert not way
    for page in (1, 0):
        browser.get(turned(browser, "prev") or "")
        assert re.findall(r"Person \d\d\b(?= p)", browser.last.words) == shown[page]
    assert turned(browser, "prev") is None


def test_what_is_searched_is_paged_too(house: House, browser: Browser) -> None:
    """Every member whom the words fit stands on exactly one page, there and back."""
    for number in range(59):
        house.person(f"person{number:02}@fjordly.no", "fjordly", name=f"Per Person {number:02}")
    shown = []
    for way in ("/members?q=per", "next", "next", "prev", "prev"):
        browser.get(way if way.startswith("/") else turned(browser, way) or "")
        shown.append(re.findall(r"Per Person \d\d(?= person)", browser.last.words))
    assert sorted(shown[0] + shown[1] + shown[2]) == [f"Per Person {number:02}" for number in range(59)]
    assert shown[3:] == [shown[1], shown[0]]


@pytest.mark.row("R46")
def test_a_page_begins_at_members_of_this_organisation_only(house: House, browser: Browser) -> None:
    """The id of somebody else tells nothing of where in the alphabet they stand: it is the beginning."""
    house.organisation("nordly")
    house.person("per@fjordly.no", "fjordly", name="Per")
    siri = house.person("siri@nordly.no", "nordly", name="Lars Fremmed")
    for way in ("after", "before"):
        assert browser.get(f"/members?{way}={siri.id}").words == browser.get("/members").words
        found = browser.get(f"/members?q=p&{way}={siri.id}.0").words
        assert found == browser.get("/members?q=p").words
