"""`domain`: e-mail domains of organisations. Only a proven one leads anybody anywhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.connection_words import domain_data, domain_lines
from totrinn.cli.connections import lead, read_domain, refuse_unknown
from totrinn.cli.options import Refused, as_json, opened, operator, print_json, visitor, where

if TYPE_CHECKING:
    from totrinn.app.sso_records import Domain


@click.group()
def domain() -> None:
    """E-mail domains whose people sign in through their organisation's SSO."""


@domain.command()
@click.argument("slug")
@click.argument("name", metavar="DOMAIN")
@click.option("--connection", "connection_id", metavar="ID", help="The connection that its people sign in by.")
@click.option("--vouch", is_flag=True, help="The vendor vouches that the domain is the organisation's.")
@where
@as_json
def add(
    slug: str,
    name: str,
    connection_id: str | None,
    vouch: bool,
    data: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Claim a domain for an organisation, or lead it to another connection. Prints the record that proves it."""
    canonical = read_domain(name)
    with opened(data, database) as installation:
        refuse_unknown(installation, slug)
        _print(lead(installation, slug, canonical, connection_id, vouch=vouch), as_json=as_json)


@domain.command("list")
@click.argument("slug")
@where
@as_json
def list_(slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """List an organisation's domains."""
    with opened(data, database) as installation, installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            raise Refused(f"there is no such organisation: {slug}")
        found = unit.domains.of_organisation(organisation.id)
    if as_json:
        print_json([domain_data(each) for each in found])
        return
    for each in found:
        click.echo("\n".join(domain_lines(each)))


@domain.command()
@click.argument("slug")
@click.argument("name", metavar="DOMAIN")
@where
@as_json
def check(slug: str, name: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Look a domain's TXT record up, and remember the domain as proven."""
    from totrinn.app.errors import NotFound
    from totrinn.app.identity_providers import Unavailable
    from totrinn.app.owning_domains import DomainObstacle, look_up_by_operator

    canonical = read_domain(name)
    with opened(data, database) as installation:
        refuse_unknown(installation, slug)
        try:
            found = look_up_by_operator(installation.services, visitor(), operator(), slug, canonical)
        except NotFound:
            raise Refused(f"{slug} has no domain {canonical}") from None
    if isinstance(found, Unavailable):
        raise Refused(f"the records of {canonical} cannot be looked up: {found.code}")
    if isinstance(found, DomainObstacle):
        raise Refused(f"the record is not there: `totrinn domain list {slug}` shows it")
    _print(found, as_json=as_json)


@domain.command()
@click.argument("slug")
@click.argument("name", metavar="DOMAIN")
@where
@as_json
def remove(slug: str, name: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Remove a domain from an organisation: its addresses lead nowhere, and link nobody any more."""
    from totrinn.app.errors import NotFound
    from totrinn.app.owning_domains import give_up_by_operator

    canonical = read_domain(name)
    with opened(data, database) as installation:
        refuse_unknown(installation, slug)
        try:
            gone = give_up_by_operator(installation.services, visitor(), operator(), slug, canonical)
        except NotFound:
            raise Refused(f"{slug} has no domain {canonical}") from None
    if as_json:
        print_json({"domain": gone.name, "organisation": slug, "is_removed": True})
        return
    click.echo(f"{gone.name} is removed. Whoever is linked stays linked.")


def _print(found: "Domain", *, as_json: bool) -> None:
    if as_json:
        print_json(domain_data(found))
        return
    click.echo("\n".join(domain_lines(found)))
