"""Organisations, their policy, and the vendor's list of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import NOW, add_member, add_organisation, an_organisation
from totrinn.core.enforcement import Policy
from totrinn.core.policy import Requirement
from totrinn.storage import Database

FULL = Policy(Requirement(NOW, NOW + timedelta(days=3), always=True), 9, NOW - timedelta(days=1))


def test_an_organisation_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, by id and by slug."""
    with database.writing() as unit:
        full = add_organisation(unit, policy=FULL, available_by="a", required_by="b", is_vendor=True)
        bare = add_organisation(unit)
    with database.reading() as unit:
        assert unit.organisations.find(full.id) == unit.organisations.find_by_slug(full.slug) == full
        assert unit.organisations.find(bare.id) == bare
        assert unit.organisations.find("none") is None


def test_a_slug_belongs_to_one_organisation(database: Database) -> None:
    """A second organisation with the same slug is refused, and the transaction goes on."""
    with database.writing() as unit:
        first = add_organisation(unit)
        assert not unit.organisations.add(an_organisation(slug=first.slug))
        unit.organisations.save_settings(first.id, name="Ny", language="nn", time_zone="Europe/Paris")
        assert unit.organisations.find(first.id) == replace(first, name="Ny", language="nn", time_zone="Europe/Paris")


def test_availability_raises_the_revision(database: Database) -> None:
    """Making the feature available, and withdrawing it, each outdate confirmations that were shown before."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        unit.organisations.set_available(organisation.id, NOW, "operator:root")
        available = replace(organisation, policy=Policy(Requirement(), 2, NOW), available_by="operator:root")
        assert unit.organisations.find(organisation.id) == available
        unit.organisations.set_available(organisation.id, None, None)
        assert unit.organisations.find(organisation.id) == replace(organisation, policy=Policy(Requirement(), 3, None))


@pytest.mark.row("R42", "R43")
def test_the_requirement_changes_only_at_the_expected_revision(database: Database) -> None:
    """A change that was confirmed at an older revision changes nothing."""
    requirement = Requirement(since=NOW, from_=NOW + timedelta(days=7))
    with database.writing() as unit:
        other = add_organisation(unit)
        organisation = add_organisation(unit)
        take = unit.organisations.take_requirement
        assert take(organisation.id, requirement, by="me", expected_revision=1)
        assert not take(organisation.id, Requirement(), by="them", expected_revision=1)
        assert not take("none", requirement, by="me", expected_revision=1)
        assert unit.organisations.find(organisation.id) == replace(
            organisation, policy=Policy(requirement, 2, None), required_by="me"
        )
        assert unit.organisations.find(other.id) == other


def test_the_vendor_sees_customers_by_name_with_their_numbers(database: Database) -> None:
    """The list is sorted as Norwegian is, leaves the vendor out, and counts the members of each."""
    with database.writing() as unit:
        add_organisation(unit, name="Vendor", is_vendor=True)
        names = ("Øygarden", "ås", "Ærfugl", "Berg", "alta")
        by_name = {name: add_organisation(unit, name=name) for name in names}
        add_member(unit, by_name["Berg"].id, has_factor=True)
        add_member(unit, by_name["Berg"].id)
        add_member(unit, by_name["Berg"].id, is_accepted=False)
        add_member(unit, by_name["ås"].id)
        summaries = unit.organisations.summaries(query="", filter_="all", limit=10, offset=0)
        assert [each.organisation.name for each in summaries] == ["alta", "Berg", "Ærfugl", "Øygarden", "ås"]
        assert [(each.counts.missing, each.counts.has) for each in summaries] == [
            (0, 0),
            (1, 1),
            (0, 0),
            (0, 0),
            (1, 0),
        ]
        page = unit.organisations.summaries(query="", filter_="all", limit=2, offset=1)
        assert [each.organisation.name for each in page] == ["Berg", "Ærfugl"]
        assert unit.organisations.count() == 5
        totals = unit.organisations.totals()
    assert (totals.missing, totals.has, totals.sso) == (2, 1, 0)


def test_the_vendor_filters_and_searches(database: Database) -> None:
    """By availability and requirement; by words of the name or slug, whatever their letter case."""
    with database.writing() as unit:
        add_organisation(unit, name="Åfjord Skole", slug="skole")
        available = add_organisation(unit, name="Bø")
        unit.organisations.set_available(available.id, NOW, None)
        required = add_organisation(unit, name="100 % fisk_fangst")
        unit.organisations.take_requirement(required.id, Requirement(since=NOW), by=None, expected_revision=1)

        def found(query: str = "", filter_: str = "all") -> list[str]:
            shown = unit.organisations.summaries(query=query, filter_=filter_, limit=10, offset=0)
            assert unit.organisations.count(query=query, filter_=filter_) == len(shown)
            return [each.organisation.name for each in shown]

        assert found(filter_="available") == ["Bø"]
        assert found(filter_="unavailable") == ["100 % fisk_fangst", "Åfjord Skole"]
        assert found(filter_="required") == ["100 % fisk_fangst"]
        assert found("skole ÅFJORD") == ["Åfjord Skole"]
        assert found("SKOLE", "available") == []
        assert found("%") == found("fisk_f") == ["100 % fisk_fangst"]
        assert found("/") == found("\\") == found("a_f") == found("angst") == found("skole\0finnes-ikke") == []
