"""Races: many threads, or several processes with many threads each, try the same thing at the same moment.

Run as a program, this file is one of the processes: it reads lines `url|race|subject|threads`, and answers each with
how many of its threads succeeded, or with an error.
"""

import hashlib
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from types import TracebackType

from tests.storage.examples import (
    NOW,
    PROOF,
    a_confirmation,
    a_link,
    a_person,
    a_signin,
    add_member,
    add_organisation,
    add_person,
    add_session,
    an_authenticator,
    digest,
    new_id,
)
from tests.storage.granted import ASKED, add_application, add_authorisation, add_grant
from tests.storage.sso_examples import add_connection, add_linked, an_attempt, an_identity
from totrinn.app.applications.grant_records import Channel, Grant, StoredRequest, Told
from totrinn.app.applications.records import Agreement, Application, SigningAlgorithm
from totrinn.app.faces import Face
from totrinn.app.gate.records import Ticket
from totrinn.app.ports import Unit
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.core.signin import State
from totrinn.storage import Database

_TOKEN = digest("token")
Prepare = Callable[[Unit], str]
Attempt = Callable[[Unit, str], bool]


def _authenticator(unit: Unit) -> str:
    authenticator = an_authenticator(add_person(unit).id)
    unit.factors.add(authenticator)
    return authenticator.id


def _code(unit: Unit) -> str:
    person = add_person(unit)
    unit.factors.replace_recovery_codes(person.id, [_TOKEN, digest("another")])
    return person.id


def _link(unit: Unit) -> str:
    label = new_id()
    unit.links.add(digest(label), a_link())
    return label


def _session(unit: Unit) -> str:
    organisation = add_organisation(unit)
    return add_session(unit, add_member(unit, organisation.id).id, organisation.id, new_id()).id


def _confirmation(unit: Unit) -> str:
    session, label = unit.sessions.find_by_id(_session(unit)), new_id()
    assert session is not None
    unit.confirmations.add(digest(label), a_confirmation(session.session))
    return label


def _signin(unit: Unit) -> str:
    signin = a_signin(add_person(unit).id)
    unit.signins.add(digest(new_id()), signin)
    return signin.id


def _organisation(unit: Unit) -> str:
    return add_organisation(unit).id


def _invitation(unit: Unit) -> str:
    organisation = add_organisation(unit)
    return f"{organisation.id} {add_member(unit, organisation.id, is_accepted=False).id}"


def _move(unit: Unit, signin_id: str) -> bool:
    return unit.signins.move(
        signin_id,
        hashlib.sha256(_unlike_others(signin_id).encode()).digest(),
        expected_state=State.VERIFYING,
        state=State.CHOOSING,
        proof=PROOF,
        amr=("pwd", "otp"),
        organisation_id=None,
    )


def _renew(unit: Unit, session_id: str) -> bool:
    return unit.sessions.renew(
        session_id,
        digest(f"renewed {session_id}"),
        new_id=session_id + "x",
        proof=PROOF,
        amr=("pwd",),
        person_version=1,
        organisation_id=_organisation_of(unit, session_id),
    )


def _organisation_of(unit: Unit, session_id: str) -> str:
    live = unit.sessions.find_by_id(session_id)
    return live.session.organisation_id if live is not None else ""


def _accept(unit: Unit, both: str) -> bool:
    organisation_id, person_id = both.split()
    return unit.members.accept(organisation_id, person_id, NOW)


def _add_same_person(unit: Unit, subject: str) -> bool:
    return unit.people.add(a_person(id=_unlike_others(subject), email=f"{subject}@example.no"))


def _add_same_member(unit: Unit, both: str) -> bool:
    organisation_id, person_id = both.split()
    return unit.members.add(_unlike_others(both), organisation_id, person_id, Role.USER, now=NOW, accepted_at=NOW)


def _connection(unit: Unit) -> str:
    return add_connection(unit).id


def _attempt(unit: Unit) -> str:
    label = new_id()
    unit.attempts.add(digest(label), an_attempt(add_connection(unit).id))
    return label


def _ticket(unit: Unit) -> str:
    organisation, label = add_organisation(unit), new_id()
    session = add_session(unit, add_member(unit, organisation.id).id, organisation.id, label)
    application = Application(new_id(), Agreement(label), is_enabled=True, revision=1, created_at=NOW)
    unit.applications.add(application)
    unit.passes.add_ticket(digest(label), Ticket("app.test", application.id, b"start", "/", session.id, NOW))
    return label


def _save(unit: Unit, connection_id: str) -> bool:
    connection = unit.connections.find(connection_id)
    assert connection is not None
    return unit.connections.save(connection, expected_revision=1)


def _candidate(unit: Unit) -> str:
    connection = add_connection(unit)
    return f"{connection.id} {add_member(unit, connection.organisation_id, password_hash=None).id}"


def _add_same_subject(unit: Unit, both: str) -> bool:
    connection_id, person_id = both.split()
    connection = unit.connections.find(connection_id)
    assert connection is not None
    return unit.identities.add(an_identity(connection, person_id, id=_unlike_others(both), subject="same"))


def _remove_linked(unit: Unit) -> str:
    connection = add_connection(unit)
    for _ in range(3):
        add_linked(unit, connection)
    return f"{connection.organisation_id} {connection.id}"


def _authorisation(unit: Unit) -> str:
    grant, _ = add_grant(unit, add_application(unit))
    return add_authorisation(unit, grant, new_id()).id


def _refresh_token(unit: Unit) -> str:
    label = new_id()
    unit.authorisations.add_refresh(digest(label), _authorisation(unit), NOW)
    return label


def _request(unit: Unit) -> str:
    label = new_id()
    asked = replace(ASKED, application_id=add_application(unit).id)
    unit.requests.add(digest(label), StoredRequest(asked, NOW, NOW))
    return label


def _ended_grant(unit: Unit) -> str:
    grant, _ = add_grant(unit, add_application(unit))
    unit.grants.end(grant.id)
    return f"{grant.id} {grant.application_id}"


def _claim(unit: Unit, both: str) -> bool:
    grant_id, application_id = both.split()
    told = Told(Channel.EVENTS, grant_id, application_id, "", "", "", "", SigningAlgorithm.RS256, NOW, None, attempts=0)
    return unit.grants.claim(told, until=NOW) is not None


def _same_grant(unit: Unit) -> str:
    session = unit.sessions.find_by_id(_session(unit))
    assert session is not None
    return f"{add_application(unit).id} {session.session.id}"


def _ensure(unit: Unit, both: str) -> bool:
    application_id, session_id = both.split()
    live = unit.sessions.find_by_id(session_id)
    assert live is not None
    session = live.session
    grant = Grant(_unlike_others(both), application_id, session_id, session.person_id, session.organisation_id)
    return unit.grants.ensure(grant, NOW)[1]


def _unlike_others(beginning: str) -> str:
    return f"{beginning} {os.getpid()} {threading.get_ident()}"


RACES: dict[str, tuple[Prepare, Attempt]] = {
    "the same time step": (_authenticator, lambda unit, which: unit.factors.take_step(which, 101, NOW)),
    "the same recovery code": (_code, lambda unit, which: unit.factors.take_recovery_code(which, _TOKEN)),
    "the same link": (_link, lambda unit, which: unit.links.take(digest(which)) is not None),
    "the same confirmation": (
        _confirmation,
        lambda unit, which: unit.confirmations.take(digest(which)) is not None,
    ),
    "the same revision": (
        _organisation,
        lambda unit, which: unit.organisations.take_requirement(
            which, Requirement(since=NOW), by="me", expected_revision=1
        ),
    ),
    "the same sign-in": (_signin, lambda unit, which: unit.signins.take(which)),
    "the same step of a sign-in": (_signin, _move),
    "the same session's end": (_session, lambda unit, which: unit.sessions.take(which)),
    "the same session's renewal": (_session, _renew),
    "the same invitation": (_invitation, _accept),
    "the same address": (lambda unit: new_id(), _add_same_person),
    "the same membership": (
        lambda unit: f"{add_organisation(unit).id} {add_person(unit).id}",
        _add_same_member,
    ),
    "the same lease": (
        lambda _: "lease",
        lambda unit, which: unit.installation.take_lease(which, _unlike_others(which), NOW, timedelta(minutes=3)),
    ),
    "the same spent token": (_connection, lambda unit, which: unit.spent.take(which, "token", NOW)),
    "the same ticket": (_ticket, lambda unit, which: unit.passes.take_ticket(digest(which)) is not None),
    "the same attempt": (_attempt, lambda unit, which: unit.attempts.take(digest(which)) is not None),
    "the same attempt's answer": (
        _attempt,
        lambda unit, which: unit.attempts.keep_answer(digest(which), "answer", NOW),
    ),
    "the same subject": (_candidate, _add_same_subject),
    "the same revision of a connection": (_connection, _save),
    "the same code of an application": (_authorisation, lambda unit, which: unit.authorisations.use(which, NOW)),
    "the same refresh token": (
        _refresh_token,
        lambda unit, which: unit.authorisations.use_refresh(digest(which), NOW),
    ),
    "the same request of an application": (
        _request,
        lambda unit, which: unit.requests.take(digest(which)) is not None,
    ),
    "the same mark of a request": (
        lambda _: new_id(),
        lambda unit, which: unit.requests.mark(digest(which), NOW),
    ),
    "the same assertion": (
        lambda unit: add_application(unit).id,
        lambda unit, which: unit.assertions.take(which, "jti", NOW),
    ),
    "the same word to an application": (_ended_grant, _claim),
    "the same grant": (_same_grant, _ensure),
    "the same first face": (
        _organisation,
        lambda unit, which: unit.faces.save(which, Face("#0b5670"), None, expected_revision=0),
    ),
    "the same connection's removal": (_remove_linked, lambda unit, both: unit.connections.remove(*both.split())),
}


def race(database: Database, name: str, subject: str, threads: int) -> int:
    """How many of the threads, which all start at once, succeed."""
    _, attempt = RACES[name]
    together = threading.Barrier(threads)

    def run(_: int) -> bool:
        together.wait()
        with database.writing() as unit:
            return attempt(unit, subject)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(run, range(threads)))


class Racers:
    """Several processes, started once, that race as often as they are told to."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, "-m", "tests.storage.racing"]
        pipe = subprocess.PIPE
        self._processes = [subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) for _ in range(count)]

    def __enter__(self) -> "Racers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.communicate(timeout=10)

    def race(self, url: str, name: str, subject: str, *, threads: int) -> int:
        """How many threads of all processes succeed."""
        for process in self._processes:
            assert process.stdin is not None
            print(url, name, subject, threads, sep="|", file=process.stdin, flush=True)
        return sum(_numbers(process.stdout.readline() for process in self._processes if process.stdout is not None))


def _numbers(answers: Iterable[str]) -> list[int]:
    lines = [answer.strip() for answer in answers]
    assert all(line.isdigit() for line in lines), lines
    return [int(line) for line in lines]


def _serve_races() -> None:
    for line in sys.stdin:
        url, name, subject, threads = line.rstrip("\n").split("|")
        database = Database.open(url)
        try:
            answer = str(race(database, name, subject, int(threads)))
        except Exception:  # noqa: BLE001 - whatever it is, the test that waits shows it
            answer = traceback.format_exc().replace("\n", " / ")
        finally:
            database.close()
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve_races()
