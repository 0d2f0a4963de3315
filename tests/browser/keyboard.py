"""Somebody who has no mouse: what they press, and whether they see where they are."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

_MOST_STOPS = 40
_SHOWS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return 'nowhere';
  const box = at.getBoundingClientRect();
  if (!box.width || !box.height) return 'on something without size';
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return 'off the screen';
  const hasRing = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none';
  };
  const drawn = hasRing(at) || at.type === 'checkbox' && hasRing(at.closest('.ds-field'));
  return drawn ? '' : 'without a ring: ' + at.outerHTML.slice(0, 120);
}"""


@dataclass(frozen=True, slots=True)
class Keyboard:
    """The keys, and the window they act on."""

    page: Page

    def press(self, key: str) -> None:
        """Presses one key."""
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Types where the focus is."""
        self.page.keyboard.type(text)

    def tab_to(self, target: Locator) -> None:
        """Goes on with Tab until the target has the focus; at every stop the focus can be seen."""
        expect(target).to_be_visible()
        for _ in range(_MOST_STOPS):
            self.press("Tab")
            shows = self.page.evaluate(_SHOWS)
            assert shows in ("", "nowhere"), f"the focus is {shows}"
            if self.is_on(target):
                return
        raise AssertionError(f"Tab does not lead to {target}")

    def is_on(self, target: Locator) -> bool:
        """Whether the target has the focus."""
        return bool(target.evaluate("target => target === document.activeElement"))
