"""Password hashes."""

import hashlib
from importlib import resources

import pytest
from nacl import pwhash

from totrinn.crypto import Argon2Passwords, passwords

PASSWORDS = Argon2Passwords()


@pytest.mark.row("R9")
def test_a_hash_is_argon2id_with_the_parameters_of_the_cheat_sheet() -> None:
    """19 MiB, two passes, one lane, a salt of its own each time."""
    first, second = PASSWORDS.hash("korrekt hest"), PASSWORDS.hash("korrekt hest")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert not PASSWORDS.is_outdated(first)


@pytest.mark.row("R2", "R3")
@pytest.mark.parametrize(
    "password",
    ["korrekt hest", "x" * 72 + "y", "p" * 1024, "blåbærsyltetøy 🫐", " leading and trailing ", "a\0b", "\ud800", ""],
)
def test_the_whole_password_counts(password: str) -> None:
    """The right password fits; with another letter case, a space more, or its last character changed it does not."""
    encoded = PASSWORDS.hash(password)
    assert PASSWORDS.verify(encoded, password)
    for other in (password + " ", password.swapcase() + "!", password[:-1] + "?", password + "\0"):
        assert not PASSWORDS.verify(encoded, other)


def test_the_hashes_of_others_are_understood() -> None:
    """Strings made with other parameters, also by the reference implementation, are checked all the same."""
    weaker = pwhash.argon2id.str(b"password", opslimit=1, memlimit=8 * 1024 * 1024).decode()
    assert PASSWORDS.verify(weaker, "password")
    assert not PASSWORDS.verify(weaker, "Password")
    assert PASSWORDS.is_outdated(weaker)
    # From the test vectors of the reference implementation (phc-winner-argon2, test.c), version 0x13.
    reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
    assert PASSWORDS.verify(reference, "password")
    assert not PASSWORDS.verify(reference, "passwore")
    assert not PASSWORDS.is_outdated(reference)


@pytest.mark.row("R12")
@pytest.mark.parametrize(
    "encoded",
    [
        None,
        "",
        "x",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=19456,t=2,p=1$YQ$YQ",
    ],
)
def test_nobodys_password_is_never_right_and_costs_as_much(
    encoded: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hash, or one that cannot be read, is checked against a hash of today's parameters, and no password fits."""
    checked: list[bytes] = []

    def fits(encoded: bytes, _password: str) -> bool:
        checked.append(encoded)
        return True

    monkeypatch.setattr(passwords, "_fits", fits)
    assert not PASSWORDS.verify(encoded, "anything")
    assert [PASSWORDS.is_outdated(each.decode()) for each in checked] == [False]
    if encoded is not None:
        assert PASSWORDS.is_outdated(encoded)


@pytest.mark.row("R9")
@pytest.mark.parametrize(
    ("parameters", "is_outdated"),
    [("m=19456,t=2", False), ("m=19455,t=2", True), ("m=19456,t=1", True), ("m=65536,t=3", False)],
)
def test_weaker_parameters_are_outdated(parameters: str, *, is_outdated: bool) -> None:
    """A hash is made anew when it was made with less memory or fewer passes than today's."""
    encoded = f"$argon2id$v=19${parameters},p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
    assert PASSWORDS.is_outdated(encoded) is is_outdated


@pytest.mark.row("R5")
def test_common_passwords_are_known_offline() -> None:
    """The most common ones of eight characters and more are on the list, whatever their letter case."""
    for common in ("password", "PASSWORD", "12345678", "Baseball", "qwertyuiop", "iloveyou"):
        assert PASSWORDS.is_common(common)
    assert not PASSWORDS.is_common("korrekt hest batteri stift")


@pytest.mark.row("R5")
def test_a_missing_or_broken_list_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its list nothing passes as uncommon."""
    monkeypatch.setattr(passwords, "_LIST", "vendor/common_passwords/no such list")
    with pytest.raises(FileNotFoundError):
        Argon2Passwords().is_common("password")
    monkeypatch.setattr(passwords, "_LIST", "vendor/common_passwords/README.md")
    with pytest.raises(ValueError, match="Expecting value"):
        Argon2Passwords().is_common("password")


def test_the_list_is_the_one_that_was_taken_in() -> None:
    """A list that has lost most of its entries would be noticed."""
    text = (resources.files("totrinn.app") / passwords._LIST).read_bytes()
    assert len(text) > 400_000, hashlib.sha256(text).hexdigest()
