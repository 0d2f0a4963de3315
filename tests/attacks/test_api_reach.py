"""How far the API reaches: what is for persons, what is another's, what was lost meanwhile, and what comes at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec
import pytest
from msgspec import inspect

from tests.attacks.clock import Clock
from tests.attacks.house import OPERATOR, PASSWORD, Browser, House, at_once
from tests.attacks.programs import API, CSRF, EVERY, code_of, program, token
from totrinn.app import owning_domains
from totrinn.app.faces import Face
from totrinn.app.operating import create_organisation
from totrinn.app.webhooks.records import Webhook
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role
from totrinn.core.topics import Topic
from totrinn.web.api.endpoints import Endpoint
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms import ENDPOINTS

FJORDLY = "/organisations/fjordly"
CLIENT_SECRET = "en-hemmelighet-som-ingen-skal-se"
OIDC = {"kind": "oidc", "name": "SSO", "issuer": "https://id.fjordly.test", "client_id": "c"}
HOOK = {"address": "https://siem.fjordly.test/hook", "topics": ["members"]}
_OF_ORGANISATION = [each for each in ENDPOINTS if each.path.startswith("/organisations/")]
_UUID = "01900000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Things:
    """What there is in an organisation, by the names that paths have for it."""

    ids: dict[str, str]

    def path(self, endpoint: Endpoint, slug: str) -> str:
        """Where the endpoint finds them."""

        def value(found: re.Match[str]) -> str:
            name, before = found[1], endpoint.path[: found.start()].rstrip("/").rpartition("/")[2]
            return {"slug": slug, "id": self.ids.get(before, _UUID)}.get(name) or self.ids.get(name, _UUID)

        return API + re.sub(r"\{(\w+)\}", value, endpoint.path)


@pytest.fixture
def boss(house: House) -> Browser:
    """The global administrator of Fjordly, signed in; there is a vendor, and another organisation."""
    create_organisation(house.services, house.visitor(), OPERATOR, name="Vendor", slug="vendor", is_vendor=True)
    house.organisation("fjordly")
    house.organisation("other")
    owning_domains.add_by_operator(house.services, house.visitor(), OPERATOR, "fjordly", "fjordly.test", None)
    owning_domains.vouch(house.services, house.visitor(), OPERATOR, "fjordly", "fjordly.test")
    return house.enrolled("boss@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)


def _things(house: House, slug: str) -> Things:
    """One of each kind, with a session of the member's."""
    email = f"member@{slug}.test"
    member, browser = house.person(email, slug), house.browser()
    browser.sign_in(email)
    connection = house.connection(slug, f"sso.{slug}.test")
    webhook_id = house.services.random.id(datetime.now(UTC))
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        address, topics = f"https://{slug}.test/hook", frozenset(Topic)
        unit.webhooks.add(Webhook(webhook_id, organisation.id, address, topics, b"sealed", None, datetime.now(UTC)))
        session = unit.sessions.of_person(member)
    return Things(
        {
            "members": member,
            "session": session[0].session.id if session else _UUID,
            "connections": connection,
            "domain": f"sso.{slug}.test",
            "webhooks": webhook_id,
            "tokens": token(house, slug).token.id,
        }
    )


def _bodies(shape: Any) -> Iterator[dict[str, Any]]:
    """A body of the shape with all that it must have, for each kind that it has."""
    info = inspect.type_info(shape)
    for each in info.types if isinstance(info, inspect.UnionType) else (info,):
        assert isinstance(each, inspect.StructType)
        tag = {each.tag_field: each.tag} if each.tag_field else {}
        yield {**tag, **{field.encode_name: _value(field.type) for field in each.fields if field.required}}


def _value(info: Any) -> Any:
    if isinstance(info, inspect.Metadata):
        return _value(info.type)
    if isinstance(info, inspect.UnionType):
        return _value(info.types[0])
    if isinstance(info, inspect.LiteralType):
        return info.values[0]
    if isinstance(info, inspect.EnumType):
        return next(iter(info.cls)).value
    if isinstance(info, inspect.ListType):
        return [_value(info.item_type)]
    others: dict[Any, Any] = {inspect.BoolType: True, inspect.IntType: 1, inspect.DateTimeType: "2036-01-01T00:00:00Z"}
    return others.get(type(info), "xy")


def _ask(client: httpx2.Client, endpoint: Endpoint, path: str) -> httpx2.Response:
    sent: dict[str, Any] = {"json": next(_bodies(endpoint.body))} if endpoint.body is not None else {}
    headers = {**CSRF, "if-match": '"1"'} if endpoint.changes else {}
    return client.request(endpoint.method, path, headers=headers, **sent)


@pytest.mark.row("R43")
def test_what_is_for_persons_is_closed_to_every_token(house: House, boss: Browser) -> None:
    """With all scopes that there are and a body that fits; by the same code, whatever the path names."""
    things = _things(house, "fjordly")
    for_persons = [each for each in ENDPOINTS if not each.scopes]
    assert len(for_persons) > 40
    with program(house, token(house, "fjordly", *EVERY).text) as client:
        client.base_url = house.address
        for endpoint in for_persons:
            if endpoint.path.startswith("/vendor/"):
                continue
            for path in (things.path(endpoint, "fjordly"), Things({}).path(endpoint, "fjordly")):
                answer = _ask(client, endpoint, path)
                assert (answer.status_code, code_of(answer)) == (403, "person_needed"), (endpoint.method, path)


@pytest.mark.row("R46")
@pytest.mark.row("R47")
def test_whatever_is_anothers_is_as_unknown_as_nothing(house: House, boss: Browser) -> None:
    """Every endpoint, with everything in its path of another organisation: the answer is that for what is not there."""
    theirs = _things(house, "other")
    before = _standing(house, "other")
    for endpoint in _OF_ORGANISATION:
        for slug in ("fjordly", "other"):
            if slug == "fjordly" and endpoint.path.count("{") < 2:
                continue
            other = _ask(boss.http, endpoint, theirs.path(endpoint, slug))
            nothing = _ask(boss.http, endpoint, Things({}).path(endpoint, slug if slug == "fjordly" else "nowhere"))
            said = (other.status_code, _without_ids(other.text))
            assert said == (nothing.status_code, _without_ids(nothing.text)), (endpoint.method, endpoint.path)
            assert other.status_code in (404, 422), (endpoint.method, endpoint.path)
    assert _standing(house, "other") == before


def _without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)


def _standing(house: House, slug: str) -> tuple[object, ...]:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        assert organisation is not None
        members = unit.members.page(organisation.id, query="", filter_="all", limit=50)
        return (
            organisation,
            [(each.id, each.role, len(unit.sessions.of_person(each.id))) for each in members.members],
            unit.connections.of_organisation(organisation.id),
            unit.domains.of_organisation(organisation.id),
            unit.webhooks.of_organisation(organisation.id),
            [live.token.id for live in unit.api_tokens.of_organisation(organisation.id)],
        )


@pytest.mark.row("R48")
def test_no_body_takes_more_than_its_shape(house: House, boss: Browser) -> None:
    """Of every endpoint: each name that would give something is refused at its own place, in objects within, too."""
    things = _things(house, "fjordly")
    more = {"organisation_id": "x", "is_vendor": True, "is_tested": True, "proven_at": "2036-01-01T00:00:00Z"}
    for endpoint in _OF_ORGANISATION:
        if endpoint.body is None:
            continue
        for body in _bodies(endpoint.body):
            headers = {**CSRF, "if-match": '"1"'}
            path = things.path(endpoint, "fjordly")
            answer = boss.http.request(endpoint.method, path, json={**body, **more}, headers=headers)
            assert (answer.status_code, code_of(answer)) == (422, "wrong_shape"), (endpoint.method, path)
            unknown = {each["pointer"] for each in answer.json()["errors"] if each["code"] == "unknown"}
            assert {f"/{name}" for name in more} <= unknown, (endpoint.method, path)
    roles = [{"group": "g", "role": "user", "is_vendor": True}, {"group": "g", "role": "vendor"}]
    answer = boss.http.post(f"{API}{FJORDLY}/connections", json={**OIDC, "roles": roles}, headers=CSRF)
    found = {(each["pointer"], each["code"]) for each in answer.json()["errors"]}
    assert found == {("/roles/0/is_vendor", "unknown"), ("/roles/1/role", "not_one_of")}


@pytest.mark.row("R47")
def test_a_role_that_was_lost_changes_nothing_more(house: House, boss: Browser) -> None:
    """The session lives on; at its next request it is worth what its role is worth then."""
    things = _things(house, "fjordly")
    house.person("second@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        person = unit.people.find_by_email("boss@fjordly.test")
        assert organisation is not None
        assert person is not None
        unit.members.set_role(organisation.id, person.id, Role.USER)
    before = _standing(house, "fjordly")
    for endpoint in _OF_ORGANISATION:
        if endpoint.changes:
            answer = _ask(boss.http, endpoint, things.path(endpoint, "fjordly"))
            assert (answer.status_code, code_of(answer)) == (403, "not_allowed"), (endpoint.method, endpoint.path)
    assert _standing(house, "fjordly") == before


@pytest.mark.row("R53")
def test_what_asks_for_a_fresh_proof_asks_for_it(house: House, boss: Browser, clock: Clock) -> None:
    """Every endpoint that says so, with a body that fits: not after 21 minutes; and each that governs says so."""
    things = _things(house, "fjordly")
    clock.pass_by(minutes=21)
    tried = 0
    for endpoint in _OF_ORGANISATION:
        if Code.FRESH_PROOF not in endpoint.problems or endpoint.path.endswith(("/metadata", "/factors/reset")):
            continue
        answer = _ask(boss.http, endpoint, things.path(endpoint, "fjordly"))
        if answer.status_code in (409, 412, 422):
            # A reason that was looked for first; nothing was done.
            continue
        assert (answer.status_code, code_of(answer)) == (403, "fresh_proof_required"), (endpoint.method, answer.url)
        tried += 1
    assert tried >= 12


@pytest.mark.row("R23")
def test_no_answer_holds_a_secret(house: House, boss: Browser) -> None:
    """Whatever is read: no client secret, no webhook's, no authenticator's, no hash, no cookie, no token, no digest."""
    added = boss.http.post(f"{API}{FJORDLY}/connections", json={**OIDC, "client_secret": CLIENT_SECRET}, headers=CSRF)
    hook = boss.http.post(f"{API}{FJORDLY}/webhooks", json=HOOK, headers=CSRF).json()
    member = boss.http.get(f"{API}/account").json()["id"]
    made = token(house, "fjordly")
    with house.database.reading() as unit:
        person = unit.people.find(member)
    assert person is not None
    assert person.password_hash is not None
    cookie = boss.cookie("totrinn")
    assert cookie is not None
    secrets = [CLIENT_SECRET, hook["secret"], house.apps["boss@fjordly.test"].secret, person.password_hash, cookie]
    secrets += [made.text, house.services.digest(cookie).hex(), house.services.digest(made.text).hex(), PASSWORD]
    things = Things(
        {"members": member, "connections": added.json()["id"], "webhooks": hook["webhook"]["id"], "domain": "x"}
    )
    assert CLIENT_SECRET not in added.text
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET" and not endpoint.path.startswith("/vendor/"):
            answer = boss.http.get(things.path(endpoint, "fjordly"))
            assert answer.status_code == 200, (endpoint.path, answer.text)
            assert [secret for secret in secrets if secret in answer.text] == [], endpoint.path


def test_of_parallel_changes_with_one_etag_one_is_made(house: House, boss: Browser) -> None:
    """Of a connection, of its metadata and options, and of a face; the others are told that it was changed."""
    with house.database.reading() as unit:
        vendor = unit.organisations.find_by_slug("vendor")
    assert vendor is not None
    with house.database.writing() as unit:
        assert unit.faces.save(vendor.id, Face(lets_others=True, revision=1), None, expected_revision=0)
    connection = boss.http.post(f"{API}{FJORDLY}/connections", json=OIDC, headers=CSRF)
    one = f"{API}{FJORDLY}/connections/{connection.json()['id']}"
    for path, bodies in (
        (one, [{**OIDC, "name": f"SSO {number}"} for number in range(6)]),
        (f"{API}{FJORDLY}/face", [{"accent": f"#00000{number}"} for number in range(6)]),
    ):
        etag = boss.http.get(path).headers["etag"]

        def put(body: dict[str, Any], path: str = path, etag: str = etag) -> httpx2.Response:
            return boss.http.put(path, json=body, headers={**CSRF, "if-match": etag})

        answers = at_once([lambda body=body: put(body) for body in bodies])  # type: ignore[misc]  # bound by default
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412], path
        assert next(a for a in answers if a.status_code == 200).headers["etag"] == boss.http.get(path).headers["etag"]


def test_one_address_is_added_once_however_it_is_written(house: House, boss: Browser) -> None:
    """By six requests at once, in upper and lower case: one person, one membership, one link."""
    spellings = ["ola@fjordly.test", "OLA@fjordly.test", " ola@Fjordly.TEST", "Ola@FJORDLY.test.", "oLA@fjordly.test"]

    def add(email: str) -> httpx2.Response:
        return boss.http.post(f"{API}{FJORDLY}/members", json={"email": email}, headers=CSRF)

    answers = at_once([lambda email=email: add(email) for email in spellings])  # type: ignore[misc]  # bound by default
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    links = [answer.json()["link"] for answer in answers if answer.status_code == 201]
    assert len([link for link in links if link]) == 1
    found = boss.http.get(f"{API}{FJORDLY}/members?q=ola").json()["items"]
    assert [each["email"] for each in found] == ["ola@fjordly.test"]


def test_a_link_to_a_password_opens_nothing_that_requires_two_factor(house: House, boss: Browser) -> None:
    """Whoever has the link chooses a password, and is then held at setting up a second factor, as anybody is."""
    house.require("fjordly")
    link = boss.http.post(f"{API}{FJORDLY}/members", json={"email": "ny@fjordly.test"}, headers=CSRF).json()["link"]
    browser, path = house.browser(), link.removeprefix(house.address)
    browser.submit(path, password="regn over fjorden igjen")
    assert not browser.is_in()
    browser.sign_in("ny@fjordly.test", "regn over fjorden igjen")
    assert not browser.is_in()
    assert code_of(browser.http.get(f"{API}/account")) == "enrolment_required"
    assert browser.get(path).status_code != 200


def test_a_webhook_is_made_once_under_one_key(house: House, boss: Browser) -> None:
    """Of six at once; its secret is told to one of them."""
    headers = {**CSRF, "idempotency-key": "hook"}
    answers = at_once([lambda: boss.http.post(f"{API}{FJORDLY}/webhooks", json=HOOK, headers=headers)] * 6)
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {code_of(each) for each in answers if each.status_code != 201} <= {"under_way", "answered_once"}
    assert len(boss.http.get(f"{API}{FJORDLY}/webhooks").json()["items"]) == 1


def test_a_provider_that_hangs_holds_up_nobody_else(house: House, boss: Browser) -> None:
    """While its tests wait, the API answers others; too many tests of one organisation are refused."""
    connection = house.connection("fjordly")
    test = f"{API}{FJORDLY}/connections/{connection}/test"
    house.provider.hanging.clear()
    asked = []

    def release() -> httpx2.Response:
        with program(house, token(house, "other").text) as client:
            asked.append(client.get("/organisations/other", timeout=15))
        house.provider.hanging.set()
        return asked[0]

    answers = at_once([*[lambda: boss.http.post(test, headers=CSRF)] * 8, release])
    assert asked[0].status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all(code_of(each) == "provider_busy" for each in answers if each.status_code == 503)


@pytest.mark.parametrize(
    "slug", ["abc\n", "abc\u2028", "\uff41\uff42\uff43", "a/b", "a b", "A", "-ab", "ab-", "a" * 41]
)
def test_a_short_name_is_what_it_seems(house: House, boss: Browser, slug: str) -> None:
    """Letters, digits and hyphens to its very end."""
    with program(house, token(house, "vendor", Scope.ORGANISATIONS_MANAGE).text) as client:
        answer = client.post("/vendor/organisations", json={"name": "X", "slug": slug})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/slug")


def test_large_bodies_are_read_of_who_is_signed_in(house: House, boss: Browser) -> None:
    """Of strangers and of programs no more than usual, and what is too large for all is refused for all."""
    connection = house.connection("fjordly")
    path = f"{API}{FJORDLY}/connections/{connection}/metadata"
    body = msgspec.json.encode({"metadata": "x" * (1024 * 1024)})
    headers = {"content-type": "application/json", **CSRF, "if-match": '"1"'}
    assert boss.http.put(path, content=body, headers=headers).status_code == 404, "it is no SAML connection"
    assert boss.http.put(path, content=b" " * (5 * 1024 * 1024), headers=headers).status_code == 413
    stranger = httpx2.put(house.address + path, content=body, headers=headers)
    assert (stranger.status_code, code_of(stranger)) == (401, "sign_in_required")
    with program(house, token(house, "fjordly").text) as client:
        refused = client.put(house.address + path, content=body, headers=headers)
    assert (refused.status_code, code_of(refused)) == (403, "person_needed")
