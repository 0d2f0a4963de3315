"""One-time links, confirmations, and mails."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import (
    NOW,
    a_confirmation,
    a_link,
    add_member,
    add_organisation,
    add_person,
    add_session,
    digest,
    new_id,
)
from totrinn.app.records import LinkPurpose, Mail, MailKind
from totrinn.core.enforcement import Wish
from totrinn.core.roles import Role
from totrinn.storage import Database


@pytest.mark.row("R72", "R68")
def test_a_link_is_looked_at_often_and_taken_once(database: Database) -> None:
    """Looking does not use it up; taking does; an expired one is found, for the caller to judge."""
    with database.writing() as unit:
        organisation, person = add_organisation(unit), add_person(unit)
        full = a_link(
            purpose=LinkPurpose.CHOOSE_PASSWORD, organisation_id=organisation.id, person_id=person.id,
            role=None, expires_at=NOW - timedelta(days=1),
        )  # fmt: skip
        bare = a_link()
        unit.links.add(digest("full"), full)
        unit.links.add(digest("bare"), bare)
        assert unit.links.find(digest("full")) == unit.links.find(digest("full")) == full
        assert unit.links.take(digest("full")) == full
        assert unit.links.take(digest("full")) is None
        assert unit.links.find(digest("full")) is None
        assert unit.links.take(digest("other")) is None
        assert unit.links.take(digest("bare")) == bare


@pytest.mark.row("R72")
def test_a_newer_link_voids_an_older_one(database: Database) -> None:
    """Only one of the same purpose, organisation and person is ever good; those of others are not touched."""
    with database.writing() as unit:
        organisation, person, other = add_organisation(unit), add_person(unit), add_person(unit)
        unit.links.add(digest("first"), a_link(organisation_id=organisation.id))
        newer = a_link(organisation_id=organisation.id, role=Role.GLOBAL_ADMINISTRATOR)
        unit.links.add(digest("second"), newer)
        assert unit.links.find(digest("first")) is None
        assert unit.links.find(digest("second")) == newer
        choose = replace(newer, purpose=LinkPurpose.CHOOSE_PASSWORD)
        for label, link in (
            ("purpose", replace(choose, id=new_id())),
            ("nobody's", a_link()),
            ("person", replace(choose, id=new_id(), person_id=person.id)),
            ("other", replace(choose, id=new_id(), person_id=other.id)),
        ):
            unit.links.add(digest(label), link)
        assert all(unit.links.find(digest(label)) for label in ("second", "purpose", "nobody's", "person", "other"))
        unit.links.end_of_person(person.id)
        assert unit.links.find(digest("person")) is None
        assert unit.links.find(digest("other")) is not None


@pytest.mark.row("R42")
def test_a_confirmation_is_taken_once(database: Database) -> None:
    """It comes back as it was shown, and is used up by taking it."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        session = add_session(unit, person.id, organisation.id, "s")
        confirmation = a_confirmation(session, wish=Wish(on=True, from_=NOW + timedelta(days=1)))
        unit.confirmations.add(digest("c"), confirmation)
        assert unit.confirmations.find(digest("c")) == confirmation
        assert unit.confirmations.take(digest("other")) is None
        assert unit.confirmations.take(digest("c")) == confirmation
        assert unit.confirmations.take(digest("c")) is None


@pytest.mark.row("R42")
def test_a_newer_confirmation_voids_an_older_one_of_the_same_session(database: Database) -> None:
    """Only what was shown last can be confirmed; another session's is not touched."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        mine = add_session(unit, person.id, organisation.id, "1")
        theirs = add_session(unit, person.id, organisation.id, "2")
        unit.confirmations.add(digest("theirs"), a_confirmation(theirs))
        unit.confirmations.add(digest("first"), a_confirmation(mine))
        last = a_confirmation(mine, wish=Wish(on=False), revision=7, fingerprint="x")
        unit.confirmations.add(digest("second"), last)
        assert unit.confirmations.find(digest("first")) is None
        assert unit.confirmations.take(digest("second")) == last
        assert unit.confirmations.find(digest("theirs")) is not None


def test_a_mail_waits_until_it_is_sent(database: Database) -> None:
    """Mails come back unchanged, the newest first."""
    with database.writing() as unit:
        mails = [
            Mail(new_id(), MailKind.NEW_FACTOR, "a@example.no", "nn", {"device": "Åses\tPixel"}, NOW, "a person"),
            Mail(new_id(), MailKind.WRONG_CODES, "b@example.no", "en", {}, NOW),
        ]
        for mail in mails:
            unit.outbox.put(mail)
        newest = unit.outbox.newest(limit=5)
        assert newest == (mails[1], replace(mails[0], values={"device": "Åses Pixel"}))
        assert unit.outbox.newest(limit=1) == newest[:1]
        assert unit.outbox.waiting() == 2


def test_the_installation_remembers(database: Database) -> None:
    """A value is kept under its key, replaced, locked, and found with others that begin alike."""
    with database.writing() as unit:
        assert unit.installation.read("a_") is None
        assert unit.installation.lock("a_") == ""
        unit.installation.write("a_", "1")
        unit.installation.write("a_", "2")
        unit.installation.write("a_b", "3")
        unit.installation.write("axb", "4")
        assert unit.installation.read("a_") == unit.installation.lock("a_") == "2"
        assert unit.installation.starting_with("a_") == {"": "2", "b": "3"}
