"""`apply`: brings the installation to what a file declares, by a plan that somebody has read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from totrinn.cli.options import Refused, as_json, opened, operator, print_json, visitor, where

if TYPE_CHECKING:
    from totrinn.app.declaring.plan import Impossible, Operator, Plan, Step

_WORDS = {
    "create_organisation": "create the organisation",
    "change_settings": "change its settings",
    "make_available": "make required two-factor available",
    "withdraw": "withdraw required two-factor",
    "require": "require two-factor",
    "add_connection": "add the connection",
    "change_connection": "change the connection",
    "switch_connection": "switch the connection",
    "lead_domain": "lead a domain to the connection",
    "register_application": "register the application",
    "change_application": "change the application",
    "switch_application": "switch the application",
}
_PEOPLE = {
    "missing": "must set up a second factor",
    "has": "have one",
    "sso": "come through SSO and are not disturbed",
    "members": "members",
    "linked": "sign in by it",
}
_REASONS = {
    "vendors_own": "the vendor's own organisation is not declared by a file",
    "not_allowed": "a file makes a requirement stricter, never weaker; that is for its global administrator",
    "not_available": "required two-factor is not available to it: add two_factor_available = true, and why",
    "people_changed": "other people lack a second factor than those who were counted",
    "someone_else": "somebody else has changed this meanwhile",
    "another_kind": "a connection of this name speaks the other protocol: give it another name",
    "passwords_closed": "passwords are closed: another provider would end the links that people sign in by",
    "slug_taken": "the slug is taken",
    "bad_address": "an address is neither https nor on this machine, or has a fragment",
    "bad_host": "a host is a name in lower case, with the port where it is not the usual one",
    "host_taken": "another application has one of the hosts",
    "no_keys": "private_key_jwt needs keys_file, a JWK set of public keys",
    "not_found": "it has gone meanwhile",
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would be done, and how many people notice; do nothing."
)
@click.option("--planned", metavar="NUMBER", help="Do what the plan with this number says, if it still says the same.")
@where
@as_json
def apply(
    file: Path, only_plan: bool, planned: str | None, data: Path | None, database: str | None, as_json: bool
) -> None:
    """Bring organisations, connections, applications and requirements to what FILE declares.

    First `--plan`, which prints a number; then `--planned NUMBER`, which refuses when anything would be different by
    now: another step, or other people. What the file does not mention stays as it is.
    """
    if only_plan == (planned is not None):
        raise Refused("give either --plan, or --planned with the number that it printed")
    from totrinn.app.declaring.plan import Operator
    from totrinn.app.declaring.planning import plan
    from totrinn.cli.declared import read_declared

    with opened(data, database) as installation:
        by = Operator(installation.services, visitor(), operator())
        found = plan(by, read_declared(installation, file))
        if only_plan:
            _print_plan(found, as_json=as_json)
        if found.impossible:
            raise Refused(f"{len(found.impossible)} of its wishes cannot be fulfilled: {_reason(found.impossible[0])}")
        if planned is not None:
            _carry_out(by, found, planned, as_json=as_json)


def _carry_out(by: "Operator", found: "Plan", planned: str, *, as_json: bool) -> None:
    from totrinn.app.declaring.planning import Halted, carry_out

    if found.number != planned:
        raise Refused(f"nothing is done: the plan is no longer {planned}. Look at it with --plan once more")
    done: list[dict[str, Any]] = []
    for outcome in carry_out(by, found):
        if isinstance(outcome, Halted):
            reason = _REASONS.get(outcome.reason, outcome.reason)
            raise Refused(f"{outcome.at.subject}: {reason}. What stands above it is done, and nothing after it")
        step, result = outcome
        done.append({**_step_for_programs(step), **({"secret": result.secret} if result.secret else {})})
        if not as_json:
            click.echo(f"✓ {_line(step)}")
            if result.secret:
                click.echo(f"  its secret, told this once: {result.secret}")
    if as_json:
        print_json({"number": found.number, "done": done})
    elif not done:
        click.echo("Everything is as it is declared.")


def _print_plan(found: "Plan", *, as_json: bool) -> None:
    if as_json:
        impossible = [{"subject": each.subject, "reason": each.reason} for each in found.impossible]
        steps = [_step_for_programs(step) for step in found.steps]
        print_json({"number": found.number, "steps": steps, "impossible": impossible})
        return
    for step in found.steps:
        click.echo(f"+ {_line(step)}")
    for each in found.impossible:
        click.echo(f"! {_reason(each)}")
    if not found.steps and not found.impossible:
        click.echo("Everything is as it is declared.")
    elif not found.impossible:
        click.echo(f"\nDo it with --planned {found.number}")


def _line(step: "Step") -> str:
    detail = ", ".join(f"{name} {value}" for name, value in step.detail.items() if value)
    people = ", ".join(f"{number} {_PEOPLE[name]}" for name, number in step.hits.items())
    return (
        f"{step.subject}: {_WORDS[step.act]}" + (f" ({detail})" if detail else "") + (f": {people}" if people else "")
    )


def _step_for_programs(step: "Step") -> dict[str, Any]:
    return {"act": step.act.value, "subject": step.subject, "detail": step.detail, "people": step.hits}


def _reason(each: "Impossible") -> str:
    return f"{each.subject}: {_REASONS.get(each.reason, each.reason)}"
