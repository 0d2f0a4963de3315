"""Search as people type it: some words, in any letter case; the signs of LIKE patterns are letters like others."""

from sqlalchemy import ColumnElement

from totrinn.storage.columns import folded

_MOST_WORDS = 6


def matching(column: ColumnElement[str], query: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions that every word of the query stands somewhere in the folded column; none for an empty query."""
    words = folded(query).split()[:_MOST_WORDS]
    return tuple(column.contains(word, autoescape=True) for word in words)
