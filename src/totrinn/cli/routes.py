"""`routes`: every address that is served, its methods, and what it demands of who asks."""

from dataclasses import asdict
from pathlib import Path

import click

from totrinn.cli.options import as_json, print_json, where


@click.command()
@where
@as_json
def routes(data: Path | None, database: str | None, as_json: bool) -> None:  # noqa: ARG001  # every command takes them
    """List every route, its methods, and what it demands of who asks."""
    from totrinn.web.application import route_table

    table = route_table()
    if as_json:
        print_json([asdict(route) for route in table])
        return
    width = max(len(route.path) for route in table)
    for route in table:
        click.echo(f"{','.join(route.methods):<9} {route.path:<{width}}  {route.demand}")
