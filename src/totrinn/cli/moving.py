"""`move`: from the embedded database into PostgreSQL."""

import os
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import Refused, as_json, print_json
from totrinn.config import DATABASE_FILE, Settings, read_settings, without_password

if TYPE_CHECKING:
    from totrinn.storage.moving import Carried


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    required=True,
    envvar="TOTRINN_DATA",
    help="The folder of the embedded form.  [TOTRINN_DATA]",
)
@click.option("--to", "target", metavar="URL", help="An empty database: postgresql://…  [TOTRINN_DATABASE]")
@click.option("--undo", is_flag=True, help="Let the folder be served again, as it was when it was moved.")
@as_json
@click.pass_context
def move(context: click.Context, source: Path, target: str | None, undo: bool, as_json: bool) -> None:
    """Carry an embedded installation over into an empty PostgreSQL database.

    Nobody may use it meanwhile: stop the server first. All rows are carried over and compared, or none; the folder is
    left as it is, but not served any more. The keys stay in it.
    """
    here = read_settings(
        os.environ, data=source, database=f"sqlite:///{source.expanduser().absolute()}/{DATABASE_FILE}"
    )
    if undo:
        _undo(here, as_json=as_json)
        return
    there = replace(here, database=target or read_settings(os.environ, data=source).database)
    if there.is_embedded:
        raise Refused("it is not known where to: give --to postgresql://…, or set TOTRINN_DATABASE")
    carried = _carry_over(here, there)
    events, is_sound = _look_there(there)
    if as_json:
        print_json({"tables": [asdict(each) for each in carried], "sealed_events": events, "log_is_sound": is_sound})
    else:
        _print(carried, here, without_password(there.database))
        click.echo(f"The log there is {'whole' if is_sound else 'NOT whole: run `totrinn audit verify` on both'}.")
    if not is_sound:
        context.exit(1)


def _carry_over(here: Settings, there: Settings) -> "tuple[Carried, ...]":
    from totrinn.bootstrap import join_to_move, open_alone, open_database
    from totrinn.storage.moving import carry_over

    with open_alone(here) as source, open_database(there, must_exist=True) as target:
        join_to_move(here, source)
        return carry_over(source.engines, target.engines, without_password(there.database))


def _look_there(there: Settings) -> tuple[int, bool]:
    """Opens what has arrived as a server would: with these keys; and goes through the seals of its log."""
    from totrinn.app.auditing import verify_log
    from totrinn.bootstrap import open_installation

    with open_installation(there) as installation:
        found = verify_log(installation.services)
    return found.events, found.is_sound


def _undo(here: Settings, *, as_json: bool) -> None:
    from totrinn.bootstrap import open_alone
    from totrinn.core.totp import ACCEPTED_SKEW, step_at
    from totrinn.storage.moving import take_back

    with open_alone(here) as source:
        was_moved = take_back(source.engines, step=step_at(datetime.now(UTC)) + ACCEPTED_SKEW)
    if as_json:
        print_json({"was_moved": was_moved})
    elif was_moved:
        click.echo("It can be served here again, as it was when it was moved; everybody signs in anew.")
        click.echo("Codes of this minute are not accepted; the next ones are.")
        click.echo("What has happened in the other database since is not here: let nothing serve that one any more.")
        click.echo("Recovery codes that were used there can be used here again; people can make new ones.")
    else:
        click.echo("It has not been moved: nothing to take back.")


def _print(carried: "tuple[Carried, ...]", here: Settings, address: str) -> None:
    width = max(len(each.table) for each in carried)
    for each in carried:
        click.echo(f"{each.table:{width}}  {each.rows:>9}")
    click.echo(f"\nAll rows are in {address}, and every value is the same on both sides.")
    click.echo(f"The keys stay in {here.keys}: each node needs them, as a copy of that folder or by TOTRINN_KEYS_FILE.")
    click.echo(f"    totrinn serve --data {here.data} --database {address}")
    click.echo(f"Without --database, {here.data} is not served any more. What takes that back:")
    click.echo(f"    totrinn move --from {here.data} --undo")
