"""What applications are given, on each kind of database: whatever ends the session ends it, and each is used once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.storage.examples import NOW, add_organisation, digest, new_id
from tests.storage.granted import ASKED, LATER, add_application, add_authorisation, add_grant
from totrinn.app.applications.grant_records import Channel, StoredRequest, Sweep, WhyEnded
from totrinn.app.errors import StoreCollided
from totrinn.storage import Database
from totrinn.storage.aftermath import SqlAftermath
from totrinn.storage.grant_tables import access_token, application_grant, refresh_token


def test_a_request_comes_back_as_it_was_and_once(database: Database) -> None:
    """To the last sign; it is taken once."""
    with database.writing() as unit:
        application = add_application(unit)
        stored = StoredRequest(replace(ASKED, application_id=application.id), NOW, LATER)
        unit.requests.add(digest("request"), stored)
    with database.writing() as unit:
        assert unit.requests.find(digest("request")) == stored
        assert unit.requests.take(digest("request")) == stored
        assert unit.requests.take(digest("request")) is None


def test_a_mark_is_set_once(database: Database) -> None:
    """Whoever comes second is told so, and everybody sees it."""
    with database.writing() as unit:
        assert not unit.requests.is_marked(digest("request"))
        assert unit.requests.mark(digest("request"), LATER)
        assert not unit.requests.mark(digest("request"), LATER)
    with database.reading() as unit:
        assert unit.requests.is_marked(digest("request"))
        assert not unit.requests.is_marked(digest("other"))


def test_a_session_has_one_grant_for_each_application(database: Database) -> None:
    """The second time the first one is found."""
    with database.writing() as unit:
        application = add_application(unit)
        grant, _ = add_grant(unit, application)
        assert unit.grants.ensure(replace(grant, id=new_id()), LATER) == (grant.id, False)
        other = replace(grant, id=new_id(), application_id=add_application(unit).id)
        assert unit.grants.ensure(other, NOW) == (other.id, True)
        assert unit.grants.find(grant.id) == grant


def test_a_session_that_ends_before_its_grant_is_written_is_a_collision(database: Database) -> None:
    """Where that can happen: the request begins anew, and finds no session. In a file, nobody writes in between."""
    with database.writing() as unit:
        application = add_application(unit)
        grant, session = add_grant(unit, application)
        assert unit.sessions.take(session.id)
    can_happen = database.engines.writing.dialect.name == "postgresql"
    with pytest.raises(StoreCollided if can_happen else sa.exc.IntegrityError), database.writing() as unit:
        unit.grants.ensure(replace(grant, id=new_id()), NOW)


@pytest.mark.row("R41")
@pytest.mark.parametrize("ending", ["take", "end_one", "of_person", "by_hand", "aftermath"])
def test_whatever_ends_the_session_ends_its_grants(database: Database, ending: str) -> None:
    """By any statement at all: the database itself sees to it."""
    with database.writing() as unit:
        grant, session = add_grant(unit, add_application(unit))
    with database.writing() as unit:
        if ending == "take":
            assert unit.sessions.take(session.id)
        elif ending == "end_one":
            assert unit.sessions.end_one(session.id, session.person_id)
        elif ending == "of_person":
            assert unit.sessions.end_of_person(session.person_id) == 1
        elif ending == "aftermath":
            assert unit.aftermath.end_all_proofs() >= 1
    if ending == "by_hand":
        with database.engines.writing.begin() as connection:
            connection.exec_driver_sql("DELETE FROM session")
    with database.reading() as unit:
        assert unit.grants.find(grant.id) == replace(grant, session_id=None)
        assert [told.grant_id for told in unit.grants.untold(grant.application_id, Channel.LOGOUT, NOW, limit=9)] == [
            grant.id
        ]


def test_a_grant_follows_its_session_to_a_new_id(database: Database) -> None:
    """As a confirmation does."""
    with database.writing() as unit:
        grant, session = add_grant(unit, add_application(unit))
        assert unit.sessions.renew(
            session.id,
            digest("renewed"),
            new_id="another",
            proof=session.proof,
            amr=session.amr,
            person_version=1,
            organisation_id=session.organisation_id,
        )
        assert unit.grants.find(grant.id) == replace(grant, session_id="another")


def test_grants_end_by_member_application_and_session(database: Database) -> None:
    """And those of others go on; the sessions stay."""
    with database.writing() as unit:
        application = add_application(unit)
        (first, session), (second, _) = add_grant(unit, application), add_grant(unit, application)
        assert unit.grants.sessions(first.organisation_id, after="", limit=9) == (session.id,)
        assert unit.grants.sessions(first.organisation_id, after=session.id, limit=9) == ()
        assert unit.grants.end_of_member(second.organisation_id, first.person_id) == 0
        assert unit.grants.end_of_member(first.organisation_id, first.person_id) == 1
        assert unit.grants.end_of_session(session.id) == 0
        assert unit.grants.end_of_application(application.id, NOW) == 1
        assert not unit.grants.end(second.id)
        assert unit.sessions.find_by_id(session.id) is not None


def test_one_teller_tells_and_the_others_wait(database: Database) -> None:
    """A claim holds for as many attempts as were seen; what is postponed comes later; what is told is forgotten."""
    with database.writing() as unit:
        application, silent = add_application(unit), add_application(unit, back_channel="")
        grant, _ = add_grant(unit, application)
        other, _ = add_grant(unit, silent)
        assert unit.grants.to_tell(LATER) == ()
        assert unit.grants.end(grant.id)
        assert unit.grants.end(other.id)
        assert unit.grants.to_tell(LATER) == ((application.id, Channel.LOGOUT),)
        (told,) = unit.grants.untold(application.id, Channel.LOGOUT, LATER, limit=9)
        assert (told.ended_at, told.attempts, told.address) == (LATER, 0, "https://app.example.no/logout")
        assert unit.grants.claim(told, until=LATER + timedelta(seconds=20))
        assert not unit.grants.claim(told, until=LATER)
        assert unit.grants.untold(application.id, Channel.LOGOUT, LATER, limit=9) == ()
        late = LATER + timedelta(seconds=20)
        (again,) = unit.grants.untold(application.id, Channel.LOGOUT, late, limit=9)
        assert (again.ended_at, again.attempts) == (LATER, 1)
        unit.grants.postpone(application.id, Channel.LOGOUT, late, until=late + timedelta(hours=1))
        assert unit.grants.to_tell(late) == ()
        unit.grants.done(again)
        assert unit.grants.find(grant.id) is None


def test_each_channel_is_told_on_its_own(database: Database) -> None:
    """What one does not take waits, while the other is done; the grant goes with the last of them."""
    with database.writing() as unit:
        application = add_application(unit, events="https://app.example.no/events")
        grant, session = add_grant(unit, application)
        assert unit.sessions.take(session.id)
        assert set(unit.grants.to_tell(LATER)) == {(application.id, channel) for channel in Channel}
        untold = {channel: unit.grants.untold(application.id, channel, LATER, limit=9)[0] for channel in Channel}
        assert untold[Channel.EVENTS].address == "https://app.example.no/events"
        logout = unit.grants.claim(untold[Channel.LOGOUT], until=LATER)
        later = LATER + timedelta(minutes=1)
        events = unit.grants.claim(replace(untold[Channel.EVENTS], ended_at=later), until=later)
        assert logout is not None
        assert events is not None
        assert events.ended_at == logout.ended_at == LATER
        unit.grants.done(logout)
        assert unit.grants.to_tell(later) == ((application.id, Channel.EVENTS),)
        assert unit.grants.claim(logout, until=later) is None
        unit.grants.done(events)
        assert unit.grants.find(grant.id) is None


def test_a_grant_goes_when_both_channels_are_done_at_the_same_moment(database: Database) -> None:
    """Neither leaves it to the other."""
    with database.writing() as unit:
        application = add_application(unit, events="https://app.example.no/events")
        grants = [add_grant(unit, application)[0] for _ in range(12)]
        for grant in grants:
            assert unit.grants.end(grant.id)

    def work(channel: Channel) -> None:
        with database.reading() as unit:
            untold = unit.grants.untold(application.id, channel, LATER, limit=99)
        assert len(untold) == len(grants)
        together.wait(30)
        for told in sorted(untold, key=lambda each: each.grant_id):
            with database.writing() as unit:
                unit.grants.done(told)

    together = threading.Barrier(len(Channel))
    with ThreadPoolExecutor(len(Channel)) as pool:
        list(pool.map(work, Channel))
    with database.reading() as unit:
        assert [unit.grants.find(grant.id) for grant in grants] == [None] * len(grants)


def test_why_a_grant_ended_is_said_once_and_only_of_those_that_have(database: Database) -> None:
    """The first word stands; one that goes on has none."""
    with database.writing() as unit:
        application = add_application(unit)
        (over, session), (going_on, _) = add_grant(unit, application), add_grant(unit, application)
        assert unit.grants.of_person(over.person_id) == (over.id,)
        assert unit.sessions.take(session.id)
        assert unit.grants.of_person(over.person_id) == ()
        both = (over.id, going_on.id)
        unit.grants.explain(both, WhyEnded.SIGNED_OUT, NOW)
        unit.grants.explain(both, WhyEnded.ROLE_CHANGED, LATER)
        assert unit.grants.end(going_on.id)
        untold = unit.grants.untold(application.id, Channel.LOGOUT, LATER, limit=9)
        assert {(told.grant_id, told.why, told.ended_at) for told in untold} == {
            (over.id, WhyEnded.SIGNED_OUT, NOW),
            (going_on.id, None, LATER),
        }


@pytest.mark.row("R86")
def test_a_code_is_used_once_and_its_tokens_end_with_it(database: Database) -> None:
    """What one answer gave is one family."""
    with database.writing() as unit:
        grant, _ = add_grant(unit, add_application(unit))
        made = add_authorisation(unit, grant)
        assert unit.authorisations.find(digest("code")) == made
        assert unit.authorisations.use(made.id, NOW)
        assert not unit.authorisations.use(made.id, NOW)
        unit.authorisations.add_access(digest("access"), made.id, ("openid",), now=NOW, expires_at=LATER)
        unit.authorisations.add_refresh(digest("refresh"), made.id, NOW)
        unit.authorisations.add_refresh(digest("refresh"), made.id, NOW)
        found = unit.authorisations.find_access(digest("access"))
        assert found is not None
        assert (found.authorisation, found.scopes, found.expires_at) == (
            replace(made, is_used=True),
            ("openid",),
            LATER,
        )
        assert unit.authorisations.use_refresh(digest("refresh"), LATER)
        assert not unit.authorisations.use_refresh(digest("refresh"), LATER)
        used = unit.authorisations.find_refresh(digest("refresh"))
        assert used is not None
        assert (used.used_at, used.scopes) == (LATER, made.scopes)
        assert unit.authorisations.hold(made.id)
        unit.authorisations.end(made.id)
        assert not unit.authorisations.hold(made.id)
        assert unit.authorisations.find_access(digest("access")) is None
        assert unit.authorisations.find_refresh(digest("refresh")) is None


def test_all_goes_with_the_application(database: Database) -> None:
    """Removing it leaves nothing behind."""
    with database.writing() as unit:
        application = add_application(unit)
        grant, _ = add_grant(unit, application)
        made = add_authorisation(unit, grant)
        unit.authorisations.add_access(digest("access"), made.id, ("openid",), now=NOW, expires_at=LATER)
        unit.authorisations.add_refresh(digest("refresh"), made.id, NOW)
        assert unit.assertions.take(application.id, "jti", LATER)
        assert not unit.assertions.take(application.id, "jti", LATER)
        assert unit.applications.remove(application.id)
    with database.engines.reading.connect() as connection:
        for table in (application_grant, access_token, refresh_token):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_an_organisation_is_swept_when_it_is_due_by_one(database: Database) -> None:
    """Several changes at one moment are one sweep; one that was left alone comes again."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        unit.sweeps.add(organisation.id, LATER)
        unit.sweeps.add(organisation.id, LATER)
        assert not unit.sweeps.is_any_due(NOW)
        assert unit.sweeps.take_due(NOW, until=LATER) is None
        until = LATER + timedelta(minutes=2)
        assert unit.sweeps.take_due(LATER, until=until) == Sweep(organisation.id, LATER)
        assert unit.sweeps.take_due(LATER, until=until) is None
        assert unit.sweeps.take_due(until, until=until + timedelta(minutes=2)) == Sweep(organisation.id, LATER)
        unit.sweeps.done(Sweep(organisation.id, LATER))
        assert not unit.sweeps.is_any_due(until + timedelta(hours=1))


@pytest.mark.row("R90")
def test_lost_keys_take_the_signing_keys_along(database: Database) -> None:
    """None is left to be opened with keys that are gone."""
    with database.engines.writing.begin() as connection:
        assert SqlAftermath(connection).forget_signing_keys() == 0
