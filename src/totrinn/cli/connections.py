"""`connection`: an organisation's agreements with identity providers, as the operator sets them up for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from totrinn.cli.connection_options import Given, describes_connection, read_draft
from totrinn.cli.connection_words import Shown, check_words, for_people, for_programs
from totrinn.cli.options import (
    Refused,
    as_json,
    known_organisation,
    opened,
    operator,
    print_json,
    visitor,
    where,
)

if TYPE_CHECKING:
    from totrinn.app.sso_records import Connection, Domain
    from totrinn.bootstrap import Installation


@click.group()
def connection() -> None:
    """Connections to identity providers: an organisation's SSO."""


@connection.command()
@click.argument("slug")
@describes_connection
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="DOMAIN",
    help="An e-mail domain whose people sign in by it. May be given several times.",
)
@click.option("--vouch", is_flag=True, help="The vendor vouches that the domains are the organisation's.")
@where
@as_json
def add(
    slug: str,
    domains: tuple[str, ...],
    vouch: bool,
    data: Path | None,
    database: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Connect an organisation's identity provider; people may sign in by it at once.

    Prints the addresses that the provider has to be told. A domain that nobody vouches for is proven by a TXT record,
    which is printed, and then by `totrinn domain check`. The provider is not asked: `totrinn connection check` does.
    """
    from totrinn.app.connecting import ConnectionObstacle, add_by_operator

    if vouch and not domains:
        raise Refused("--vouch needs --domain")
    names = [read_domain(domain) for domain in domains]
    with opened(data, database) as installation, known_organisation(slug):
        refuse_unknown(installation, slug)
        draft = read_draft(installation, Given(**given))
        made = add_by_operator(installation.services, visitor(), operator(), slug, draft)
        if isinstance(made, ConnectionObstacle):
            raise Refused(VENDORS_OWN)
        for name in names:
            lead(installation, slug, name, made.id, vouch=vouch)
        _print(installation, made, f"Added, and switched on for {slug}.", as_json=as_json)


@connection.command("list")
@click.argument("slug")
@where
@as_json
def list_(slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """List an organisation's connections."""
    with opened(data, database) as installation, installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            raise Refused(f"there is no such organisation: {slug}")
        shown = [
            _shown(installation, each, unit.domains.of_organisation(organisation.id), slug)
            for each in unit.connections.of_organisation(organisation.id)
        ]
    if as_json:
        print_json([for_programs(each) for each in shown])
        return
    for each in shown:
        found = each.connection
        click.echo(f"{found.id}  {found.kind}  {'on ' if found.is_enabled else 'off'}  {found.name}")


@connection.command()
@click.argument("connection_id", metavar="ID")
@where
@as_json
def show(connection_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Show a connection: what is agreed, and what the provider has to be told. No secret is shown."""
    with opened(data, database) as installation:
        _print(installation, _found(installation, connection_id), "", as_json=as_json)


@connection.command()
@click.argument("connection_id", metavar="ID")
@where
@as_json
def enable(connection_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Let people sign in by a connection."""
    from totrinn.app.connecting import switch_on_by_operator

    with opened(data, database) as installation, _known(connection_id):
        changed = switch_on_by_operator(installation.services, visitor(), operator(), connection_id)
        _print_changed(changed, f"{changed.name} is switched on.", as_json=as_json)


@connection.command()
@click.argument("connection_id", metavar="ID")
@where
@as_json
def disable(connection_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Let nobody sign in by a connection; sessions that came by it end at their next request."""
    from totrinn.app.connecting import switch_off_by_operator

    with opened(data, database) as installation, _known(connection_id):
        changed = switch_off_by_operator(installation.services, visitor(), operator(), connection_id)
        _print_changed(changed, f"{changed.name} is switched off, and nobody is signed in by it.", as_json=as_json)


@connection.command()
@click.argument("connection_id", metavar="ID")
@where
@as_json
def remove(connection_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Delete a connection, its secret, and all links between its people and the provider."""
    from totrinn.app.connecting import remove_by_operator

    with opened(data, database) as installation, _known(connection_id):
        gone = remove_by_operator(installation.services, visitor(), operator(), connection_id)
        if as_json:
            print_json({"id": gone.id, "name": gone.name, "is_removed": True})
            return
        click.echo(f"{gone.name} is removed. Its people are members still, and nobody is signed in by it.")


@connection.command()
@click.argument("connection_id", metavar="ID")
@where
@as_json
@click.pass_context
def check(context: click.Context, connection_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Ask the provider whether it can be reached, and offers what is needed. Exit status 1 if not."""
    from totrinn.app.sso_parties import party_of

    with opened(data, database) as installation:
        found = _found(installation, connection_id)
        problem = installation.services.providers.check_settings(party_of(installation.services, found))
    if as_json:
        answer = {"code": problem.code, "detail": problem.detail} if problem else {"code": "", "detail": ""}
        print_json({"id": found.id, "name": found.name, "is_usable": problem is None, **answer})
    else:
        click.echo(check_words(found, problem))
    if problem is not None:
        context.exit(1)


VENDORS_OWN = "the vendor's staff always use a second factor of their own: their organisation has no SSO"


def read_domain(typed: str) -> str:
    """The domain as addresses have it. Raises `Refused`."""
    from totrinn.app.owning_domains import canonical_domain

    name = canonical_domain(typed)
    if name is None:
        raise Refused(f"{typed[:200]!r} is no e-mail domain")
    return name


def refuse_unknown(installation: "Installation", slug: str) -> None:
    """Refuses an organisation that there is not, and the vendor's own, before anything else is looked at."""
    with installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
    if organisation is None:
        raise Refused(f"there is no such organisation: {slug}")
    if organisation.is_vendor:
        raise Refused(VENDORS_OWN)


def lead(installation: "Installation", slug: str, name: str, connection_id: str | None, *, vouch: bool) -> "Domain":
    """Claims the domain for the organisation, and vouches for it if that is wanted."""
    from totrinn.app import owning_domains
    from totrinn.app.errors import NotFound

    services = installation.services
    try:
        domain = owning_domains.add_by_operator(services, visitor(), operator(), slug, name, connection_id)
    except NotFound:
        raise Refused(f"{slug} has no connection {connection_id}") from None
    if vouch and domain.proven_at is None:
        return owning_domains.vouch(services, visitor(), operator(), slug, name)
    return domain


@contextmanager
def _known(connection_id: str) -> Iterator[None]:
    from totrinn.app.errors import NotFound

    try:
        yield
    except NotFound:
        raise Refused(f"there is no such connection: {connection_id}") from None


def _found(installation: "Installation", connection_id: str) -> "Connection":
    with installation.services.store.reading() as unit:
        found = unit.connections.find(connection_id)
    if found is None:
        raise Refused(f"there is no such connection: {connection_id}")
    return found


def _shown(installation: "Installation", found: "Connection", domains: "tuple[Domain, ...]", slug: str) -> Shown:
    own = tuple(domain for domain in domains if domain.connection_id == found.id)
    return Shown(found, slug, own, installation.settings.link)


def _print(installation: "Installation", found: "Connection", heading: str, *, as_json: bool) -> None:
    with installation.services.store.reading() as unit:
        organisation = unit.organisations.find(found.organisation_id)
        domains = unit.domains.of_organisation(found.organisation_id)
    shown = _shown(installation, found, domains, organisation.slug if organisation else "")
    if as_json:
        print_json(for_programs(shown))
        return
    if heading:
        click.echo(f"{heading}\n")
    click.echo(for_people(shown))


def _print_changed(changed: "Connection", words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": changed.id, "name": changed.name, "is_enabled": changed.is_enabled})
        return
    click.echo(words)
