"""How people come, stay and go by a directory."""

from datetime import UTC, datetime

import pytest

from tests.attacks.house import PASSWORD, House
from tests.scim.directory import Directory, client, token
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role

OFF = {"op": "Replace", "path": "active", "value": "False"}
ON = {"op": "Replace", "path": "active", "value": "True"}


def test_a_new_person_is_a_member_at_once(on_either: Directory) -> None:
    """With an address of the proven domain, the role of a user, no password, and an event for each."""
    user = on_either.user(
        "Kari@Fjordly.NO",
        externalId="X-1",
        name={"givenName": "Kari", "familyName": "Nordmann"},
        emails=[{"value": "kari.nordmann@FJORDLY.no", "type": "work", "primary": True}],
        active=True,
    )
    member = on_either.member("kari.nordmann@fjordly.no")
    assert member is not None
    assert (member.id, member.name, member.role) == (user["id"], "Kari Nordmann", Role.USER)
    assert member.accepted_at is not None
    assert user["userName"] == "Kari@Fjordly.NO"
    assert user["meta"]["location"].endswith(f"/scim/v2/Users/{user['id']}")
    assert on_either.kinds()[:2] == ["organisation:member:added", "person:account:created"]
    assert on_either.events()[0].actor.startswith("token:")
    for filter_ in ('userName eq "kari@fjordly.no"', 'externalId eq "X-1"', f'id eq "{user["id"]}" and active eq true'):
        assert [each["id"] for each in on_either.find(filter_)] == [user["id"]]


@pytest.mark.parametrize("found_by", ["user_name", "mail"])
def test_the_address_is_the_one_of_the_proven_domain(fjordly: Directory, found_by: str) -> None:
    """Be it the user name or the mail address: firms name their people in both ways."""
    elsewhere, here = "kari@fjordly.onmicrosoft.com", "kari@fjordly.no"
    user_name, mail = (here, elsewhere) if found_by == "user_name" else (elsewhere, here)
    fjordly.user(user_name, emails=[{"value": mail, "primary": True}])
    assert fjordly.member(here) is not None


@pytest.mark.row("R88")
def test_nobody_is_made_at_an_address_elsewhere(fjordly: Directory) -> None:
    """Whether somebody has it or not, the answer is the same: nothing is learned, and nobody's place is taken."""
    fjordly.house.organisation("other")
    fjordly.house.person("ola@other.no", "other")
    answers = [
        fjordly.http.post("/Users", json={"userName": name}) for name in ("ola@other.no", "nobody@other.no", "kari")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(400, answers[0].text)}
    assert answers[0].json()["scimType"] == "invalidValue"
    assert fjordly.member("ola@other.no") is None


@pytest.mark.row("R88")
def test_whoever_exists_is_only_offered_a_membership(fjordly: Directory) -> None:
    """They accept it from a session of their own; until then a password of theirs opens nothing here."""
    house = fjordly.house
    house.organisation("other")
    house.person("kari@fjordly.no", "other")
    user = fjordly.user("kari@fjordly.no", displayName="Not Kari")
    member = fjordly.member("kari@fjordly.no")
    assert member is not None
    assert (member.accepted_at, member.name) == (None, "kari")
    assert user["displayName"] == "Not Kari"
    browser = house.browser()
    browser.sign_in("kari@fjordly.no")
    assert "Other" in browser.get("/").text
    accepted = browser.submit("/account", "/account/memberships/fjordly/accept")
    assert accepted.status_code == 303, accepted.text
    assert (again := fjordly.member("kari@fjordly.no")) is not None
    assert again.accepted_at is not None


@pytest.mark.row("R88")
def test_inactive_is_out_at_once(on_either: Directory) -> None:
    """The session here ends, and no new one begins; the one in another organisation goes on."""
    house = on_either.house
    house.organisation("other")
    house.person("kari@fjordly.no", "fjordly")
    house.person("kari@fjordly.no", "other")
    here, there = house.browser(), house.browser()
    for browser, slug in ((here, "fjordly"), (there, "other")):
        browser.sign_in("kari@fjordly.no")
        browser.submit("/choose-organisation", organisation=slug)
        assert browser.is_in()
    (user,) = on_either.find('userName eq "KARI@fjordly.no"')
    assert on_either.patch(f"/Users/{user['id']}", OFF).json()["active"] is False
    assert not here.is_in()
    assert there.is_in()
    assert there.submit("/choose-organisation", organisation="fjordly").status_code != 303 or not _is_in_fjordly(there)
    late = house.browser()
    late.sign_in("kari@fjordly.no")
    assert "Fjordly" not in late.get("/").text
    assert on_either.kinds()[0] == "organisation:member:deactivated"
    assert on_either.patch(f"/Users/{user['id']}", ON).json()["active"] is True
    assert on_either.kinds()[0] == "organisation:member:reactivated"
    late.submit("/choose-organisation", organisation="fjordly")
    assert late.is_in()


def _is_in_fjordly(browser: object) -> bool:
    return "Fjordly" in browser.get("/").text  # type: ignore[attr-defined]


@pytest.mark.row("R88")
def test_an_inactive_one_is_no_member_to_anybody(fjordly: Directory) -> None:
    """Not by accepting, not by SSO, not by a link, not in the counts; the list says what they are."""
    house = fjordly.house
    connection = house.connection("fjordly")
    browser = house.browser()
    browser.sign_in_by_sso(connection, "kari", "kari@fjordly.no")
    assert browser.is_in()
    (user,) = fjordly.find('userName eq "kari@fjordly.no"')
    fjordly.patch(f"/Users/{user['id']}", OFF)
    assert not browser.is_in()
    again = house.browser()
    again.sign_in_by_sso(connection, "kari", "kari@fjordly.no")
    assert not again.is_in()
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        assert not unit.members.accept(organisation.id, user["id"], datetime.now(UTC))
        assert unit.members.of_person(user["id"]) == ()
        assert unit.members.counts(organisation.id).total == 0
        assert unit.members.listed(organisation.id) == 1
    assert (member := fjordly.member("kari@fjordly.no")) is not None
    assert member.is_inactive
    fjordly.patch(f"/Users/{user['id']}", ON)
    again.sign_in_by_sso(connection, "kari", "kari@fjordly.no")
    assert again.is_in()


@pytest.mark.row("R88")
def test_an_offer_that_was_put_off_stays_an_offer(fjordly: Directory) -> None:
    """Whoever had not accepted before is not accepted by returning."""
    fjordly.house.organisation("other")
    fjordly.house.person("kari@fjordly.no", "other")
    user = fjordly.user("kari@fjordly.no", active=False)
    assert fjordly.patch(f"/Users/{user['id']}", ON).json()["active"] is True
    member = fjordly.member("kari@fjordly.no")
    assert member is not None
    assert (member.accepted_at, member.is_inactive) == (None, False)


@pytest.mark.row("R88")
def test_administrators_return_as_users(fjordly: Directory) -> None:
    """A token gives nobody an administrator's role, not even back (rule 13)."""
    fjordly.house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    fjordly.house.person("ola@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    (user,) = fjordly.find('userName eq "kari@fjordly.no"')
    assert user["roles"] == [{"value": "global_administrator", "primary": True}]
    fjordly.patch(f"/Users/{user['id']}", OFF, ON)
    assert fjordly.patch(f"/Users/{user['id']}", OFF).status_code == 200
    assert fjordly.events()[0].detail["role"] == "global_administrator"
    back = fjordly.patch(f"/Users/{user['id']}", ON).json()
    assert back["roles"] == [{"value": "user", "primary": True}]


@pytest.mark.row("R88")
@pytest.mark.parametrize("way", ["patch", "put", "delete"])
def test_the_last_global_administrator_stays(fjordly: Directory, way: str) -> None:
    """Whatever the directory sends: somebody must be able to govern."""
    fjordly.house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    (user,) = fjordly.find('userName eq "kari@fjordly.no"')
    path = f"/Users/{user['id']}"
    if way == "patch":
        answer = fjordly.patch(path, OFF)
    elif way == "put":
        answer = fjordly.http.put(path, json={**user, "active": False, "displayName": "Changed"})
    else:
        answer = fjordly.http.delete(path)
    assert answer.status_code == 403
    member = fjordly.member("kari@fjordly.no")
    assert member is not None
    assert (member.role, member.is_inactive, member.name) == (Role.GLOBAL_ADMINISTRATOR, False, "kari")


@pytest.mark.row("R88")
def test_a_put_that_says_nothing_of_it_lets_nobody_return(fjordly: Directory) -> None:
    """What was not said stays as it is."""
    user = fjordly.user("kari@fjordly.no", active=False)
    answer = fjordly.http.put(f"/Users/{user['id']}", json={"userName": "kari@fjordly.no", "displayName": "Kari"})
    assert (answer.json()["active"], answer.json()["displayName"]) == (False, "Kari")


@pytest.mark.row("R88")
def test_an_entry_changes_no_account(fjordly: Directory) -> None:
    """Names and addresses in the directory are its own: the person signs in as before (rule 12)."""
    house = fjordly.house
    house.person("kari@fjordly.no", "fjordly")
    house.organisation("other")
    house.person("kari@fjordly.no", "other")
    (user,) = fjordly.find('userName eq "kari@fjordly.no"')
    changed = fjordly.patch(
        f"/Users/{user['id']}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "evil@fjordly.no"},
        {"op": "replace", "path": "userName", "value": "evil@fjordly.no"},
        {"op": "replace", "path": "displayName", "value": "Evil"},
        {"op": "replace", "path": "password", "value": "a new password of evil"},
    )
    assert changed.status_code == 200, changed.text
    with house.database.reading() as unit:
        person = unit.people.find(user["id"])
        assert person is not None
        assert (person.email, person.name, person.version) == ("kari@fjordly.no", "kari", 1)
        assert unit.people.find_by_email("evil@fjordly.no") is None
    browser = house.browser()
    assert browser.sign_in("kari@fjordly.no", PASSWORD).status_code == 303
    assert fjordly.kinds()[0:1] == ["signin:password:accepted"] or "organisation:member:changed" in fjordly.kinds()


def test_whoever_is_removed_is_gone(fjordly: Directory) -> None:
    """With sessions, entry and groups; and comes back by an offer, as the account is the person's own."""
    house = fjordly.house
    house.person("kari@fjordly.no", "fjordly")
    (user,) = fjordly.find('userName eq "kari@fjordly.no"')
    fjordly.group("Everyone", user["id"])
    browser = house.browser()
    browser.sign_in("kari@fjordly.no")
    assert browser.is_in()
    assert fjordly.http.delete(f"/Users/{user['id']}").status_code == 204
    assert not browser.is_in()
    assert fjordly.http.get(f"/Users/{user['id']}").status_code == 404
    assert fjordly.http.delete(f"/Users/{user['id']}").status_code == 404
    assert "members" not in fjordly.find('displayName eq "everyone"', "Groups")[0]
    assert fjordly.user("kari@fjordly.no")["id"] == user["id"]
    assert (member := fjordly.member("kari@fjordly.no")) is not None
    assert member.accepted_at is None


def test_lists_are_paged(fjordly: Directory) -> None:
    """From any place, in an order that stays; counts are of all."""
    for number in range(7):
        fjordly.user(f"person{number}@fjordly.no")
    seen = []
    for start in (1, 4, 7):
        page = fjordly.http.get("/Users", params={"startIndex": start, "count": 3, "attributes": "userName"}).json()
        assert (page["totalResults"], page["startIndex"]) == (7, start)
        assert all(set(each) == {"schemas", "id", "userName"} for each in page["Resources"])
        seen += [each["userName"] for each in page["Resources"]]
    assert sorted(seen) == [f"person{number}@fjordly.no" for number in range(7)]
    nothing = fjordly.http.get("/Users", params={"count": 0}).json()
    assert (nothing["totalResults"], nothing["Resources"]) == (7, [])
    some = fjordly.http.post("/Users/.search", json={"filter": 'userName co "PERSON"', "count": 2, "startIndex": 6})
    assert (some.json()["totalResults"], some.json()["itemsPerPage"]) == (7, 2)


def test_two_who_change_the_same_do_not_undo_each_other(fjordly: Directory) -> None:
    """Whoever names the version that they have seen is told when it has been changed since."""
    user = fjordly.user("kari@fjordly.no")
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    seen = fjordly.http.get(path, headers={"If-None-Match": version})
    assert (seen.status_code, seen.text, seen.headers["etag"]) == (304, "", version)
    rename = {"op": "add", "path": "displayName", "value": "Kari"}
    assert fjordly.patch(path, rename, **{"If-Match": version}).status_code == 200
    late = fjordly.patch(path, {"op": "add", "path": "displayName", "value": "Other"}, **{"If-Match": version})
    assert (late.status_code, late.json()["status"]) == (412, "412")
    assert fjordly.http.delete(path, headers={"If-Match": version}).status_code == 412
    assert fjordly.http.get(path, headers={"If-None-Match": version}).json()["displayName"] == "Kari"


def test_groups_hold_members_and_give_nothing(fjordly: Directory) -> None:
    """They are shown with the person; the role is what it was."""
    kari, ola = fjordly.user("kari@fjordly.no"), fjordly.user("ola@fjordly.no")
    group = fjordly.group("Administrators of Totrinn", kari["id"])
    path = f"/Groups/{group['id']}"
    add = {"op": "Add", "path": "members", "value": [{"value": ola["id"]}]}
    members = fjordly.patch(path, add).json()["members"]
    assert {each["value"] for each in members} == {kari["id"], ola["id"]}
    shown = fjordly.http.get(f"/Users/{kari['id']}").json()
    assert [each["display"] for each in shown["groups"]] == ["Administrators of Totrinn"]
    assert shown["roles"] == [{"value": "user", "primary": True}]
    fjordly.patch(path, {"op": "Remove", "path": f'members[value eq "{kari["id"]}"]'})
    found = fjordly.find(f'displayName eq "administrators of totrinn" and members.value eq "{ola["id"]}"', "Groups")
    assert [each["id"] for each in found] == [group["id"]]
    without = fjordly.http.get("/Groups", params={"excludedAttributes": "members"}).json()["Resources"]
    assert "members" not in without[0]
    assert fjordly.http.delete(path).status_code == 204
    assert fjordly.kinds()[:4] == [
        "organisation:group:removed",
        "organisation:group:changed",
        "organisation:group:changed",
        "organisation:group:added",
    ]


@pytest.mark.row("R88")
@pytest.mark.parametrize("name", ["administrator", "Global_Administrator", "global administrator", "USER", "vendor"])
def test_no_group_has_the_name_of_a_role(fjordly: Directory, name: str) -> None:
    """It would seem to give it: `mutability`."""
    answer = fjordly.http.post("/Groups", json={"displayName": name})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "mutability")
    group = fjordly.group("Drivers")
    answer = fjordly.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": name})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "mutability")


def test_a_large_organisation_is_asked_for_by_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that would look at everybody is `tooMany`; one that names somebody is answered."""
    monkeypatch.setattr("totrinn.web.scim.users.MOST_LOOKED_AT", 1)
    house.organisation("fjordly")
    house.connection("fjordly", "fjordly.no")
    with client(house, token(house, "fjordly", Scope.SCIM)) as http:
        directory = Directory(house, "fjordly", http)
        directory.user("kari@fjordly.no")
        directory.user("ola@fjordly.no")
        answer = http.get("/Users", params={"filter": "active eq true"})
        assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")
        assert len(directory.find('active eq true and userName eq "ola@fjordly.no"')) == 1
