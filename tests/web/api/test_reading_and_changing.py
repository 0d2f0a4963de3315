"""What the pages do, by JSON: read, and changed by whoever may."""

import pytest

from tests.web.api.programs import Program, program
from tests.web.house import House
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role


@pytest.fixture
def fjordly(house: House) -> House:
    """An organisation with an administrator and three users, one of whom has a second factor; and the vendor's."""
    house.organisation("vendor", is_vendor=True)
    house.organisation("fjordly", name="Fjordly AS")
    house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Holm", factor=True)
    house.person("anne@fjordly.no", "fjordly", name="Anne Dal")
    house.person("bo@fjordly.no", "fjordly", name="Bo Dal", factor=True)
    house.person("cato@fjordly.no", "fjordly", name="Cato Dal")
    return house


def test_the_organisation_is_read_and_changed(fjordly: House) -> None:
    """What is not named stays; the change stands in the log by the token's name."""
    reader = program(fjordly, "fjordly", Scope.ORGANISATION_READ, Scope.SETTINGS_WRITE)
    told = reader.get("/organisations/fjordly")
    assert told.status == 200
    assert (told.json["slug"], told.json["name"], told.json["language"]) == ("fjordly", "Fjordly AS", "nb")
    changed = reader.patch("/organisations/fjordly", {"name": " Fjordly ASA "})
    assert changed.status == 200
    assert changed.json == {**told.json, "name": "Fjordly ASA"}
    event = fjordly.events("fjordly")[0]
    assert event.kind == "organisation:settings:changed"
    assert event.actor.startswith("token:")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": " \u200b"}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"language": "de"}, "/language"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"slug": "other"}, "/slug"),
        ({"name": None}, "/name"),
        ([], ""),
    ],
)
def test_a_wrong_shape_is_told_with_its_place(fjordly: House, body: object, pointer: str) -> None:
    """By a JSON pointer; nothing changes."""
    told = program(fjordly, "fjordly", Scope.SETTINGS_WRITE).patch("/organisations/fjordly", body)
    assert (told.status, told.code) == (422, "wrong_shape")
    assert told.json["errors"][0]["pointer"] == pointer
    assert fjordly.stored("fjordly").name == "Fjordly AS"


def test_members_are_listed_page_by_page(fjordly: House) -> None:
    """By name, each once, with how they get in."""
    reader = program(fjordly, "fjordly", Scope.MEMBERS_READ)
    first = reader.get("/organisations/fjordly/members?limit=2")
    second = reader.get(f"/organisations/fjordly/members?limit=2&cursor={first.json['next']}")
    assert (first.status, second.status, second.json["next"]) == (200, 200, None)
    found = [(each["name"], each["state"]) for each in first.json["items"] + second.json["items"]]
    assert found == [("Anne Dal", "missing"), ("Bo Dal", "has"), ("Cato Dal", "missing"), ("Kari Holm", "has")]
    missing = reader.get("/organisations/fjordly/members?filter=missing&q=dal").json["items"]
    assert [each["name"] for each in missing] == ["Anne Dal", "Cato Dal"]
    adoption = reader.get("/organisations/fjordly/adoption").json
    assert adoption == {"missing": 2, "has": 2, "sso": 0, "total": 4}


def test_a_members_factors_and_sessions_are_told_without_secrets(fjordly: House) -> None:
    """Kinds and times; ending the sessions signs the member out."""
    bo = fjordly.person("bob@fjordly.no", "fjordly", factor=True)
    browser = fjordly.sign_in(bo)
    path = f"/organisations/fjordly/members/{bo.id}"
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    factors = manager.get(f"{path}/factors").json
    assert [each["kind"] for each in factors["items"]] == ["totp"]
    assert set(factors["items"][0]) == {"kind", "enrolled_at", "used_at"}
    sessions = manager.get(f"{path}/sessions").json["items"]
    assert [each["method"] for each in sessions] == ["password"]
    assert manager.delete(f"{path}/sessions").status == 204
    assert browser.get("/account").status == 303
    assert manager.get(f"{path}/sessions").json == {"items": []}


def test_a_member_is_removed(fjordly: House) -> None:
    """By a token if they are a user; an administrator only by a person (rule 13)."""
    anne = fjordly.person("anne2@fjordly.no", "fjordly")
    administrator = fjordly.person("adm@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    assert manager.delete(f"/organisations/fjordly/members/{anne.id}").status == 204
    assert fjordly.member("fjordly", anne) is None
    for path in (f"/organisations/fjordly/members/{administrator.id}{end}" for end in ("", "/sessions")):
        told = manager.delete(path)
        assert (told.status, told.code) == (403, "not_allowed")
    assert fjordly.member("fjordly", administrator) is not None


def test_the_log_is_read_in_the_callers_language(fjordly: House) -> None:
    """Page by page, filtered by kind."""
    reader = program(fjordly, "fjordly", Scope.LOG_READ)
    first = reader.get("/organisations/fjordly/log?limit=1", **{"accept-language": "nn"})
    assert first.status == 200
    assert len(first.json["items"]) == 1
    assert reader.get("/organisations/fjordly/log?kind=organisation:token:added").json["items"][0]["detail"]["scopes"]
    assert reader.get("/organisations/fjordly/log?kind=nonsense").status == 400


@pytest.mark.row("R42")
def test_the_requirement_is_previewed_and_confirmed_by_a_token(fjordly: House) -> None:
    """On, or earlier, and once; the numbers are those of the page."""
    strong = program(fjordly, "fjordly", Scope.REQUIREMENT_STRENGTHEN, Scope.MEMBERS_READ)
    path = "/organisations/fjordly/requirement"
    before = strong.get(path)
    assert (before.json["state"], before.json["on"]) == ("off", False)
    preview = strong.post(f"{path}/preview", {"on": True})
    assert preview.status == 200
    assert (preview.json["change"], preview.json["missing"], preview.json["has"]) == ("on", 2, 2)
    assert [each["name"] for each in preview.json["names"]] == ["Anne Dal", "Cato Dal"]
    assert not fjordly.requires("fjordly")
    confirmation = {"confirmation": preview.json["confirmation"]}
    stale = strong.put(path, confirmation, **{"if-match": '"7"'})
    assert (stale.status, stale.code) == (412, "changed_meanwhile")
    done = strong.put(path, confirmation, **{"if-match": before.headers["etag"]})
    assert (done.status, done.json["state"]) == (200, "on")
    assert done.headers["etag"] != before.headers["etag"]
    again = strong.put(path, confirmation)
    assert (again.status, again.code) == (409, "unknown_confirmation")
    assert fjordly.events("fjordly")[1].actor.startswith("token:")


@pytest.mark.row("R43")
def test_no_token_turns_the_requirement_off_or_later(fjordly: House) -> None:
    """Neither is even previewed; a person in their session may, with a fresh proof."""
    strong = program(fjordly, "fjordly", Scope.REQUIREMENT_STRENGTHEN)
    path = "/organisations/fjordly/requirement"
    wish = {"on": True, "from": "2026-12-01T00:00:00Z"}
    confirmation = strong.post(f"{path}/preview", wish).json["confirmation"]
    assert strong.put(path, {"confirmation": confirmation}).json["state"] == "dated"
    later = {"on": True, "from": "2027-12-01T00:00:00Z"}
    for weaker in ({"on": False}, later):
        told = strong.post(f"{path}/preview", weaker)
        assert (told.status, told.code) == (403, "person_needed")
    assert strong.post(f"{path}/preview", {"on": True, "from": "2026-11-30T00:00:00+01:00"}).status == 200


def test_a_person_changes_roles_and_the_requirement_in_their_session(fjordly: House) -> None:
    """By the cookie of their browser, with the header that no other site can send."""
    kari = fjordly.person("kari2@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    anne = fjordly.person("anne3@fjordly.no", "fjordly")
    person = Program(fjordly, browser=fjordly.sign_in(kari))
    told = person.patch(f"/organisations/fjordly/members/{anne.id}", {"role": "administrator"})
    assert (told.status, told.json["role"]) == (200, "administrator")
    path = "/organisations/fjordly/requirement"
    for wish, state in (({"on": True}, "on"), ({"on": False}, "off")):
        preview = person.post(f"{path}/preview", wish)
        assert preview.status == 200, preview.json
        assert preview.json["proof"] is None
        assert person.put(path, {"confirmation": preview.json["confirmation"]}).json["state"] == state
