"""`explain` and `doctor` on organisations with SSO."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House
from tests.cli.providers import OIDC, SECRET, metadata
from totrinn.app.sso_records import SsoIdentity
from totrinn.bootstrap import open_installation
from totrinn.config import read_settings

KARI = "kari@fjordly.example"


@dataclass(frozen=True, slots=True)
class Linked:
    """A person who is linked by a connection."""

    house: House
    connection: str

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """What becomes of each way to sign in, and why."""
        told = self.house.done("explain", KARI, "--organisation", "fjordly", "--json").data
        return {each["way"]: (each["verdict"], each["reason"]) for each in told["sign_ins"]}


def link(house: House, *words: str) -> Linked:
    """A member with a link, as the first sign-in leaves it."""
    create = ("user", "create", KARI, "--organisation", "fjordly", "--role", "user", "--password-stdin")
    house.done(*create, typed="en ganske lang setning\n")
    made = house.done("connection", "add", "fjordly", *OIDC, "--name", "Fjord ID", *words, "--json", typed=SECRET).data
    settings, now = read_settings({}, data=house.data), datetime.now(UTC)
    with open_installation(settings) as installation, installation.database.writing() as unit:
        person, organisation = unit.people.find_by_email(KARI), unit.organisations.find_by_slug("fjordly")
        assert person is not None
        assert organisation is not None
        unit.identities.add(SsoIdentity("link", made["id"], organisation.id, "kari", person.id, now, now))
    return Linked(house, made["id"])


def test_a_link_is_a_way_in(fjordly: House) -> None:
    """Beside the ways with a password."""
    kari = link(fjordly)
    assert list(kari.verdicts().values()) == [
        ("Admit", "not_required"),
        ("Admit", "not_required"),
        ("Admit", "proven_by_sso"),
    ]
    told = fjordly.done("explain", KARI, "--organisation", "fjordly").out
    assert "Whoever signs in through SSO, Fjord ID\n" in told
    assert "linked through SSO, by                       Fjord ID\n" in told
    assert "the organisation has closed its password     no\n" in told


def test_evidence_makes_a_difference_where_it_is_demanded(fjordly: House) -> None:
    """With it the provider's word is enough, without it our own second factor is asked for."""
    kari = link(fjordly, "--require-mfa-evidence")
    assert kari.verdicts()["through SSO, Fjord ID, with evidence of two factors"] == ("Admit", "proven_by_sso")
    assert kari.verdicts()["through SSO, Fjord ID, without evidence of two factors"] == (
        "MustEnrol",
        "sso_without_evidence",
    )


def test_a_connection_that_is_switched_off_lets_nobody_in(fjordly: House) -> None:
    """And `explain` says so."""
    kari = link(fjordly)
    fjordly.done("connection", "disable", kari.connection)
    assert kari.verdicts()["through SSO, Fjord ID"] == ("Deny", "connection_off")
    facts = fjordly.done("explain", KARI, "--organisation", "fjordly", "--json").data["facts"]
    assert [(each["name"], each["is_enabled"]) for each in facts["links"]] == [("Fjord ID", False)]
    assert "Fjord ID (switched off)" in fjordly.done("explain", KARI, "--organisation", "fjordly").out


def test_links_go_with_their_connection(fjordly: House) -> None:
    """What is left is the password."""
    kari = link(fjordly)
    fjordly.done("connection", "remove", kari.connection)
    assert all("SSO" not in way for way in kari.verdicts())


def of_sso(house: House, **settings: str) -> list[dict[str, Any]]:
    """What the doctor finds of connections."""
    outcome = house.run("doctor", "--json", **settings)
    return [finding for finding in outcome.data if finding["about"] == "SSO"]


@pytest.mark.parametrize(("days", "words"), [(-3, "has ended on"), (20, "ends on"), (400, "")])
def test_certificates_that_end_are_told(fjordly: House, tmp_path: Path, days: int, words: str) -> None:
    """In time, and as nothing that stops anybody: they are pinned, and their dates are not looked at."""
    file = metadata(tmp_path, "urn:idp", days=days)
    fjordly.done("connection", "add", "fjordly", "--kind", "saml", "--metadata", file)
    found = of_sso(fjordly)
    assert [(f["level"], words in f["text"]) for f in found] == ([("note", True)] if words else [])


@pytest.mark.parametrize("issuer", ["http://idp.fjordly.example", "https://10.0.0.7", "https://localhost:9000"])
def test_providers_that_will_not_be_asked_are_told(fjordly: House, issuer: str) -> None:
    """As long as private addresses are not allowed, and the connection is switched on."""
    words = ("connection", "add", "fjordly", *OIDC, "--issuer", issuer, "--json")
    made = fjordly.run(*words, typed=SECRET, TOTRINN_ALLOW_PRIVATE_ADDRESSES="yes").data["id"]
    assert [issuer in finding["text"] for finding in of_sso(fjordly)] == [True]
    assert of_sso(fjordly, TOTRINN_ALLOW_PRIVATE_ADDRESSES="yes") == []
    fjordly.done("connection", "disable", made)
    assert of_sso(fjordly) == []


def test_a_provider_on_the_public_internet_is_nothing_to_tell(fjordly: House) -> None:
    """The doctor asks nobody."""
    fjordly.done("connection", "add", "fjordly", *OIDC, typed=SECRET)
    assert of_sso(fjordly) == []
