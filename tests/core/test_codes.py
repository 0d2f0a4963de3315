"""What is typed into a code field is read in one way only, or not at all."""

import pytest

from totrinn.core.codes import (
    RECOVERY_CODE_COUNT,
    RECOVERY_CODE_LENGTH,
    Malformed,
    OneTimeCode,
    RecoveryCode,
    grouped,
    read_code,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUV27"


@pytest.mark.row("R20")
@pytest.mark.parametrize("typed", ["123456", "123 456", " 123456", "123456 ", "12 34 56", "1 2 3 4 5 6"])
def test_a_code_is_read_with_and_without_spaces(typed: str) -> None:
    """Codes are shown as `123 456`, and count as typed either way; check and replay see one form."""
    assert read_code(typed) == OneTimeCode("123456")


def test_leading_zeros_are_kept() -> None:
    """A code is text, not a number."""
    assert read_code("000 042") == OneTimeCode("000042")


MALFORMED = {
    "empty": "",
    "spaces": "      ",
    "five digits": "12345",
    "seven digits": "1234567",
    "full-width digits": "\uff11\uff12\uff13\uff14\uff15\uff16",
    "arabic digits": "\u0661\u0662\u0663\u0664\u0665\u0666",
    "devanagari digits": "\u0967\u0968\u0969\u096a\u096b\u096c",
    "one full-width digit": "12345\uff16",
    "superscript": "12345\u00b2",
    "a NUL at the end": "123456\0",
    "a NUL inside": "123\x00456",
    "plus": "+12345",
    "plus and six": "+123456",
    "minus": "-12345",
    "exponent": "1e5",
    "exponent of six": "1e5000",
    "decimal": "1234.5",
    "underscore": "123_456",
    "hexadecimal": "0x1234",
    "tab": "123\t456",
    "line break": "123456\n",
    "no-break space": "123\u00a0456",
    "narrow no-break space": "123\u202f456",
    "hyphen": "123-456",
    "comma": "123,456",
    "letters": "abcdef",
    "a list": "['123456']",
    "twice": "123456 123456",
    "very long": "1" * 1_000_000,
    "padded very long": "123456" + " " * 1_000_000,
}


@pytest.mark.row("R20")
@pytest.mark.parametrize("typed", MALFORMED.values(), ids=MALFORMED.keys())
def test_anything_else_is_malformed(typed: str) -> None:
    """Six ASCII digits, or nothing that is looked at."""
    assert read_code(typed) == Malformed()


@pytest.mark.row("R32")
@pytest.mark.parametrize(
    "typed",
    [
        LETTERS,
        LETTERS.lower(),
        grouped(LETTERS),
        grouped(LETTERS).lower(),
        grouped(LETTERS, between=" "),
        f"  {grouped(LETTERS, between=' - ')} ",
    ],
)
def test_a_recovery_code_is_read_as_it_was_written_down(typed: str) -> None:
    """Letter case, hyphens and spaces make no difference."""
    assert read_code(typed) == RecoveryCode(LETTERS)


@pytest.mark.row("R32")
@pytest.mark.parametrize(
    "typed",
    [LETTERS[:-1], LETTERS + "A", *(LETTERS[:-1] + other for other in ("1", "0", "=", "\u017f", "\uff21"))],
)
def test_no_other_letters_make_a_recovery_code(typed: str) -> None:
    """24 letters of base32: one more, one fewer or a letter outside of it is malformed."""
    assert read_code(typed) == Malformed()


@pytest.mark.row("R32")
def test_recovery_codes_are_ten_of_120_bits() -> None:
    """Five bits a letter: far beyond guessing."""
    assert RECOVERY_CODE_COUNT == 10
    assert RECOVERY_CODE_LENGTH * 5 == 120


def test_groups_lose_nothing() -> None:
    """Secrets and recovery codes are shown in groups of four, also when the last is shorter."""
    assert grouped("ABCDEFGHIJ") == "ABCD-EFGH-IJ"
    assert grouped("ABCDEFGH", between=" ") == "ABCD EFGH"
    assert grouped("") == ""
