"""The browser that the tests drive: Debian's Chromium, which phones nobody."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
_PATIENCE_MS = 10_000
LOCALES = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}
DESKTOP = (1280, 800)
PHONE = (360, 740)
NARROWEST = 320


class NoChromium(Exception):
    """No Chromium is installed here."""


@contextmanager
def running() -> Iterator[Browser]:
    """Starts Chromium, and stops it. Raises `NoChromium`."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise NoChromium("no chromium on the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Desk:
    """Opens browsers with nothing in them, and remembers where each of their requests went."""

    browser: Browser
    opened: list[BrowserContext] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def sit_down(
        self, address: str, *, language: str = "nb", size: tuple[int, int] = DESKTOP, scripts: bool = True
    ) -> Page:
        """A window of a browser that nobody has used, whose owner reads the language."""
        context = self.browser.new_context(
            base_url=address,
            locale=LOCALES[language],
            timezone_id="Europe/Oslo",
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=scripts,
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE_MS)
        context.on("request", self._remember)
        self.opened.append(context)
        return context.new_page()

    def tidy(self) -> None:
        """Closes them all."""
        for context in self.opened:
            context.close()
        self.opened.clear()

    def _remember(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob"):
            self.hosts.add(url.netloc)
