"""An installation with many people, and clients that sign in and enrol there until they are told to stop."""

import base64
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.cli.commands import PASSWORD, command
from tests.cli.providers import metadata
from tests.storage.examples import an_authenticator, new_id
from totrinn.app.landing import Visitor
from totrinn.app.operating import new_person
from totrinn.app.proving import totp_context
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import Settings, read_settings
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.demo.browser import Answer, Browser
from totrinn.demo.phone import Account, read_key, step_of

SLUG = "fjordly"
BASE_URL = "http://localhost:8700"
"""The address of all nodes together, whatever ports they listen on."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has the common password, and an app if they have enrolled."""

    id: str
    email: str
    app: Account | None = None


@dataclass(slots=True)
class Journal:
    """What the clients were told: who has enrolled with which app, who was let in, and what went wrong."""

    enrolled: list[Member] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    set_out: int = 0
    failures: list[str] = field(default_factory=list)


class Crowd:
    """The people of one organisation that requires two-factor, and its SSO connection."""

    def __init__(self, data: Path, database: str | None) -> None:
        self.data = data
        self.database = database
        self.journal = Journal()
        self._lock = threading.Lock()
        self._with_app: Iterator[Member] = iter(())
        self._without: Iterator[Member] = iter(())
        self.connection = ""

    @property
    def settings(self) -> Settings:
        """Of the installation."""
        return read_settings({}, data=self.data, database=self.database)

    @property
    def environment(self) -> dict[str, str]:
        """What `serve` is told beside the folder."""
        return {"TOTRINN_BASE_URL": BASE_URL, **({"TOTRINN_DATABASE": self.database} if self.database else {})}

    @property
    def place(self) -> tuple[str, ...]:
        """The installation, as commands are told of it."""
        return ("--data", str(self.data), *(("--database", self.database) if self.database else ()))

    def found(self, *, with_app: int, without: int) -> None:
        """Makes the installation and its people."""
        assert command("init", *self.place).status == 0
        assert command("organisation", "create", "Fjordly AS", "--slug", SLUG, *self.place).status == 0
        file = metadata(self.data, "urn:fjordly:idp")
        made = command("connection", "add", SLUG, "--kind", "saml", "--metadata", file, "--json", *self.place)
        self.connection = made.data["id"]
        with open_installation(self.settings) as installation:
            _require(installation)
            hashed = installation.services.passwords.hash(PASSWORD)
            self._with_app = iter([_member(installation, hashed, has_app=True) for _ in range(with_app)])
            self._without = iter([_member(installation, hashed, has_app=False) for _ in range(without)])

    def next_with_app(self) -> Member:
        """Somebody who has enrolled and has not come yet."""
        with self._lock:
            return next(self._with_app)

    def next_without(self) -> Member:
        """Somebody who has not enrolled."""
        with self._lock:
            return next(self._without)

    @contextmanager
    def coming(self, *ports: int, clients: int = 2, sso: bool = True) -> Iterator[Journal]:
        """Clients that sign in and enrol by turns, and set out for the provider, for as long as the block lasts.

        Each request may come to another of these nodes.
        """
        stopped = threading.Event()
        works: list[Callable[[Browser], None]] = [*([self._sign_in, self._enrol] * clients)]
        if sso:
            works.append(self._set_out)
        threads = [threading.Thread(target=self._client, args=(ports, stopped, work)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield self.journal
        finally:
            stopped.set()
            for thread in threads:
                thread.join(60)

    def _client(self, ports: tuple[int, ...], stopped: threading.Event, work: Callable[[Browser], None]) -> None:
        while not stopped.is_set():
            try:
                work(browser_at(*ports))
            except StopIteration:
                self.journal.failures.append("nobody is left to come")
                return
            except Exception as error:  # noqa: BLE001
                self.journal.failures.append(f"{type(error).__name__} {error}")

    def _sign_in(self, browser: Browser) -> None:
        member = self.next_with_app()
        home = sign_in(browser, member)
        if home.path != "/" or home.status != 200:
            raise LookupError(f"{home.path} {home.status}")
        self.journal.signed_in.append(member.id)

    def _enrol(self, browser: Browser) -> None:
        self.journal.enrolled.append(enrol(browser, self.next_without()))

    def _set_out(self, browser: Browser) -> None:
        answer = browser.get(f"/sso/{self.connection}/login")
        if answer.status not in (200, 303):
            raise LookupError(f"{answer.path} {answer.status}")
        self.journal.set_out += 1
        time.sleep(0.2)


class Wandering(Browser):
    """A browser whose every request comes to the next node: they share the name, and thus the cookies."""

    def __init__(self, *ports: int) -> None:
        super().__init__(BASE_URL, ports[0])
        self._turns = itertools.cycle(ports)

    def go_to(self, port: int) -> None:
        """Every request comes to this node from now on."""
        self._turns = itertools.cycle((port,))

    def _send(self, method: str, path: str, fields: Mapping[str, str] | None, accept: str) -> Answer:
        self._ports[BASE_URL] = next(self._turns)
        return super()._send(method, path, fields, accept)


def browser_at(*ports: int) -> Wandering:
    """A browser without cookies, of somebody who comes to these nodes by turns."""
    return Wandering(*ports)


def sign_in(browser: Browser, member: Member, *, later: int = 0) -> Answer:
    """Signs in with password and app, by a code so many steps ahead; where that leads."""
    held = browser.post(browser.visit("/login").form("/login"), email=member.email, password=PASSWORD)
    if member.app is None:
        return held
    form = held.form("/login/two-factor")
    return browser.post(form, code=member.app.code(step_of(datetime.now(UTC)) + later))


def enrol(browser: Browser, member: Member) -> Member:
    """Signs in with a password, sets up an app, and is let in; the member with the app."""
    held = browser.post(browser.visit("/login").form("/login"), email=member.email, password=PASSWORD)
    window = browser.post(held.form("/login/enrol"))
    app = read_key(next(href for href in window.links() if href.startswith("otpauth:")))
    if app is None:
        raise LookupError(f"{window.path} shows no key")
    shown = browser.post(window.form("/login/enrol/confirm"), code=app.code(step_of(datetime.now(UTC))))
    home = browser.get("/")
    if shown.status != 200 or home.status != 200:
        raise LookupError(f"{shown.path} {shown.status}, {home.path} {home.status} {home.location}")
    return Member(member.id, member.email, app)


def _require(installation: Installation) -> None:
    with installation.services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug(SLUG)
        assert organisation is not None
        assert unit.organisations.take_requirement(
            organisation.id,
            Requirement(since=datetime.now(UTC)),
            by=None,
            expected_revision=organisation.policy.revision,
        )


def _member(installation: Installation, hashed: str, *, has_app: bool) -> Member:
    services, now = installation.services, datetime.now(UTC)
    email = f"{new_id()}@fjordly.example"
    person = new_person(services, Visitor(now, "", ""), email, "", None)
    secret = os.urandom(20)
    with services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug(SLUG)
        assert organisation is not None
        assert unit.people.add(person)
        unit.people.set_password(person.id, hashed, now)
        unit.members.add(new_id(), organisation.id, person.id, Role.USER, now=now, accepted_at=now)
        if has_app:
            sealed = services.vault.seal(secret, totp_context(person.id))
            unit.factors.add(an_authenticator(person.id, sealed_secret=sealed))
    app = Account("1", "", email, base64.b32encode(secret).decode()) if has_app else None
    return Member(person.id, email, app)
