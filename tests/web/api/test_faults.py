"""What is wrong with what was sent is told in full: each thing with its place, a code and a sentence."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from tests.web.api.programs import Program, program
from tests.web.house import House
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role
from totrinn.web.api.faults import MOST_TOLD, Fault, faults_of, faults_of_query
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.languages import CODES, language

_BODIES = list({str(each.body): each.body for each in ENDPOINTS if each.body is not None}.items())
_QUERIES = list({str(each.query): each.query for each in ENDPOINTS if each.query is not None}.items())
_TEXTS = st.sampled_from(
    ["", "x", "#aabbcc", "oidc", "saml", "user", "log:read", "nb", "2036-01-01T00:00:00Z", "2036-01-01", "eHh4", "é"]
)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 400), st.just(1.5), _TEXTS, st.text(max_size=4))


@pytest.fixture
def fjordly(house: House) -> House:
    """An organisation, and its administrator."""
    house.organisation("fjordly", name="Fjordly AS")
    house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    return house


def _names(info: object) -> Iterator[str]:
    """Every name that the shape has anywhere."""
    for each in getattr(info, "types", ()):
        yield from _names(each)
    for inner in ("type", "item_type", "value_type"):
        if hasattr(info, inner):
            yield from _names(getattr(info, inner))
    if isinstance(info, inspect.StructType):
        yield from (info.tag_field,) if info.tag_field else ()
        for field in info.fields:
            yield field.encode_name
            yield from _names(field.type)


def _values(shape: Any) -> st.SearchStrategy[Any]:
    names = st.sampled_from([*_names(inspect.type_info(shape)), "unknown", "a/b~c"])
    return st.recursive(
        _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=8), max_leaves=12
    )


def _at(sent: Any, pointer: str) -> bool:
    """Whether there is such a place, or the object in which it is missing."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    for number, name in enumerate(names):
        if isinstance(sent, dict):
            if name not in sent:
                return number == len(names) - 1
            sent = sent[name]
        else:
            sent = sent[int(name)]
    return True


@pytest.mark.parametrize("shape", [shape for _, shape in _BODIES], ids=[name for name, _ in _BODIES])
def test_what_is_refused_is_told_why(shape: Any) -> None:
    """Whatever msgspec refuses has a reason at a place that there is; whatever it takes has none."""

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(_values(shape))
    def tried(sent: Any) -> None:
        found = faults_of(sent, shape)
        try:
            msgspec.json.decode(msgspec.json.encode(sent), type=shape)
        except msgspec.ValidationError:
            assert [each for each in found if not _at(sent, each.pointer)] == []
            assert len({(each.pointer, each.fault) for each in found}) == len(found)
            is_whole = len(found) == 1 and (found[0].pointer, found[0].fault) == ("", Fault.WRONG_FORM)
            assert not is_whole, "no reason was found"
        else:
            assert [(each.pointer, each.fault) for each in found] == [("", Fault.WRONG_FORM)], "there is no reason"

    tried()


@pytest.mark.parametrize("shape", [shape for _, shape in _QUERIES], ids=[name for name, _ in _QUERIES])
def test_a_refused_query_is_told_why(shape: Any) -> None:
    """The same, where numbers are text."""
    names = st.sampled_from([*_names(inspect.type_info(shape)), "unknown"])
    values = _TEXTS | st.sampled_from(["0", "1", "-1", "101", "1.5", "has", "x" * 101])

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.dictionaries(names, values, min_size=1))
    def tried(sent: dict[str, str]) -> None:
        found = [(each.pointer, each.fault) for each in faults_of_query(sent, shape)]
        try:
            msgspec.convert(sent, shape, strict=False)
        except msgspec.ValidationError:
            assert ("", Fault.WRONG_FORM) not in found
        else:
            assert found == [("", Fault.WRONG_FORM)]

    tried()


def test_all_faults_are_told_at_once(fjordly: House) -> None:
    """Each at its place: what is missing, unknown, too long, of another type or none of the possible."""
    kari = fjordly.person("kari2@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    person = Program(fjordly, browser=fjordly.sign_in(kari))
    told = person.post("/organisations/fjordly/tokens", {"scopes": ["log:read", "root", 1], "days": 0, "admin": True})
    assert (told.status, told.code) == (422, "wrong_shape")
    assert {(each["pointer"], each["code"]) for each in told.json["errors"]} == {
        ("/name", "missing"),
        ("/scopes/1", "not_one_of"),
        ("/scopes/2", "not_one_of"),
        ("/days", "too_small"),
        ("/admin", "unknown"),
    }


def test_what_cannot_be_taken_is_told_at_every_place(fjordly: House) -> None:
    """Of the right shape, and wrong all the same: of an application's addresses and hosts, and of an organisation."""
    fjordly.organisation("vendor", is_vendor=True)
    tor = fjordly.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)
    wanted = {
        "name": " ",
        "redirect_uris": ["https://a.no/cb", "http://a.no/cb"],
        "logout_uris": ["ftp://a.no"],
        "home": "a.no",
        "hosts": ["a.no", "https://a.no"],
        "authentication": "private_key_jwt",
    }
    told = Program(fjordly, browser=fjordly.sign_in(tor)).post("/vendor/applications", wanted)
    assert {each["pointer"] for each in told.json["errors"]} == {
        "/name",
        "/redirect_uris/1",
        "/logout_uris/0",
        "/home",
        "/hosts/1",
        "/keys",
    }
    assert {each["code"] for each in told.json["errors"]} == {"unacceptable"}
    writer = program(fjordly, "fjordly", Scope.SETTINGS_WRITE)
    both = writer.patch("/organisations/fjordly", {"name": "\u200b", "time_zone": "Mars/Olympus"})
    assert [each["pointer"] for each in both.json["errors"]] == ["/name", "/time_zone"]


def test_faults_are_told_in_the_callers_language(fjordly: House) -> None:
    """In each of ours, of a body and of a query, with the same codes."""
    reader = program(fjordly, "fjordly", Scope.SETTINGS_WRITE, Scope.MEMBERS_READ)
    sentences = set()
    for code in CODES:
        body = reader.patch("/organisations/fjordly", {"name": "x" * 101}, **{"accept-language": code}).json
        query = reader.get("/organisations/fjordly/members?limit=0&filter=x&y=1", **{"accept-language": code}).json
        assert [each["code"] for each in body["errors"]] == ["too_long"]
        assert {(each["pointer"], each["code"]) for each in query["errors"]} == {
            ("/limit", "too_small"),
            ("/filter", "not_one_of"),
            ("/y", "unknown"),
        }
        assert query["code"] == "bad_query"
        sentences |= {each["detail"] for each in body["errors"] + query["errors"]}
    assert len(sentences) == 4 * len(CODES)
    assert "Dette kan ha høgst 100 teikn." in sentences


def test_so_many_faults_are_told_and_no_more() -> None:
    """What is wrong a thousand times is told fifty times; a name that is a text of its own is not repeated."""
    shape = next(each.body for each in ENDPOINTS if each.path.endswith("/tokens") and each.method == "POST")
    assert len(faults_of({"scopes": [1] * 1000}, shape)) == MOST_TOLD
    long = faults_of({"name": "n", "scopes": ["log:read"], "days": 1, "x" * 5000: 1}, shape)
    assert [(each.pointer, each.fault) for each in long] == [("", Fault.UNKNOWN)]
    assert all(each.told(language("nb"))["detail"] for each in long)
