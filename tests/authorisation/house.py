"""A house in which nothing that is done is kept, so that everybody may try everything; and who tries.

Its people, tokens and sessions are real. What a request writes is taken back when its transaction ends.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tests.web.house import Browser, House, now, services_on
from totrinn.app.applications.records import Agreement
from totrinn.app.applications.registering import Registered, Registrar, register
from totrinn.app.connecting import Draft, add_by_operator
from totrinn.app.identity_providers import OidcSettings
from totrinn.app.landing import Visitor
from totrinn.app.owning_domains import add_by_operator as add_domain
from totrinn.app.ports import Services, Store, Unit
from totrinn.app.records import Session
from totrinn.app.sso_records import Connection, SsoIdentity
from totrinn.app.token_records import ApiToken
from totrinn.app.webhooks.records import Webhook
from totrinn.core.api_tokens import Scope, scopes_of, token_text
from totrinn.core.events import Source
from totrinn.core.policy import Method, Proof, Requirement, SsoProof
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.core.topics import Topic
from totrinn.crypto import KeyVault
from totrinn.storage import Database
from totrinn.web import csrf

OWN, OTHER, REQUIRING, VENDOR = "own", "other", "requiring", "vendor"
_OPERATOR = Source("operator:test")
EVERY_TOKEN = "every token"
_BY_SSO = "global administrator by SSO"


class _TakenBack(Exception):
    """Ends a transaction without keeping anything."""


class ForgetfulStore(Store):
    """The store, of which every transaction is rolled back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reading(self) -> AbstractContextManager[Unit]:
        """As of the store."""
        return self._store.reading()

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        """As of the store, without its end."""
        try:
            with self._store.writing() as unit:
                yield unit
                raise _TakenBack
        except _TakenBack:
            return

    def clock_difference(self) -> timedelta:
        """As of the store."""
        return self._store.clock_difference()


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody, or something, that tries."""

    name: str
    organisation: str
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    """What their forms carry."""


@dataclass(frozen=True, slots=True)
class Furnished:
    """The house, who tries, and what there is of each kind in each organisation."""

    house: House
    forgetful: Services
    callers: tuple[Caller, ...]
    ids: dict[str, dict[str, str]]

    def kinds(self) -> dict[str, list[str]]:
        """Callers that belong together."""
        names = [caller.name for caller in self.callers]
        return {
            EVERY_TOKEN: [name for name in names if name.startswith(("token ", "vendor’s token "))],
            "every ended token": [name for name in names if name.startswith("ended token")],
            "every person": [role.value.replace("_", " ") for role in Role] + [_BY_SSO],
        }


def services_in(folder: Path) -> Services:
    """An installation of its own in this folder."""
    database = Database.open(f"sqlite:///{folder / 'totrinn.sqlite3'}")
    database.migrate()
    return services_on(database, KeyVault.create(folder / "keys"))


def furnished(services: Services, password_hash: str) -> Furnished:
    """The house with everybody in it."""
    house = House(services, password_hash)
    house.organisation(VENDOR, is_vendor=True)
    house.organisation(REQUIRING, requirement=Requirement(since=now()))
    for slug in (OWN, OTHER):
        house.organisation(slug)
    ids = {slug: _things(house, slug) for slug in (OWN, OTHER)}
    callers = (*_people(house), _by_sso(house, ids[OWN]["connection"]), *_tokens(house))
    return Furnished(house, replace(services, store=ForgetfulStore(services.store)), callers, ids)


def _things(house: House, slug: str) -> dict[str, str]:
    member = house.person(f"member@{slug}.example", slug, factor=True)
    visitor = Visitor(now(), "", "")
    draft = Draft("SSO", OidcSettings("https://provider.example", slug), SsoRules())
    connection = add_by_operator(house.services, visitor, _OPERATOR, slug, draft)
    assert isinstance(connection, Connection)
    domain = f"{slug}.example"
    add_domain(house.services, visitor, _OPERATOR, slug, domain, connection.id)
    agreement = Agreement(name=f"Application of {slug}", redirect_uris=(f"https://{slug}.example/cb",))
    registered = register(house.services, Registrar(visitor, _OPERATOR), agreement)
    assert isinstance(registered, Registered)
    token, _ = _token(house, slug, f"of {slug}", frozenset({Scope.LOG_READ}))
    session = _session(house, member.id, slug, Proof(Method.PASSWORD, now()))
    webhook = Webhook(
        house.services.random.id(now()),
        house.stored(slug).id,
        f"https://{slug}.example/hook",
        frozenset(Topic),
        None,
        None,
        now(),
    )
    with house.services.store.writing() as unit:
        unit.sessions.add(house.services.digest(house.services.random.token()), session)
        unit.webhooks.add(webhook)
    return {
        "members": member.id,
        "Users": member.id,
        "applications": registered.application.id,
        "connections": connection.id,
        "tokens": token.id,
        "api": token.id,
        "connection": connection.id,
        "domain": domain,
        "session": session.id,
        "webhooks": webhook.id,
    }


def _people(house: House) -> Iterator[Caller]:
    yield Caller("nobody", OWN)
    enrolling = house.person("enrolling@requiring.example", REQUIRING)
    yield _at_a_step(house, "at enrolment", enrolling.email, REQUIRING)
    verifying = house.person("verifying@own.example", OWN, factor=True)
    yield _at_a_step(house, "at verification", verifying.email, OWN)
    for role in Role:
        slug = VENDOR if role is Role.VENDOR else OWN
        resident = house.person(f"{role.value}@{slug}.example", slug, role, factor=True)
        browser = house.sign_in(resident)
        yield _by_cookie(role.value.replace("_", " "), slug, browser, "totrinn")


def _by_sso(house: House, connection_id: str) -> Caller:
    """Somebody for whom the organisation's provider has vouched, just now."""
    person = house.person("sso@own.example", OWN, Role.GLOBAL_ADMINISTRATOR)
    organisation_id, value, at = house.stored(OWN).id, house.services.random.token(), now()
    link = SsoIdentity(house.services.random.id(at), connection_id, organisation_id, "subject", person.id, at, at)
    proof = Proof(Method.SSO, at, sso=SsoProof(organisation_id, link.id))
    session = _session(house, person.id, OWN, proof)
    with house.services.store.writing() as unit:
        assert unit.identities.add(link)
        unit.connections.set_enabled(organisation_id, connection_id, is_enabled=True)
        unit.sessions.add(house.services.digest(value), session)
    return _with_cookie(_BY_SSO, OWN, "totrinn", value)


def _session(house: House, person_id: str, slug: str, proof: Proof) -> Session:
    at, organisation_id = now(), house.stored(slug).id
    return Session(house.services.random.id(at), person_id, organisation_id, 1, proof, (), None, at, at, "", "")


def _at_a_step(house: House, name: str, email: str, slug: str) -> Caller:
    browser = house.browser()
    browser.get("/login")
    browser.post("/login", email=email, password="en ganske lang setning")
    return _by_cookie(name, slug, browser, "totrinn-signin")


def _by_cookie(name: str, slug: str, browser: Browser, cookie: str) -> Caller:
    value = browser.cookie(cookie)
    assert value is not None, name
    return _with_cookie(name, slug, cookie, value)


def _with_cookie(name: str, slug: str, cookie: str, value: str) -> Caller:
    headers = {"cookie": f"{cookie}={value}", "x-totrinn-csrf": "1"}
    return Caller(name, slug, headers, {"csrf": csrf.token_for(value), "organisation": slug})


def _tokens(house: House) -> Iterator[Caller]:
    for slug in (OWN, VENDOR):
        for scope in scopes_of(is_vendor=slug == VENDOR):
            prefix = "vendor’s token" if slug == VENDOR else "token"
            yield _by_token(house, f"{prefix} {scope.value}", slug, frozenset({scope}))
    every = frozenset(scopes_of(is_vendor=False))
    yield _by_token(house, "ended token, expired", OWN, every, ended=True)
    for name, role in (("ended token, of a user", Role.USER), ("ended token, of who left", None)):
        maker = house.person(f"maker{role}@own.example", OWN if role else OTHER, role or Role.USER)
        yield _by_token(house, name, OWN, every, maker=maker.id)


def _by_token(
    house: House, name: str, slug: str, scopes: frozenset[Scope], *, ended: bool = False, maker: str | None = None
) -> Caller:
    _, text = _token(house, slug, name, scopes, ended=ended, maker=maker)
    return Caller(name, slug, {"authorization": f"Bearer {text}"}, {"organisation": slug})


def _token(
    house: House, slug: str, name: str, scopes: frozenset[Scope], *, ended: bool = False, maker: str | None = None
) -> tuple[ApiToken, str]:
    text, at = token_text(house.services.random.token()), now() - timedelta(days=2)
    token = ApiToken(
        id=house.services.random.id(at),
        organisation_id=house.stored(slug).id,
        name=name,
        scopes=scopes,
        person_id=maker,
        made_by=maker or _OPERATOR.actor,
        proof=Proof(Method.PASSWORD, at) if maker else None,
        created_at=at,
        ends_at=at + timedelta(days=1 if ended else 100),
        used_at=now(),
    )
    with house.services.store.writing() as unit:
        assert unit.api_tokens.add(house.services.digest(text), token)
    return token, text
