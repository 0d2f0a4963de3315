"""Changes by PATCH do what RFC 7644 §3.5.2 says, in the ways that directories write them."""

import time
from typing import Any

import pytest

from totrinn.web.scim.attributes import GROUPS, USERS
from totrinn.web.scim.errors import Detail, ScimRefused
from totrinn.web.scim.patching import MOST_OPERATIONS, PATCH, patched

BEFORE: dict[str, Any] = {
    "id": "1",
    "userName": "kari@fjordly.no",
    "displayName": "Kari",
    "name": {"familyName": "Nordmann"},
    "active": True,
    "emails": [{"value": "kari@fjordly.no", "type": "work", "primary": True}],
    "roles": [{"value": "user", "primary": True}],
}
MORE = {"value": "kari@hjemme.no", "type": "home"}
WHOLE = {"familyName": "Nordmann", "givenName": "K"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def after(*operations: dict[str, Any]) -> dict[str, Any]:
    """The resource after these operations."""
    return patched({"schemas": [PATCH], "Operations": list(operations)}, BEFORE, USERS)


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"op": "replace", "path": "displayName", "value": "K"}, {"displayName": "K"}),
        ({"op": "Replace", "path": "DISPLAYNAME", "value": "K"}, {"displayName": "K"}),
        ({"op": "add", "value": {"displayName": "K", "title": "Chief"}}, {"displayName": "K"}),
        ({"op": "remove", "path": "displayName"}, {"displayName": None}),
        ({"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
        ({"op": "replace", "value": {"active": "false"}}, {"active": False}),
        ({"op": "add", "path": "name.givenName", "value": "K"}, {"name": WHOLE}),
        ({"op": "add", "path": "name", "value": {"givenName": "K"}}, {"name": WHOLE}),
        ({"op": "replace", "path": "name", "value": {"givenName": "K"}}, {"name": {"givenName": "K"}}),
        ({"op": "replace", "value": {"name.familyName": "N"}}, {"name": {"familyName": "N"}}),
        ({"op": "remove", "path": "name.familyName"}, {"name": {}}),
        ({"op": "add", "path": "emails", "value": [MORE]}, {"emails": [*BEFORE["emails"], MORE]}),
        ({"op": "add", "path": "emails", "value": BEFORE["emails"]}, {}),
        (
            {"op": "add", "path": "emails", "value": [{**MORE, "primary": True}]},
            {"emails": [{**BEFORE["emails"][0], "primary": False}, {**MORE, "primary": True}]},
        ),
        ({"op": "replace", "path": "emails", "value": [MORE]}, {"emails": [MORE]}),
        ({"op": "remove", "path": "emails"}, {"emails": []}),
        ({"op": "remove", "path": 'emails[type eq "work"]'}, {"emails": []}),
        (
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "k@fjordly.no"},
            {"emails": [{"value": "k@fjordly.no", "type": "work", "primary": True}]},
        ),
        (
            {"op": "add", "path": 'emails[type eq "home"].value', "value": "kari@hjemme.no"},
            {"emails": [*BEFORE["emails"], {"type": "home", "value": "kari@hjemme.no"}]},
        ),
        ({"op": "add", "path": "nickName", "value": "K"}, {}),
        ({"op": "add", "path": f"{ENTERPRISE}:department", "value": "A"}, {}),
        ({"op": "add", "value": {ENTERPRISE: {"department": "A"}}}, {}),
    ],
)  # fmt: skip
def test_a_change(operation: dict[str, Any], changed: dict[str, Any]) -> None:
    """Entra and Okta write them in all these ways; what is not kept here is passed over."""
    wanted = {name: value for name, value in {**BEFORE, **changed}.items() if value is not None}
    assert after(operation) == wanted


def test_members_go_as_entra_sends_it() -> None:
    """With the values beside a plain path, or one by one in the path."""
    group = {"displayName": "A", "members": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}
    operations = [
        {"op": "Remove", "path": "members", "value": [{"value": "1"}]},
        {"op": "remove", "path": 'members[value eq "3"]'},
        {"op": "Add", "path": "members", "value": [{"value": "2"}, {"value": "4"}]},
    ]
    changed = patched({"schemas": [PATCH], "Operations": operations}, group, GROUPS)
    assert changed["members"] == [{"value": "2"}, {"value": "4"}]


@pytest.mark.row("R88")
def test_a_large_group_is_changed_quickly() -> None:
    """A hundred members leave, and ten thousand come, in a group of twenty thousand: in seconds."""
    members = [{"value": f"{number:08}", "type": "User"} for number in range(20_000)]
    leaving = [{"op": "remove", "path": f'members[value eq "{number:08}"]'} for number in range(98)]
    come = [{"value": f"{number:08}", "type": "User"} for number in range(15_000, 25_000)]
    operations = [*leaving, {"op": "add", "path": "members", "value": come}]
    begun = time.process_time()
    changed = patched({"schemas": [PATCH], "Operations": operations}, {"displayName": "A", "members": members}, GROUPS)
    assert len(changed["members"]) == 25_000 - 98
    assert time.process_time() - begun < 10


@pytest.mark.row("R48")
@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ({"op": "replace", "path": "roles", "value": [{"value": "administrator"}]}, Detail.MUTABILITY),
        ({"op": "add", "value": {"roles": [{"value": "global_administrator"}]}}, Detail.MUTABILITY),
        ({"op": "replace", "path": 'roles[primary eq true].value', "value": "administrator"}, Detail.MUTABILITY),
        ({"op": "add", "path": "groups", "value": [{"value": "1"}]}, Detail.MUTABILITY),
        ({"op": "replace", "path": "id", "value": "2"}, Detail.MUTABILITY),
        ({"op": "replace", "path": "meta.version", "value": "2"}, Detail.MUTABILITY),
        ({"op": "remove", "path": "userName"}, Detail.MUTABILITY),
        ({"op": "remove", "path": "active"}, Detail.MUTABILITY),
        ({"op": "remove"}, Detail.NO_TARGET),
        ({"op": "remove", "path": 'emails[type eq "home"]'}, Detail.NO_TARGET),
        ({"op": "replace", "path": 'emails[type eq "home"].value', "value": "x"}, Detail.NO_TARGET),
        ({"op": "add", "path": 'emails[type co "home"].value', "value": "x"}, Detail.NO_TARGET),
        ({"op": "add", "path": 'displayName[value eq "x"]', "value": "x"}, Detail.INVALID_PATH),
        ({"op": "add", "path": "a b", "value": "x"}, Detail.INVALID_PATH),
        ({"op": "add", "path": 7, "value": "x"}, Detail.INVALID_PATH),
        ({"op": "add", "path": "displayName", "value": 7}, Detail.INVALID_VALUE),
        ({"op": "add", "path": "displayName", "value": "x" * 257}, Detail.INVALID_VALUE),
        ({"op": "add", "path": "active", "value": "perhaps"}, Detail.INVALID_VALUE),
        ({"op": "add", "path": "active", "value": 1}, Detail.INVALID_VALUE),
        ({"op": "add", "path": "name", "value": "x"}, Detail.INVALID_VALUE),
        ({"op": "add", "path": "emails", "value": [7]}, Detail.INVALID_VALUE),
        ({"op": "add", "value": 7}, Detail.INVALID_VALUE),
        ({"op": "move", "path": "active", "value": True}, Detail.INVALID_SYNTAX),
        ({"path": "active", "value": True}, Detail.INVALID_SYNTAX),
    ],
)  # fmt: skip
def test_what_is_refused(operation: dict[str, Any], detail: Detail) -> None:
    """With the code that the RFC has for it."""
    with pytest.raises(ScimRefused) as refused:
        after(operation)
    assert (refused.value.status, refused.value.detail) == (400, detail)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": [PATCH]},
        {"schemas": [PATCH], "Operations": []},
        {"schemas": [PATCH], "Operations": {}},
        {"schemas": [PATCH], "Operations": ["add"]},
        {"schemas": PATCH, "Operations": [{"op": "remove", "path": "displayName"}]},
        {"Operations": [{"op": "remove", "path": "displayName"}]},
        {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "displayName"}] * (MOST_OPERATIONS + 1)},
    ],
)
def test_what_is_no_message(body: dict[str, Any]) -> None:
    """It is refused, and so is one with too many operations."""
    with pytest.raises(ScimRefused):
        patched(body, BEFORE, USERS)


@pytest.mark.row("R88")
@pytest.mark.parametrize(
    "path", ["members[not ({many})].type", "members.type", 'members[type eq "User" and not ({many})]']
)
def test_no_message_keeps_everybody_waiting(path: str) -> None:
    """What a change compares is bounded for the whole message: it is made while no other can be."""
    many = " or ".join(['$ref co "z"'] * 30)
    group = {"displayName": "All", "members": [{"value": f"{n:040}", "type": "User"} for n in range(5000)]}
    operations = [{"op": "replace", "path": path.format(many=many), "value": "User"}] * MOST_OPERATIONS
    begun = time.process_time()
    with pytest.raises(ScimRefused) as refused:
        patched({"schemas": [PATCH], "Operations": operations}, group, GROUPS)
    assert refused.value.detail is Detail.TOO_MANY
    assert time.process_time() - begun < 10


@pytest.mark.row("R88")
def test_a_message_of_adding_to_a_large_group_is_quick() -> None:
    """A hundred times somebody is added to thousands."""
    group = {"displayName": "All", "members": [{"value": f"{n:040}", "type": "User"} for n in range(20_000)]}
    operations = [
        {"op": "add", "path": "members", "value": [{"value": str(n)}, {"value": f"{n:040}", "type": "User"}]}
        for n in range(MOST_OPERATIONS)
    ]
    begun = time.process_time()
    after = patched({"schemas": [PATCH], "Operations": operations}, group, GROUPS)
    assert len(after["members"]) == 20_000 + MOST_OPERATIONS
    assert time.process_time() - begun < 5
