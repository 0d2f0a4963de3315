"""How an organisation stands: who has a second factor, who lacks one, and what it requires, as pages show it."""

from datetime import datetime

from totrinn.app.ports import Unit
from totrinn.app.records import MemberCounts, Organisation
from totrinn.core.enforcement import Policy


def adoption_view(counts: MemberCounts) -> dict[str, int]:
    """The numbers of a bar; `total` is what they add up to."""
    return {"total": counts.total, "has": counts.has, "sso": counts.sso, "missing": counts.missing}


def requirement_state(policy: Policy, now: datetime) -> str:
    """The requirement in a word: always, on, dated, off, unavailable; and whether it outlives the feature (rule 7)."""
    requirement = policy.requirement
    if requirement.always:
        return "always"
    if not requirement.stands():
        return "off" if policy.is_available else "unavailable"
    state = "on" if requirement.bites(now) else "dated"
    return state if policy.is_available else f"withdrawn_{state}"


def requirement_view(unit: Unit, organisation: Organisation, now: datetime, adoption: object) -> dict[str, object]:
    """The requirement with who turned it on, since when it bites or from when it will, and the numbers beside it."""
    requirement = organisation.policy.requirement
    is_dated = requirement.stands() and not requirement.bites(now)
    by = unit.people.find(organisation.required_by) if organisation.required_by else None
    return {
        "state": requirement_state(organisation.policy, now),
        "since": requirement.since if is_dated else requirement.from_ or requirement.since,
        "since_by": (by.name or by.email) if by else None,
        "from_": requirement.from_ if is_dated else None,
        "adoption": adoption,
    }
