"""The kept numbers of members: whatever happens, they are those that counting every single member gives."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.examples import NOW, add_member, add_organisation, add_person, an_authenticator, new_id
from tests.storage.sso_examples import add_connection, an_identity
from totrinn.app.ports import Unit
from totrinn.app.records import MemberCounts
from totrinn.core.roles import Role
from totrinn.storage import Database

ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "join",
                "invite",
                "accept",
                "leave",
                "enrol",
                "remove factor",
                "reset",
                "disable",
                "enable",
                "password",
                "link",
                "link",
                "unlink",
                "disconnect",
            )
        ),
        st.integers(0, 3),
        st.integers(0, 1),
    ),
    max_size=25,
)


@given(acts=ACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_numbers_always_add_up(database: Database, acts: list[tuple[str, int, int]]) -> None:
    """Whatever happens to members, the kept numbers are those that counting every single member gives."""
    with database.writing() as unit:
        organisations = [add_organisation(unit).id for _ in range(2)]
        people = [add_person(unit, password_hash=None if at > 1 else "hash").id for at in range(4)]
    for act, at, where in acts:
        with database.writing() as unit:
            perform(unit, act, people[at], organisations[where])
    with database.reading() as unit:
        for organisation_id in organisations:
            assert unit.members.counts(organisation_id) == counted(unit, organisation_id)
            everybody = unit.members.page(organisation_id, query="", filter_="all", limit=99).members
            assert unit.members.listed(organisation_id) == len(everybody)
            if not counted(unit, organisation_id).missing:
                assert unit.members.preview(organisation_id, "").fingerprint.startswith("0-0-")


def perform(unit: Unit, act: str, person_id: str, organisation_id: str) -> None:
    """One thing that changes how somebody counts, or is refused."""
    match act:
        case "join" | "invite":
            accepted_at = NOW if act == "join" else None
            unit.members.add(new_id(), organisation_id, person_id, Role.USER, now=NOW, accepted_at=accepted_at)
        case "accept":
            unit.members.accept(organisation_id, person_id, NOW)
        case "leave":
            unit.members.remove(organisation_id, person_id)
        case "enrol":
            unit.factors.add(an_authenticator(person_id))
        case "remove factor":
            for authenticator in unit.factors.of_person(person_id)[:1]:
                unit.factors.remove(authenticator.id, person_id)
        case "reset":
            unit.factors.remove_all(person_id)
        case "disable" | "enable":
            unit.people.set_active(person_id, is_active=act == "enable")
        case "password":
            unit.people.set_password(person_id, "hash", NOW)
        case _:
            perform_sso(unit, act, person_id, organisation_id)


def perform_sso(unit: Unit, act: str, person_id: str, organisation_id: str) -> None:
    """The same, by a connection of the organisation, which there may be or not."""
    match act:
        case "link":
            connections = unit.connections.of_organisation(organisation_id)
            connection = connections[0] if connections else add_connection(unit, organisation_id)
            unit.identities.add(an_identity(connection, person_id))
        case "unlink":
            unit.identities.remove_of_person(organisation_id, person_id)
        case "disconnect":
            for connection in unit.connections.of_organisation(organisation_id)[:1]:
                unit.connections.remove(organisation_id, connection.id)
        case _:
            raise AssertionError(act)


def counted(unit: Unit, organisation_id: str) -> MemberCounts:
    """The members, looked at one by one."""
    has = missing = sso = 0
    for member in unit.members.page(organisation_id, query="", filter_="all", limit=99).members:
        person = unit.people.find(member.id)
        assert person is not None
        if member.accepted_at is not None and person.is_active:
            has_factor = bool(unit.factors.of_person(member.id))
            is_linked = bool(unit.identities.of_person(member.id, organisation_id))
            by_sso = not has_factor and person.password_hash is None and is_linked
            has, sso, missing = has + has_factor, sso + by_sso, missing + (not has_factor and not by_sso)
    return MemberCounts(missing=missing, has=has, sso=sso)


ACTS_AT_ONCE = ("join", "link", "enrol", "disable", "reset", "unlink", "enable", "leave", "join")


@pytest.mark.parametrize("turn", range(3))
def test_the_numbers_add_up_when_everything_happens_at_once(database: Database, turn: int) -> None:
    """Enrolling, linking, joining, leaving and more in parallel, in several organisations, never spoil the numbers."""
    with database.writing() as unit:
        organisations = [add_organisation(unit).id for _ in range(3)]
        people = [add_person(unit, password_hash=None).id for _ in range(4)]

    def run(number: int) -> None:
        person_id, act = people[number % 4], ACTS_AT_ONCE[number % len(ACTS_AT_ONCE)]
        with database.writing() as unit:
            for organisation_id in organisations[number % 2 :]:
                perform(unit, act, person_id, organisation_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(turn, turn + 60)))
    with database.reading() as unit:
        for organisation_id in organisations:
            assert unit.members.counts(organisation_id) == counted(unit, organisation_id)


def test_the_numbers_add_up_when_connections_come_and_go(database: Database) -> None:
    """Links that are added while their connection is removed are counted as what is left of them: nothing."""
    with database.writing() as unit:
        organisation_id = add_organisation(unit).id
        people = [add_member(unit, organisation_id, password_hash=None).id for _ in range(4)]

    def run(number: int) -> None:
        act = ("link", "unlink", "link", "disconnect", "link")[number % 5]
        with database.writing() as unit:
            perform(unit, act, people[number % 4], organisation_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(80)))
    with database.reading() as unit:
        assert unit.members.counts(organisation_id) == counted(unit, organisation_id)
