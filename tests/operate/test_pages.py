"""The pages of docs/operate are all followed, and a page that is wrong is found out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.operate.following import NotAsWritten, Place
from tests.operate.hosts import Failed, Network
from tests.operate.page import OPERATE, Machine, Page, Typed, Unreadable, is_as_shown, parse, read

HERE = Path(__file__).resolve().parent
FOLLOWED = {f"{file.stem.removeprefix('test_').replace('_', '-')}.md" for file in HERE.glob("test_*.py")}
FIGURES = {"figures.md", "metrics.md"}
"""What was measured, and what is counted: they tell an operator nothing to type."""
PAGES = [page for page in sorted(OPERATE.glob("*.md")) if page.name not in FIGURES]
MACHINES = "| `login` | `203.0.113.10` | yours |\n\n"
ONE = (Machine(("login",), "203.0.113.10"),)


def wrong(*fences: str) -> Page:
    """A page that an operator could not follow."""
    return parse("wrong.md", MACHINES + "\n\n".join(fences))


def fence(words: str, *lines: str) -> str:
    """A fence of a page."""
    return "\n".join([f"```{words}", *lines, "```"])


@contextmanager
def bare() -> Iterator[Place]:
    """The one machine, without a world around it."""
    with Network(ONE) as network:
        yield Place(network, ONE, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_with_commands_is_followed(page: Path) -> None:
    """Who adds a page with commands adds the test that follows it; `README.md` and others have none."""
    assert page.name in FOLLOWED or read(page.name).steps == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_prose_tells_to_type_is_typed(page: Path) -> None:
    """A whole command of ours that stands in a sentence is run on one of the pages, with these options."""
    typed = "\n".join(step.script for each in PAGES for step in read(each.name).commands)
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    told = {span for span in re.findall(r"`(totrinn [^`…]+)`", prose) if not re.search(r"[A-Z]{2}", span)}
    assert [command for command in sorted(told) if command not in typed] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_sentence_before_a_block_says_where(page: Path) -> None:
    """Where and what file is not seen by who reads the page: the first line of a block is not shown."""
    manual = read(page.name)
    before: tuple[str, ...] = ()
    for step in manual.steps:
        goes_on = not step.told.strip() and step.hosts == before
        named = goes_on or len(manual.machines) == 1 or all(f"`{host}`" in step.told for host in step.hosts)
        assert named, f"{page.name}:{step.line}: on which machine?"
        assert isinstance(step, Typed) or f"`{step.path}`" in step.told, f"{page.name}:{step.line}: which file?"
        before = step.hosts


@pytest.mark.parametrize(
    "script",
    [
        "totrinn-of-old init",
        "ls /etc/nginx/sites-enabled/nowhere.conf",
        "nginx --no-such-option",
        "cd / && false\ntrue",
        "false | true",
        "apt install --yes no-such-package",
        "systemctl start no-such-unit",
    ],
)
def test_a_command_that_fails_is_found_out(script: str) -> None:
    """A wrong program, a wrong path, a wrong option, in whichever line: the page cannot be followed."""
    with bare() as here, pytest.raises(Failed):
        here.follow(wrong(fence("sh", script)))


def test_another_output_is_found_out() -> None:
    """What a page says is printed is printed; only `…` may be anything."""
    page = wrong(fence("sh", "echo one; echo two"), fence("text", "one", "…"))
    with bare() as here:
        here.follow(page)
        with pytest.raises(NotAsWritten):
            here.follow(wrong(fence("sh", "echo one; echo two"), fence("text", "one", "three")))


def test_a_file_stands_where_the_page_says() -> None:
    """It is written before the commands that follow it, and nowhere but on that machine."""
    file = "/etc/totrinn-was-here"
    with bare() as here:
        printed = here.follow(wrong(fence(f"ini {file}", "A=1"), fence("sh", f"cat {file}"), fence("text", "A=1")))
        assert printed == "A=1\n"
        with pytest.raises(Failed):
            here.follow(wrong(fence("ini /no/such/folder/file", "A=1")))
    assert not Path(file).exists()


def test_a_unit_that_systemd_would_not_understand_is_found_out() -> None:
    """It is read by a real one, though none runs here."""
    page = wrong(fence("ini /etc/systemd/system/some.service", "[Service]", "ExecStart=/bin/true", "Restarts=always"))
    with bare() as here, pytest.raises(NotAsWritten, match="Unknown key"):
        here.follow(page)


def test_what_was_left_out_is_found_out() -> None:
    """A test that follows one section only says so by failing."""
    page = parse("two.md", MACHINES + "# A\n\n```sh\ntrue\n```\n\n# B\n\n```sh\ntrue\n```\n")
    with bare() as here:
        here.follow(page, "A")
        with pytest.raises(AssertionError, match=r"never run: lines \[11\]"):
            here.all_done(page)


@pytest.mark.parametrize("words", ["", "python", "text"])
def test_a_fence_of_which_nobody_knows_what_it_is_is_refused(words: str) -> None:
    """Whatever is shown is typed, written or printed."""
    with pytest.raises(Unreadable):
        wrong(fence(words, "something"))


def test_three_dots_stand_for_anything_and_nothing_else_does() -> None:
    """In a line for the rest of it, as a line for any lines."""
    assert is_as_shown("a … c\n…\nz", "a b c\nx\ny\nz\n")
    assert is_as_shown("…\nz", "z")
    assert not is_as_shown("a.c", "abc")
    assert not is_as_shown("one\ntwo", "one\n2\ntwo")
    assert not is_as_shown("one", "one\ntwo")
