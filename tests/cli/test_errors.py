"""Whatever an operator may expect to go wrong ends in one clear line, a status that is not zero, and no traceback."""

from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD, command, program
from tests.cli.conftest import House

WRONG = [
    ("nothing",),
    ("serve", "--nothing"),
    ("user", "create"),
    ("user", "create", "not an address", "--organisation", "fjordly", "--role", "user"),
    ("user", "create", "kari@fjordly.example", "--organisation", "nobody", "--role", "user"),
    ("user", "create", "kari@fjordly.example", "--organisation", "fjordly", "--role", "vendor"),
    ("user", "create", "kari@fjordly.example", "--organisation", "vendor", "--role", "user"),
    ("user", "create", "k@f.example", "--organisation", "fjordly", "--role", "user", "--name", "Kari\nBcc: x"),
    ("user", "reset-second-factor", "nobody@fjordly.example", "--why", "lost"),
    ("user", "reset-second-factor", "nobody@fjordly.example", "--why", " "),
    ("setup-link", "--organisation", "nobody"),
    ("organisation", "create", "Fjordly AS", "--slug", "fjordly"),
    ("organisation", "create", "Fjordly AS", "--slug", "Not A Slug"),
    ("organisation", "create", "Fjordly AS", "--slug", "-fjordly"),
    ("organisation", "create", "", "--slug", "empty"),
    ("feature", "grant", "nobody", "forced_two_factor", "--why", "asked"),
    ("feature", "grant", "vendor", "forced_two_factor", "--why", "asked"),
    ("feature", "grant", "fjordly", "something_else", "--why", "asked"),
    ("feature", "withdraw", "fjordly", "forced_two_factor"),
    ("explain", "nobody@fjordly.example", "--organisation", "fjordly"),
    ("explain", "nobody@fjordly.example", "--organisation", "nobody"),
    ("audit", "export", "--organisation", "nobody"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_one_line_says_what_is_wrong(fjordly: House, words: tuple[str, ...]) -> None:
    """Nothing is printed but one line on stderr."""
    outcome = fjordly.run(*words)
    assert outcome.status != 0
    assert outcome.out == ""
    assert outcome.err.startswith("totrinn: ")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("words", [("doctor",), ("serve",), ("setup-link",), ("audit", "verify"), ("init",)])
def test_it_is_said_when_nobody_has_said_where_the_data_is(words: tuple[str, ...]) -> None:
    """There is no folder that is taken unasked."""
    outcome = command(*words)
    assert outcome.status == 1
    assert "--data" in outcome.err + outcome.out
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("words", [("serve",), ("setup-link",), ("audit", "verify")])
def test_an_empty_folder_is_no_installation(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Only `init` makes anything; nothing is left behind by the others."""
    outcome = command(*words, "--data", str(tmp_path))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "totrinn init" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["mysql://localhost/x", "garbage", "sqlite://", "postgresql://totrinn:hemmelig@127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_used_is_refused_without_its_password(tmp_path: Path, address: str) -> None:
    """One line, and the password in the address is not in it."""
    outcome = command("init", "--data", str(tmp_path), "--database", address)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "hemmelig" not in outcome.err


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Whatever lies under the database's name is not touched."""
    (tmp_path / "totrinn.sqlite3").write_bytes(b"not a database" * 1000)
    outcome = command("init", "--data", str(tmp_path))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert (tmp_path / "totrinn.sqlite3").read_bytes() == b"not a database" * 1000


@pytest.mark.parametrize("typed", ["", "\n", b"\xff\xfe\n"])
def test_a_password_that_cannot_be_read_is_refused(fjordly: House, typed: str | bytes) -> None:
    """Nothing on standard input, or something that is not text, is no password."""
    words = ("user", "create", "a@fjordly.example", "--organisation", "fjordly", "--role", "user", "--password-stdin")
    outcome = fjordly.run(*words, typed=typed)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)


@pytest.mark.parametrize("password", ["kort", "fjordly fjordly", "passwordpassword", "x" * 2000, "å" * 40])
def test_a_weak_password_is_refused_and_not_repeated(fjordly: House, password: str) -> None:
    """The reason is told, the password is not."""
    words = ("user", "create", "a@fjordly.example", "--organisation", "fjordly", "--role", "user", "--password-stdin")
    outcome = fjordly.run(*words, typed=password + "\n")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert password not in outcome.err


def test_a_program_of_its_own_ends_the_same_way(tmp_path: Path) -> None:
    """The installed command keeps to it, too."""
    outcome = program("serve", "--data", str(tmp_path))
    assert outcome.status == 1
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1


def test_where_it_happened_can_be_asked_for(tmp_path: Path) -> None:
    """`--traceback` is for whoever looks for the cause."""
    outcome = program("--traceback", "serve", "--data", str(tmp_path))
    assert outcome.status != 0
    assert "Traceback" in outcome.err


def test_nothing_printed_holds_the_password(fjordly: House) -> None:
    """A password goes in and never comes out."""
    create = ("user", "create", "a@fjordly.example", "--organisation", "fjordly", "--role", "user", "--password-stdin")
    assert fjordly.run(*create, typed=PASSWORD + "\n").status == 0
    for words in (create, ("explain", "a@fjordly.example", "--organisation", "fjordly"), ("audit", "export")):
        shown = fjordly.run(*words, typed=PASSWORD + "\n")
        assert PASSWORD not in shown.out + shown.err
        assert "argon2" not in shown.out + shown.err
