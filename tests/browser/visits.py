"""What a person does in the browser, by the words that stand on the screen."""

import re
from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import Locator, Page, expect

from tests.browser.installation import PASSWORD
from tests.browser.phone import AuthenticatorApp
from tests.browser.words import BOKMAAL, Words

_WIDE = 960


class Camera(Protocol):
    """Takes a picture of a step."""

    def __call__(self, page: Page, name: str) -> None: ...


def no_camera(page: Page, name: str) -> None:
    """Takes none."""


@dataclass
class Visit:
    """One person at one browser, in one language."""

    page: Page
    words: Words = BOKMAAL
    picture: Camera = no_camera

    def button(self, name: str) -> Locator:
        """The button with exactly this text."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """The link with exactly this text."""
        return self.page.get_by_role("link", name=name, exact=True)

    def heading(self, name: str) -> Locator:
        """The heading with exactly this text."""
        return self.page.get_by_role("heading", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """The field that a person finds by this label."""
        return self.page.get_by_role("textbox", name=name, exact=True)

    def password_field(self) -> Locator:
        """The field of the password, which has no role."""
        return self.page.get_by_label(self.words.password, exact=True)

    def switch(self) -> Locator:
        """The switch of the requirement."""
        return self.page.get_by_role("switch", name=self.words.require, exact=True)

    def window(self, name: str) -> Locator:
        """The modal window with this heading."""
        return self.page.get_by_role("dialog", name=name, exact=True)

    def sees(self, words: str) -> None:
        """The words stand on the screen, wherever."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """The browser is at this path."""
        expect(self.page).to_have_url(re.compile(rf"^http://[^/]+{re.escape(path)}(\?.*)?$"))

    def open_sign_in(self) -> None:
        """Goes to the sign-in page."""
        self.page.goto("/login")
        expect(self.heading(self.words.sign_in)).to_be_visible()

    def type_password(self, email: str, password: str = PASSWORD) -> None:
        """Types address and password, and presses the button."""
        self.field(self.words.email).fill(email)
        self.password_field().fill(password)
        self.button(self.words.sign_in).click()

    def sign_in(self, email: str, app: AuthenticatorApp | None = None, password: str = PASSWORD) -> None:
        """Signs in, with a code from the app where there is one."""
        self.open_sign_in()
        self.type_password(email, password)
        if app is not None:
            self.type_code(app.code())

    def type_code(self, code: str) -> None:
        """Types a one-time code at the second step, and presses the button."""
        expect(self.heading(self.words.enter_code)).to_be_visible()
        self.field(self.words.one_time_code).fill(code)
        self.button(self.words.sign_in).click()

    def open_enrolment(self) -> AuthenticatorApp:
        """Presses the button on the page that says what is required; the phone scans what comes."""
        self.button(self.words.activate).click()
        return self.scan()

    def scan(self) -> AuthenticatorApp:
        """The phone reads the QR code off the screen."""
        self.qr_code().scroll_into_view_if_needed()
        return AuthenticatorApp.scanned(self.page.screenshot())

    def switch_language(self, words: Words) -> None:
        """Presses the name of another language at the foot of the page."""
        name = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}[words.code]
        self.button(name).click()
        expect(self.page.locator("html")).to_have_attribute("lang", words.code)
        self.words = words

    def qr_code(self) -> Locator:
        """The picture with the QR code."""
        return self.page.get_by_role("img", name="QR").filter(has=self.page.locator("svg"))

    def manual_key(self) -> str:
        """The key that is typed where an app cannot scan, as it stands on the screen."""
        return " ".join(self.page.locator("#key").inner_text().split())

    def confirm_enrolment(self, code: str) -> None:
        """Types the code into the window, and presses its button."""
        window = self.page.get_by_role("dialog")
        window.get_by_role("textbox", name=self.words.code_from_app, exact=True).fill(code)
        window.get_by_role("button", name=self.words.activate, exact=True).click()

    def enrol(self) -> AuthenticatorApp:
        """The whole of it, from the page that says what is required."""
        app = self.open_enrolment()
        self.confirm_enrolment(app.code())
        expect(self.heading(self.words.active)).to_be_visible()
        return app

    def sign_out(self) -> None:
        """Opens one's own menu, and signs out."""
        self.own_menu().click()
        self.button(self.words.sign_out).locator("visible=true").click()
        self.is_at("/login")

    def own_menu(self) -> Locator:
        """What opens one's own menu; on a narrow screen it is in the one menu."""
        summary = self.page.locator("header summary")
        size = self.page.viewport_size
        if size is not None and size["width"] < _WIDE:
            return summary.filter(has_text=self.words.menu)
        return summary.filter(has=self.page.locator(".avatar"))

    def open_basic_settings(self) -> None:
        """Maintenance › Settings › Basic settings, by the main menu."""
        menu = self.page.get_by_role("navigation", name=self.words.main_menu, exact=True)
        menu.get_by_text(self.words.maintenance, exact=True).click()
        expect(menu.get_by_text(self.words.settings, exact=True)).to_be_visible()
        menu.get_by_role("link", name=self.words.basic_settings).click()
        expect(self.heading(self.words.basic_settings)).to_be_visible()

    def require(self) -> None:
        """Turns the switch on, saves, and confirms, on the page of the basic settings."""
        self.switch().check()
        self.button(self.words.save).click()
        self.page.get_by_role("dialog").get_by_role("button", name=self.words.confirm, exact=True).click()
