"""Commands and make targets that documents name are there, with the options that they are given."""

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.docs.reading import ROOT, code_lines, documents, name_of
from totrinn.cli import totrinn

PROGRAM = re.compile(r"^(?:(?:/opt/totrinn/)?\.venv/bin/|TOTRINN_\w+=\S+ )*totrinn\s+(.*)$")
MAKE = re.compile(r"^make\s+([a-z][a-z-]*)")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def problem(arguments: str) -> str | None:
    """What is wrong with the arguments of a command that a document gives; None when nothing is."""
    command: click.Command = totrinn
    context = click.Context(command)
    for word in shlex.split(arguments.replace("…", "")):
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(context, word)
            if found is None:
                return f"there is no command {word}"
            command = found
        elif word.startswith("-") and word not in options(command):
            return f"{command.name} has no option {word}"
    return None


def options(command: click.Command) -> set[str]:
    """The options of a command."""
    return {name for parameter in command.params for name in parameter.opts} | {"--help", "--version"}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_command_exists(document: Path) -> None:
    """Whoever copies a command from a document gets no "no such command" for it."""
    given = [found[1] for line in code_lines(document) if (found := PROGRAM.match(line))]
    assert [(each, wrong) for each in given if (wrong := problem(each))] == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_make_target_exists(document: Path) -> None:
    """Whoever copies `make …` from a document gets no "no rule" for it."""
    given = {found[1] for line in code_lines(document) if (found := MAKE.match(line))}
    assert given - TARGETS == set()


@pytest.mark.parametrize("arguments", ["nothing", "user nothing", "serve --nothing"])
def test_a_command_that_there_is_not_is_found_out(arguments: str) -> None:
    """The check itself can fail."""
    assert problem(arguments)
