"""What commands have in common: where the data is, how results are printed, who acts."""

import json
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from totrinn.config import Settings, read_settings
from totrinn.core.events import Source

if TYPE_CHECKING:
    from totrinn.app.landing import Visitor
    from totrinn.bootstrap import Installation

_LONGEST_LINE = 4096

Function = TypeVar("Function", bound=Callable[..., Any])


class Refused(click.ClickException):
    """What was asked for is not done; the message says why, in one line."""


def where(function: Function) -> Function:
    """Adds `--data` and `--database`."""
    data = click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="The folder that holds everything of the embedded form.  [TOTRINN_DATA]",
    )
    database = click.option(
        "--database", metavar="URL", help="postgresql://… instead of the file in that folder.  [TOTRINN_DATABASE]"
    )
    return data(database(function))


as_json = click.option("--json", "as_json", is_flag=True, help="Print data for programs.")


def settings_of(data: Path | None, database: str | None, **given: Any) -> Settings:
    """The settings of this command. Raises `WrongSetting`."""
    return read_settings(os.environ, data=data, database=database, **given)


@contextmanager
def opened(data: Path | None, database: str | None) -> Iterator["Installation"]:
    """The installation, ready to be used; refused unless its tables and keys are right."""
    from totrinn.bootstrap import open_installation

    with open_installation(settings_of(data, database)) as installation:
        yield installation


@contextmanager
def known_organisation(slug: str) -> Iterator[None]:
    """Says which organisation is unknown, when a use case finds none."""
    from totrinn.app.errors import NotFound

    try:
        yield
    except NotFound:
        raise Refused(f"there is no such organisation: {slug}") from None


def operator() -> Source:
    """Whoever runs the command: `operator:<system user>`."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return Source(actor=f"operator:{name}")


def visitor() -> "Visitor":
    """A command as use cases see it: a time, and no network."""
    from totrinn.app.landing import Visitor

    return Visitor(now=datetime.now(UTC), address="", browser="")


def print_json(value: object) -> None:
    """Prints a value for programs; times as ISO 8601 in UTC."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def read_address(typed: str) -> str:
    """The canonical form of an e-mail address that was given."""
    from totrinn.app.email_address import AddressProblem, canonical_email

    address = canonical_email(typed)
    if isinstance(address, AddressProblem):
        raise Refused(f"{typed!r} is no e-mail address that can be used")
    return address


def read_line(text: str, what: str, *, longest: int = 200) -> str:
    """One line of plain text: not empty, not too long, nothing unprintable."""
    line = text.strip()
    if not line or len(line) > longest or not line.isprintable():
        raise Refused(f"{what} is one line of at most {longest} characters")
    return line


def read_secret(what: str) -> str:
    """The first line of standard input; a secret that were an argument would stand in the list of processes."""
    try:
        line = sys.stdin.buffer.readline(_LONGEST_LINE).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused(f"the {what} on standard input is not UTF-8") from None
    if not line:
        raise Refused(f"there is no {what} on standard input")
    return line


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)
