"""Connections: what an operator does by commands, what the provider is to be told, and what stands in the log."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.cli.conftest import House
from tests.cli.providers import DOMAIN, ISSUER, OIDC, SECRET, metadata
from totrinn.app.identity_providers import Unavailable

BASE = "http://localhost:8700"


def add(house: House, *words: str, typed: str = f"{SECRET}\n") -> Any:
    """Adds a connection of fjordly; it as data."""
    return house.done("connection", "add", "fjordly", *words, "--json", typed=typed).data


def logged(house: House) -> list[dict[str, Any]]:
    """The events in the organisation's log, the oldest first."""
    lines = house.done("audit", "export", "--organisation", "fjordly").out.splitlines()
    return [json.loads(line) for line in lines]


def test_an_openid_provider_is_connected_with_one_command(fjordly: House) -> None:
    """It is switched on, its domain is proven, and every address that the provider needs is printed."""
    told = fjordly.done("connection", "add", "fjordly", *OIDC, *DOMAIN, typed=f"{SECRET}\n").out
    made = fjordly.done("connection", "list", "fjordly", "--json").data[0]
    ours = f"{BASE}/sso/{made['id']}"
    assert made["is_enabled"] is True
    assert (made["callback"], made["metadata"]) == (f"{ours}/callback", f"{ours}/metadata")
    assert (made["logout"], made["login"]) == (f"{ours}/backchannel-logout", f"{ours}/login")
    assert (made["kind"], made["domain"], made["name"]) == ("oidc", "fjordly.example", "idp.fjordly.example")
    assert made["domains"][0]["proven_by"].startswith("operator:")
    for value in (made["id"], made["callback"], made["metadata"], made["logout"], made["login"]):
        assert value in told


def test_a_saml_provider_is_connected_with_one_command(fjordly: House, tmp_path: Path) -> None:
    """The callback is where assertions are consumed."""
    made = add(fjordly, "--kind", "saml", "--metadata", metadata(tmp_path, "urn:fjordly:idp"), *DOMAIN, typed="")
    ours = f"{BASE}/sso/{made['id']}"
    assert (made["callback"], made["metadata"], made["logout"]) == (f"{ours}/acs", f"{ours}/metadata", f"{ours}/slo")
    assert made["settings"]["entity_id"] == "urn:fjordly:idp"
    assert made["settings"]["sso_url"] == "https://saml.fjordly.example/sso"
    assert made["name"] == "saml.fjordly.example"


def test_one_of_several_saml_providers_is_chosen_by_its_name(fjordly: House, tmp_path: Path) -> None:
    """The metadata of a federation describes many."""
    file = metadata(tmp_path, "urn:one", "urn:two")
    made = add(fjordly, "--kind", "saml", "--metadata", file, "--entity-id", "urn:two", typed="")
    assert made["settings"]["entity_id"] == "urn:two"
    refused = fjordly.run("connection", "add", "fjordly", "--kind", "saml", "--metadata", file)
    assert refused.err.startswith("totrinn: the metadata cannot be used: saml_several_providers")


def test_everything_that_is_agreed_can_be_said(fjordly: House, tmp_path: Path) -> None:
    """Each option ends where it belongs; a group may have the sign = in its name."""
    rules = (
        "--require-mfa-evidence",
        "--evidence",
        "urn:high",
        "--evidence-age",
        "480",
        "--ask-for",
        "urn:high",
        "--no-members",
    )
    roles = ("--role", "administrator", "--map-group", "cn=it,dc=fjordly=global_administrator")
    way = ("--authentication", "client_secret_post", "--scope", "email", "--groups-claim", "roller", "--trust-email")
    oidc = add(fjordly, *OIDC, *rules, *roles, *way, "--name", "Fjord ID")
    assert oidc["name"] == "Fjord ID"
    assert "480 minutes" in fjordly.done("connection", "show", oidc["id"]).out
    assert oidc["settings"] == {
        "issuer": ISSUER,
        "client_id": "totrinn",
        "authentication": "client_secret_post",
        "scopes": ["openid", "email"],
        "groups_claim": "roller",
        "trusts_email": True,
    }
    assert oidc["rules"] == {
        "demands_evidence": True,
        "evidence": ["urn:high"],
        "evidence_age": 480,
        "creates_members": False,
        "default_role": "administrator",
        "asks_for": ["urn:high"],
        "roles": [["cn=it,dc=fjordly", "global_administrator"]],
    }
    names = ("--email-attribute", "mail", "--name-attribute", "navn", "--groups-attribute", "grupper")
    file = metadata(tmp_path, "urn:idp")
    saml = add(fjordly, "--kind", "saml", "--metadata", file, *names, "--allow-cbc", "--allow-idp-initiated")
    agreed = saml["settings"]
    assert (agreed["email_attribute"], agreed["name_attribute"]) == ("mail", "navn")
    assert (agreed["groups_attribute"], agreed["allows_cbc"], agreed["allows_idp_initiated"]) == ("grupper", True, True)


def test_a_key_of_ours_needs_no_secret(fjordly: House) -> None:
    """With private_key_jwt nothing is read from standard input."""
    words = ("--kind", "oidc", "--issuer", ISSUER, "--client-id", "totrinn", "--authentication", "private_key_jwt")
    assert add(fjordly, *words, typed="")["settings"]["authentication"] == "private_key_jwt"


@pytest.mark.row("R90")
def test_the_secret_is_sealed_and_never_shown(fjordly: House) -> None:
    """It goes in and never comes out, be it printed, logged or stored."""
    made = add(fjordly, *OIDC, *DOMAIN)
    for words in (("connection", "show", made["id"]), ("connection", "list", "fjordly"), ("audit", "export")):
        assert SECRET not in fjordly.done(*words).out
    assert SECRET.encode() not in b"".join(file.read_bytes() for file in fjordly.data.glob("totrinn.sqlite3*"))


def test_several_domains_lead_to_one_connection(fjordly: House) -> None:
    """Each is claimed, and proven if it is vouched for; however it is written, it is one domain."""
    made = add(fjordly, *OIDC, "--domain", "FJORDLY.example", "--domain", "@Blåbær.example", "--vouch")
    assert [each["domain"] for each in made["domains"]] == ["fjordly.example", "xn--blbr-roah.example"]
    assert all(each["proven_at"] for each in made["domains"])


def test_a_domain_that_nobody_vouches_for_is_not_proven(fjordly: House) -> None:
    """The record that would prove it is printed."""
    told = fjordly.done("connection", "add", "fjordly", *OIDC, "--domain", "fjordly.example", typed=SECRET).out
    domain = fjordly.done("domain", "list", "fjordly", "--json").data[0]
    assert domain["proven_at"] is None
    assert domain["record"]["name"] == "_totrinn.fjordly.example"
    assert domain["record"]["value"] in told


@pytest.mark.row("R92")
def test_every_act_stands_in_the_organisations_log(fjordly: House) -> None:
    """As the operator's, in the order in which it was done."""
    made = add(fjordly, *OIDC, *DOMAIN)["id"]
    for act in ("disable", "enable", "remove"):
        fjordly.done("connection", act, made)
    fjordly.done("domain", "remove", "fjordly", "fjordly.example")
    events = [event for event in logged(fjordly) if event["kind"].split(":")[1] in ("connection", "domain")]
    assert [event["kind"].split(":", 1)[1] for event in events] == [
        "connection:added",
        "connection:switched_on",
        "domain:added",
        "domain:proven",
        "connection:switched_off",
        "connection:switched_on",
        "connection:removed",
        "domain:removed",
    ]
    assert all(event["actor"].startswith("operator:") for event in events)


def test_a_connection_is_shown_switched_and_removed(fjordly: House) -> None:
    """People and programs are told the same."""
    made = add(fjordly, *OIDC, *DOMAIN)["id"]
    assert f"{made}  oidc  on   idp.fjordly.example" in fjordly.done("connection", "list", "fjordly").out
    assert fjordly.done("connection", "disable", made, "--json").data["is_enabled"] is False
    assert fjordly.done("connection", "show", made, "--json").data["is_enabled"] is False
    assert "switched on" in fjordly.done("connection", "enable", made).out
    shown = fjordly.done("connection", "show", made).out
    assert ISSUER in shown
    assert "(proven by operator:" in shown
    fjordly.done("connection", "remove", made)
    assert fjordly.done("connection", "list", "fjordly", "--json").data == []
    assert fjordly.done("domain", "list", "fjordly", "--json").data[0]["connection"] is None


def test_a_provider_that_cannot_be_reached_is_found_out(fjordly: House) -> None:
    """`check` asks the provider, says what is wrong, and ends with 1; `add` had not asked."""
    made = add(fjordly, *OIDC)["id"]
    asked = "totrinn.sso.providers.Providers.check_settings"
    with mock.patch(asked, return_value=Unavailable("name_unknown", "idp.fjordly.example")):
        told = fjordly.run("connection", "check", made)
        data = fjordly.run("connection", "check", made, "--json")
    assert (told.status, data.status) == (1, 1)
    assert told.out == "idp.fjordly.example cannot be reached: name_unknown (idp.fjordly.example)\n"
    assert (data.data["is_usable"], data.data["code"]) == (False, "name_unknown")
    with mock.patch(asked, return_value=None):
        assert fjordly.done("connection", "check", made, "--json").data["is_usable"] is True


def test_plain_http_is_for_private_networks(fjordly: House) -> None:
    """And for those only where the operator has allowed them."""
    words = ("connection", "add", "fjordly", *OIDC, "--issuer", "http://127.0.0.1:9000")
    refused = fjordly.run(*words, typed=SECRET)
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "TOTRINN_ALLOW_PRIVATE_ADDRESSES" in refused.err
    assert fjordly.run(*words, typed=SECRET, TOTRINN_ALLOW_PRIVATE_ADDRESSES="yes").status == 0


WRONG = [
    ("nobody", *OIDC),
    ("vendor", *OIDC),
    ("fjordly", "--kind", "ldap"),
    ("fjordly", "--kind", "oidc", "--client-id", "x", "--client-secret-stdin"),
    ("fjordly", "--kind", "oidc", "--issuer", ISSUER, "--client-secret-stdin"),
    ("fjordly", "--kind", "oidc", "--issuer", ISSUER, "--client-id", "x"),
    ("fjordly", *OIDC, "--issuer", "idp.fjordly.example"),
    ("fjordly", *OIDC, "--issuer", "http://idp.fjordly.example"),
    ("fjordly", *OIDC, "--issuer", "https://idp.fjordly.example/?realm=1"),
    ("fjordly", *OIDC, "--issuer", "https://user:word@idp.fjordly.example"),
    ("fjordly", *OIDC, "--authentication", "none"),
    ("fjordly", *OIDC, "--authentication", "private_key_jwt"),
    ("fjordly", *OIDC, "--vouch"),
    ("fjordly", *OIDC, "--domain", "no domain"),
    ("fjordly", *OIDC, "--domain", "localhost", "--vouch"),
    ("fjordly", *OIDC, "--role", "global_administrator"),
    ("fjordly", *OIDC, "--map-group", "staff"),
    ("fjordly", *OIDC, "--map-group", "staff=vendor"),
    ("fjordly", *OIDC, "--map-group", "=user"),
    ("fjordly", *OIDC, "--evidence-age", "0"),
    ("fjordly", *OIDC, "--scope", "email profile"),
    ("fjordly", *OIDC, "--allow-cbc"),
    ("fjordly", *OIDC, "--name", "Fjord\nID"),
    ("fjordly", "--kind", "saml"),
    ("fjordly", "--kind", "saml", "--metadata", "/nowhere/metadata.xml"),
    ("fjordly", "--kind", "saml", "--metadata", __file__),
    ("fjordly", "--kind", "saml", "--metadata", __file__, "--trust-email"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_one_line_says_what_is_wrong(fjordly: House, words: tuple[str, ...]) -> None:
    """And nothing has been stored."""
    outcome = fjordly.run("connection", "add", *words, typed=f"{SECRET}\n")
    assert outcome.status != 0
    assert outcome.out == ""
    assert outcome.err.startswith("totrinn: ")
    assert outcome.err.count("\n") == 1
    assert fjordly.done("connection", "list", "fjordly", "--json").data == []
    assert fjordly.done("domain", "list", "fjordly", "--json").data == []


@pytest.mark.parametrize("typed", ["", "\n", b"\xff\n"])
def test_a_secret_that_cannot_be_read_is_refused(fjordly: House, typed: str | bytes) -> None:
    """Nothing on standard input, or something that is not text, is no secret."""
    outcome = fjordly.run("connection", "add", "fjordly", *OIDC, typed=typed)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)


@pytest.mark.parametrize("act", ["show", "enable", "disable", "remove", "check"])
def test_an_unknown_connection_is_named(fjordly: House, act: str) -> None:
    """One line, and nothing is done."""
    outcome = fjordly.run("connection", act, "nothing")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "totrinn: there is no such connection: nothing\n"
