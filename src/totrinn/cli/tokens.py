"""`token`: API tokens, made by the operator for an organisation or for the vendor."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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
from totrinn.core.api_tokens import LONGEST_LIFE, Scope

if TYPE_CHECKING:
    from totrinn.app.api_tokens import TokenObstacle
    from totrinn.app.token_records import ApiToken

of_organisation = click.option(
    "--organisation", "slug", required=True, metavar="SLUG", help="Whose token it is; `vendor` for the vendor's own."
)


@click.group()
def token() -> None:
    """Tokens by which programs call the API."""


@token.command()
@of_organisation
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; may be given several times.",
)
@click.option("--days", required=True, type=click.IntRange(1, LONGEST_LIFE.days), help="After how many days it stops.")
@click.option("--name", default="", help="What the log calls it; else its scopes and the time.")
@where
@as_json
def create(
    slug: str,
    scopes: tuple[str, ...],
    days: int,
    name: str,
    data: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Make a token. It is printed this once."""
    from totrinn.app.api_tokens import TokenObstacle, WantedToken, make_token_by_operator

    now = visitor()
    called = read_line(name, "--name", longest=100) if name else f"{' '.join(scopes)[:70]} {now.now:%Y-%m-%d %H:%M:%S}"
    wanted = WantedToken(called, frozenset(map(Scope, scopes)), timedelta(days=days))
    with opened(data, database) as installation, known_organisation(slug):
        made = make_token_by_operator(installation.services, now, operator(), slug, wanted)
    if isinstance(made, TokenObstacle):
        raise Refused(_obstacle(made, slug, called))
    if as_json:
        print_json({**_data(made.token, holds=True), "organisation": slug, "token": made.text})
        return
    click.echo(f"Made the token {made.token.id}. It works until {made.token.ends_at:%Y-%m-%d}, and is shown this once:")
    click.echo(f"\n  {made.text}\n")


@token.command("list")
@of_organisation
@where
@as_json
def list_(slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """List an organisation's tokens, the newest first."""
    from totrinn.app.api_tokens import tokens_of_slug

    with opened(data, database) as installation, known_organisation(slug):
        found = tokens_of_slug(installation.services, visitor(), slug)
    if as_json:
        print_json([_data(each, holds=holds) for each, holds in found])
        return
    for each, holds in found:
        state = f"until {each.ends_at:%Y-%m-%d}" if holds else "no longer taken"
        used = f"{each.used_at:%Y-%m-%d}" if each.used_at else "never"
        click.echo(f"{each.id}  {each.name}: {' '.join(sorted(each.scopes))}; {state}; last used: {used}")


@token.command()
@click.argument("token_id", metavar="ID")
@of_organisation
@where
@as_json
def revoke(token_id: str, slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """End a token: its next call is refused."""
    from totrinn.app.api_tokens import end_token_by_operator, tokens_of_slug

    with opened(data, database) as installation, known_organisation(slug):
        known = {each.id for each, _ in tokens_of_slug(installation.services, visitor(), slug)}
        if token_id not in known:
            raise Refused(f"{slug} has no token {token_id}")
        ended = end_token_by_operator(installation.services, visitor(), operator(), slug, token_id)
    if as_json:
        print_json({"id": ended.id, "name": ended.name, "organisation": slug})
        return
    click.echo(f"Ended: {ended.name}.")


def _data(token: "ApiToken", *, holds: bool) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "made_by": token.made_by,
        "created_at": token.created_at,
        "ends_at": token.ends_at,
        "used_at": token.used_at,
        "holds": holds,
    }


def _obstacle(obstacle: "TokenObstacle", slug: str, name: str) -> str:
    if obstacle == "name_taken":
        return f"{slug} has a token of the name {name!r} already"
    return f"a token of {slug} cannot have this scope: some are for the vendor's tokens, others for organisations'"
