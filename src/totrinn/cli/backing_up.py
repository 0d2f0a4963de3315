"""`backup` and `backup-key`: an encrypted copy of everything, and the key that opens it."""

from pathlib import Path

import click

from totrinn.cli.options import as_json, opened, operator, print_json, visitor, where

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--recipient", "recipients", multiple=True, metavar="KEY", help="age1… or ssh-…; may come several times.")
@click.option("--without-keys", is_flag=True, help="Leave the installation's keys out: keep them elsewhere yourself.")
@where
@as_json
def backup(
    file: Path, recipients: tuple[str, ...], without_keys: bool, data: Path | None, database: str | None, as_json: bool
) -> None:
    """Make an encrypted backup while serving goes on: database and keys, in a new file.

    It is encrypted to --recipient, or else to TOTRINN_BACKUP_RECIPIENTS; this machine cannot read it. `age --decrypt`
    opens it, too: it is a tar archive.
    """
    from totrinn.backing_up import make_backup, read_recipients

    with opened(data, database) as installation:
        keys = read_recipients(recipients or installation.settings.backup_recipients)
        made = make_backup(installation, visitor(), operator(), file.absolute(), keys, with_keys=not without_keys)
    size, rows = file.stat().st_size, sum(made.rows.values())
    if as_json:
        print_json({"file": file, "size": size, "rows": rows, "revision": made.revision, "made_at": made.made_at})
        return
    click.echo(f"{file}: {rows} rows, {size} bytes{', without the keys' if without_keys else ''}")


@click.command("backup-key")
@click.argument("file", type=_FILE)
def backup_key(file: Path) -> None:
    """Make the key that opens backups. Keep the file off this machine: whoever has it and a backup has everything."""
    from totrinn.backing_up import write_identity

    click.echo(write_identity(file))
