"""Webhooks, and how the pages look, by the API."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.web.api.programs import Program, program
from tests.web.house import House
from totrinn.app.changing_faces import LARGEST_LOGO
from totrinn.app.webhooks.keeping import MOST_WEBHOOKS
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role

PATH = "/organisations/fjordly/webhooks"
FACE = "/organisations/fjordly/face"
WANTED = {"address": "https://siem.fjordly.no/hook", "topics": ["members", "sign_ins"]}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def tor(house: House, person: Program) -> Program:
    """One of the vendor's staff, by their browser."""
    assert person.headers
    return Program(house, browser=house.sign_in(house.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)))


def _picture(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_webhook_is_kept_by_the_api(house: House, person: Program) -> None:
    """Its secret is told when it is made, and when it is renewed; nowhere else."""
    added = person.post(PATH, WANTED)
    assert (added.status, added.json["webhook"]["topics"]) == (201, ["members", "sign_ins"])
    secrets = [added.json["secret"]]
    one = f"{PATH}/{added.json['webhook']['id']}"
    changed = person.put(one, {**WANTED, "topics": ["requirement"]})
    assert (changed.status, changed.json["topics"]) == (200, ["requirement"])
    renewed = person.post(f"{one}/secret")
    secrets.append(renewed.json["secret"])
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert secrets[0] != secrets[1]
    tried = person.post(f"{one}/try")
    assert (tried.status, tried.json["waiting"]) == (202, 1)
    off = person.patch(one, {"is_enabled": False})
    assert (off.json["is_on"], off.json["why_off"], off.json["waiting"]) == (False, "by_hand", 0)
    assert person.patch(one, {"is_enabled": True}).json["is_on"]
    assert "whsec_" not in json.dumps([person.get(PATH).json, person.get(one).json, changed.json, off.json])
    assert person.delete(one).status == 204
    assert person.get(one).status == 404


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({**WANTED, "address": "http://siem.fjordly.no/"}, "/address", "unacceptable"),
        ({**WANTED, "topics": []}, "/topics", "too_few"),
        ({**WANTED, "topics": ["everything"]}, "/topics/0", "not_one_of"),
        ({**WANTED, "secret": "whsec_mine"}, "/secret", "unknown"),
        ({"topics": ["members"]}, "/address", "missing"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(person: Program, body: dict[str, Any], place: str, code: str) -> None:
    """With its place; nothing is added."""
    told = person.post(PATH, body)
    assert [(each["pointer"], each["code"]) for each in told.json["errors"]] == [(place, code)]
    assert person.get(PATH).json == {"items": []}


@pytest.mark.row("R43")
def test_webhooks_are_for_persons_who_have_just_proven_themselves(
    house: House, person: Program, clock: time_machine.Traveller
) -> None:
    """No token, no administrator, no old proof, no other organisation; and there are so many and no more."""
    (first, *_) = [person.post(PATH, WANTED).json["webhook"]["id"] for _ in range(MOST_WEBHOOKS)]
    assert person.post(PATH, WANTED).code == "too_many_webhooks"
    token = program(house, "fjordly", Scope.ORGANISATION_READ, Scope.SETTINGS_WRITE, Scope.LOG_READ)
    adm = Program(house, browser=house.sign_in(house.person("adm@fjordly.no", "fjordly", Role.ADMINISTRATOR)))
    theirs = house.person("siri@other.no", "other", Role.GLOBAL_ADMINISTRATOR)
    other = Program(house, browser=house.sign_in(theirs))
    assert (token.get(PATH).code, adm.get(PATH).code) == ("person_needed", "not_allowed")
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/try")):
        assert other.ask(method, f"/organisations/other/webhooks/{first}{end}").status == 404
    clock.shift(timedelta(minutes=21))
    for told in (
        person.put(f"{PATH}/{first}", WANTED),
        person.post(f"{PATH}/{first}/secret"),
        person.patch(f"{PATH}/{first}", {"is_enabled": False}),
        person.delete(f"{PATH}/{first}"),
    ):
        assert (told.status, told.code) == (403, "fresh_proof_required")


def test_the_vendor_keeps_its_own(tor: Program) -> None:
    """Under the name of its own organisation."""
    assert tor.post("/organisations/vendor/webhooks", WANTED).status == 201
    assert len(tor.get("/organisations/vendor/webhooks").json["items"]) == 1
    assert tor.get(PATH).status == 404


def test_the_vendor_decides_who_has_a_face(person: Program, tor: Program) -> None:
    """A customer whom it lets chooses name, colour and picture; the picture is served by its digest."""
    before = person.get(FACE)
    assert (before.json["is_let"], before.json["revision"], before.headers["etag"]) == (False, 0, '"0"')
    wanted = {"accent": "#AA3300", "logo": _picture(PNG)}
    match = {"if-match": '"0"'}
    assert person.put(FACE, wanted, **match).code == "face_of_vendor"
    assert tor.put("/organisations/vendor/face", {"accent": "", "lets_others": True}, **match).status == 200
    assert person.put(FACE, wanted).code == "if_match_required"
    chosen = person.put(FACE, {**wanted, "name": "Havnelista ", "lets_others": True}, **match)
    assert (chosen.json["name"], chosen.json["accent"], chosen.json["lets_others"], chosen.json["revision"]) == (
        "Havnelista",
        "#aa3300",
        False,
        1,
    )
    assert person.client.get(chosen.json["logo"]).content == PNG
    assert person.put(FACE, wanted, **match).code == "changed_meanwhile"
    kept = person.put(FACE, {"accent": ""}, **{"if-match": '"1"'})
    assert (kept.json["accent"], kept.json["logo"]) == ("", chosen.json["logo"])
    assert person.put(FACE, {"accent": "", "logo": None}, **{"if-match": '"2"'}).json["logo"] is None


def test_what_is_no_picture_is_no_face(person: Program, tor: Program) -> None:
    """By its content and its size; and no colour but six digits."""
    match = {"if-match": '"0"'}
    tor.put("/organisations/vendor/face", {"accent": "", "lets_others": True}, **match)
    largest = PNG + bytes(LARGEST_LOGO - len(PNG))
    bad: list[tuple[dict[str, Any], str, str]] = [
        ({"accent": "", "logo": _picture(b"<svg/>")}, "/logo", "unacceptable"),
        ({"accent": "", "logo": "not base64"}, "/logo", "wrong_form"),
        ({"accent": "", "logo": _picture(largest + b"x")}, "/logo", "too_long"),
        ({"accent": "#abc"}, "/accent", "wrong_form"),
        ({"accent": "", "name": "Jobadmin: not"}, "/name", "unacceptable"),
        ({"accent": "#aabbcc\n"}, "/accent", "wrong_form"),
        ({"accent": "red", "logo": 7}, "/accent", "wrong_form"),
    ]
    for body, place, code in bad:
        told = person.put(FACE, body, **match)
        assert told.status == 422, body
        assert (told.json["errors"][0]["pointer"], told.json["errors"][0]["code"]) == (place, code)
    assert person.put(FACE, {"accent": "", "logo": _picture(largest)}, **match).status == 200
