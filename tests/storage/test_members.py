"""Memberships: who is where, in which role, and how many lack a factor."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain

import pytest

from tests.storage.examples import (
    NOW,
    add_member,
    add_organisation,
    add_person,
    an_authenticator,
    new_id,
)
from totrinn.app.ports import Unit
from totrinn.app.records import MemberCounts, MemberState
from totrinn.core.roles import Role
from totrinn.storage import Database, name_words

LATER = NOW + timedelta(days=1)


def names(unit: Unit, organisation_id: str, query: str = "", filter_: str = "all") -> list[str]:
    """The names on the list, checked against how many it says there are."""
    page = unit.members.page(organisation_id, query=query, filter_=filter_, limit=100)
    assert (page.earlier, page.later) == (None, None)
    return [member.name for member in page.members]


def test_a_membership_is_one_per_organisation(database: Database) -> None:
    """A second membership of the same person in the same organisation is refused."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, role=Role.ADMINISTRATOR)
        assert not unit.members.add(new_id(), organisation.id, person.id, Role.USER, now=NOW, accepted_at=NOW)
        member = unit.members.find(organisation.id, person.id)
    assert member is not None
    assert (member.id, member.email, member.name) == (person.id, person.email, person.name)
    assert (member.role, member.accepted_at, member.last_seen) == (Role.ADMINISTRATOR, NOW, None)


def test_a_persons_memberships_come_last_used_first(database: Database) -> None:
    """The organisation that was used last stands first; those that never were stand last, by name."""
    with database.writing() as unit:
        organisations = [add_organisation(unit, name=name) for name in ("C", "B", "A", "D")]
        person = add_person(unit)
        for organisation in organisations:
            unit.members.add(new_id(), organisation.id, person.id, Role.USER, now=NOW, accepted_at=None)
        unit.members.used(organisations[1].id, person.id, NOW)
        unit.members.used(organisations[3].id, person.id, LATER)
        found = unit.members.of_person(person.id)
    assert [each.organisation.name for each in found] == ["D", "B", "A", "C"]
    assert (found[0].organisation, found[0].last_used_at) == (organisations[3], LATER)


def test_an_invitation_is_accepted_once(database: Database) -> None:
    """Accepting works once; a second time, or without an invitation, it says so."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, is_accepted=False)
        assert unit.members.accept(organisation.id, person.id, LATER)
        assert not unit.members.accept(organisation.id, person.id, NOW)
        assert not unit.members.accept(organisation.id, "nobody", NOW)
        member = unit.members.find(organisation.id, person.id)
    assert member is not None
    assert member.accepted_at == LATER


@pytest.mark.row("R46")
def test_a_member_is_reached_through_their_own_organisation_only(database: Database) -> None:
    """With the id of another organisation nobody is found, changed or removed."""
    with database.writing() as unit:
        own, foreign = add_organisation(unit), add_organisation(unit)
        person = add_member(unit, own.id, is_accepted=False)
        before = unit.members.find(own.id, person.id)
        assert unit.members.find(foreign.id, person.id) is None
        assert not unit.members.accept(foreign.id, person.id, NOW)
        assert not unit.members.remove(foreign.id, person.id)
        unit.members.set_role(foreign.id, person.id, Role.GLOBAL_ADMINISTRATOR)
        unit.members.used(foreign.id, person.id, NOW)
        assert unit.members.find(own.id, person.id) == before


def test_roles_change_and_members_leave(database: Database) -> None:
    """A role is changed, a membership removed; the person stays."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        unit.members.set_role(organisation.id, person.id, Role.GLOBAL_ADMINISTRATOR)
        member = unit.members.find(organisation.id, person.id)
        assert member is not None
        assert member.role is Role.GLOBAL_ADMINISTRATOR
        assert unit.members.remove(organisation.id, person.id)
        assert not unit.members.remove(organisation.id, person.id)
        assert unit.people.find(person.id) == person


def test_members_are_listed_by_name(database: Database) -> None:
    """Sorted as Norwegian is, whatever the letter case; a new name takes its new place; pages do not overlap."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        for name in ("Øyvind", "åse", "Ærlend", "bjørn", "Émile", "Zoë"):
            add_member(unit, organisation.id, name=name)
        assert names(unit, organisation.id) == ["bjørn", "Émile", "Zoë", "Ærlend", "Øyvind", "åse"]
        first = unit.members.page(organisation.id, query="", filter_="all", limit=4)
        second = unit.members.page(organisation.id, query="", filter_="all", limit=4, after=first.later)
        assert (len(first.members), len(second.members), second.later) == (4, 2, None)
        unit.people.set_name(second.members[1].id, "Aase")
        assert names(unit, organisation.id)[0] == "Aase"


def test_members_are_found_by_words(database: Database) -> None:
    """Words of name and address, in any order and letter case; the signs of patterns are letters like others."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        add_member(unit, organisation.id, name="Åse Bjørnsdatter", email="ab@example.no")
        add_member(unit, organisation.id, name="50 %_ Fisk")
        assert names(unit, organisation.id, "BJØRNS å") == ["Åse Bjørnsdatter"]
        assert names(unit, organisation.id, "A\u030ase") == ["Åse Bjørnsdatter"]
        assert names(unit, organisation.id, "AB@EXAMPLE") == ["Åse Bjørnsdatter"]
        assert names(unit, organisation.id, "%_") == ["50 %_ Fisk"]
        assert names(unit, organisation.id, "5%k") == names(unit, organisation.id, "_se") == []


def test_those_who_are_called_exactly_so_come_first(database: Database) -> None:
    """Then those whose words only begin so; each person once, though several of their words do."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        for name in ("Olav Dun", "Ola Olsen", "Ola Berg", "Berg Ola", "Kari"):
            add_member(unit, organisation.id, name=name, email=f"{name.replace(' ', '.')}@fisk-co.no".lower())
        assert names(unit, organisation.id, "ola")[:3] == ["Ola Berg", "Berg Ola", "Ola Olsen"]
        assert sorted(names(unit, organisation.id, "ol")) == ["Berg Ola", "Ola Berg", "Ola Olsen", "Olav Dun"]
        assert names(unit, organisation.id, "@fisk-co.no kari") == ["Kari"]
        assert sorted(names(unit, organisation.id, "ola.berg@")) == ["Berg Ola", "Ola Berg"]
        assert names(unit, organisation.id, "ola.berg@fisk-co.com") == []


def test_a_new_name_is_found_and_the_old_one_is_not(database: Database) -> None:
    """In every organisation; whoever has left is not found by them any more, nor anybody of another organisation."""
    with database.writing() as unit:
        here, there, left = (add_organisation(unit).id for _ in range(3))
        person = add_member(unit, here, name="Kari Berg", email="kb@example.no")
        for organisation_id in (there, left):
            unit.members.add(new_id(), organisation_id, person.id, Role.USER, now=NOW, accepted_at=NOW)
        unit.members.remove(left, person.id)
        unit.people.set_name(person.id, "Kari Fjell")
        for organisation_id in (here, there):
            assert names(unit, organisation_id, "fjell") == names(unit, organisation_id, "kb") == ["Kari Fjell"]
            assert names(unit, organisation_id, "berg") == []
        assert names(unit, left, "fjell") == []
        unit.members.add(new_id(), left, person.id, Role.USER, now=NOW, accepted_at=NOW)
        assert names(unit, left, "fjell kari") == ["Kari Fjell"]


def test_a_long_search_goes_on_where_it_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at so many and no more; going on, forth and back, it finds everybody once."""
    monkeypatch.setattr(name_words, "LOOKED_AT", 7)
    with database.writing() as unit:
        organisation = add_organisation(unit).id
        for number in range(40):
            add_member(unit, organisation, name=f"Ola {'Odd' if number % 6 else 'Even'} {number:02}")
        forth: list[list[str]] = []
        page = unit.members.page(organisation, query="o even", filter_="all", limit=3)
        while True:
            forth.append([member.name for member in page.members])
            if page.later is None:
                break
            page = unit.members.page(organisation, query="o even", filter_="all", limit=3, after=page.later)
        back = [forth[-1]]
        while page.earlier is not None:
            page = unit.members.page(organisation, query="o even", filter_="all", limit=3, before=page.earlier)
            back.append([member.name for member in page.members])
    assert sorted(chain(*forth)) == [f"Ola Even {number:02}" for number in range(0, 40, 6)]
    assert sorted(chain(*back)) == sorted(chain(*forth))


def test_the_list_filters_by_how_members_get_in(database: Database) -> None:
    """Invitations and the disabled are on the whole list, but under no filter and in no count."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        add_member(unit, organisation.id, name="Has", has_factor=True)
        add_member(unit, organisation.id, name="Missing")
        add_member(unit, organisation.id, name="No password yet", password_hash=None)
        add_member(unit, organisation.id, name="Invited", is_accepted=False)
        add_member(unit, organisation.id, name="Disabled", is_active=False)
        assert names(unit, organisation.id) == ["Disabled", "Has", "Invited", "Missing", "No password yet"]
        assert names(unit, organisation.id, filter_="has") == ["Has"]
        assert names(unit, organisation.id, filter_="missing") == ["Missing", "No password yet"]
        assert names(unit, organisation.id, filter_="sso") == []
        assert unit.members.counts(organisation.id) == MemberCounts(missing=2, has=1, sso=0)
        missing = unit.members.missing_names(organisation.id, limit=10, offset=0)
        assert [name for _, name in missing] == ["Missing", "No password yet"]
        assert unit.members.missing_names(organisation.id, limit=1, offset=1) == missing[1:]
        states = {
            member.name: member.state
            for member in unit.members.page(organisation.id, query="", filter_="all", limit=9).members
        }
    assert states["Has"] is MemberState.HAS
    assert states["Missing"] is states["Invited"] is states["No password yet"] is MemberState.MISSING


def test_global_administrators_are_those_who_can_act(database: Database) -> None:
    """Invited and disabled ones are not among them, nor are other roles."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        role = Role.GLOBAL_ADMINISTRATOR
        able = add_member(unit, organisation.id, role=role)
        add_member(unit, organisation.id, role=role, is_accepted=False)
        add_member(unit, organisation.id, role=role, is_active=False)
        add_member(unit, organisation.id, role=Role.ADMINISTRATOR)
        add_member(unit, add_organisation(unit).id, role=role)
        assert [each.id for each in unit.members.global_administrators(organisation.id)] == [able.id]


@pytest.mark.row("R44")
def test_the_preview_counts_whom_the_requirement_hits(database: Database) -> None:
    """It counts accepted, active members, and says whether I am among those who lack a factor."""
    with database.writing() as unit:
        organisation, empty = add_organisation(unit), add_organisation(unit)
        me = add_member(unit, organisation.id)
        has = add_member(unit, organisation.id, has_factor=True)
        add_member(unit, organisation.id, is_accepted=False)
        preview = unit.members.preview(organisation.id, me.id)
        assert (preview.missing, preview.has, preview.sso, preview.includes_me) == (1, 1, 0, True)
        assert not unit.members.preview(organisation.id, has.id).includes_me
        nobody = unit.members.preview(empty.id, me.id)
        assert (nobody.missing, nobody.has, nobody.sso, nobody.includes_me) == (0, 0, 0, False)


@pytest.mark.row("R42")
def test_the_fingerprint_tells_people_apart(database: Database) -> None:
    """One person who enrols while another joins leaves the counts of the missing, but not the fingerprint."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        first = add_member(unit, organisation.id)
        add_member(unit, organisation.id, has_factor=True)
        before = unit.members.preview(organisation.id, first.id)
        assert unit.members.preview(organisation.id, first.id).fingerprint == before.fingerprint
        unit.factors.add(an_authenticator(first.id))
        second = add_member(unit, organisation.id)
        has = unit.members.page(organisation.id, query="", filter_="has", limit=9).members
        unit.members.remove(organisation.id, next(each.id for each in has if each.id != first.id))
        after = unit.members.preview(organisation.id, second.id)
    assert replace(before, fingerprint="") == replace(after, fingerprint="")
    assert before.fingerprint != after.fingerprint
