"""Pictures of the steps, as documents show them: `TOTRINN_PICTURES=1` takes them anew into `docs/pictures`."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

_KEPT = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_COLOURS = 96

NAMES = (
    "sign-in",
    "enrol-required",
    "enrol-window",
    "active",
    "code",
    "clock-off",
    "settings-switch",
    "confirm",
    "settings-locked",
    "users-not-set-up",
    "reset",
    "recovery-code",
)
"""Every step of the story that is worth a picture; its place is its number."""


@dataclass(frozen=True, slots=True)
class Album:
    """The pictures of one language; unless they are wished for, they are put aside where nobody keeps them."""

    language: str
    aside: Path

    def __call__(self, page: Page, name: str) -> None:
        """Takes a picture of what stands on the screen."""
        folder = (_KEPT if os.environ.get("TOTRINN_PICTURES") == "1" else self.aside) / self.language
        folder.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready.then(() => null)")
        taken = page.screenshot(animations="disabled", caret="hide")
        with Image.open(io.BytesIO(taken)) as picture:
            few = picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(folder / f"{NAMES.index(name) + 1:02}-{name}.png", optimize=True)
