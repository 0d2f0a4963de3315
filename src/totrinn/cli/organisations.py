"""`organisation create`, and `feature grant` and `withdraw`: what the vendor decides about its customers."""

from pathlib import Path

import click

from totrinn.cli.options import (
    Refused,
    as_json,
    known_organisation,
    opened,
    operator,
    print_json,
    read_line,
    visitor,
    where,
)
from totrinn.core.identity import is_slug

FEATURES = ("forced_two_factor",)


@click.group()
def organisation() -> None:
    """Organisations: the vendor's customers."""


@organisation.command()
@click.argument("name")
@click.option("--slug", required=True, help="Its short name in addresses and commands: a to z, digits, hyphens.")
@click.option("--language", type=click.Choice(["nb", "nn", "en"]), default="nb", show_default=True)
@where
@as_json
def create(name: str, slug: str, language: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Create an organisation. `totrinn setup-link` then lets its first global administrator in."""
    from totrinn.app.operating import Obstacle, create_organisation

    if not is_slug(slug):
        raise Refused("a slug is 2 to 40 of a to z, 0 to 9 and hyphens, and neither begins nor ends with a hyphen")
    with opened(data, database) as installation:
        made = create_organisation(
            installation.services,
            visitor(),
            operator(),
            name=read_line(name, "a name", longest=100),
            slug=slug,
            language=language,
        )
    if isinstance(made, Obstacle):
        raise Refused(f"there is an organisation {slug!r} already")
    if as_json:
        print_json({"id": made.id, "slug": made.slug, "name": made.name, "language": made.language})
        return
    click.echo(f"Created {made.name} ({made.slug}).")


@click.group()
def feature() -> None:
    """Features that the vendor makes available to one organisation at a time."""


@feature.command()
@click.argument("slug")
@click.argument("name", metavar="FEATURE", type=click.Choice(FEATURES))
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the organisation's log.")
@where
@as_json
def grant(slug: str, name: str, why: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Let an organisation's global administrator turn the feature on."""
    from totrinn.app.enforcing import make_available

    with opened(data, database) as installation, known_organisation(slug):
        changed = make_available(
            installation.services, operator(), slug, why=read_line(why, "--why"), now=visitor().now
        )
    if as_json:
        print_json({"slug": slug, "feature": name, "available_since": changed.policy.available_since})
        return
    click.echo(f"{changed.name} may now require two-factor; its global administrator turns that on.")


@feature.command()
@click.argument("slug")
@click.argument("name", metavar="FEATURE", type=click.Choice(FEATURES))
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the organisation's log.")
@where
@as_json
def withdraw(slug: str, name: str, why: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Take the feature back. An organisation that requires two-factor goes on requiring it."""
    from totrinn.app.enforcing import withdraw as take_back

    with opened(data, database) as installation, known_organisation(slug):
        changed = take_back(installation.services, operator(), slug, why=read_line(why, "--why"), now=visitor().now)
    still = changed.policy.requirement.stands()
    if as_json:
        print_json({"slug": slug, "feature": name, "available_since": None, "is_required": still})
        return
    if still:
        click.echo(f"{changed.name} goes on requiring two-factor; once it turns that off, it cannot turn it on again.")
    else:
        click.echo(f"{changed.name} can no longer turn on the requirement of two-factor.")
