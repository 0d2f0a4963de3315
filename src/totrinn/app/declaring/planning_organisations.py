"""The steps that lead an organisation, with its requirement and its connections, to what a file declares."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from totrinn.app.connecting import Draft
from totrinn.app.declaring import carrying_out as by
from totrinn.app.declaring.plan import Act, Impossible, Step
from totrinn.app.declaring.wanted import WantedConnection, WantedOrganisation
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Organisation
from totrinn.app.sso_parties import party_of
from totrinn.app.sso_records import Connection
from totrinn.core.enforcement import Change, Policy, Wish, change_of, refuse_stricter
from totrinn.core.policy import Requirement

_FRESH = Policy(Requirement(), revision=0, available_since=None)

Found = Iterator[Step | Impossible]


def steps_of(services: Services, unit: Unit, wanted: WantedOrganisation, now: datetime) -> Found:
    """What leads this organisation there, in the order in which it must be done."""
    organisation = unit.organisations.find_by_slug(wanted.slug)
    if organisation is not None and organisation.is_vendor:
        yield Impossible(wanted.slug, "vendors_own")
        return
    yield from _itself(unit, organisation, wanted)
    yield from _availability(organisation, wanted)
    yield from _requirement(unit, organisation, wanted, now)
    for connection in wanted.connections:
        yield from _connection(services, unit, organisation, wanted.slug, connection)


def _itself(unit: Unit, organisation: Organisation | None, wanted: WantedOrganisation) -> Found:
    if organisation is None:
        yield Step(Act.CREATE_ORGANISATION, wanted.slug, {"name": wanted.name}, {}, "", by.create_organisation(wanted))
    settings = {"name": wanted.name, "language": wanted.language, "time_zone": wanted.time_zone}
    standing = by.settings_of(organisation) if organisation else {**by.NEW_SETTINGS, "name": wanted.name}
    changed = {name: value for name, value in settings.items() if value is not None and value != standing[name]}
    if changed:
        members = unit.members.counts(organisation.id).total if organisation else 0
        rests_on = str(sorted(standing.items()))
        hits = {"members": members}
        yield Step(Act.CHANGE_SETTINGS, wanted.slug, changed, hits, rests_on, by.change_settings(wanted.slug, changed))


def _availability(organisation: Organisation | None, wanted: WantedOrganisation) -> Found:
    standing = organisation is not None and organisation.policy.is_available
    if wanted.is_available is None or wanted.is_available == standing:
        return
    act = Act.MAKE_AVAILABLE if wanted.is_available else Act.WITHDRAW
    detail = {"why": wanted.why}
    yield Step(act, wanted.slug, detail, {}, "", by.set_available(wanted.slug, wanted.why, on=wanted.is_available))


def _requirement(unit: Unit, organisation: Organisation | None, wanted: WantedOrganisation, now: datetime) -> Found:
    wish = wanted.requirement
    if wish is None:
        return
    policy = organisation.policy if organisation else _FRESH
    change = change_of(policy, wish, now)
    if change is Change.NOTHING:
        return
    will_be = policy.is_available if wanted.is_available is None else wanted.is_available
    refusal = refuse_stricter(replace(policy, available_since=now if will_be else None), change)
    if refusal is not None:
        yield Impossible(wanted.slug, refusal.value)
        return
    yield _require(unit, organisation, wanted.slug, wish)


def _require(unit: Unit, organisation: Organisation | None, slug: str, wish: Wish) -> Step:
    detail = {"from": wish.from_.isoformat()} if wish.from_ else {}
    if organisation is None:
        return Step(Act.REQUIRE, slug, detail, {"missing": 0, "has": 0, "sso": 0}, "", by.require_of_nobody(slug, wish))
    preview = unit.members.preview(organisation.id, "")
    hits = {"missing": preview.missing, "has": preview.has, "sso": preview.sso}
    revision = organisation.policy.revision
    rests_on = f"{revision} {preview.fingerprint}"
    return Step(Act.REQUIRE, slug, detail, hits, rests_on, by.require(slug, wish, preview.fingerprint))


def _connection(
    services: Services, unit: Unit, organisation: Organisation | None, slug: str, wanted: WantedConnection
) -> Found:
    draft, subject = wanted.draft, f"{slug}: {wanted.draft.name}"
    found = _named(unit, organisation, draft.name) if organisation else None
    detail, wants = {"kind": by.kind_of(draft).value}, repr(replace(draft, secret=None))
    if found is None:
        yield Step(Act.ADD_CONNECTION, subject, detail, {}, wants, by.add_connection(slug, wanted))
    else:
        hits = {"linked": unit.connections.linked(found.id)}
        rests_on = f"{found.id} {found.revision} {found.is_enabled} {wants}"
        if found.kind != by.kind_of(draft):
            yield Impossible(subject, "another_kind")
            return
        if _differs(services, found, draft):
            carried = by.change_connection(wanted, found)
            yield Step(Act.CHANGE_CONNECTION, subject, detail, hits, rests_on, carried)
        elif found.is_enabled != wanted.is_enabled:
            on = {"on": str(wanted.is_enabled).lower()}
            switched = by.switch_connection(found.id, on=wanted.is_enabled)
            yield Step(Act.SWITCH_CONNECTION, subject, on, hits, rests_on, switched)
    for domain in wanted.domains:
        known = unit.domains.find(organisation.id, domain) if organisation else None
        is_there = known is not None and found is not None and known.connection_id == found.id
        if not is_there or (known is not None and wanted.vouch and known.proven_at is None):
            told = {"domain": domain, "vouched": str(wanted.vouch).lower()}
            yield Step(Act.LEAD_DOMAIN, subject, told, {}, str(known), by.lead_domain(slug, wanted, domain))


def _named(unit: Unit, organisation: Organisation, name: str) -> Connection | None:
    return next((each for each in unit.connections.of_organisation(organisation.id) if each.name == name), None)


def _differs(services: Services, found: Connection, draft: Draft) -> bool:
    if (found.settings, found.rules) != (draft.settings, draft.rules):
        return True
    return draft.secret is not None and party_of(services, found).secret != draft.secret
