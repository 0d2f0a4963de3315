"""Two transactions that wait for each other: the database ends one of them, and people see nothing of it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pyotp
import pytest
from psycopg import sql

from tests.races.nodes import Answer, Installed, Node, serving
from tests.races.people import PASSWORD, Village, village
from tests.web.house import Resident
from totrinn.app.landing import factor_throttle
from totrinn.core.events import Kind

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def people(on_postgresql: Installed) -> Iterator[Village]:
    """Those who come by."""
    with village(on_postgresql) as people:
        yield people


@pytest.fixture(scope="module")
def node(on_postgresql: Installed) -> Iterator[Node]:
    """One process, whose transactions the server ends after three seconds in which nobody could go on."""
    with psycopg.connect(on_postgresql.url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '3s'").format(name))
    with serving(on_postgresql) as node:
        yield node


class Opponent:
    """Somebody else's connection, that takes locks in the order that leads to a deadlock."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url)
        self._connection.execute("SET deadlock_timeout = '60s'")  # so that it is the other who is ended

    def __enter__(self) -> "Opponent":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def hold(self, words: str, *values: object) -> None:
        """Locks rows."""
        self._connection.execute(words.encode(), values)

    def let_go(self) -> None:
        """Ends its transaction."""
        self._connection.commit()

    def wait_until_others_wait(self, count: int) -> None:
        """Until so many others wait for a lock."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            last = time.monotonic() + 30
            while connection.execute(waiting).fetchone() != (count,):
                assert time.monotonic() < last
                time.sleep(0.02)


_THROTTLE = "INSERT INTO throttle (key, failures) VALUES (%s, 0) ON CONFLICT (key) DO UPDATE SET key = excluded.key"
_AUTHENTICATOR = "SELECT 1 FROM authenticator WHERE person_id = %s FOR UPDATE"
_MEMBERSHIP = "SELECT 1 FROM membership WHERE person_id = %s FOR UPDATE"
_SIGNIN = "SELECT 1 FROM signin WHERE person_id = %s FOR UPDATE"


def _collide(url: str, person: Resident, rows: str, send: Callable[[], Answer]) -> Answer:
    """Sends while somebody holds these rows and then wants the counter, which the request holds and wants the rows."""
    answers: list[Answer] = []
    sending = threading.Thread(target=lambda: answers.append(send()))
    before = _deadlocks(url)
    with Opponent(url) as opponent:
        opponent.hold(rows, person.id)
        sending.start()
        opponent.wait_until_others_wait(1)
        opponent.hold(_THROTTLE, factor_throttle(person.id))
        opponent.let_go()
        sending.join(60)
    assert _deadlocks(url) == before + 1
    (answer,) = answers
    return answer


def _deadlocks(url: str) -> int:
    """How many the server has ended here."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.row("R16", "R17", "R94")
@pytest.mark.parametrize("rows", [_AUTHENTICATOR, _SIGNIN])
def test_a_right_code_that_collided_lets_in_once(
    people: Village, node: Node, on_postgresql: Installed, rows: str
) -> None:
    """The request begins anew and is answered as if nothing had been: one session, one event; the code is spent."""
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug)
    (token, again), code = people.verifying(person, slug, 2), person.code()
    answer = _collide(on_postgresql.url, person, rows, lambda: _send(node, token, code))
    assert (answer.status, answer.location) == (303, "/")
    assert answer.cookies["totrinn"]
    assert _send(node, again, code).status == 422
    assert _told(people, person)[Kind.SIGNED_IN] == 1
    assert _failures(people, person) == 1


@pytest.mark.row("R15", "R94")
def test_a_guess_that_collided_is_counted_once(people: Village, node: Node, on_postgresql: Installed) -> None:
    """Neither twice, nor not at all: a code of another time is refused, and one failure and one event tell of it."""
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug)
    (token,) = people.verifying(person, slug, 1)
    assert person.secret is not None
    early = pyotp.TOTP(person.secret).at(datetime.now(UTC) + timedelta(minutes=10))
    answer = _collide(on_postgresql.url, person, _AUTHENTICATOR, lambda: _send(node, token, early))
    assert (answer.status, answer.cookies.get("totrinn")) == (422, None)
    assert _failures(people, person) == 1
    assert _told(people, person) == {Kind.CODE_REFUSED: 1}


@pytest.mark.row("R94")
def test_what_was_done_already_is_not_done_again(people: Village, node: Node, on_postgresql: Installed) -> None:
    """The password was taken, and that was kept, before the collision: the answer is 503, and nobody is in."""
    slug = people.house.organisation(people.name()).slug
    person = people.person(slug, factor=False)
    with people.services.store.writing() as unit:
        unit.throttles.lock(factor_throttle(person.id))
    visit = node.get("/login").cookies["totrinn-visit"]
    fields = {"email": person.email, "password": PASSWORD}

    def send() -> Answer:
        return node.post("/login", visit, fields, totrinn_visit=visit)

    answer = _collide(on_postgresql.url, person, _MEMBERSHIP, send)
    assert (answer.status, answer.cookies.get("totrinn")) == (503, None)
    assert _told(people, person) == {}
    assert send().cookies["totrinn"]
    assert _told(people, person)[Kind.SIGNED_IN] == 1


def _send(node: Node, token: str, code: str) -> Answer:
    return node.post("/login/two-factor", token, {"code": code}, totrinn_signin=token)


def _failures(people: Village, person: Resident) -> int:
    with people.services.store.reading() as unit:
        return unit.throttles.read(factor_throttle(person.id)).failures


def _told(people: Village, person: Resident) -> Counter[str]:
    """How often what happened to this person."""
    with people.services.store.reading() as unit:
        return Counter(event.kind for event in unit.log.of_person(person.id, limit=50))
