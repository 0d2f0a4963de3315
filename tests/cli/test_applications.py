"""Applications: what an operator registers and changes by commands, what the developer is told, what is logged."""

import json
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import KeySet, OKPKey, RSAKey

from tests.cli.conftest import House

BASE = "http://localhost:8700"
CALLBACK = "https://jobadmin.example/callback"


def add(house: House, *words: str, name: str = "Jobadmin") -> Any:
    """Registers an application; it as data."""
    words = words or ("--redirect-uri", CALLBACK)
    return house.done("application", "add", name, *words, "--json").data


def shown(house: House, client_id: str) -> Any:
    """The application as it is now."""
    return house.done("application", "show", client_id, "--json").data


def key_set(tmp_path: Path, *keys: RSAKey | OKPKey, private: bool = False) -> str:
    """A file with keys."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KeySet(list(keys)).as_dict(private=private)))
    return str(file)


def logged(house: House) -> list[str]:
    """The kinds of events about applications, the oldest first."""
    events = [json.loads(line) for line in house.done("audit", "export").out.splitlines()]
    assert all(each["actor"].startswith("operator:") for each in events if "application" in each["kind"])
    return [each["kind"].split(":", 1)[1] for each in events if ":application" in each["kind"]]


def test_an_application_is_registered_with_one_command(house: House) -> None:
    """It may be used at once, and everything that its developer needs is printed."""
    told = house.done("application", "add", "Jobadmin", "--redirect-uri", CALLBACK).out
    (listed,) = house.done("application", "list", "--json").data
    assert (listed["name"], listed["is_enabled"], listed["redirect_uris"]) == ("Jobadmin", True, [CALLBACK])
    assert (listed["issuer"], listed["discovery"]) == (BASE, f"{BASE}/.well-known/openid-configuration")
    assert listed["token_endpoint_auth_method"] == "client_secret_basic"
    assert listed["id_token_signed_response_alg"] == "RS256"
    for value in (listed["client_id"], listed["issuer"], listed["discovery"], CALLBACK):
        assert value in told
    assert listed["client_id"] in house.done("application", "list").out


@pytest.mark.row("R90")
def test_the_secret_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    """No command, no log and no file ever has it again."""
    made = add(house)
    secret = made["client_secret"]
    assert len(secret) >= 43
    for words in (("application", "show", made["client_id"]), ("application", "list"), ("audit", "export")):
        assert secret not in house.done(*words).out
        assert secret not in house.done(*words, "--json").out
    stored = b"".join(file.read_bytes() for file in house.data.glob("totrinn.sqlite3*"))
    assert secret.encode() not in stored
    assert sha256(secret.encode()).digest() in stored


def test_everything_that_is_agreed_can_be_said_and_changed(house: House, tmp_path: Path) -> None:
    """Each option ends where it belongs; what is left out stays, and an empty word empties."""
    keys = key_set(tmp_path, OKPKey.generate_key("Ed25519"))
    words = (
        *("--redirect-uri", CALLBACK, "--redirect-uri", "no.jobadmin.app:/callback", "--logout-uri", f"{CALLBACK}/out"),
        *(
            "--back-channel",
            f"{CALLBACK}/ended",
            "--events",
            f"{CALLBACK}/events",
            "--home",
            "https://jobadmin.example/?a=b",
        ),
        *("--authentication", "private_key_jwt", "--keys", keys, "--signing", "EdDSA", "--pushed"),
        *("--host", "App.jobadmin.example", "--host", "app.jobadmin.example:8443"),
    )
    made = add(house, *words)
    agreed = {
        "redirect_uris": [CALLBACK, "no.jobadmin.app:/callback"],
        "post_logout_redirect_uris": [f"{CALLBACK}/out"],
        "backchannel_logout_uri": f"{CALLBACK}/ended",
        "events": f"{CALLBACK}/events",
        "home": "https://jobadmin.example/?a=b",
        "token_endpoint_auth_method": "private_key_jwt",
        "id_token_signed_response_alg": "EdDSA",
        "require_pushed_authorization_requests": True,
        "hosts": ["app.jobadmin.example", "app.jobadmin.example:8443"],
    }
    assert {name: made[name] for name in agreed} == agreed
    assert "client_secret" not in made
    house.done("application", "change", made["client_id"], "--name", "Jobadmin 2", "--no-pushed", "--home", "")
    changed = shown(house, made["client_id"])
    wanted = agreed | {"require_pushed_authorization_requests": False, "home": None}
    assert {name: changed[name] for name in agreed} == wanted
    assert changed["name"] == "Jobadmin 2"
    lists = ("--logout-uri", "", "--redirect-uri", CALLBACK)
    changed = house.done("application", "change", made["client_id"], *lists, "--json").data
    assert (changed["post_logout_redirect_uris"], changed["redirect_uris"]) == ([], [CALLBACK])


def test_a_secret_is_made_when_there_is_a_need_of_one(house: House) -> None:
    """Whoever comes to prove itself by a secret is given one, and a newer one when that is asked for."""
    public = add(house, "--redirect-uri", CALLBACK, "--authentication", "none")
    assert "client_secret" not in public
    refused = house.run("application", "secret", public["client_id"])
    assert "has no secret" in refused.err
    change = ("application", "change", public["client_id"], "--authentication", "client_secret_post", "--json")
    first = house.done(*change).data["client_secret"]
    second = house.done("application", "secret", public["client_id"], "--json").data["client_secret"]
    assert first != second
    with sqlite3.connect(house.data / "totrinn.sqlite3") as database:
        stored = dict(database.execute("select digest, ends_at is not null from application_secret").fetchall())
    assert stored == {sha256(first.encode()).digest(): 1, sha256(second.encode()).digest(): 0}


def test_behind_the_gate_no_secret_is_needed(house: House) -> None:
    """A host is enough; it is taken once."""
    made = add(house, "--host", "intern.example.org")
    assert (made["hosts"], "client_secret" in made) == (["intern.example.org"], False)
    refused = house.run("application", "add", "Another", "--host", "INTERN.example.org")
    assert refused.err == "totrinn: another application has one of these hosts already\n"


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--redirect-uri", "http://jobadmin.example/callback"), "--redirect-uri"),
        (("--redirect-uri", f"{CALLBACK}#x"), "--redirect-uri"),
        (("--redirect-uri", "https://a@jobadmin.example/"), "--redirect-uri"),
        (("--redirect-uri", "//jobadmin.example/"), "--redirect-uri"),
        (("--redirect-uri", "https:/\\jobadmin.example/"), "--redirect-uri"),
        (("--redirect-uri", "javascript:alert(1)"), "--redirect-uri"),
        (("--redirect-uri", "data:text/html,x"), "--redirect-uri"),
        (("--redirect-uri", "https://jobadmin.example/\r\nx"), "--redirect-uri"),
        (("--redirect-uri", CALLBACK, "--logout-uri", "no.jobadmin.app:/out"), "--logout-uri"),
        (("--redirect-uri", CALLBACK, "--home", "/inside"), "--home"),
        (("--redirect-uri", CALLBACK, "--back-channel", "http://10.0.0.1/"), "--back-channel"),
        (("--redirect-uri", CALLBACK, "--events", "http://10.0.0.1/"), "--events"),
        (("--redirect-uri", CALLBACK, "--events", f"{CALLBACK}#x"), "--events"),
        (("--host", "https://intern.example.org"), "--host"),
        (("--host", "intern.example.org/path"), "--host"),
        (("--redirect-uri", CALLBACK, "--authentication", "private_key_jwt"), "needs --keys"),
        (("--home", ""), "give --redirect-uri"),
        ((), "give --redirect-uri"),
    ],
)
def test_what_cannot_be_agreed_is_refused_in_one_line(house: House, words: tuple[str, ...], said: str) -> None:
    """It says which option is wrong, and nothing is registered."""
    refused = house.run("application", "add", "Jobadmin", *words)
    assert refused.status == 1
    assert said in refused.err
    assert refused.err.count("\n") == 1
    assert house.done("application", "list", "--json").data == []


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # which the weak key is meant to call forth
def test_private_and_weak_keys_are_refused(house: House, tmp_path: Path) -> None:
    """What an application keeps to itself is never taken in, and keys are for one way only."""
    way = ("--redirect-uri", CALLBACK, "--authentication", "private_key_jwt", "--keys")
    rsa, weak = RSAKey.generate_key(2048), tmp_path / "weak.json"
    weak.write_text(json.dumps(KeySet([RSAKey.generate_key(1024)]).as_dict(private=False)))
    for file in (key_set(tmp_path, rsa, private=True), str(weak)):
        refused = house.run("application", "add", "Jobadmin", *way, file)
        assert "public keys alone" in refused.err
    for content in (b"{}", b"[]", b"\xff\xfe", b"x" * 70_000):
        (tmp_path / "other").write_bytes(content)
        assert house.run("application", "add", "Jobadmin", *way, str(tmp_path / "other")).status == 1
    file = key_set(tmp_path, rsa)
    refused = house.run("application", "add", "Jobadmin", "--redirect-uri", CALLBACK, "--keys", file)
    assert "private_key_jwt only" in refused.err


@pytest.mark.row("R92")
def test_every_act_stands_in_the_log(house: House) -> None:
    """As the operator's, in the order in which it was done."""
    client_id = add(house)["client_id"]
    house.done("application", "change", client_id, "--home", "https://jobadmin.example/")
    house.done("application", "secret", client_id)
    house.done("application", "disable", client_id)
    assert shown(house, client_id)["is_enabled"] is False
    house.done("application", "enable", client_id)
    house.done("application", "remove", client_id)
    assert house.done("application", "list", "--json").data == []
    assert logged(house) == [
        "application:added",
        "application:changed",
        "application_secret:renewed",
        "application:switched_off",
        "application:switched_on",
        "application:removed",
    ]


@pytest.mark.parametrize("act", ["show", "change", "secret", "enable", "disable", "remove"])
def test_an_unknown_application_is_said_to_be_unknown(house: House, act: str) -> None:
    """In one line; nothing is made up."""
    refused = house.run("application", act, "01890000-0000-7000-8000-000000000000")
    assert refused.err == "totrinn: there is no such application: 01890000-0000-7000-8000-000000000000\n"
    assert refused.status == 1
