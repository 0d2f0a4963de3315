"""Whatever colour is chosen, what is written in it and on it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totrinn.core.colours import BLACK, ENOUGH, WHITE, contrast, hex_of, palette_of, read_colour

_PART = st.integers(0, 255)
LIGHT = ((255, 255, 255), (247, 245, 240))
DARK = ((24, 35, 42), (16, 24, 29))


def test_the_ratio_is_that_of_the_guidelines() -> None:
    """Black on white is 21, a colour on itself is 1, and #767676 is the lightest grey that suffices on white."""
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast((12, 34, 56), (12, 34, 56)) == 1
    assert contrast((0x76, 0x76, 0x76), WHITE) >= ENOUGH > contrast((0x77, 0x77, 0x77), WHITE)


@given(st.tuples(_PART, _PART, _PART))
def test_everything_can_be_read_in_any_colour(accent: tuple[int, int, int]) -> None:
    """Links on pages and tinted surfaces, text on buttons in each of their states, white on the panel."""
    palette = palette_of(accent)
    for tones, grounds in ((palette.light, LIGHT), (palette.dark, DARK)):
        for ground in (*grounds, tones.surface):
            assert contrast(tones.base, ground) >= ENOUGH
            assert contrast(tones.text, ground) >= ENOUGH
        for button in (tones.base, tones.hover, tones.active):
            assert contrast(tones.on_base, button) >= ENOUGH
    for tone in palette.panel:
        assert contrast(WHITE, tone) >= ENOUGH


def test_a_colour_that_can_be_read_stays_what_it_is() -> None:
    """Only what is too faint is moved."""
    assert palette_of((0x0B, 0x56, 0x70)).light.base == (0x0B, 0x56, 0x70)
    assert palette_of((0xFF, 0xE0, 0x00)).dark.base == (0xFF, 0xE0, 0x00)
    assert palette_of((0xFF, 0xE0, 0x00)).light.base != (0xFF, 0xE0, 0x00)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("#0b5670", "#0b5670"),
        ("0B5670", "#0b5670"),
        (" #FFFFFF ", "#ffffff"),
        ("#fff", None),
        ("red", None),
        ("#0b567g", None),
        ("#0b5670;}", None),
        ("", None),
    ],
)
def test_a_colour_is_six_digits(text: str, read: str | None) -> None:
    """Nothing else gets into a stylesheet."""
    colour = read_colour(text)
    assert (None if colour is None else hex_of(colour)) == read
