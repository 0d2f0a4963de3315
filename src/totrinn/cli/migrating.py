"""`migrate`: bringing the tables up to what this program knows."""

from pathlib import Path

import click

from totrinn.cli.options import as_json, print_json, settings_of, where


@click.command()
@where
@as_json
def migrate(data: Path | None, database: str | None, as_json: bool) -> None:
    """Bring the tables of a database up to date.

    All or nothing; of several at once, one does it and the others wait. A database that is newer than this program is
    refused, and left as it is.
    """
    from totrinn.bootstrap import open_database

    with open_database(settings_of(data, database), must_exist=True) as opened:
        migrated = opened.migrate()
    if as_json:
        print_json({"before": migrated.before, "after": migrated.after})
    elif migrated.before == migrated.after:
        click.echo(f"The tables have revision {migrated.after} already: nothing to do.")
    else:
        click.echo(f"The tables were renewed from {migrated.before or 'nothing'} to revision {migrated.after}.")
