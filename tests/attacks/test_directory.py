"""A directory's token in the wrong hands, and a directory that sends what it should not."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.attacks.house import House
from tests.scim.directory import Directory, connected, token
from totrinn.app.administering import is_member_elsewhere
from totrinn.core.api_tokens import Scope, scopes_of
from totrinn.core.roles import Role
from totrinn.web.application import route_table
from totrinn.web.scim import filters, groups

PATHS = [route.path for route in route_table() if route.path.startswith("/scim/")]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.fixture
def fjordly(house: House) -> Iterator[Directory]:
    """The directory of Fjordly."""
    with connected(house, "fjordly", "fjordly.no") as directory:
        yield directory


@pytest.fixture
def other(house: House) -> Iterator[Directory]:
    """The directory of another organisation."""
    with connected(house, "other", "other.no") as directory:
        yield directory


def _concrete(path: str) -> str:
    return path.removeprefix("/scim/v2").replace("{id}", "x").replace("{path:path}", "elsewhere")


@pytest.mark.row("R39", "R88")
def test_nobody_but_a_token_gets_anything(fjordly: Directory) -> None:
    """No session, no unfinished sign-in, no token of another scope, none in the address: by no method, anywhere."""
    house = fjordly.house
    administrator = house.enrolled("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    held = house.browser()
    house.person("ola@fjordly.no", "fjordly")
    held.sign_in("ola@fjordly.no")
    others = token(house, "fjordly", *(scope for scope in scopes_of(is_vendor=False) if scope is not Scope.SCIM))
    right = fjordly.http.headers["authorization"]
    callers: list[tuple[dict[str, str], dict[str, str], int]] = [
        ({}, {}, 401),
        ({}, dict(administrator.http.cookies), 401),
        ({}, dict(held.http.cookies), 401),
        ({"Authorization": f"Bearer {others}"}, {}, 403),
        ({"Authorization": right.replace("Bearer ", "Basic ")}, {}, 401),
        ({"Authorization": right[:-1]}, {}, 401),
        ({"Authorization": f"{right}, {right}"}, {}, 401),
        ({"X-Authorization": right}, {}, 401),
    ]
    for headers, cookies, status in callers:
        with httpx2.Client(base_url=f"{house.address}/scim/v2", headers=headers, cookies=cookies) as http:
            for path in PATHS:
                for method in METHODS:
                    answer = http.request(method, _concrete(path), json={"userName": "x@fjordly.no"})
                    assert answer.status_code == status, (method, path, headers, answer.status_code)
                    if method != "HEAD":
                        assert answer.json()["status"] == str(status)
    with httpx2.Client(base_url=f"{house.address}/scim/v2") as http:
        text = right.removeprefix("Bearer ")
        assert http.get("/Users", params={"access_token": text, "token": text}).status_code == 401
    assert "organisation:token:refused" in fjordly.kinds()


@pytest.mark.row("R46", "R88")
def test_nothing_of_another_organisation_can_be_reached(fjordly: Directory, other: Directory) -> None:
    """Its ids are as unknown as those that nobody has; it is in no list, and nobody of it in any group."""
    theirs = other.user("ola@other.no", externalId="O-1")
    their_group = other.group("Drivers", theirs["id"])
    mine = fjordly.user("kari@fjordly.no")
    my_group = fjordly.group("Drivers", mine["id"])
    unknown = "01900000-0000-7000-8000-000000000000"
    for kind, id_ in (("Users", theirs["id"]), ("Groups", their_group["id"])):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = _body(method, id_)
            answers = [fjordly.http.request(method, f"/{kind}/{each}", **body) for each in (id_, unknown)]
            assert [answer.status_code for answer in answers] == [404, 404], (method, kind)
            assert answers[0].text == answers[1].text
    for filter_ in ('userName eq "ola@other.no"', 'externalId eq "O-1"', f'id eq "{theirs["id"]}"', 'userName co "@"'):
        assert theirs["id"] not in {each["id"] for each in fjordly.find(filter_)}
    assert {each["id"] for each in fjordly.http.get("/Groups").json()["Resources"]} == {my_group["id"]}
    stolen = {"op": "add", "path": "members", "value": [{"value": theirs["id"]}]}
    refused = fjordly.patch(f"/Groups/{my_group['id']}", stolen)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert other.http.get(f"/Users/{theirs['id']}").json() == {**theirs, **_groups(other, theirs["id"])}


def _body(method: str, id_: str) -> dict[str, Any]:
    if method == "PUT":
        return {"json": {"userName": "taken@fjordly.no", "displayName": "Taken", "id": id_}}
    operation = {"op": "replace", "path": "displayName", "value": "Taken"}
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    return {"json": message} if method == "PATCH" else {}


def _groups(directory: Directory, person_id: str) -> dict[str, Any]:
    shown = directory.http.get(f"/Users/{person_id}").json()
    return {"groups": shown["groups"], "meta": shown["meta"]}


MORE: dict[str, Any] = {
    "role": "global_administrator",
    "roles": [{"value": "global_administrator", "primary": True}],
    "groups": [{"value": "administrator"}],
    "id": "chosen",
    "organisation": "other",
    "organisation_id": "other",
    "organisationId": "other",
    "password": "a password of the attacker",
    "password_hash": "x",
    "email_verified": True,
    "emailVerified": True,
    "accepted_at": 1,
    "must_enrol": False,
    "has_factor": True,
    "sso": True,
    "isVendor": True,
    "meta": {"created": "2000-01-01T00:00:00Z", "version": "x", "resourceType": "Organisation"},
    "urn:ietf:params:scim:schemas:extension:totrinn:2.0:User": {"role": "global_administrator"},
}
"""What no directory may set, in the spellings that somebody may try."""


@pytest.mark.row("R48", "R88")
def test_nothing_more_is_set_by_sending_more(fjordly: Directory) -> None:
    """Role, organisation, password, factors, marks: by POST, PUT or PATCH, in any spelling, they are not read."""
    user = fjordly.user("kari@fjordly.no", **MORE)
    put = fjordly.http.put(f"/Users/{user['id']}", json={"userName": "kari@fjordly.no", **MORE})
    assert put.status_code == 200, put.text
    for name, value in MORE.items():
        operation = {"op": "replace", "path": name, "value": value}
        assert fjordly.patch(f"/Users/{user['id']}", operation).status_code in (200, 400), name
    member = fjordly.member("kari@fjordly.no")
    assert member is not None
    assert (member.id, member.role) == (user["id"], Role.USER)
    assert user["id"] != "chosen"
    with fjordly.house.database.reading() as unit:
        person = unit.people.find(user["id"])
        assert person is not None
        assert (person.password_hash, person.version) == (None, 1)
        assert len(unit.members.of_person(user["id"])) == 1
    shown = fjordly.http.get(f"/Users/{user['id']}").json()
    assert set(shown) <= {"schemas", "id", "userName", "active", "roles", "meta"}


@pytest.mark.row("R88")
def test_a_name_cannot_be_taken_from_another(fjordly: Directory) -> None:
    """Neither that which a member was given, nor the address of one whom the directory has not described."""
    fjordly.house.person("ola@fjordly.no", "fjordly")
    user = fjordly.user("kari@fjordly.no")
    fjordly.user("other@fjordly.no")
    for name in ("OLA@fjordly.no", "other@FJORDLY.no"):
        answer = fjordly.patch(f"/Users/{user['id']}", {"op": "replace", "path": "userName", "value": name})
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    again = fjordly.http.post("/Users", json={"userName": "new", "emails": [{"value": "kari@fjordly.no"}]})
    assert again.status_code == 409


@pytest.mark.row("R88", "R70")
@pytest.mark.parametrize(
    "query",
    [
        "filter=" + "(" * 3000,
        "filter=userName%20eq%20%22a%27%3B%20DROP%20TABLE%20person%22%20--",
        "filter=userName%20eq%20%22x%22%00",
        "filter=userName+eq+%22a%22&filter=active+eq+true",
        "startIndex=1&startIndex=2",
        "startIndex=one",
        "count=99999999999999999999",
        "count=1e3",
        "count=٣",
        "attributes=userName&excludedAttributes=id",
        "attributes=" + "a," * 60,
        "&".join(f"a{number}=1" for number in range(70)),
        "filter=%ff",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(fjordly: Directory, query: str) -> None:
    """By 400 in SCIM's form, and quickly."""
    begun = time.monotonic()
    answer = fjordly.http.get(f"/Users?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert time.monotonic() - begun < 10


@pytest.mark.row("R88", "R70", "R69")
@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "application/scim+json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"userName":"a@fjordly.no","userName":"b@fjordly.no"}', "application/json", 400),
        (b'{"userName":"a@fjordly.no","USERNAME":"b@fjordly.no"}', "application/json", 400),
        (b'{"userName":"a@fjordly.no","active":NaN}', "application/json", 400),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json", 400),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400),
        (b'{"userName":"\xff"}', "application/json", 400),
        (b'{"userName":"\\ud800@fjordly.no"}', "application/json", 400),
        (b'{"userName":"a@fjordly.no","displayName":"\\udfff"}', "application/json", 400),
        (b'{"userName":"a@fjordly.no","externalId":"\\ud800"}', "application/json", 400),
        (b'{"userName":"a@fjordly.no","emails":[{"value":"\\ud800"}]}', "application/json", 400),
        (b'{"userName":7}', "application/json", 400),
        (b'{"userName":{"$ne":null}}', "application/json", 400),
        (b'{"userName":"a\\u0000b@fjordly.no"}', "application/json", 400),
        (b'{"userName":"   "}', "application/json", 400),
        (json.dumps({"userName": "a" * 300 + "@fjordly.no"}).encode(), "application/json", 400),
        (json.dumps({"userName": "a@fjordly.no", "emails": [{"value": "x"}] * 21}).encode(), "application/json", 400),
        (json.dumps({"userName": "a@b.no", "emails": [{"primary": True}] * 2}).encode(), "application/json", 400),
        (b"userName=a@fjordly.no", "application/x-www-form-urlencoded", 415),
        (b'{"userName":"a@fjordly.no"}', "text/plain", 415),
        (b"<User/>", "application/xml", 415),
        (b'{"userName":"' + b"a" * (1 << 20) + b'"}', "application/json", 413),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_meant_is_refused(
    fjordly: Directory, content: bytes, content_type: str, status: int
) -> None:
    """By a 4xx in SCIM's form; nobody is made."""
    answer = fjordly.http.post("/Users", content=content, headers={"content-type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == str(status)
    assert fjordly.http.get("/Users").json()["totalResults"] == 0


@pytest.mark.row("R88")
def test_a_token_that_is_over_is_worth_nothing_at_the_next_call(fjordly: Directory) -> None:
    """Neither one that was ended, nor one whose time is up."""
    house = fjordly.house
    assert fjordly.http.get("/Users").status_code == 200
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        (live,) = unit.api_tokens.of_organisation(organisation.id)
        assert unit.api_tokens.end(organisation.id, live.token.id) is not None
    assert fjordly.http.get("/Users").status_code == 401


@pytest.mark.row("R88", "R69")
def test_large_groups_are_told_in_bounded_answers(fjordly: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of groups is shorter where their members are many; a filter that would compare or tell them is refused."""
    monkeypatch.setattr(groups, "MOST_TOLD", 3)
    people = [fjordly.user(f"p{number}@fjordly.no")["id"] for number in range(5)]
    sizes = {fjordly.group(f"g{size}", *people[:size])["id"]: size for size in (5, 2, 1, 3)}
    found: list[str] = []
    while len(found) < len(sizes):
        page = fjordly.http.get(f"/Groups?startIndex={len(found) + 1}").json()
        told = [len(each["members"]) for each in page["Resources"]]
        assert page["totalResults"] == len(sizes)
        assert len(told) == 1 or sum(told) <= 3
        found += [each["id"] for each in page["Resources"]]
    assert set(found) == set(sizes)
    assert len(fjordly.http.get("/Groups?excludedAttributes=members").json()["Resources"]) == len(sizes)
    answer = fjordly.http.get("/Groups", params={"filter": "members.value pr"})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")
    monkeypatch.setattr(filters, "MOST_COMPARED", 10)
    for kind, filter_ in (("Groups", 'not (members.value eq "x")'), ("Users", " or ".join(['userName co "y"'] * 3))):
        answer = fjordly.http.get(f"/{kind}", params={"filter": filter_})
        assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany"), kind


@pytest.mark.row("R34", "R88")
def test_whoever_is_inactive_elsewhere_is_not_at_the_mercy_of_here(fjordly: Directory, other: Directory) -> None:
    """They may return there at any time: no administrator of one organisation resets what counts in another."""
    house = fjordly.house
    ola = house.person("ola@other.no", "other")
    house.person("ola@other.no", "fjordly")
    boss = house.enrolled("boss@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    for is_active in (True, False):
        operation = {"op": "replace", "path": "active", "value": is_active}
        assert other.patch(f"/Users/{ola}", operation).status_code == 200
        with house.database.writing() as unit:
            organisation = unit.organisations.find_by_slug("fjordly")
            assert organisation is not None
            assert is_member_elsewhere(unit, ola, organisation.id), is_active
            unit.people.mark_must_enrol(ola)
        path = f"/api/v1/organisations/fjordly/members/{ola}/factors/reset"
        answer = boss.http.post(path, json={"why": "lost"}, headers={"X-Totrinn-Csrf": "1"})
        assert (answer.status_code, answer.json()["code"]) == (409, "member_elsewhere"), is_active


@pytest.mark.row("R88", "R70")
def test_a_token_that_comes_twice_is_none(fjordly: Directory) -> None:
    """Whoever stands before us may have looked at the other one."""
    right = fjordly.http.headers["authorization"]
    for other in ("Bearer x", right):
        headers = [("Authorization", right), ("Authorization", other)]
        assert httpx2.get(f"{fjordly.house.address}/scim/v2/Users", headers=headers).status_code == 401


@pytest.mark.row("R88")
def test_the_vendors_own_organisation_has_no_directory() -> None:
    """No token of it has the scope, so that nobody becomes the vendor's staff by one."""
    assert Scope.SCIM not in scopes_of(is_vendor=True)
    assert Scope.SCIM in scopes_of(is_vendor=False)
