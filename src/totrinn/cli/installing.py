"""`init` and `setup-link`: making an installation, and letting its first people in."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import as_json, known_organisation, opened, operator, print_json, settings_of, visitor, where

if TYPE_CHECKING:
    from totrinn.app.operating import Link
    from totrinn.bootstrap import Installation


@click.command()
@where
@as_json
def init(data: Path | None, database: str | None, as_json: bool) -> None:
    """Make or renew an installation: database, keys, the vendor.

    Prints a one-time link by which the vendor's first person comes in, as long as there is none.
    """
    from totrinn.app.operating import VENDOR_SLUG
    from totrinn.bootstrap import create_installation, has_staff

    settings = settings_of(data, database)
    with create_installation(settings, visitor(), operator()) as installation:
        if has_staff(installation.database):
            _print_ready(installation, as_json=as_json)
            return
        _print_link(installation, _issue(installation, VENDOR_SLUG), VENDOR_SLUG, as_json=as_json)


@click.command("setup-link")
@click.option(
    "--organisation", "slug", metavar="SLUG", default="vendor", show_default=True, help="Whose first administrator."
)
@where
@as_json
def setup_link(slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Issue a one-time link for an organisation's first global administrator, or the vendor's staff.

    Links that were issued earlier for the same organisation no longer work.
    """
    with opened(data, database) as installation:
        _print_link(installation, _issue(installation, slug), slug, as_json=as_json)


def _issue(installation: "Installation", slug: str) -> "Link":
    from totrinn.app.operating import issue_setup_link

    with known_organisation(slug):
        return issue_setup_link(installation.services, visitor(), operator(), slug)


def _print_link(installation: "Installation", issued: "Link", slug: str, *, as_json: bool) -> None:
    address = installation.settings.link(f"/setup/{issued.token}")
    expires_at = issued.link.expires_at
    if as_json:
        print_json({"organisation": slug, "setup_link": address, "expires_at": expires_at})
        return
    click.echo("Open this address once, to make the first account:")
    click.echo(f"\n  {address}\n")
    click.echo(f"It works until {_clock(expires_at)}. `totrinn setup-link` issues a new one.")


def _print_ready(installation: "Installation", *, as_json: bool) -> None:
    if as_json:
        print_json({"organisation": "vendor", "setup_link": None, "base_url": installation.settings.base_url})
        return
    click.echo("The installation is up to date, and the vendor has staff already.")
    click.echo("`totrinn setup-link` issues a one-time link for one more.")


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M} ({at.astimezone(UTC):%H:%M} UTC)"
