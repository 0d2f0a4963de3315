"""The words of the pages, as documents may quote them."""

import re
from functools import cache

from babel.messages.pofile import read_po

from tests.docs.reading import SOURCES

_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]")
_TAG = re.compile(r"<[^>]+>")


@cache
def texts(language: str) -> tuple[str, ...]:
    """Everything that the pages say in this language, without tags; English is the source itself."""
    with (SOURCES / "web" / "locale" / language / "LC_MESSAGES" / "totrinn.po").open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]
    said = [message.id if language == "en" else message.string for message in messages]
    forms = (form for text in said if text for form in ([text] if isinstance(text, str) else text))
    return tuple(_TAG.sub("", form) for form in forms if form)


def is_said(words: str, language: str) -> bool:
    """Whether a text of the pages is exactly these words; where a page puts in a name or a number, any will do."""
    return any(pattern.fullmatch(words) for pattern in _patterns(language))


def occurs(word: str, language: str) -> bool:
    """Whether the word occurs in any text of the pages."""
    return any(word.casefold() in text.casefold() for text in texts(language))


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    parts = ([re.escape(part) for part in _PLACEHOLDER.split(text)] for text in texts(language))
    return tuple(re.compile(".+".join(part)) for part in parts if any(part))
