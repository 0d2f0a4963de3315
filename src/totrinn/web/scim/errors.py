"""What a directory is told when something cannot be done (RFC 7644 §3.12)."""

from enum import StrEnum


class Detail(StrEnum):
    """The values of `scimType`."""

    INVALID_FILTER = "invalidFilter"
    TOO_MANY = "tooMany"
    UNIQUENESS = "uniqueness"
    MUTABILITY = "mutability"
    INVALID_SYNTAX = "invalidSyntax"
    INVALID_PATH = "invalidPath"
    NO_TARGET = "noTarget"
    INVALID_VALUE = "invalidValue"


class ScimRefused(Exception):
    """The request cannot be done; nothing has changed."""

    def __init__(self, status: int, words: str, detail: Detail | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.detail = status, words, detail


def bad(detail: Detail, words: str) -> ScimRefused:
    """Something in the request is wrong (400)."""
    return ScimRefused(400, words, detail)
