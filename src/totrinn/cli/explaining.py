"""`explain`: why one person gets in, or does not. `core.policy.decide` gives the verdict; here it only gets words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import Refused, as_json, opened, print_json, read_address, where

if TYPE_CHECKING:
    from totrinn.app.records import Organisation, Standing
    from totrinn.bootstrap import Installation
    from totrinn.core.policy import Facts, Verdict

VERDICTS = {
    "Admit": "is let in",
    "MustVerify": "must use the second factor before anything else",
    "MustChoose": "must say which organisation",
    "MustEnrol": "must set up a second factor before anything else",
    "Deny": "is not let in",
}
"""Each verdict, as what happens to the person."""

REASONS = {
    "proven_by_sso": "the organisation's own SSO has proven who it is",
    "verified": "everything that is asked for has been proven",
    "not_required": "the organisation does not require two-factor now, and the person has no second factor",
    "has_factor": "whoever has a second factor must always use it after a password, required or not",
    "required": "the organisation requires two-factor, and the person has not set up any",
    "reset": "the second factor was reset, and a new one must be set up, in every organisation",
    "vendor": "the vendor's staff always need a second factor, and the person has not set up any",
    "several_organisations": "the person belongs to several organisations",
    "nothing_proven": "nothing has been proven",
    "proof_outdated": "the password or the factors have changed since",
    "sso_of_another": "another organisation's SSO is worth nothing here",
    "inactive": "the person's account is disabled",
    "not_a_member": "the person is no member of this organisation, or the organisation is closed",
    "no_membership": "the person belongs to no organisation",
}
"""Each reason in plain words."""


@click.command()
@click.argument("email")
@click.option("--organisation", "slug", required=True, metavar="SLUG")
@where
@as_json
def explain(email: str, slug: str, data: Path | None, database: str | None, as_json: bool) -> None:
    """Show what decides whether a person gets in to an organisation: the facts, the verdict, the reason."""
    from totrinn.app.landing import facts_of
    from totrinn.core.policy import Method, Proof, decide

    now = datetime.now(UTC)
    proofs = {
        "with a password": Proof(Method.PASSWORD, now),
        "with a password and a verified second factor": Proof(Method.PASSWORD, now, factor_at=now),
    }
    with opened(data, database) as installation:
        standing, organisation = _standing(installation, read_address(email), slug)
    version = standing.person.version
    judged = {
        way: (facts := facts_of(standing, proof=proof, person_version=version, now=now), decide(facts))
        for way, proof in proofs.items()
    }
    facts = next(iter(judged.values()))[0]
    verdicts = {way: verdict for way, (_, verdict) in judged.items()}
    if as_json:
        _print_for_programs(standing, organisation, facts, verdicts)
    else:
        _print_for_people(standing, organisation, facts, verdicts)


def _standing(installation: "Installation", address: str, slug: str) -> "tuple[Standing, Organisation]":
    with installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        person = unit.people.find_by_email(address)
        standing = unit.people.standing(person.id, organisation.id) if person and organisation else None
    if organisation is None:
        raise Refused(f"there is no such organisation: {slug}")
    if standing is None:
        raise Refused(f"there is no person with the address {address}")
    return standing, organisation


def _print_for_programs(
    standing: "Standing", organisation: "Organisation", facts: "Facts", verdicts: "dict[str, Verdict]"
) -> None:
    requirement = organisation.policy.requirement
    print_json(
        {
            "email": standing.person.email,
            "organisation": organisation.slug,
            "now": facts.now,
            "facts": {
                "is_active": facts.person.is_active,
                "has_password": standing.person.password_hash is not None,
                "has_factor": facts.person.has_factor,
                "must_enrol": facts.person.must_enrol,
                "role": standing.role,
                "membership_count": facts.membership_count,
                "organisation_is_active": organisation.is_active,
                "required_always": requirement.always,
                "required_since": requirement.since,
                "required_from": requirement.from_,
                "required_now": requirement.bites(facts.now),
            },
            "sign_ins": [
                {
                    "way": way,
                    "verdict": type(verdict).__name__,
                    "reason": verdict.reason,
                    "words": f"{VERDICTS[type(verdict).__name__]}: {REASONS[verdict.reason]}",
                }
                for way, verdict in verdicts.items()
            ],
        }
    )


def _print_for_people(
    standing: "Standing", organisation: "Organisation", facts: "Facts", verdicts: "dict[str, Verdict]"
) -> None:
    rows = {
        "the account is enabled": _yes(facts.person.is_active),
        "has chosen a password": _yes(standing.person.password_hash is not None),
        "has a confirmed second factor": _yes(facts.person.has_factor),
        "is marked to set one up anew, after a reset": _yes(facts.person.must_enrol),
        "role in this organisation": standing.role.value.replace("_", " ") if standing.role else "none: no member",
        "organisations joined": str(facts.membership_count),
        "the organisation is open": _yes(organisation.is_active),
        "the organisation requires two-factor": _requirement(organisation, facts.now),
    }
    click.echo(f"{standing.person.email} at {organisation.name} ({organisation.slug})\n\nThe facts")
    for fact, value in rows.items():
        click.echo(f"  {fact:<44} {value}")
    for way, verdict in verdicts.items():
        name = type(verdict).__name__
        click.echo(f"\nWhoever signs in {way}")
        click.echo(f"  {VERDICTS[name]}: {REASONS[verdict.reason]}.  [{name}, {verdict.reason.value}]")


def _requirement(organisation: "Organisation", now: datetime) -> str:
    requirement = organisation.policy.requirement
    if requirement.always:
        return "always: it is the vendor's own"
    if not requirement.stands():
        return "no"
    if requirement.from_ is not None and not requirement.bites(now):
        return f"not yet: from {_moment(requirement.from_)}"
    return f"yes, since {_moment(requirement.from_ or requirement.since or now)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
