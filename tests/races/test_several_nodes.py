"""Several nodes over one PostgreSQL: what was begun at one goes on at another; what ends at one has ended at all."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.commands import program, programs_at_once
from tests.pgbouncer import Pgbouncer
from tests.postgresql_server import PostgresqlServer
from tests.races.conftest import initialised
from tests.races.nodes import Installed, Node, serving
from tests.races.people import PASSWORD, Village, village
from totrinn.app.landing import factor_throttle
from totrinn.app.proving import address_throttle
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.core.throttle import FREE_FAILURES, LAST_FAILURE, Counter

pytestmark = pytest.mark.timeout(300)
_WRONG = "000000"


@pytest.fixture(scope="module")
def people(on_postgresql: Installed) -> Iterator[Village]:
    """Those who come by."""
    with village(on_postgresql) as people:
        yield people


@pytest.fixture(scope="module")
def nodes(on_postgresql: Installed) -> Iterator[tuple[Node, Node]]:
    """Two nodes, one of them of two processes, with the same keys."""
    with ExitStack() as stack:
        one = stack.enter_context(serving(on_postgresql))
        yield one, stack.enter_context(serving(on_postgresql, "--workers", "2"))


@pytest.mark.row("R53", "R56")
def test_a_sign_in_goes_from_node_to_node(people: Village, nodes: tuple[Node, Node]) -> None:
    """Page at one, password at the other, code at the first again, and the session holds at both until it has ended."""
    one, other = nodes
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug)
    visit = one.get("/login").cookies["totrinn-visit"]
    fields = {"email": person.email, "password": PASSWORD}
    held = other.post("/login", visit, fields, totrinn_visit=visit)
    assert held.location == "/login/two-factor"
    token = held.cookies["totrinn-signin"]
    admitted = one.post("/login/two-factor", token, {"code": person.code()}, totrinn_signin=token)
    session = admitted.cookies["totrinn"]
    assert [node.get("/", totrinn=session).status for node in (*nodes, other)] == [200] * 3
    assert other.post("/logout", session, {}, totrinn=session).status == 303
    for node in (*nodes, other, other):
        assert node.get("/", totrinn=session).location.startswith("/login")
    assert (
        other.post("/login/two-factor", token, {"code": person.code()}, totrinn_signin=token).cookies.get("totrinn")
        is None
    )


@pytest.mark.row("R15", "R16")
def test_guesses_are_counted_over_all_nodes(people: Village, nodes: tuple[Node, Node]) -> None:
    """Whoever goes from node to node has no guess more; while they wait, the right code is not looked at."""
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug)
    tokens = people.verifying(person, slug, FREE_FAILURES + 1)
    for number, token in enumerate(tokens[:-1]):
        wrong = _WRONG if person.code() != _WRONG else "111111"
        assert nodes[number % 2].post("/login/two-factor", token, {"code": wrong}, totrinn_signin=token).status == 422
    _hold_back(people, factor_throttle(person.id), FREE_FAILURES)
    for node in nodes:
        refused = node.post("/login/two-factor", tokens[-1], {"code": person.code()}, totrinn_signin=tokens[-1])
        assert (refused.status, refused.cookies.get("totrinn")) == (429, None)


@pytest.mark.row("R15")
def test_guesses_of_passwords_are_counted_over_all_nodes(people: Village, nodes: tuple[Node, Node]) -> None:
    """The same of passwords."""
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug)
    visit = nodes[0].get("/login").cookies["totrinn-visit"]

    def typed(node: Node, password: str) -> int:
        fields = {"email": person.email, "password": password}
        return node.post("/login", visit, fields, totrinn_visit=visit).status

    statuses = [typed(nodes[number % 2], "feil passord") for number in range(FREE_FAILURES)]
    assert 429 not in statuses
    _hold_back(people, address_throttle(people.services, person.email), FREE_FAILURES)
    assert [typed(node, PASSWORD) for node in nodes] == [429, 429]


def _hold_back(people: Village, key: str, expected: int) -> None:
    """After so many failures the wait is a second; makes it a quarter of an hour, which the test cannot outlast."""
    with people.services.store.writing() as unit:
        assert unit.throttles.lock(key).failures == expected
        unit.throttles.save(key, Counter(LAST_FAILURE - 1, datetime.now(UTC)))


@pytest.mark.row("R50")
def test_a_requirement_holds_at_every_node_at_once(people: Village, nodes: tuple[Node, Node]) -> None:
    """Whoever is in without a factor is held at the next request, wherever it goes."""
    slug = people.house.organisation(people.name()).slug
    sessions = [people.session(people.person(slug, factor=False), slug) for _ in range(3)]
    people.session(people.person(slug, Role.GLOBAL_ADMINISTRATOR), slug)
    asked = [(node, session) for node, session in zip((*nodes, nodes[1]), sessions, strict=True)]
    assert [node.get("/", totrinn=session).status for node, session in asked] == [200] * 3
    with people.services.store.writing() as unit:
        organisation = people.house.stored(slug)
        requirement = Requirement(since=datetime.now(UTC))
        assert unit.organisations.take_requirement(
            organisation.id, requirement, by="operator", expected_revision=organisation.policy.revision
        )
    for node, session in asked:
        assert node.get("/", totrinn=session).location.startswith("/login/enrol")


def test_several_that_begin_at_once_do_no_harm(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    """Three `init` on an empty database: one vendor, one set of keys, and whoever came too late says so in one line."""
    url = postgresql_server.url(postgresql_server.create_database())
    where = ("--data", str(tmp_path / "data"), "--database", url)
    outcomes = programs_at_once(3, "init", *where)
    assert any(outcome.status == 0 for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.err.count("\n") == outcome.status
    assert len(list((tmp_path / "data" / "keys").iterdir())) == 1
    assert program("init", *where).status == 0
    assert program("audit", "verify", *where).status == 0


@pytest.mark.row("R90")
def test_nodes_that_begin_before_there_is_anything_refuse(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    """`serve` makes no tables and no keys in a database that several may share."""
    url = postgresql_server.url(postgresql_server.create_database())
    refused = program("serve", "--data", str(tmp_path), "--database", url)
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "run `totrinn init`" in refused.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.row("R17", "R53")
def test_a_whole_sign_in_goes_through_pgbouncer(
    postgresql_server: PostgresqlServer, pgbouncer: Pgbouncer, tmp_path: Path
) -> None:
    """In transaction mode, before two processes: migration, sign-in, code, end."""
    installed = initialised(tmp_path / "data", pgbouncer.url(postgresql_server.create_database()))
    with village(installed) as people, serving(installed, "--workers", "2") as node:
        slug = people.house.organisation("fjordly").slug
        person = people.person(slug)
        visit = node.get("/login").cookies["totrinn-visit"]
        held = node.post("/login", visit, {"email": person.email, "password": PASSWORD}, totrinn_visit=visit)
        assert held.location == "/login/two-factor"
        token = held.cookies["totrinn-signin"]
        admitted = node.post("/login/two-factor", token, {"code": person.code()}, totrinn_signin=token)
        session = admitted.cookies["totrinn"]
        assert [node.get("/", totrinn=session).status for _ in range(4)] == [200] * 4
        assert node.post("/logout", session, {}, totrinn=session).status == 303
        assert node.get("/", totrinn=session).status == 303
