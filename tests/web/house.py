"""A small installation to try the pages on: real tables, keys and hashes; people are put in place directly.

house.organisation("fjordly")
kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
browser = house.sign_in(kari)
page = browser.get("/settings/basic")
browser.post("/settings/basic", name="Fjordly", …)     # with the fields `csrf` and `organisation` of that page
"""

import base64
import html
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pyotp
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tests.web.provider import ScriptedProviders, ScriptedRecords
from totrinn.app.ports import Services
from totrinn.app.proving import totp_context
from totrinn.app.records import Authenticator, LoggedEvent, Member, Organisation, Person
from totrinn.core.enforcement import Policy
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.crypto import Argon2Passwords, KeyVault, SystemRandomness
from totrinn.oidc_provider import JoseOpenId
from totrinn.storage import Database
from totrinn.web.application import create
from totrinn.web.settings import Support, WebSettings

BASE_URL = "http://localhost:8700"
PASSWORD = "en ganske lang setning"
SETTINGS = WebSettings(base_url=BASE_URL, support=Support("support@example.no", "mailto:support@example.no"))
_HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>[a-z_]+)" value="(?P<value>[^"]*)"')


def now() -> datetime:
    """The time of the test."""
    return datetime.now(UTC)


def services_on(database: Database, vault: KeyVault) -> Services:
    """What the pages work with: all of it is real but the identity providers and the name servers."""
    return Services(
        store=database,
        passwords=Argon2Passwords(),
        vault=vault,
        random=SystemRandomness(),
        providers=ScriptedProviders(),
        domain_records=ScriptedRecords(),
        openid=JoseOpenId(),
        application_name="Jobadmin",
        vendor_name="Jobadmin support",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    location: str
    headers: dict[str, str]

    def hidden(self, name: str) -> str | None:
        """The value of the first hidden field of this name on the page."""
        found = (match for match in _HIDDEN.finditer(self.text) if match["name"] == name)
        first = next(found, None)
        return html.unescape(first["value"]) if first else None

    @property
    def words(self) -> str:
        """The page as text, without marks."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


@dataclass(frozen=True, slots=True)
class Resident:
    """A person of the house, and what only they know."""

    id: str
    email: str
    name: str
    secret: str | None

    def code(self) -> str:
        """The one-time code that their app shows now."""
        assert self.secret is not None
        return pyotp.TOTP(self.secret).at(now())


class Browser:
    """One browser: cookies of its own, no redirect followed, and the last page that it was shown."""

    def __init__(self, application: ASGIApp) -> None:
        self.client = TestClient(
            application,
            base_url=BASE_URL,
            follow_redirects=False,
            raise_server_exceptions=True,
            headers={"accept-language": "en", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
        )
        self.last = Answer(0, "", "", {})

    def get(self, path: str) -> Answer:
        """Asks for a page."""
        return self._shown(self.client.get(path))

    def post(self, path: str, **fields: str | None) -> Answer:
        """Sends a form with the hidden `csrf` and `organisation` of the last page; None leaves a field out."""
        if self.last.hidden("csrf") is None:
            self.get("/choose-organisation")
        hidden = {name: self.last.hidden(name) for name in ("csrf", "organisation")}
        sent = {name: value for name, value in {**hidden, **fields}.items() if value is not None}
        return self.send(path, urlencode(sent))

    def send(self, path: str, body: str, content_type: str = "application/x-www-form-urlencoded") -> Answer:
        """Sends this very body."""
        return self._shown(self.client.post(path, content=body, headers={"content-type": content_type}))

    def cookie(self, name: str = "totrinn") -> str | None:
        """The cookie of this name, the session's if none is named."""
        return self.client.cookies.get(name)

    def _shown(self, response: Any) -> Answer:
        status, text, headers = response.status_code, response.text, dict(response.headers)
        answer = Answer(status, text, headers.get("location", ""), headers)
        if answer.hidden("csrf") is not None:
            self.last = answer
        elif "set-cookie" in headers:
            self.last = Answer(0, "", "", {})
        return answer


class House:
    """The installation."""

    def __init__(self, services: Services, password_hash: str, settings: WebSettings = SETTINGS) -> None:
        self.services = services
        self.settings = settings
        self.application = create(services, settings)
        self._password_hash = password_hash

    @property
    def providers(self) -> ScriptedProviders:
        """What the identity providers say."""
        assert isinstance(self.services.providers, ScriptedProviders)
        return self.services.providers

    @property
    def records(self) -> ScriptedRecords:
        """What is published of domains."""
        assert isinstance(self.services.domain_records, ScriptedRecords)
        return self.services.domain_records

    def organisation(
        self,
        slug: str,
        *,
        name: str = "",
        is_available: bool = True,
        requirement: Requirement | None = None,
        is_vendor: bool = False,
    ) -> Organisation:
        """An organisation; the feature is available to it unless said otherwise."""
        at = now()
        requirement = requirement or Requirement(always=is_vendor)
        organisation = Organisation(
            id=self.services.random.id(at),
            slug=slug,
            name=name or slug.capitalize(),
            language="nb",
            time_zone="Europe/Oslo",
            is_vendor=is_vendor,
            is_active=True,
            policy=Policy(requirement, 1, at if is_available and not is_vendor else None),
            available_by=None,
            required_by=None,
            created_at=at,
        )
        with self.services.store.writing() as unit:
            assert unit.organisations.add(organisation)
        return organisation

    def person(
        self, email: str, slug: str | None = None, role: Role = Role.USER, *, name: str = "", factor: bool = False
    ) -> Resident:
        """A person with `PASSWORD`, a member of the organisation if one is named, with an authenticator if wished."""
        at = now()
        name = name or email.partition("@")[0].capitalize()
        person = Person(
            id=self.services.random.id(at),
            email=email,
            name=name,
            password_hash=self._password_hash,
            password_changed_at=at,
            language=None,
            version=1,
            is_active=True,
            must_enrol=False,
            created_at=at,
        )
        with self.services.store.writing() as unit:
            assert unit.people.add(person)
        resident = Resident(person.id, email, name, None)
        if slug is not None:
            self.join(resident, slug, role)
        return self.enrol(resident) if factor else resident

    def join(self, resident: Resident, slug: str, role: Role = Role.USER, *, accepted: bool = True) -> None:
        """Makes the person a member, or only invites them."""
        at = now()
        with self.services.store.writing() as unit:
            organisation = unit.organisations.find_by_slug(slug)
            assert organisation is not None
            assert unit.members.add(
                self.services.random.id(at),
                organisation.id,
                resident.id,
                role,
                now=at,
                accepted_at=at if accepted else None,
            )

    def enrol(self, resident: Resident) -> Resident:
        """Gives the person an authenticator."""
        secret = pyotp.random_base32()
        sealed = self.services.vault.seal(base64.b32decode(secret), totp_context(resident.id))
        authenticator = Authenticator(
            id=self.services.random.id(now()),
            person_id=resident.id,
            kind="totp",
            sealed_secret=sealed,
            last_step=-1,
            spent_steps=frozenset(),
            created_at=now(),
            used_at=None,
        )
        with self.services.store.writing() as unit:
            unit.factors.add(authenticator)
        return replace(resident, secret=secret)

    def browser(self) -> Browser:
        """A browser that has proven nothing."""
        return Browser(self.application)

    def same_browser(self, browser: Browser) -> Browser:
        """The same browser once more, served by another worker, so that both can ask at the same time."""
        another = Browser(create(self.services, self.settings))
        another.client.cookies.update(browser.client.cookies)
        another.last = browser.last
        return another

    def sign_in(self, resident: Resident, *, organisation: str | None = None) -> Browser:
        """A browser in which the person has signed in as far as password, code and choice of organisation lead."""
        browser = self.browser()
        browser.get("/login")
        answer = browser.post("/login", email=resident.email, password=PASSWORD)
        assert answer.status == 303, answer.words
        if answer.location == "/login/two-factor":
            browser.get(answer.location)
            answer = browser.post("/login/two-factor", code=resident.code())
            assert answer.status == 303, answer.words
        if answer.location == "/choose-organisation":
            browser.get(answer.location)
            browser.post("/choose-organisation", organisation=organisation)
        return browser

    def stored(self, slug: str) -> Organisation:
        """The organisation as it now stands in the tables."""
        with self.services.store.reading() as unit:
            organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        return organisation

    def requires(self, slug: str) -> bool:
        """Whether the requirement stands, be it for a later date."""
        return self.stored(slug).policy.requirement.stands()

    def member(self, slug: str, resident: Resident) -> Member | None:
        """The person's place in the organisation, as it now stands."""
        with self.services.store.reading() as unit:
            return unit.members.find(self.stored(slug).id, resident.id)

    def set_role(self, slug: str, resident: Resident, role: Role) -> None:
        """Changes a role behind everybody's back."""
        with self.services.store.writing() as unit:
            unit.members.set_role(self.stored(slug).id, resident.id, role)

    def sessions(self, slug: str, resident: Resident) -> int:
        """How many sessions the person has there."""
        with self.services.store.reading() as unit:
            return unit.sessions.count(self.stored(slug).id, resident.id)

    def events(self, slug: str) -> list[LoggedEvent]:
        """The organisation's log, the newest first."""
        with self.services.store.reading() as unit:
            return list(unit.log.of_organisation(self.stored(slug).id, kind="", before=None, limit=200))

    def kinds(self, slug: str) -> list[str]:
        """What happened there, the newest first."""
        return [event.kind for event in self.events(slug)]
