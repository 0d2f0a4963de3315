"""`signing-keys`: the keys that sign tokens for applications, and how they are renewed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from totrinn.cli.options import Refused, as_json, opened, operator, print_json, visitor, where

if TYPE_CHECKING:
    from totrinn.app.applications.grant_records import SigningKey


@click.group("signing-keys")
def signing_keys() -> None:
    """The keys that sign tokens for applications; they are renewed by themselves every 90 days."""


@signing_keys.command("list")
@where
@as_json
def list_(data: Path | None, database: str | None, as_json: bool) -> None:
    """Show each key that is published, the newest first, and from when it signs."""
    from totrinn.app.applications.signing_keys import all_keys

    with opened(data, database) as installation:
        _print(all_keys(installation.services, datetime.now(UTC)), as_json=as_json)


@signing_keys.command()
@where
@as_json
def rotate(data: Path | None, database: str | None, as_json: bool) -> None:
    """Make the next keys: published at once, they sign from an hour later; the old ones stay published for a day more.

    While keys wait to sign, no others are made.
    """
    from totrinn.app.applications.signing_keys import rotate as make_next

    with opened(data, database) as installation:
        _print(make_next(installation.services, visitor(), operator()), as_json=as_json)


@signing_keys.command()
@click.argument("key", metavar="ID")
@where
@as_json
def remove(key: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Withdraw a key at once: it may be known to others, or cannot be opened. Nothing that it signed holds any more.

    Applications that keep our key set for some minutes may refuse what the next key signs until they fetch it again.
    """
    from totrinn.app.applications.signing_keys import withdraw
    from totrinn.app.errors import NotFound

    with opened(data, database) as installation:
        try:
            left = withdraw(installation.services, visitor(), operator(), key)
        except NotFound:
            raise Refused(f"there is no signing key {key}") from None
        _print(left, as_json=as_json)


def _print(keys: "tuple[SigningKey, ...]", *, as_json: bool) -> None:
    now = datetime.now(UTC)
    if as_json:
        print_json([_described(key) for key in keys])
        return
    for key in keys:
        signs = f"signs since {key.signs_from:%Y-%m-%d %H:%M}" if key.signs_from <= now else "waits to sign"
        superseded = any(
            other.algorithm is key.algorithm and key.signs_from < other.signs_from <= now for other in keys
        )
        click.echo(f"{key.id}  {key.algorithm.value:<5}  {'only published' if superseded else signs}")


def _described(key: "SigningKey") -> dict[str, Any]:
    return {"id": key.id, "algorithm": key.algorithm.value, "made_at": key.created_at, "signs_from": key.signs_from}
