"""`application`: the vendor's applications, which rely on a sign-in here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from totrinn.app.applications.records import Agreement, Application
from totrinn.cli.application_options import Given, agreed, describes_application, read_name
from totrinn.cli.application_words import Shown, for_people, for_programs
from totrinn.cli.options import Refused, as_json, opened, operator, print_json, visitor, where

if TYPE_CHECKING:
    from totrinn.app.applications.registering import Registered, Registrar
    from totrinn.app.own_factors import StaleProof
    from totrinn.bootstrap import Installation


@click.group()
def application() -> None:
    """Applications that people sign in to here."""


@application.command()
@click.argument("name")
@describes_application
@where
@as_json
def add(name: str, data: Path | None, database: str | None, as_json: bool, **given: Any) -> None:
    """Register an application; people may sign in to it at once.

    Prints its client id and its secret. The secret is shown this once: `totrinn application secret` makes a new one.
    """
    from totrinn.app.applications.registering import register

    wanted = agreed(Agreement(read_name(name)), Given(**given))
    with opened(data, database) as installation:
        made = _done(register(installation.services, _operator(), wanted))
        _print(installation, made.application, made.secret, heading="Registered, and switched on.", as_json=as_json)


@application.command("list")
@where
@as_json
def list_(data: Path | None, database: str | None, as_json: bool) -> None:
    """List the applications."""
    with opened(data, database) as installation, installation.services.store.reading() as unit:
        found = unit.applications.all()
        base_url = installation.settings.base_url
    if as_json:
        print_json([for_programs(Shown(each, base_url)) for each in found])
        return
    for each in found:
        click.echo(f"{each.id}  {'on ' if each.is_enabled else 'off'}  {each.name}")


@application.command()
@click.argument("client_id", metavar="ID")
@where
@as_json
def show(client_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Show an application: what is agreed, and what its developer has to be told. No secret is shown."""
    with opened(data, database) as installation:
        _print(installation, _found(installation, client_id), as_json=as_json)


@application.command()
@click.argument("client_id", metavar="ID")
@click.option("--name", metavar="TEXT", help="What people know it by.")
@describes_application
@where
@as_json
def change(
    client_id: str, name: str | None, data: Path | None, database: str | None, as_json: bool, **given: Any
) -> None:
    """Change what is agreed with an application.

    What is left out stays as it is. An option that may be given several times replaces the whole list; given as '' it
    empties it.
    """
    from totrinn.app.applications.registering import change as store

    with opened(data, database) as installation, _known(client_id):
        before = _found(installation, client_id)
        named = before.agreement if name is None else replace(before.agreement, name=read_name(name))
        wanted = agreed(named, Given(**given))
        changed = store(installation.services, _operator(), client_id, wanted, expected_revision=before.revision)
        done = _done(changed)
        _print(installation, done.application, done.secret, heading="Changed.", as_json=as_json)


@application.command()
@click.argument("client_id", metavar="ID")
@where
@as_json
def secret(client_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Make a new secret; those that there are work on for 24 hours, so that it can be exchanged in peace."""
    from totrinn.app.applications.registering import renew_secret

    with opened(data, database) as installation, _known(client_id):
        made = _done(renew_secret(installation.services, _operator(), client_id))
        heading = "Here is the new secret. Earlier ones work for 24 hours more."
        _print(installation, made.application, made.secret, heading=heading, as_json=as_json)


@application.command()
@click.argument("client_id", metavar="ID")
@where
@as_json
def enable(client_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Let people sign in to an application."""
    from totrinn.app.applications.registering import switch

    with opened(data, database) as installation, _known(client_id):
        switched = _by_operator(switch(installation.services, _operator(), client_id, is_enabled=True))
        _print_switched(switched, f"{switched.name} is switched on.", as_json=as_json)


@application.command()
@click.argument("client_id", metavar="ID")
@where
@as_json
def disable(client_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Let nobody sign in to an application, and end what it was given; all is kept as it is set up."""
    from totrinn.app.applications.registering import switch

    with opened(data, database) as installation, _known(client_id):
        switched = _by_operator(switch(installation.services, _operator(), client_id, is_enabled=False))
        _print_switched(switched, f"{switched.name} is switched off, and nobody can sign in to it.", as_json=as_json)


@application.command()
@click.argument("client_id", metavar="ID")
@where
@as_json
def remove(client_id: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Delete an application, its secrets, and all that it was given."""
    from totrinn.app.applications.registering import remove as delete

    with opened(data, database) as installation, _known(client_id):
        gone = _by_operator(delete(installation.services, _operator(), client_id))
        if as_json:
            print_json({"client_id": gone.id, "name": gone.name, "is_removed": True})
            return
        click.echo(f"{gone.name} is removed.")


def _operator() -> "Registrar":
    from totrinn.app.applications.registering import Registrar

    return Registrar(visitor(), operator())


def _done(outcome: object) -> "Registered":
    """What was done. Raises `Refused`, with the reason why it was not."""
    from totrinn.app.applications.registering import ApplicationObstacle, Registered

    if isinstance(outcome, Registered):
        return outcome
    reasons = {
        ApplicationObstacle.SOMEONE_ELSE: "someone else has changed it in the meantime; look at it, and try again",
        ApplicationObstacle.BAD_ADDRESS: "an address begins with https:// (http:// on this machine only), and has no #",
        ApplicationObstacle.BAD_HOST: "a host is a host name, with the port if it has one",
        ApplicationObstacle.HOST_TAKEN: "another application has one of these hosts already",
        ApplicationObstacle.NO_KEYS: "private_key_jwt needs --keys: a JWK set with public keys alone, RSA of at least"
        " 2048 bits or elliptic",
        ApplicationObstacle.NO_SECRET: "this application has no secret: it proves itself in another way",
    }
    raise Refused(reasons[ApplicationObstacle(str(outcome))])


def _by_operator(outcome: "Application | StaleProof") -> Application:
    """Whoever runs commands is asked for no proof."""
    if not isinstance(outcome, Application):
        raise TypeError(outcome)
    return outcome


@contextmanager
def _known(client_id: str) -> Iterator[None]:
    from totrinn.app.errors import NotFound

    try:
        yield
    except NotFound:
        raise Refused(f"there is no such application: {client_id}") from None


def _found(installation: "Installation", client_id: str) -> Application:
    with installation.services.store.reading() as unit:
        found = unit.applications.find(client_id)
    if found is None:
        raise Refused(f"there is no such application: {client_id}")
    return found


def _print(
    installation: "Installation",
    found: Application,
    secret: str | None = None,
    *,
    heading: str = "",
    as_json: bool,
) -> None:
    shown = Shown(found, installation.settings.base_url, secret)
    if as_json:
        print_json(for_programs(shown))
        return
    if heading:
        click.echo(f"{heading}\n")
    click.echo(for_people(shown))


def _print_switched(switched: Application, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"client_id": switched.id, "name": switched.name, "is_enabled": switched.is_enabled})
        return
    click.echo(words)
