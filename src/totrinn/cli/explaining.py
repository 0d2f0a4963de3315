"""`explain`: why one person gets in, or does not. `core.policy.decide` gives the verdict; here it only gets words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import Refused, as_json, opened, print_json, read_address, where

if TYPE_CHECKING:
    from totrinn.app.ports import Unit
    from totrinn.app.records import Organisation, Standing
    from totrinn.app.sso_records import Connection
    from totrinn.bootstrap import Installation
    from totrinn.core.policy import ConnectionFacts, Facts, Proof, Verdict

    _Way = tuple[str, Proof, ConnectionFacts | None]
    """How somebody signs in, in words, and what that proves."""

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
    "vendor": "the vendor's staff always need a second factor of their own",
    "several_organisations": "the person belongs to several organisations",
    "nothing_proven": "nothing has been proven",
    "proof_outdated": "the password or the factors have changed since",
    "sso_of_another": "another organisation's SSO is worth nothing here",
    "sso_without_evidence": "the connection demands evidence of two factors, and the provider gave none",
    "sso_verified": "the provider gave no evidence of two factors, but the person's own second factor is verified",
    "connection_off": "the connection is switched off",
    "link_ended": "the person is no longer linked by this connection",
    "password_closed": "the organisation has closed password sign-in for those who are linked through its SSO",
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
    now = datetime.now(UTC)
    with opened(data, database) as installation:
        case = _case(installation, read_address(email), slug)
    judged = tuple(_judge(case, now))
    if as_json:
        _print_for_programs(case, judged)
    else:
        _print_for_people(case, judged)


@dataclass(frozen=True, slots=True)
class _Link:
    """A link of the person in this organisation, with the connection as it is now."""

    connection: "Connection"
    identity: str
    facts: "ConnectionFacts"
    used_at: datetime

    @property
    def words(self) -> str:
        return self.connection.name if self.facts.is_enabled else f"{self.connection.name} (switched off)"


@dataclass(frozen=True, slots=True)
class _Case:
    """All that is known of the person in the organisation, read in one transaction."""

    standing: "Standing"
    organisation: "Organisation"
    links: tuple[_Link, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One way to sign in, and what would become of it."""

    way: str
    facts: "Facts"
    verdict: "Verdict"

    @property
    def verdict_name(self) -> str:
        return type(self.verdict).__name__

    @property
    def words(self) -> str:
        return f"{VERDICTS[self.verdict_name]}: {REASONS[self.verdict.reason]}"


def _case(installation: "Installation", address: str, slug: str) -> _Case:
    with installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        person = unit.people.find_by_email(address)
        standing = unit.people.standing(person.id, organisation.id) if person and organisation else None
        links = tuple(_links(unit, standing.person.id, organisation.id)) if standing and organisation else ()
    if organisation is None:
        raise Refused(f"there is no such organisation: {slug}")
    if standing is None:
        raise Refused(f"there is no person with the address {address}")
    return _Case(standing, organisation, links)


def _links(unit: "Unit", person_id: str, organisation_id: str) -> "Iterator[_Link]":
    for link in unit.identities.of_person(person_id, organisation_id):
        connection = unit.connections.find(link.connection_id)
        facts = unit.identities.facts(link.id, person_id)
        if connection is not None and facts is not None:
            yield _Link(connection, link.id, facts, link.used_at)


def _judge(case: _Case, now: datetime) -> "Iterator[_Judged]":
    from totrinn.app.landing import facts_of
    from totrinn.core.policy import decide

    version = case.standing.person.version
    for way, proof, connection in (*_by_password(now), *_through_sso(case, now)):
        facts = facts_of(case.standing, proof=proof, person_version=version, now=now, connection=connection)
        yield _Judged(way, facts, decide(facts))


def _by_password(now: datetime) -> "Iterator[_Way]":
    from totrinn.core.policy import Method, Proof

    yield "with a password", Proof(Method.PASSWORD, now), None
    yield "with a password and a verified second factor", Proof(Method.PASSWORD, now, factor_at=now), None


def _through_sso(case: _Case, now: datetime) -> "Iterator[_Way]":
    """With and without evidence where that makes a difference."""
    from totrinn.core.policy import Method, Proof, SsoProof

    for link in case.links:
        way = f"through SSO, {link.connection.name}"
        without = Proof(Method.SSO, now, sso=SsoProof(case.organisation.id, link.identity))
        if not link.facts.demands_evidence:
            yield way, without, link.facts
            continue
        proven = SsoProof(case.organisation.id, link.identity, has_evidence=True)
        yield f"{way}, with evidence of two factors", Proof(Method.SSO, now, sso=proven), link.facts
        yield f"{way}, without evidence of two factors", without, link.facts
        if case.standing.has_factor:
            yield f"{way}, without evidence, and a verified second factor", replace(without, factor_at=now), link.facts


def _print_for_programs(case: _Case, judged: tuple[_Judged, ...]) -> None:
    print_json(
        {
            "email": case.standing.person.email,
            "organisation": case.organisation.slug,
            "now": judged[0].facts.now,
            "facts": _facts_for_programs(case, judged[0].facts),
            "sign_ins": [
                {
                    "way": each.way,
                    "verdict": each.verdict_name,
                    "reason": each.verdict.reason,
                    "words": each.words,
                }
                for each in judged
            ],
        }
    )


def _facts_for_programs(case: _Case, facts: "Facts") -> dict[str, object]:
    requirement = case.organisation.policy.requirement
    return {
        "is_active": facts.person.is_active,
        "has_password": case.standing.person.password_hash is not None,
        "takes_password": case.standing.takes_password,
        "has_factor": facts.person.has_factor,
        "must_enrol": facts.person.must_enrol,
        "role": case.standing.role,
        "membership_count": facts.membership_count,
        "organisation_is_active": case.organisation.is_active,
        "required_always": requirement.always,
        "required_since": requirement.since,
        "required_from": requirement.from_,
        "required_now": requirement.bites(facts.now),
        "links": [
            {
                "connection": link.connection.id,
                "name": link.connection.name,
                "is_enabled": link.facts.is_enabled,
                "demands_evidence": link.facts.demands_evidence,
                "used_at": link.used_at,
            }
            for link in case.links
        ],
    }


def _print_for_people(case: _Case, judged: tuple[_Judged, ...]) -> None:
    standing, organisation, facts = case.standing, case.organisation, judged[0].facts
    rows = {
        "the account is enabled": _yes(facts.person.is_active),
        "has chosen a password": _yes(standing.person.password_hash is not None),
        "has a confirmed second factor": _yes(facts.person.has_factor),
        "is marked to set one up anew, after a reset": _yes(facts.person.must_enrol),
        "role in this organisation": standing.role.value.replace("_", " ") if standing.role else "none: no member",
        "organisations joined": str(facts.membership_count),
        "the organisation is open": _yes(organisation.is_active),
        "the organisation requires two-factor": _requirement(organisation, facts.now),
        "linked through SSO, by": ", ".join(link.words for link in case.links) or "nothing",
        "the organisation has closed its password": _yes(not standing.takes_password),
    }
    click.echo(f"{standing.person.email} at {organisation.name} ({organisation.slug})\n\nThe facts")
    for fact, value in rows.items():
        click.echo(f"  {fact:<44} {value}")
    for each in judged:
        click.echo(f"\nWhoever signs in {each.way}")
        click.echo(f"  {each.words}.  [{each.verdict_name}, {each.verdict.reason.value}]")


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
