"""`user` and `vendor`: making persons, and resetting a lost second factor."""

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
    read_address,
    read_line,
    read_secret,
    visitor,
    where,
)
from totrinn.core.roles import ASSIGNABLE, Role

if TYPE_CHECKING:
    from totrinn.app.accounts import WeakPassword
    from totrinn.app.operating import Created, MembershipOffered
    from totrinn.bootstrap import Installation

password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)


@click.group()
def user() -> None:
    """Persons in customers' organisations."""


@click.group()
def vendor() -> None:
    """The vendor's own staff."""


@user.command("create")
@click.argument("email")
@click.option("--organisation", "slug", required=True, metavar="SLUG")
@click.option("--role", required=True, type=click.Choice([role.value for role in ASSIGNABLE]))
@click.option("--name", default="", help="The person's name; else what stands before the @.")
@password_stdin
@where
@as_json
def create_user(
    email: str,
    slug: str,
    role: str,
    name: str,
    password_stdin: bool,
    data: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Create a person with a role in an organisation.

    Without a password, a one-time link to choose one is printed. A person who exists already is offered a membership,
    which they accept themselves; their password stays their own.
    """
    with opened(data, database) as installation:
        _refuse_vendor(installation, slug)
        made = _create(installation, email, name, slug, Role(role), password_stdin=password_stdin)
        _print_made(installation, made, slug, as_json=as_json)


@vendor.command("create")
@click.argument("email")
@click.option("--name", default="", help="The person's name; else what stands before the @.")
@password_stdin
@where
@as_json
def create_vendor(
    email: str, name: str, password_stdin: bool, data: Path | None, database: str | None, as_json: bool
) -> None:
    """Create one of the vendor's staff. Without a password, a one-time link to choose one is printed."""
    from totrinn.app.operating import VENDOR_SLUG

    with opened(data, database) as installation:
        made = _create(installation, email, name, VENDOR_SLUG, Role.VENDOR, password_stdin=password_stdin)
        _print_made(installation, made, VENDOR_SLUG, as_json=as_json)


@user.command("password-link")
@click.argument("email")
@where
@as_json
def password_link(email: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Make a new one-time link for a person who has never chosen a password; an earlier link stops working."""
    from totrinn.app.errors import NotFound
    from totrinn.app.operating import Obstacle, issue_password_link

    address = read_address(email)
    with opened(data, database) as installation:
        try:
            link = issue_password_link(installation.services, visitor(), operator(), address)
        except NotFound:
            raise Refused(f"there is no person with the address {address}") from None
        if isinstance(link, Obstacle):
            raise Refused(f"{address} has a password, which nobody else may change")
        shown = installation.settings.link(f"/password/{link.token}")
    if as_json:
        print_json({"email": address, "password_link": shown, "expires_at": link.link.expires_at})
        return
    click.echo(f"By this address {address} chooses a password, once, within an hour:\n\n  {shown}\n")


@user.command("reset-second-factor")
@click.argument("email")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the log.")
@where
@as_json
def reset_second_factor(email: str, why: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Remove a person's lost second factor: they are signed out everywhere and must set up a new one."""
    from totrinn.app.errors import NotFound
    from totrinn.app.operating import reset_by_operator

    address = read_address(email)
    with opened(data, database) as installation:
        try:
            person = reset_by_operator(
                installation.services, visitor(), operator(), address, why=read_line(why, "--why")
            )
        except NotFound:
            raise Refused(f"there is no person with the address {address}") from None
    if as_json:
        print_json({"email": person.email, "must_enrol": True})
        return
    click.echo(f"Reset: {person.email} is signed out everywhere and must set up a second factor at the next sign-in.")


def _create(
    installation: "Installation", email: str, name: str, slug: str, role: Role, *, password_stdin: bool
) -> "Created | MembershipOffered":
    from totrinn.app.accounts import WeakPassword
    from totrinn.app.operating import Obstacle, create_person

    address = read_address(email)
    password = read_secret("password") if password_stdin else None
    with known_organisation(slug):
        made = create_person(
            installation.services,
            visitor(),
            operator(),
            email=address,
            name=read_line(name, "--name", longest=100) if name else "",
            slug=slug,
            role=role,
            password=password,
        )
    if isinstance(made, WeakPassword):
        raise Refused(_weakness(made))
    if isinstance(made, Obstacle):
        raise Refused(_OBSTACLES[made.value].format(address=address, slug=slug))
    return made


_OBSTACLES = {
    "already_a_member": "{address} is a member of {slug} already, or has been offered a membership",
    "address_taken": "{address} was created by somebody else just now; try again",
    "password_for_existing": "{address} exists already, and their password is their own: leave out --password-stdin",
}


def _weakness(weak: "WeakPassword") -> str:
    from totrinn.core.passwords import LONGEST, Weakness

    words = {
        Weakness.TOO_SHORT: f"the password needs at least {weak.minimum} characters",
        Weakness.TOO_LONG: f"the password has more than {LONGEST} characters",
        Weakness.COMMON: "the password is one of those that are tried first: choose another",
        Weakness.NAMES_US: "the password is made of a name that anybody would guess: choose another",
        Weakness.UNREADABLE: "the password has characters that cannot be typed again: choose another",
    }
    return words[weak.weakness]


def _refuse_vendor(installation: "Installation", slug: str) -> None:
    with installation.services.store.reading() as unit:
        found = unit.organisations.find_by_slug(slug)
    if found is not None and found.is_vendor:
        raise Refused("the vendor's staff are made with `totrinn vendor create`")


def _print_made(installation: "Installation", made: "Created | MembershipOffered", slug: str, *, as_json: bool) -> None:
    from totrinn.app.operating import Created

    link = made.link if isinstance(made, Created) else None
    address = installation.settings.link(f"/password/{link.token}") if link else None
    if as_json:
        outcome = "created" if isinstance(made, Created) else "membership_offered"
        expires_at = link.link.expires_at if link else None
        print_json(
            {
                "email": made.person.email,
                "organisation": slug,
                "outcome": outcome,
                "password_link": address,
                "expires_at": expires_at,
            }
        )
    elif not isinstance(made, Created):
        click.echo(f"{made.person.email} exists already and is offered a membership, to accept after signing in.")
    elif address is None:
        click.echo(f"Created {made.person.email}.")
    else:
        click.echo(f"Created {made.person.email}. By this address they choose a password, once, within an hour:")
        click.echo(f"\n  {address}\n")
