"""`restore`: putting a backup back."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import as_json, operator, print_json, settings_of, visitor, where

if TYPE_CHECKING:
    from totrinn.backing_up import Restored

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--identity", type=_FILE, required=True, metavar="FILE", help="The private key that opens the backup.")
@click.option("--migrate", is_flag=True, help="Renew the tables of a backup that an older program made.")
@click.option(
    "--renew-recovery-codes", is_flag=True, help="Delete all recovery codes: those used since come alive again."
)
@click.option("--accept-faulty-log", is_flag=True, help="Restore even where the log had been tampered with.")
@where
@as_json
def restore(
    file: Path,
    identity: Path,
    migrate: bool,
    renew_recovery_codes: bool,
    accept_faulty_log: bool,
    data: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Put a backup back, into an empty folder or an empty PostgreSQL database.

    Keys go to DIR/keys. Everything is checked before it is put in place. All sessions, unfinished sign-ins and one-time
    links end, and codes of this minute are not accepted.
    """
    from totrinn.backing_up import Wishes, read_identities
    from totrinn.backing_up import restore as do

    wishes = Wishes(migrate, renew_recovery_codes, accept_faulty_log)
    settings = settings_of(data, database)
    restored = do(settings, visitor(), operator(), file, read_identities(identity), wishes)
    if as_json:
        print_json(asdict(restored))
    else:
        _print(restored)


def _print(restored: "Restored") -> None:
    click.echo(f"Restored {restored.rows} rows, as they were at {restored.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    click.echo(f"Ended: {restored.ended} sessions, unfinished sign-ins and links. Everybody signs in anew.")
    click.echo("Codes of this minute are not accepted; the next ones are.")
    if not restored.recovery_codes_deleted:
        click.echo(
            "Recovery codes that were used since can be used again: --renew-recovery-codes would delete them all."
        )
    else:
        click.echo(
            f"Recovery codes deleted: {restored.recovery_codes_deleted}. People make new ones on their own page."
        )
    if not restored.log_is_sound:
        click.echo("Somebody had tampered with the log: `totrinn audit verify` says where.")
    click.echo(
        "What happened since is not in it: removed members, changed passwords and resets, requirements turned on."
    )
