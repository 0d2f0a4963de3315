"""`apply`: what a file declares comes to be, by a plan that names the people, and by no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import PASSWORD, Outcome
from tests.cli.conftest import House

ALL = """
[[organisation]]
slug = "nordlys"
name = "Nordlys"
language = "nn"
two_factor_available = true
why = "Contract 17"
require_two_factor = true

[[organisation.connection]]
name = "Entra"
kind = "oidc"
issuer = "https://login.nordlys.example/x"
client_id = "abc"
client_secret_file = "secret.txt"
domains = ["nordlys.example"]
vouch = true
groups = { leaders = "administrator" }

[[application]]
name = "Jobadmin"
redirect_uris = ["https://jobadmin.example/callback"]
hosts = ["wiki.example"]
"""
REQUIRED = """
[[organisation]]
slug = "fjordly"
name = "Fjordly AS"
two_factor_available = true
why = "Contract 17"
require_two_factor = true
"""


class File:
    """A file that declares something of an installation."""

    def __init__(self, house: House, folder: Path, text: str) -> None:
        self.house, self.path = house, folder / "wanted.toml"
        (folder / "secret.txt").write_text("hemmelig\n", encoding="utf-8")
        self.path.write_text(text, encoding="utf-8")

    def becomes(self, old: str, new: str) -> None:
        """Somebody writes something else."""
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new), encoding="utf-8")

    def plan(self) -> dict[str, Any]:
        """The plan."""
        found: dict[str, Any] = self.house.done("apply", str(self.path), "--plan", "--json").data
        return found

    def applied(self, number: str) -> Outcome:
        """What comes of applying the plan with this number."""
        return self.house.run("apply", str(self.path), "--planned", number)

    def acts(self) -> list[str]:
        """What would be done now."""
        return [step["act"] for step in self.plan()["steps"]]


def add_user(house: House, email: str) -> None:
    """A member who signs in with a password alone."""
    words = ("user", "create", email, "--organisation", "fjordly", "--role", "user", "--password-stdin")
    house.done(*words, typed=f"{PASSWORD}\n")


def test_everything_that_is_declared_comes_to_be_and_then_nothing_is_left_to_do(house: House, tmp_path: Path) -> None:
    """Organisation, requirement, connection, domain and application; a second plan of the same file is empty."""
    file = File(house, tmp_path, ALL)
    assert file.acts() == [
        "create_organisation",
        "change_settings",
        "make_available",
        "require",
        "add_connection",
        "lead_domain",
        "register_application",
    ]
    told = file.applied(file.plan()["number"])
    assert told.status == 0, told.err
    assert re.search(r"told this once: [\w-]{43}\n", told.out)
    assert "hemmelig" not in told.out + told.err
    assert file.acts() == []
    assert house.run("apply", str(file.path), "--plan").out == "Everything is as it is declared.\n"
    (connection,) = house.done("connection", "list", "nordlys", "--json").data
    assert (connection["name"], connection["domain"], connection["is_enabled"]) == ("Entra", "nordlys.example", True)


def test_a_plan_changes_nothing(fjordly: House, tmp_path: Path) -> None:
    """It can be made as often as one likes, with the same number."""
    before = fjordly.done("audit", "export").out
    file = File(fjordly, tmp_path, REQUIRED)
    assert file.plan() == file.plan()
    assert fjordly.done("audit", "export").out == before


@pytest.mark.row("R42")
def test_a_requirement_hits_exactly_the_people_that_were_counted(fjordly: House, tmp_path: Path) -> None:
    """Somebody who has come since makes it another plan, and nothing is done by the old one."""
    add_user(fjordly, "kari@fjordly.example")
    file = File(fjordly, tmp_path, REQUIRED)
    planned = file.plan()
    assert planned["steps"][-1]["people"] == {"missing": 1, "has": 0, "sso": 0}
    add_user(fjordly, "ola@fjordly.example")
    refused = file.applied(planned["number"])
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("totrinn: nothing is done: the plan is no longer ")
    assert file.acts() == ["make_available", "require"]
    again = file.plan()
    assert again["steps"][-1]["people"]["missing"] == 2
    assert file.applied(again["number"]).status == 0
    told = fjordly.done("explain", "kari@fjordly.example", "--organisation", "fjordly").out
    assert "MustEnrol" in told


@pytest.mark.row("R43")
@pytest.mark.parametrize("weaker", ["false", "2099-01-01T08:00:00Z"])
def test_a_file_makes_no_requirement_weaker(fjordly: House, tmp_path: Path, weaker: str) -> None:
    """Off, or later, is for the organisation's own global administrator."""
    file = File(fjordly, tmp_path, REQUIRED)
    assert file.applied(file.plan()["number"]).status == 0
    file.becomes("require_two_factor = true", f"require_two_factor = {weaker}")
    refused = fjordly.run("apply", str(file.path), "--plan", "--json")
    assert refused.status == 1
    assert json.loads(refused.out)["impossible"] == [{"subject": "fjordly", "reason": "not_allowed"}]
    assert file.applied(json.loads(refused.out)["number"]).status == 1


@pytest.mark.row("R42")
def test_what_is_not_available_is_not_required(fjordly: House, tmp_path: Path) -> None:
    """The vendor's word comes first, in the same file or before."""
    file = File(
        fjordly, tmp_path, '[[organisation]]\nslug = "fjordly"\nname = "Fjordly AS"\nrequire_two_factor = true\n'
    )
    refused = fjordly.run("apply", str(file.path), "--plan")
    assert (refused.status, "not available" in refused.out) == (1, True)


def test_the_vendors_own_organisation_is_nobodys_to_declare(fjordly: House, tmp_path: Path) -> None:
    """It always requires two-factor, and has no SSO."""
    file = File(fjordly, tmp_path, '[[organisation]]\nslug = "vendor"\nname = "We"\nrequire_two_factor = false\n')
    refused = fjordly.run("apply", str(file.path), "--plan")
    assert (refused.status, "vendor's own" in refused.out) == (1, True)


def test_another_file_is_another_plan(house: House, tmp_path: Path) -> None:
    """What was read in the plan is what is done: a changed address, issuer or reason makes another number."""
    file = File(house, tmp_path, ALL)
    numbers = {file.plan()["number"]}
    for old, new in (
        ("https://jobadmin.example/callback", "https://evil.example/callback"),
        ("https://login.nordlys.example/x", "https://login.evil.example/x"),
        ("Contract 17", "Contract 18"),
        ('leaders = "administrator"', 'everybody = "administrator"'),
    ):
        file.becomes(old, new)
        numbers.add(file.plan()["number"])
    assert len(numbers) == 5


def test_what_is_there_is_changed_and_what_is_not_mentioned_stays(house: House, tmp_path: Path) -> None:
    """A connection and an application keep their ids; switching off is a change too; secrets are not told again."""
    file = File(house, tmp_path, ALL)
    file.applied(file.plan()["number"])
    before = house.done("connection", "list", "nordlys", "--json").data
    file.becomes('client_id = "abc"', 'client_id = "def"\nenabled = false')
    file.becomes('hosts = ["wiki.example"]', "enabled = false")
    assert file.acts() == ["change_connection", "change_application", "switch_application"]
    told = file.applied(file.plan()["number"])
    assert (told.status, "told this once" in told.out) == (0, False)
    after = house.done("connection", "list", "nordlys", "--json").data
    assert [each["id"] for each in after] == [each["id"] for each in before]
    assert after[0]["is_enabled"] is False
    assert file.acts() == []
    file.path.write_text("", encoding="utf-8")
    assert file.acts() == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[organisation]]\nslug = "a"\nnam = "A"\n', "unknown field `nam`"),
        ('[[organisation]]\nslug = "fjordly"\nname = "F"\nrequire_twofactor = true\n', "require_twofactor"),
        ('[[organisation]]\nslug = "fjordly"\nname = 7\n', "$.organisation[0].name"),
        ('[[organisation]]\nslug = "fjordly"\nname = "F"\ntwo_factor_available = true\n', "needs `why`"),
        ('[[organisation]]\nslug = "fjordly"\nname = "F"\ntime_zone = "Norge"\n', "no time zone"),
        ('[[organisation]]\nslug = "f"\nname = "F"\n', "no slug"),
        ('[[organisation]]\nslug = "fj"\nname = "F"\n' * 2, "twice"),
        ('[[application]]\nname = "A"\nkeys_file = "none.json"\n', "there is no file"),
        ('[[application]]\nname = "A"\nredirect_uris = ["http://a.example/"]\n', "neither https"),
        ('[[application]]\nname = "A"\nhosts = ["a.no"]\nevents = "http://a.example/"\n', "neither https"),
        ('[[application]]\nname = "A"\nauthentication = "private_key_jwt"\n', "JWK set"),
        ("[[organisation]\n", "wanted.toml"),
        ("name = 1\n", "unknown field `name`"),
    ],
)
def test_a_mistake_in_the_file_is_told_where_it_stands(house: House, tmp_path: Path, text: str, says: str) -> None:
    """One line on stderr, exit status 1, and nothing done."""
    outcome = house.run("apply", str(File(house, tmp_path, text).path), "--plan")
    assert outcome.status == 1
    assert says in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_one_says_whether_to_plan_or_to_do(house: House, tmp_path: Path) -> None:
    """Neither, or both, is a mistake."""
    file = File(house, tmp_path, ALL)
    assert house.run("apply", str(file.path)).status == 1
    assert house.run("apply", str(file.path), "--plan", "--planned", "1").status == 1


def test_a_step_that_cannot_be_done_is_the_last(fjordly: House, tmp_path: Path) -> None:
    """What stands above it is told as done; what comes after it is not tried."""
    text = (
        REQUIRED
        + '\n[[application]]\nname = "A"\nhosts = ["a.example"]\n\n[[application]]\nname = "B"\nhosts = ["a.example"]\n'
    )
    file = File(fjordly, tmp_path, text)
    outcome = file.applied(file.plan()["number"])
    assert outcome.status == 1
    assert outcome.out.count("✓") == 3
    assert outcome.err.startswith("totrinn: B: another application has one of the hosts.")
    assert "MustEnrol" not in outcome.err
