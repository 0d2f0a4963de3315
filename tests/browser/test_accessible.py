"""Every page in every state: axe finds nothing, nothing scrolls sideways, nothing is left in another language."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP, NARROWEST, Desk
from tests.browser.installation import Installation
from tests.browser.rooms import Rooms
from tests.browser.states import STATES, State
from tests.browser.states_of_applications import OF_APPLICATIONS
from tests.browser.visits import Visit
from tests.browser.words import LANGUAGES
from tests.browser.workplace import Workplace

_AXE = (Path(__file__).parent / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_FINDINGS = """tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then(found =>
  found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`)))"""
_ENGLISH = re.compile(r"\b(the|your|you|with|this|have|been|from|sign|code|error)\b", re.IGNORECASE)
_UNFINISHED = re.compile(r"%\(|\{\{|</?\w+|\bNone\b|\bundefined\b")

BETWEEN = (1152, 960, 768)
"""The main menu is at its tightest just where it opens."""


@pytest.fixture(scope="module")
def rooms(browser: Browser, house: Installation, vestlia: Workplace) -> Iterator[Rooms]:
    """Furnished once for all states."""
    desk = Desk(browser)
    rooms = Rooms(house, desk, vestlia.app)
    rooms.furnish()
    yield rooms
    desk.tidy()
    assert desk.hosts <= {house.address.removeprefix("http://")}


@pytest.mark.row("R24", "R97")
@pytest.mark.parametrize("state", STATES + OF_APPLICATIONS, ids=lambda state: state.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_open_to_everybody(rooms: Rooms, language: str, state: State) -> None:
    """For eyes that need contrast, screen readers, the dark, narrow screens, and readers of each language."""
    rooms.words = LANGUAGES[language]
    visit = state.reach(rooms)
    page = visit.page
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == language
    reads_well(visit, language)
    for width in (*BETWEEN, NARROWEST):
        page.set_viewport_size({"width": width, "height": 640})
        assert sideways(page) == [], f"at {width} px"
    if language == "nb":
        assert findings(page) == []
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert sideways(page) == []
    if language == "nb":
        assert findings(page) == []
        page.emulate_media(color_scheme="dark")
        assert findings(page) == []
        page.emulate_media(color_scheme="light")


def test_flaws_are_found(rooms: Rooms) -> None:
    """Whoever looks for flaws must see one that is there."""
    rooms.words = LANGUAGES["nb"]
    page = rooms.at("stranger", "/login").page
    plant = "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)"
    page.evaluate(plant, '<img src="data:,"><pre>Sign in with the code' + 300 * "." + "</pre>")
    assert any(finding.startswith("image-alt") for finding in findings(page))
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    assert sideways(page)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    with pytest.raises(AssertionError, match="Sign in with the code"):
        reads_well(rooms.room("stranger"), "nb")


def findings(page: Page) -> list[str]:
    """What axe finds."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found: list[str] = page.evaluate(_FINDINGS, _RULES)
    return found


def sideways(page: Page) -> list[str]:
    """What makes the page, or an open window on it, wider than the screen."""
    wide = """() => {
      const isWide = (element) => element.scrollWidth > element.clientWidth;
      const boxes = [document.scrollingElement, ...document.querySelectorAll('dialog[open]')].filter(isWide);
      return boxes.flatMap(box => [box, ...[...box.querySelectorAll('*')].filter(isWide)])
        .map(element => `${element.scrollWidth} px: ${element.outerHTML.slice(0, 120)}`);
    }"""
    found: list[str] = page.evaluate(wide)
    return found


def reads_well(visit: Visit, language: str) -> None:
    """No English is left in Norwegian, and nothing of the workshop in any language."""
    text = visit.page.locator("body").inner_text() + visit.page.title()
    labels = visit.page.locator("[aria-label]").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    everything = text.replace("English", "") + "\n" + json.dumps(labels, ensure_ascii=False)
    assert _UNFINISHED.findall(everything) == []
    if language != "en":
        assert [line for line in everything.splitlines() if _ENGLISH.search(line)] == []
