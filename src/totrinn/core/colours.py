"""One accent colour, as it can be read on light and on dark pages: contrast after WCAG 2.2 §1.4.3.

Whatever colour is chosen, nobody is kept from reading: it is made darker, or lighter, until the contrast suffices.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

ENOUGH = 4.5
"""Of text, by WCAG 2.2 AA."""
PLENTY = 7.0
_STEPS = 50
_HEX = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
_LIGHT_PAGE = (247, 245, 240)
_DARK_SHEET = (24, 35, 42)
Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Tones:
    """The tones of an accent on pages of one kind."""

    base: Colour
    """Of buttons and links; text has enough contrast in it on every surface of such pages."""
    hover: Colour
    active: Colour
    on_base: Colour
    """Of text on buttons: white or black."""
    text: Colour
    surface: Colour
    surface_hover: Colour
    border: Colour


@dataclass(frozen=True, slots=True)
class Palette:
    """An accent on light and on dark pages, and on the panel beside a sign-in, where text is white."""

    light: Tones
    dark: Tones
    panel: tuple[Colour, Colour, Colour]


def read_colour(text: str) -> Colour | None:
    """The colour that six hexadecimal digits say; None for anything else."""
    found = _HEX.fullmatch(text.strip())
    return None if found is None else _of_number(int(found[1], 16))


def hex_of(colour: Colour) -> str:
    """The colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def palette_of(accent: Colour) -> Palette:
    """What is made of an accent, so that everything can be read."""
    light = _until(accent, BLACK, lambda tone: _reads(tone, _LIGHT_PAGE, _mixed(tone, WHITE, 0.88)))
    dark = _until(accent, WHITE, lambda tone: _reads(tone, _DARK_SHEET, _mixed(tone, _DARK_SHEET, 0.85)))
    return Palette(
        light=_tones(light, WHITE, BLACK, tint=0.88),
        dark=_tones(dark, _DARK_SHEET, WHITE, tint=0.85),
        panel=(
            _until(accent, BLACK, lambda tone: contrast(tone, WHITE) >= 12),
            _until(accent, BLACK, lambda tone: contrast(tone, WHITE) >= 9),
            _until(accent, BLACK, lambda tone: contrast(tone, WHITE) >= PLENTY),
        ),
    )


def _reads(tone: Colour, *surfaces: Colour) -> bool:
    return all(contrast(tone, surface) >= ENOUGH for surface in surfaces)


def _tones(base: Colour, ground: Colour, strong: Colour, *, tint: float) -> Tones:
    surface, hover = _mixed(base, ground, tint), _mixed(base, strong, 0.18)
    on_base = max((WHITE, BLACK), key=lambda text: min(contrast(text, base), contrast(text, hover)))
    return Tones(
        base=base,
        hover=hover,
        active=_mixed(base, strong, 0.32),
        on_base=on_base,
        text=_until(base, strong, lambda tone: contrast(tone, surface) >= PLENTY),
        surface=surface,
        surface_hover=_mixed(base, ground, tint - 0.1),
        border=base,
    )


def _until(colour: Colour, towards: Colour, is_right: Callable[[Colour], bool]) -> Colour:
    """The colour, moved as little as is needed."""
    for step in range(_STEPS + 1):
        moved = _mixed(colour, towards, step / _STEPS)
        if is_right(moved):
            return moved
    return towards


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    """So much of the other in the one."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _of_number(number: int) -> Colour:
    return number >> 16, number >> 8 & 255, number & 255


def _luminance(colour: Colour) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
