"""How pages look, as it is kept: the vendor's name, accent colour and logo, and an organisation's own."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

LONGEST_NAME = 40
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing (Default_Ignorable_Code_Point of Unicode, and the empty Braille cell)."""


class LogoKind(StrEnum):
    """Kinds of picture that can carry no script, by their media types."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture; the digest of its content is its name."""

    kind: LogoKind
    digest: str


@dataclass(frozen=True, slots=True)
class Face:
    """How the pages of an organisation look."""

    accent: str = ""
    """`#rrggbb`; empty: the usual colours."""
    logo: Logo | None = None
    lets_others: bool = False
    """Of the vendor's: whether organisations may have one of their own."""
    revision: int = 0
    name: str = ""
    """What the application is called; empty: as in the settings."""


class Faces(Protocol):
    """Faces, by organisation; pictures, by their digest."""

    def find(self, organisation_id: str) -> Face:
        """The organisation's own; the empty one if it has none."""

    def of_vendor(self) -> Face:
        """The vendor's; the empty one if it has none."""

    def picture(self, digest: str) -> tuple[LogoKind, bytes] | None:
        """A picture that some face has now."""

    def save(self, organisation_id: str, face: Face, picture: bytes | None, *, expected_revision: int) -> bool:
        """Stores it with the next revision, if that is still the expected one; without a picture the old one stays."""


def kind_of(picture: bytes) -> LogoKind | None:
    """What the content itself says that it is; its name and what was said of it count for nothing."""
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return LogoKind.PNG
    if picture.startswith(b"\xff\xd8\xff"):
        return LogoKind.JPEG
    return LogoKind.WEBP if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else None


def shown(vendors: Face, own: Face | None) -> Face:
    """What pages look like: the organisation's own, where it is let, on top of the vendor's."""
    if own is None or not vendors.lets_others:
        return vendors
    return replace(
        vendors, accent=own.accent or vendors.accent, logo=own.logo or vendors.logo, name=own.name or vendors.name
    )


def read_name(typed: str) -> str | None:
    """The name in its composed form, with single spaces; empty for none; None for what cannot be one.

    It says something, at most 40 characters of it; nothing in it is invisible, turns the direction of writing or piles
    up marks. Nor has it a colon, at which authenticator apps cut (Key URI format).
    """
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    kinds = "".join(unicodedata.category(letter)[0] for letter in name)
    says_something = not name or not {"L", "N"}.isdisjoint(kinds)
    is_plain = not _UNSEEN.search(name) and "C" not in kinds and "MMM" not in kinds and ":" not in name
    return name if says_something and is_plain and len(name) <= LONGEST_NAME else None
