"""`audit verify` and `audit export`: whether the log is whole, and all of it for others to keep."""

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.options import Refused, as_json, opened, print_json, where

if TYPE_CHECKING:
    from totrinn.app.auditing import Verification
    from totrinn.app.ports import Unit
    from totrinn.app.records import LoggedEvent

FAULTS = {
    "changed": "an event, or the seal, is not what was sealed",
    "events_missing": "events are missing",
    "events_added": "events have been added",
    "batch_missing": "the batch is missing",
    "backdated": "an event was added that says it is older than it can be",
    "head_wrong": "the end of the chain is not where it was sealed",
    "summary_wrong": "whole chains are missing, or were added",
}
"""Each fault in plain words."""


@click.group()
def audit() -> None:
    """The log of everything that was done, and whether it is whole."""


@audit.command()
@where
@as_json
@click.pass_context
def verify(context: click.Context, data: Path | None, database: str | None, as_json: bool) -> None:
    """Read the whole log and check every seal. Exit status 1 if anybody has tampered with it.

    Write the line `summary` down elsewhere: a later one that shows fewer batches tells that an older database was put
    back.
    """
    from totrinn.app.auditing import verify_log

    with opened(data, database) as installation:
        found = verify_log(installation.services)
        with installation.services.store.reading() as unit:
            slugs = {finding.organisation_id: _slug(unit, finding.organisation_id) for finding in found.findings}
    if as_json:
        _print_for_programs(found, slugs)
    else:
        _print_for_people(found, slugs)
    if not found.is_sound:
        context.exit(1)


@audit.command()
@click.option("--organisation", "slug", metavar="SLUG", help="Only what happened in this organisation.")
@click.option("--json", "_json", is_flag=True, help="One JSON object a line; that is how it is anyway.")
@where
def export(slug: str | None, _json: bool, data: Path | None, database: str | None) -> None:
    """Print every event, oldest first, one JSON object a line."""
    with opened(data, database) as installation, installation.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug) if slug else None
        if slug and organisation is None:
            raise Refused(f"there is no such organisation: {slug}")
        for event in unit.log.all(organisation_id=organisation.id if organisation else None):
            click.echo(_line(event))


def _line(event: "LoggedEvent") -> str:
    row = {
        "id": event.id,
        "at": event.at.astimezone(UTC).isoformat(),
        "kind": event.kind,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "person": event.person_id,
        "person_name": event.person_name,
        "organisation": event.organisation_id,
        "address": event.address,
        "browser": event.browser,
        "detail": event.detail,
    }
    return json.dumps(row, ensure_ascii=False)


def _print_for_programs(found: "Verification", slugs: dict[str, str]) -> None:
    print_json(
        {
            "is_sound": found.is_sound,
            "batches": found.batches,
            "events": found.events,
            "summary": found.summary,
            "findings": [
                {"organisation": slugs[finding.organisation_id], "batch": finding.batch, "fault": finding.fault}
                for finding in found.findings
            ],
        }
    )


def _print_for_people(found: "Verification", slugs: dict[str, str]) -> None:
    if found.is_sound:
        click.echo(f"The log is whole: {found.events} sealed events in {found.batches} batches.")
    else:
        click.echo("The log has been tampered with:")
        for finding in found.findings:
            place = slugs[finding.organisation_id] or "events of no organisation"
            click.echo(f"  {place}, batch {finding.batch}: {FAULTS[finding.fault.value]}")
    click.echo(f"summary {found.summary or '-'}")


def _slug(unit: "Unit", organisation_id: str) -> str:
    organisation = unit.organisations.find(organisation_id) if organisation_id else None
    return organisation.slug if organisation else organisation_id
