"""Search as people type it: some words, in any order and letter case; each begins a word of what is searched.

Letters and digits make words; whatever stands between them parts words, so that an address is found by its beginning,
by its domain, and whole. A sign that stands alone is a word, too.
"""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, true

from totrinn.storage.columns import folded

LAST_LETTER = "\U0010ffff"
"""What begins with a word sorts before the word and this."""
_MOST_WORDS = 8
_MOST_LETTERS = 400
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[str, ...]:
    """The different words of a text, in order, in the form in which they are searched."""
    found = (word for token in folded(text[:_MOST_LETTERS]).split() for word in _WORD.findall(token) or (token,))
    return tuple(dict.fromkeys(found))


def search_form(words: Sequence[str]) -> str:
    """The words as a column that `matching` searches; a space stands before each."""
    return "".join(f" {word}" for word in words)


def asked_words(query: str) -> tuple[str, ...]:
    """The words of a question; of two of which one begins with the other, the longer one."""
    words = words_of(query)
    needed = (word for word in words if not any(other != word and other.startswith(word) for other in words))
    return tuple(needed)[:_MOST_WORDS]


def matching(column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    """The condition that each of the words begins a word of the column; true for no words."""
    return and_(true(), *(column.contains(f" {word}", autoescape=True) for word in words))
