"""Pictures of the steps. `TOTRINN_PICTURES=1` takes those anew that the documents show, into `docs/pictures`."""

import io
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

_ROOT = Path(__file__).resolve().parents[2]
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
    """The pictures of one language; those that no document shows go where nobody keeps them."""

    language: str
    aside: Path

    def __call__(self, page: Page, name: str) -> None:
        """Takes a picture of what stands on the screen."""
        path = self._place(f"pictures/{self.language}/{NAMES.index(name) + 1:02}-{name}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready.then(() => null)")
        taken = page.screenshot(animations="disabled", caret="hide")
        with Image.open(io.BytesIO(taken)) as picture:
            few = picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(path, optimize=True)

    def _place(self, name: str) -> Path:
        is_kept = os.environ.get("TOTRINN_PICTURES") == "1" and name in _documents()
        return (_ROOT / "docs" if is_kept else self.aside) / name


@cache
def _documents() -> str:
    documents = (*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md"))
    return "".join(document.read_text(encoding="utf-8") for document in documents)
