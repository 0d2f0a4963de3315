"""An installation to attack: real database, real keys, a real server on loopback; and browsers to attack it with."""

import atexit
import html
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import uvicorn

from tests.attacks.provider import NoRecords, ScriptedProvider, somebody, state_of
from totrinn.app import enforcing, operating, owning_domains
from totrinn.app.connecting import Draft, add_by_operator
from totrinn.app.identity_providers import OidcSettings, SamlSettings
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.sso_records import Connection
from totrinn.core.events import Source
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.crypto import Argon2Passwords, KeyVault, SystemRandomness
from totrinn.oidc_provider import JoseOpenId
from totrinn.storage import Database
from totrinn.web.application import create
from totrinn.web.settings import WebSettings

PASSWORD = "mild regn over fjorden"
OPERATOR = Source("operator:test")


@dataclass
class House:
    """One installation with one server."""

    services: Services
    database: Database
    address: str
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    apps: dict[str, pyotp.TOTP] = field(default_factory=dict)
    browsers: list["Browser"] = field(default_factory=list)

    def visitor(self) -> Visitor:
        """The operator, now."""
        return Visitor(datetime.now(UTC), "", "")

    def organisation(self, slug: str, *, required: bool = False, available: bool = True) -> None:
        """Makes an organisation."""
        operating.create_organisation(self.services, self.visitor(), OPERATOR, name=slug.title(), slug=slug)
        if available:
            enforcing.make_available(self.services, OPERATOR, slug, why="asked", now=datetime.now(UTC))
        if required:
            self.require(slug)

    def vouched(self, subject: str, email: str, **more: object) -> str:
        """The code for somebody whom the provider vouches for."""
        return self.provider.says(somebody(subject, email, datetime.now(UTC), **more))

    def require(self, slug: str, *, on: bool = True) -> None:
        """Sets the requirement as if it had been confirmed."""
        requirement = Requirement(since=datetime.now(UTC)) if on else Requirement()
        with self.database.writing() as unit:
            organisation = unit.organisations.find_by_slug(slug)
            assert organisation is not None
            assert unit.organisations.take_requirement(
                organisation.id, requirement, by=None, expected_revision=organisation.policy.revision
            )

    def person(self, email: str, slug: str, role: Role = Role.USER) -> str:
        """Makes a person with the common password, or a member of one more organisation; returns the id."""
        with self.database.reading() as unit:
            known = unit.people.find_by_email(email)
        created = operating.create_person(
            self.services,
            self.visitor(),
            OPERATOR,
            email=email,
            name="",
            slug=slug,
            role=role,
            password=None if known else PASSWORD,
        )
        assert isinstance(created, operating.Created | operating.MembershipOffered)
        if isinstance(created, operating.MembershipOffered):
            with self.database.writing() as unit:
                organisation = unit.organisations.find_by_slug(slug)
                assert organisation is not None
                assert unit.members.accept(organisation.id, created.person.id, datetime.now(UTC))
        return created.person.id

    def connection(
        self,
        slug: str,
        *domains: str,
        rules: SsoRules | None = None,
        settings: OidcSettings | SamlSettings | None = None,
    ) -> str:
        """Connects the organisation to the scripted provider; the domains are vouched for. Returns the id."""
        draft = Draft(f"SSO of {slug}", settings or OidcSettings("https://provider.example", slug), rules or SsoRules())
        connection = add_by_operator(self.services, self.visitor(), OPERATOR, slug, draft)
        assert isinstance(connection, Connection)
        for domain in domains:
            owning_domains.add_by_operator(self.services, self.visitor(), OPERATOR, slug, domain, connection.id)
            owning_domains.vouch(self.services, self.visitor(), OPERATOR, slug, domain)
        return connection.id

    def browser(self) -> "Browser":
        """A new browser with nothing in it."""
        browser = Browser(self)
        self.browsers.append(browser)
        return browser

    def enrolled(self, email: str, slug: str, role: Role = Role.USER) -> "Browser":
        """A person who has set up a second factor by the pages, in a browser that is signed in."""
        self.person(email, slug, role)
        self.require(slug)
        browser = self.browser()
        browser.sign_in(email)
        browser.enrol(email)
        return browser


class Browser:
    """Keeps cookies, fills in forms, follows nothing by itself."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http = httpx2.Client(base_url=house.address, timeout=30, verify=False)

    def get(self, path: str) -> httpx2.Response:
        """Opens a page."""
        return self.http.get(path)

    def submit(self, page: str, action: str | None = None, /, **fields: str) -> httpx2.Response:
        """Opens a page and sends a form from it, with the hidden fields that the page gave."""
        opened = self.get(page)
        return self.send(opened, action or page, **fields)

    def send(self, opened: httpx2.Response, action: str, /, **fields: str) -> httpx2.Response:
        """Sends a form of a page that was opened before."""
        return self.http.post(action, data={**hidden(opened.text), **fields})

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        """The first step."""
        return self.submit("/login", email=email, password=password)

    def set_out(self, connection: str, **query: str) -> str:
        """Sets out for the provider; the state of what is under way."""
        answer = self.http.get(f"/sso/{connection}/login", params=query)
        assert answer.status_code == 303, answer.text
        return state_of(answer.headers["location"])

    def come_back(self, connection: str, state: str, code: str) -> httpx2.Response:
        """Comes back from the provider with a code."""
        return self.http.get(f"/sso/{connection}/callback", params={"state": state, "code": code})

    def sign_in_by_sso(self, connection: str, subject: str, email: str, **more: object) -> httpx2.Response:
        """There and back: the provider vouches for this subject."""
        state = self.set_out(connection)
        return self.come_back(connection, state, self.house.vouched(subject, email, **more))

    def begin_enrolment(self) -> pyotp.TOTP:
        """Asks for the secret, and puts it into an authenticator app."""
        self.submit("/login/enrol")
        return app_of(self.get("/login/enrol").text)

    def enrol(self, email: str) -> httpx2.Response:
        """Enrols, with the code of the step before, so that the next codes are still to come."""
        app = self.begin_enrolment()
        self.house.apps[email] = app
        return self.submit("/login/enrol", "/login/enrol/confirm", code=app.at(time.time(), counter_offset=-1))

    def is_in(self) -> bool:
        """Whether this browser reaches what only an admitted session reaches."""
        return self.get("/").status_code == 200

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        return self.http.cookies.get(name)


def hidden(page: str) -> dict[str, str]:
    """The page's first hidden fields by name."""
    found: dict[str, str] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page):
        found.setdefault(name, html.unescape(value))
    found.pop("next", None)
    return found


def app_of(page: str) -> pyotp.TOTP:
    """An authenticator app that has scanned the page."""
    found = re.search(r'otpauth://[^"]+', page)
    assert found is not None
    app = pyotp.parse_uri(html.unescape(found[0]))
    assert isinstance(app, pyotp.TOTP)
    return app


@cache
def _migrated_tables() -> Path:
    """Tables without rows, made once, as that takes longer than an attack."""
    folder = Path(tempfile.mkdtemp(prefix="attacked-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Database.open(f"sqlite:///{folder}/totrinn.sqlite3")
    database.migrate()
    database.close()
    return folder / "totrinn.sqlite3"


@contextmanager
def running_house(
    folder: Path, *, url: str | None = None, trusted_proxies: tuple[str, ...] = (), **settings: Any
) -> Iterator[House]:
    """Starts a server on a free loopback port, and stops it. `url`: a database that has its tables already."""
    if url is None:
        shutil.copy(_migrated_tables(), folder / "totrinn.sqlite3")
        url = f"sqlite:///{folder}/totrinn.sqlite3"
    database = Database.open(url)
    provider = ScriptedProvider()
    services = Services(
        database,
        Argon2Passwords(),
        KeyVault.create(folder / "keys"),
        SystemRandomness(),
        provider,
        NoRecords(),
        JoseOpenId(),
        application_name="Jobadmin",
        vendor_name="Totrinn",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://localhost:{listener.getsockname()[1]}"
    web_settings = WebSettings(settings.pop("base_url", address), trusted_proxies=trusted_proxies, **settings)
    application = create(services, web_settings, gate_reads=database.gate_reads())
    server = uvicorn.Server(
        uvicorn.Config(application, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_for(server)
        house = House(services, database, address, provider)
        yield house
        for browser in house.browsers:
            browser.http.close()
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        database.close()


def _wait_for(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)


def at_once(acts: Sequence[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """Runs all acts from one starting shot."""
    start = threading.Barrier(len(acts))
    answers: list[httpx2.Response] = []

    def run(act: Callable[[], httpx2.Response]) -> None:
        start.wait()
        answers.append(act())

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(acts)
    return answers
