"""Several workers and several nodes: what ends at one of them is refused at the next request by all."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgresql_server import PostgresqlServer
from tests.races.conftest import initialised
from tests.races.nodes import Installed, Node, serving
from tests.races.people import Village, village
from tests.web.house import now
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement
from totrinn.app.gate.records import Ticket
from totrinn.app.landing import Visitor
from totrinn.core.events import Source
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

HOST, SLUG = "app.test", "fjordly"
_OFTEN = 24
"""So often is each node asked, as each of its workers has to be met."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation on each database."""
    data = tmp_path_factory.mktemp("gate-nodes") / "data"
    url = f"sqlite:///{data}/totrinn.sqlite3"
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        url = server.url(server.create_database())
    return initialised(data, url)


@pytest.fixture(scope="module")
def nodes(installed: Installed) -> Iterator[tuple[Node, ...]]:
    """Two nodes of two workers each; beside a file, one."""
    count = 1 if installed.url.startswith("sqlite") else 2
    with ExitStack() as stack:
        yield tuple(stack.enter_context(serving(installed, "--workers", "2")) for _ in range(count))


@pytest.fixture(scope="module")
def people(installed: Installed) -> Iterator[Village]:
    """Those who are let in."""
    with village(installed) as place:
        place.house.organisation(SLUG)
        registrar = registering.Registrar(Visitor(now(), "", ""), Source("operator:test"))
        registering.register(place.services, registrar, Agreement(name="Jobadmin", hosts=(HOST,)))
        yield place


def _let_in(people: Village, *, factor: bool = True) -> tuple[str, str]:
    """A pass, and the id of its session."""
    services = people.services
    token = services.random.token()
    session_token = people.session(people.person(SLUG, Role.USER, factor=factor), SLUG)
    with services.store.writing() as unit:
        live = unit.sessions.find(services.digest(session_token))
        application = unit.applications.find_by_host(HOST)
        assert live is not None
        assert application is not None
        ticket = Ticket(HOST, application.id, b"", "/", live.session.id, now())
        unit.passes.add(services.digest(token), ticket, now())
    return token, live.session.id


def _statuses(nodes: tuple[Node, ...], token: str) -> set[int]:
    headers = {"X-Forwarded-Host": HOST, "Cookie": f"totrinn-gate={token}"}
    return {node.send("GET", "/gate", None, headers).status for node in nodes for _ in range(_OFTEN)}


@pytest.mark.row("R41")
def test_what_ends_at_one_is_refused_by_all(nodes: tuple[Node, ...], people: Village) -> None:
    """A session's end, and a requirement that takes force, are felt by every worker of every node."""
    ended, bitten, spared = _let_in(people), _let_in(people, factor=False), _let_in(people)
    for token, _ in (ended, bitten, spared):
        assert _statuses(nodes, token) == {200}
    with people.services.store.writing() as unit:
        assert unit.sessions.take(ended[1])
    assert _statuses(nodes, ended[0]) == {401}
    stored = people.house.stored(SLUG)
    with people.services.store.writing() as unit:
        assert unit.organisations.take_requirement(
            stored.id, Requirement(since=now()), by=None, expected_revision=stored.policy.revision
        )
    assert _statuses(nodes, bitten[0]) == {401}
    assert _statuses(nodes, spared[0]) == {200}


def test_a_pass_that_is_handed_over_by_one_counts_at_all(nodes: tuple[Node, ...], people: Village) -> None:
    """Whichever node or worker is met on the way."""
    token = people.session(people.person(SLUG, Role.USER), SLUG)
    away = nodes[0].send("GET", "/gate?redirect", None, {"X-Forwarded-Host": HOST, "Accept": "text/html"})
    start = away.cookies["totrinn-gate-start"]
    handed = nodes[-1].get("/gate/start?" + away.location.partition("?")[2], totrinn=token)
    back = {"X-Forwarded-Host": HOST, "Cookie": f"totrinn-gate-start={start}"}
    entered = nodes[0].send("GET", "/.totrinn/callback?" + handed.location.partition("?")[2], None, back)
    assert entered.status == 303
    assert _statuses(nodes, entered.cookies["totrinn-gate"]) == {200}
