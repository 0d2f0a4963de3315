"""How a page looks: by the organisation of the session or of the unfinished sign-in, never by the page's address."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from totrinn.app.errors import StoreUnavailable
from totrinn.app.faces import shown
from totrinn.core.colours import Palette, Tones, hex_of, palette_of, read_colour

if TYPE_CHECKING:
    from totrinn.web.ask import Ask

STYLE = re.compile(r"(?P<colour>[0-9a-f]{6})\.css", re.ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """Addresses of a stylesheet and a picture, and a name; empty where the usual ones stand."""

    style: str = ""
    logo: str = ""
    name: str = ""


def look_of(ask: "Ask") -> Look:
    """How this page looks; as usual where there is no time to look it up."""
    if not ask.is_handled:
        return Look()
    standing = ask.actor.live.standing if ask.actor is not None else ask.signin and ask.signin.standing
    organisation = standing.organisation if standing else None
    try:
        with ask.services.store.reading() as unit:
            vendors = unit.faces.of_vendor()
            own = unit.faces.find(organisation.id) if organisation is not None and vendors.lets_others else None
    except StoreUnavailable:
        return Look()
    face = shown(vendors, own)
    style = f"/face/{face.accent.removeprefix('#')}.css" if face.accent else ""
    return Look(style, f"/face/{face.logo.digest}" if face.logo else "", face.name)


def style_of(colour: str) -> str:
    """The stylesheet of an accent, for light and dark pages. Raises `ValueError` for what is no colour."""
    accent = read_colour(colour)
    if accent is None:
        raise ValueError(colour)
    palette = palette_of(accent)
    light, dark = (";".join(_rules(palette, tones)) for tones in (palette.light, palette.dark))
    return (
        f":root,[data-color-scheme=light]{{{light}}}"
        f"[data-color-scheme=dark]{{{dark}}}"
        f"@media (prefers-color-scheme:dark){{[data-color-scheme=auto]{{{dark}}}}}\n"
    )


def _rules(palette: Palette, tones: Tones) -> Iterator[str]:
    named = {
        "base-default": tones.base,
        "base-hover": tones.hover,
        "base-active": tones.active,
        "base-contrast-default": tones.on_base,
        "base-contrast-subtle": tones.on_base,
        "text-subtle": tones.base,
        "text-default": tones.text,
        "border-default": tones.border,
        "border-strong": tones.border,
        "surface-tinted": tones.surface,
        "background-tinted": tones.surface,
        "surface-hover": tones.surface_hover,
        "surface-active": tones.surface_hover,
    }
    for name, colour in named.items():
        yield f"--ds-color-accent-{name}:{hex_of(colour)}"
    for name, colour in zip(("panel", "step1", "step2"), palette.panel, strict=True):
        yield f"--{name}:{hex_of(colour)}"
