"""An organisation that requires two-factor already, and hires."""

from dataclasses import dataclass, field
from itertools import count

from playwright.sync_api import Page

from tests.browser.chromium import Desk
from tests.browser.installation import Installation
from tests.browser.phone import AuthenticatorApp
from tests.browser.visits import Visit
from tests.browser.words import LANGUAGES


@dataclass
class Workplace:
    """The organisation; the address and the app of its global administrator."""

    house: Installation
    slug: str
    boss: str
    app: AuthenticatorApp
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def newcomer(self) -> str:
        """The address of somebody new, who has a password and no second factor."""
        email = f"ny{next(self.numbers)}@{self.slug}.example"
        self.house.user(email, self.slug, name="Nina Nyland")
        return email


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody new at a browser of their own."""

    email: str
    visit: Visit

    @property
    def page(self) -> Page:
        """The window."""
        return self.visit.page

    def enrolled(self) -> AuthenticatorApp:
        """Signs in for the first time, enrols and signs out again; the app."""
        self.visit.sign_in(self.email)
        app = self.visit.enrol()
        self.visit.link(self.visit.words.onward).click()
        self.visit.sign_out()
        return app


def found(house: Installation, desk: Desk, slug: str, name: str) -> Workplace:
    """Founds the organisation; its administrator turns the requirement on, and is the first to enrol."""
    house.organisation(name, slug)
    boss = f"sjef@{slug}.example"
    house.user(boss, slug, "global_administrator", name="Siri Sjefsen")
    visit = Visit(desk.sit_down(house.address), LANGUAGES["nb"])
    visit.sign_in(boss)
    visit.open_basic_settings()
    visit.require()
    app = visit.enrol()
    desk.tidy()
    return Workplace(house, slug, boss, app)
