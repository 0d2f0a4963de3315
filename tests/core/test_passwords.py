"""Which passwords may be chosen: long enough and not obvious; nothing else is asked of them."""

import pytest

from totrinn.core.passwords import LONGEST, Weakness, canonical, shortest, weakness

NAMES = ("Nordvik kommune", "Jobadmin", "kari.nordmann", "no")


def _weakness(password: str, minimum: int = 8) -> Weakness | None:
    return weakness(canonical(password), minimum=minimum, names=NAMES)


@pytest.mark.row("R1")
@pytest.mark.parametrize(
    ("has_factor", "is_required", "least"),
    [(False, False, 15), (True, False, 8), (False, True, 8), (True, True, 8)],
)
def test_a_password_that_stands_alone_is_longer(has_factor: bool, is_required: bool, least: int) -> None:
    """Fifteen characters where nothing else protects, eight where a second factor does or will."""
    assert shortest(has_factor=has_factor, is_required=is_required) == least


@pytest.mark.row("R1")
@pytest.mark.parametrize("minimum", [8, 15])
def test_one_character_too_few_is_refused(minimum: int) -> None:
    """The least length is accepted; one less is not."""
    password = "fjellvandring i regn"
    assert _weakness(password[: minimum - 1], minimum) is Weakness.TOO_SHORT
    assert _weakness(password[:minimum], minimum) is None


@pytest.mark.row("R2", "R4")
@pytest.mark.parametrize(
    "password",
    [
        "fjellvandring",
        "FJELLVANDRING",
        "3141592653",
        "::::--;;..__",
        "tre brune bjørner i blåbærlyngen",
        "пароль-на-русском",
        "山の上の小さな家です",
        "🦊🐻🐼🦁🐯🐨🐸🐵",
        " with spaces around ",
        "x1" * 3 + "abcd" * 250,
    ],
)
def test_no_kind_of_character_is_demanded_or_forbidden(password: str) -> None:
    """Letters only, digits only, spaces, any script and emoji are all accepted, far beyond 64 characters."""
    assert _weakness(password) is None


@pytest.mark.row("R2")
def test_an_enormous_password_is_refused_before_it_is_hashed() -> None:
    """A thousand characters are enough; a mebibyte is refused for its length alone."""
    assert _weakness("abcdefgh" * (LONGEST // 8)) is None
    assert _weakness("abcdefgh" * (LONGEST // 8) + "a") is Weakness.TOO_LONG
    assert _weakness("a" * 2**20) is Weakness.TOO_LONG


@pytest.mark.row("R2")
def test_a_letter_is_the_same_however_it_was_composed() -> None:
    """`å` typed as one character and as `a` with a ring is one password (Unicode NFC), and counts as one character."""
    assert canonical("bla\u030aba\u0308r") == canonical("bl\u00e5b\u00e4r")
    assert _weakness("a\u030a" * 7) is Weakness.TOO_SHORT


@pytest.mark.row("R3")
@pytest.mark.parametrize("other", ["Passordet mitt", "passordet mitt ", " passordet mitt", "passordet  mitt"])
def test_nothing_else_is_taken_away(other: str) -> None:
    """Letter case and spaces count, and no length is cut off."""
    assert canonical(other) != canonical("passordet mitt")
    assert canonical("x" * 5000) == "x" * 5000


@pytest.mark.parametrize("letter", ["\0", "\n", "\x1b", "\x7f", "\ud800"])
def test_what_no_keyboard_types_is_refused(letter: str) -> None:
    """Control characters and lone surrogates could not be typed again, or not be stored."""
    assert _weakness(f"fjell{letter}vandring") is Weakness.UNREADABLE


@pytest.mark.row("R5")
@pytest.mark.parametrize("password", ["aaaaaaaaaaaaaaaa", "abababababababab", "12312312312312312", "AaAaAaAaAaAaAaAa"])
def test_three_characters_over_and_over_are_too_common(password: str) -> None:
    """Length does not help where there is nothing but repetition."""
    assert _weakness(password) is Weakness.COMMON


@pytest.mark.row("R6")
@pytest.mark.parametrize(
    "password",
    [
        "jobadmin2026",
        "JOBADMIN!!",
        "2026jobadmin",
        "kari.nordmann",
        "Kari.Nordmann1",
        "nordvik kommune 1",
        "12jobadmin34",
    ],
)
def test_the_names_that_anybody_would_guess_are_refused(password: str) -> None:
    """The organisation, the product or the address, with digits and signs around it, is no password."""
    assert _weakness(password) is Weakness.NAMES_US


@pytest.mark.row("R6")
@pytest.mark.parametrize("password", ["jobadmin er tregt i dag", "aldri i nordvik kommune mer", "1234567 no 8901"])
def test_a_name_inside_a_sentence_is_allowed(password: str) -> None:
    """Only passwords that are nothing but a name are refused; names of one or two letters are ignored."""
    assert _weakness(password) is None
