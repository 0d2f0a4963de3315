"""One browser for the whole run, and one installation for whatever needs none of its own."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium, installation, workplace
from tests.browser.chromium import DESKTOP, Desk, NoChromium
from tests.browser.installation import Installation
from tests.browser.visits import Visit
from tests.browser.words import LANGUAGES
from tests.browser.workplace import Newcomer, Workplace

Hire = Callable[..., Newcomer]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test that drives the browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one file: its library has an event loop of its own, which tests elsewhere would find running.

    Where there is none, the tests that need it are skipped, which in CI is to fail.
    """
    try:
        with chromium.running() as started:
            yield started
    except NoChromium as missing:
        pytest.skip(f"NOT TESTED IN A BROWSER: {missing}")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation, served. Whoever needs an organisation makes one, by a name of its own."""
    with installation.served(tmp_path_factory.mktemp("house")) as served:
        yield served


@pytest.fixture
def desk(browser: Browser, house: Installation) -> Iterator[Desk]:
    """Browsers with nothing in them; nothing that they ask for may come from another host (R24)."""
    desk = Desk(browser)
    yield desk
    desk.tidy()
    assert desk.hosts <= {house.address.removeprefix("http://")}


@pytest.fixture(scope="session")
def founded() -> dict[str, Workplace]:
    """The organisations that have been founded so far."""
    return {}


@pytest.fixture(scope="module")
def vestlia(browser: Browser, house: Installation, founded: dict[str, Workplace]) -> Workplace:
    """An organisation that requires two-factor, founded once."""
    if "vestlia" not in founded:
        founded["vestlia"] = workplace.found(house, Desk(browser), "vestlia", "Vestlia AS")
    return founded["vestlia"]


@pytest.fixture
def hire(vestlia: Workplace, desk: Desk) -> Hire:
    """Hires somebody at Vestlia, and seats them at a browser."""

    def hire(*, language: str = "nb", size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Newcomer:
        page = desk.sit_down(vestlia.house.address, language=language, size=size, scripts=scripts)
        return Newcomer(vestlia.newcomer(), Visit(page, LANGUAGES[language]))

    return hire
