"""`keys`: the installation's keys, how they are renewed, and what is done when they are lost."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from totrinn.cli.options import Refused, as_json, opened, operator, print_json, read_line, settings_of, visitor, where

_CONFIRMATION = "abandon the keys"


@click.group()
def keys() -> None:
    """The keys that seal every second factor: list, renew, retire, give up."""


@keys.command("list")
@where
@as_json
def list_(data: Path | None, database: str | None, as_json: bool) -> None:
    """Show each key: its age, what it is for, how many values are sealed with it."""
    from totrinn.rotating import KeyInfo, list_keys

    def words(key: KeyInfo) -> str:
        uses = ("seals", key.is_active), ("digests", key.is_digesting), ("missing", not key.is_there)
        return ", ".join(word for word, is_so in uses if is_so) or "-"

    with opened(data, database) as installation:
        found = list_keys(installation)
    if as_json:
        print_json([asdict(key) for key in found])
        return
    for key in found:
        age = f"{(datetime.now(UTC) - key.made_at).days} days" if key.made_at else "age unknown"
        id_ = key.id if key.id.isprintable() else ascii(key.id)
        click.echo(f"{id_}  {age:>12}  {words(key):<15}  sealed values: {key.sealed}")


@keys.command()
@where
def add(data: Path | None, database: str | None) -> None:
    """Make a key that is known and not used yet; copy it to the other nodes before `keys rotate`."""
    from totrinn.rotating import add_key

    with opened(data, database) as installation:
        id_ = add_key(installation, visitor(), operator())
        click.echo(f"{id_} waits at {installation.settings.keys_file or installation.settings.keys}.")
        click.echo("Nodes with files of their own need a copy of it. Then: totrinn keys rotate")


@keys.command()
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for processes that do not know the key yet.",
)
@where
def rotate(wait: int, data: Path | None, database: str | None) -> None:
    """Seal everything with a new key while serving goes on; the one that waits, or one made now.

    Broken off, it can be run again and goes on. Make a backup when it is done: an older one has only the older keys.
    """
    from totrinn.rotating import rotate as do

    with opened(data, database) as installation:
        do(installation, visitor(), operator(), click.echo, seconds=wait)


@keys.command()
@click.argument("key_id", metavar="ID")
@where
def retire(key_id: str, data: Path | None, database: str | None) -> None:
    """Delete a key with which nothing is sealed any more.

    Backups from before the last rotation need it: they hold a copy of their own, unless they were made without keys.
    Whoever has had a sign-in page open for a long time may have to load it again.
    """
    from totrinn.rotating import retire_key

    with opened(data, database) as installation:
        retire_key(installation, visitor(), operator(), key_id)
    click.echo(f"{key_id} is gone. Delete it on the other nodes, too.")


@keys.command()
@click.option("--why", required=True, metavar="TEXT", help="The reason; it stands in the log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@where
def abandon(why: str, yes: bool, data: Path | None, database: str | None) -> None:
    """Give lost keys up: everybody who had a second factor must enrol anew.

    Authenticators, recovery codes and the secrets of SSO connections are thrown away, and every session ends. Nobody
    gets in with a password alone where two-factor is required, or where they had it.
    """
    from totrinn.rotating import abandon_keys

    reason = read_line(why, "the reason")
    settings = settings_of(data, database)
    if not yes:
        click.echo(
            "This throws every second factor away, for good. If there is any copy of the keys, use that instead."
        )
        if click.prompt(f"Type: {_CONFIRMATION}", default="", show_default=False) != _CONFIRMATION:
            raise Refused("nothing was changed")
    done = abandon_keys(settings, visitor(), operator(), why=reason)
    click.echo(f"Persons who must enrol anew: {done.persons}. Every session has ended.")
    for connection_id in done.connections_off:
        click.echo(f"SSO connection {connection_id} is off until its client secret is given again.")
    click.echo("Until somebody has enrolled, their password is all that stands before their account.")
