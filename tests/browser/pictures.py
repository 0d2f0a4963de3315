"""Pictures of the steps, as the help pages show them: `TOTRINN_PICTURES=1` takes them anew into `docs/pictures`."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "pictures"
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
"""Every step that is shown, in the order of the story; its place is its number."""


def folder(otherwise: Path) -> Path:
    """Where pictures go: into the documents if that is wished for, else where nobody keeps them."""
    return KEPT if os.environ.get("TOTRINN_PICTURES") == "1" else otherwise


@dataclass(frozen=True, slots=True)
class Album:
    """The pictures of one language."""

    folder: Path

    def __call__(self, page: Page, name: str) -> None:
        """Takes a picture of what stands on the screen."""
        number = NAMES.index(name) + 1
        page.evaluate("document.fonts.ready.then(() => null)")
        taken = page.screenshot(animations="disabled", caret="hide")
        self.folder.mkdir(parents=True, exist_ok=True)
        with Image.open(io.BytesIO(taken)) as picture:
            small = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            small.save(self.folder / f"{number:02}-{name}.png", optimize=True)
