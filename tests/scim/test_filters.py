"""Filters mean what RFC 7644 says, and cost no more than they are allowed to."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totrinn.web.scim.attributes import USERS
from totrinn.web.scim.errors import Detail, ScimRefused
from totrinn.web.scim.filters import fits, read_filter, read_path

KARI: dict[str, Any] = {
    "id": "01-Ab",
    "userName": "Kari@Fjordly.no",
    "externalId": "X-17",
    "displayName": "Kari Nordmann",
    "name": {"familyName": "Nordmann"},
    "active": True,
    "emails": [
        {"value": "kari@fjordly.no", "type": "work", "primary": True},
        {"value": "kari@hjemme.no", "type": "home"},
    ],
    "meta": {"lastModified": "2026-11-23T12:00:00+00:00"},
}


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "kari@fjordly.no"',
        'USERNAME Eq "KARI@FJORDLY.NO"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "kari"',
        'externalId eq "X-17"',
        'id eq "01-Ab"',
        "active eq true",
        'active eq "True"',
        "name pr",
        "displayName pr and not (name.givenName pr)",
        'name.familyName co "ORD"',
        'name.familyName ew "mann"',
        'emails eq "kari@hjemme.no"',
        'emails.value eq "kari@hjemme.no"',
        'emails.type eq "home"',
        'emails[type eq "work" and value co "@fjordly"]',
        'emails[type eq "home"].value eq "kari@hjemme.no"',
        'title pr or userName eq "kari@fjordly.no"',
        'title pr and title pr or userName eq "kari@fjordly.no"',
        'userName ne "ola@fjordly.no"',
        "nickName eq null",
        'meta.lastModified gt "2026-11-23T11:00:00Z"',
        'meta.lastModified le "2026-11-23T13:00:00+01:00"',
        'displayName eq "Kari \\u004eordmann"',
        'displayName ge "kari"',
    ],
)
def test_what_fits(text: str) -> None:
    """Names and texts have no letter case, ids have one; `and` binds more than `or`; times are compared as times."""
    assert fits(read_filter(text, USERS), KARI, USERS.by_name)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ola@fjordly.no"',
        'externalId eq "x-17"',
        'id eq "01-ab"',
        "active eq false",
        "title pr",
        'emails[type eq "home" and value co "@fjordly"]',
        'not (userName eq "kari@fjordly.no")',
        'userName ne "kari@fjordly.no"',
        'title pr and (title pr or userName eq "kari@fjordly.no")',
        'meta.lastModified lt "2026-11-23T11:00:00Z"',
        "userName gt 17",
        'name eq "Nordmann"',
        'password pr or passwordHash pr or role eq "user"',
    ],
)
def test_what_does_not_fit(text: str) -> None:
    """What is not there fits nothing, and nothing that is not shown can be asked about."""
    assert not fits(read_filter(text, USERS), KARI, USERS.by_name)


@pytest.mark.row("R88")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        'userName eq "a',
        "userName eq 'a'",
        "userName eq kari",
        'userName == "a"',
        'userName eq "a" or',
        'userName eq "a" 1=1',
        "userName eq \"a'; DROP TABLE person; --",
        '(userName eq "a"',
        'userName eq "a")',
        'emails[type eq "work"',
        'emails[type eq "work"].value.more eq "x"',
        '"userName" eq "a"',
        'userName eq "\x00"',
        'userName eq "\\x"',
        "not not userName pr",
        "(" * 9 + "active pr" + ")" * 9,
        "(" * 100_000,
        "emails[" * 50 + "value pr" + "]" * 50,
        " and ".join(["active pr"] * 41),
        'userName eq "' + "a" * 2001 + '"',
        "userName eq " + "9" * 300,
        "\ud800 eq 1",
        'userName eq "\\ud800"',
        'id eq "\\u0000"',
    ],
)
def test_what_is_no_filter_is_refused_at_once(text: str) -> None:
    """By `invalidFilter`, however deep, long or strange it is."""
    begun = time.process_time()
    with pytest.raises(ScimRefused) as refused:
        read_filter(text, USERS)
    assert (refused.value.status, refused.value.detail) == (400, Detail.INVALID_FILTER)
    assert time.process_time() - begun < 1


@given(st.text(alphabet='userName eqandor not()[]."\\ 1-:$', max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    """Nothing else comes of it."""
    try:
        condition = read_filter(text, USERS)
    except ScimRefused:
        return
    assert fits(condition, KARI, USERS.by_name) in (True, False)


@pytest.mark.parametrize(
    ("text", "name", "sub"),
    [
        ("userName", "username", ""),
        ("name.givenName", "name", "givenname"),
        ('emails[type eq "work"]', "emails", ""),
        ('emails[type eq "work"].value', "emails", "value"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "name", "givenname"),
        ('members[value eq "1"]', "members", ""),
        ("$ref", "$ref", ""),
    ],
)
def test_paths(text: str, name: str, sub: str) -> None:
    """An attribute, a part of it, and which of its values."""
    place = read_path(text, USERS)
    assert (place.name, place.sub) == (name, sub)


@pytest.mark.parametrize("text", ["", "a.b.c", "emails[]", "emails[type eq", "a b", "__class__", "a[b pr].c.d", "1"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """By `invalidPath`."""
    with pytest.raises(ScimRefused) as refused:
        read_path(text, USERS)
    assert refused.value.detail is Detail.INVALID_PATH
