"""The commands. Each is loaded when it is called for, so that none waits for what only another needs.

Whatever an operator may expect to go wrong ends in one line on stderr and an exit status that is not zero.
"""

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import click

from totrinn import __version__
from totrinn.app.errors import TotrinnError
from totrinn.config import WrongSetting

COMMANDS = {
    "demo": "totrinn.cli.demonstrating:demo",
    "init": "totrinn.cli.installing:init",
    "setup-link": "totrinn.cli.installing:setup_link",
    "migrate": "totrinn.cli.migrating:migrate",
    "move": "totrinn.cli.moving:move",
    "serve": "totrinn.cli.serving:serve",
    "organisation": "totrinn.cli.organisations:organisation",
    "feature": "totrinn.cli.organisations:feature",
    "user": "totrinn.cli.persons:user",
    "vendor": "totrinn.cli.persons:vendor",
    "connection": "totrinn.cli.connections:connection",
    "token": "totrinn.cli.tokens:token",
    "domain": "totrinn.cli.domains:domain",
    "webhook": "totrinn.cli.webhooks:webhook",
    "application": "totrinn.cli.applications:application",
    "apply": "totrinn.cli.applying:apply",
    "explain": "totrinn.cli.explaining:explain",
    "audit": "totrinn.cli.audit:audit",
    "keys": "totrinn.cli.keys:keys",
    "signing-keys": "totrinn.cli.signing_keys:signing_keys",
    "backup": "totrinn.cli.backing_up:backup",
    "backup-key": "totrinn.cli.backing_up:backup_key",
    "restore": "totrinn.cli.restoring:restore",
    "doctor": "totrinn.cli.examining:doctor",
    "routes": "totrinn.cli.routes:routes",
}
"""Each command, and where it stands."""

INTERRUPTED = 130
UNEXPECTED = 70
TRACEBACK = "--traceback"


class Commands(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click calls it
        """In the order of the table above, which is that of first need."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command with this name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="totrinn")
@click.option(TRACEBACK, is_flag=True, expose_value=False, help="Show where it happened, if something goes wrong.")
def totrinn() -> None:
    """Sign-in for organisations that require two-factor of everybody in them.

    Begin with `totrinn demo`, or with `totrinn init --data DIR` and `totrinn serve --data DIR`.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a sign shows another in its place.
            stream.reconfigure(errors="replace")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = totrinn.main(args=words, prog_name="totrinn", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has read enough; nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if TRACEBACK in words:
            raise
        return _complain(error)
    return status if isinstance(status, int) else 0


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Ends as Ctrl-C does: what is half done is taken away again."""
    sys.exit(128 + number)


def _complain(error: Exception) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return error.exit_code
    if isinstance(error, click.ClickException):
        return _line(_in_one_line(error.format_message()), error.exit_code)
    if isinstance(error, (TotrinnError, WrongSetting)):
        return _line(_in_one_line(str(error)), 1)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return _line(_in_one_line(f"{place}{error.strerror or type(error).__name__}"), 1)
    return _line(f"this should not have happened ({type(error).__name__}); {TRACEBACK} shows where", UNEXPECTED)


def _line(message: str, status: int) -> int:
    click.echo(f"totrinn: {message}", err=True)
    return status


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
