"""Organisations, persons, features: what an operator does by commands, and what of it stands in the log."""

import pytest

from tests.cli.commands import PASSWORD
from tests.cli.conftest import House

KARI = "kari@fjordly.example"


def create(house: House, email: str, *more: str, slug: str = "fjordly", typed: str = "") -> str:
    """Creates a user; what was printed."""
    return house.done("user", "create", email, "--organisation", slug, "--role", "user", *more, typed=typed).out


def verdict(house: House, email: str, slug: str = "fjordly") -> tuple[str, str]:
    """What becomes of a sign-in with a password, and why."""
    first = house.done("explain", email, "--organisation", slug, "--json").data["sign_ins"][0]
    return first["verdict"], first["reason"]


def kinds(house: House, slug: str = "fjordly") -> list[str]:
    """The kinds of events in an organisation's log, the oldest first."""
    import json

    lines = house.done("audit", "export", "--organisation", slug).out.splitlines()
    return [json.loads(line)["kind"] for line in lines]


def test_a_person_without_a_password_gets_a_link_to_choose_one(fjordly: House) -> None:
    """The link is printed once, and is for them alone."""
    assert "/password/" in create(fjordly, KARI)
    made = fjordly.done(
        "user", "create", "tore@fjordly.example", "--organisation", "fjordly", "--role", "user", "--json"
    ).data
    assert made["outcome"] == "created"
    assert "/password/" in made["password_link"]


def test_a_person_with_a_password_gets_no_link(fjordly: House) -> None:
    """Nothing but the address is printed."""
    assert create(fjordly, KARI, "--password-stdin", typed=PASSWORD + "\n") == f"Created {KARI}.\n"


@pytest.mark.row("R72")
def test_a_lost_link_can_be_made_anew_until_a_password_is_chosen(fjordly: House) -> None:
    """A newer link voids the one before; whoever has a password gets none, and neither does an unknown address."""
    first = fjordly.done("user", "create", KARI, "--organisation", "fjordly", "--role", "user").link("password")
    second = fjordly.done("user", "password-link", KARI).link("password")
    assert first != second
    create(fjordly, "tore@fjordly.example", "--password-stdin", typed=PASSWORD + "\n")
    for address in ("tore@fjordly.example", "nobody@fjordly.example"):
        refused = fjordly.run("user", "password-link", address)
        assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "person:password_link:issued" in kinds(fjordly)


def test_addresses_are_the_same_however_they_are_typed(fjordly: House) -> None:
    """One address is one person."""
    create(fjordly, "Kari@FJORDLY.example")
    assert verdict(fjordly, KARI)[0] == "Admit"


def test_an_existing_person_is_offered_a_membership_and_keeps_their_password(fjordly: House) -> None:
    """No organisation can set, or make a link to set, another's password (rule 12)."""
    create(fjordly, KARI, "--password-stdin", typed=PASSWORD + "\n")
    fjordly.done("organisation", "create", "Havre Bakeri", "--slug", "havre")
    assert "/password/" not in create(fjordly, KARI, slug="havre")
    words = ("user", "create", KARI, "--organisation", "havre", "--role", "user", "--password-stdin")
    refused = fjordly.run(*words, typed="en helt annen setning\n")
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert verdict(fjordly, KARI, "havre") == ("Deny", "not_a_member")


def test_staff_must_always_set_up_a_second_factor(house: House) -> None:
    """The vendor's organisation requires it from its first person on."""
    house.done("vendor", "create", "staff@vendor.example", "--password-stdin", typed=PASSWORD + "\n")
    assert verdict(house, "staff@vendor.example", "vendor") == ("MustEnrol", "vendor")


def test_a_reset_holds_the_person_at_enrolment(fjordly: House) -> None:
    """Whether or not the organisation requires two-factor."""
    create(fjordly, KARI)
    assert verdict(fjordly, KARI) == ("Admit", "not_required")
    fjordly.done("user", "reset-second-factor", KARI, "--why", "lost phone")
    assert verdict(fjordly, KARI) == ("MustEnrol", "reset")


def test_a_feature_is_granted_and_withdrawn(fjordly: House) -> None:
    """The vendor's decision stands in the organisation's log, with who and why."""
    grant = fjordly.done("feature", "grant", "fjordly", "forced_two_factor", "--why", "asked by Kari", "--json").data
    assert grant["available_since"]
    taken = fjordly.done("feature", "withdraw", "fjordly", "forced_two_factor", "--why", "a mistake", "--json").data
    assert taken["available_since"] is None
    assert kinds(fjordly)[-2:] == ["organisation:feature:granted", "organisation:feature:withdrawn"]


@pytest.mark.row("R92")
def test_every_act_stands_in_the_log_as_the_operators(fjordly: House) -> None:
    """Commands act as `operator:<system user>`; each act on an organisation stands in that organisation's log."""
    create(fjordly, KARI)
    fjordly.done("user", "reset-second-factor", KARI, "--why", "lost phone")
    fjordly.done("setup-link", "--organisation", "fjordly")
    assert kinds(fjordly) == [
        "organisation:organisation:created",
        "person:account:created",
        "organisation:member:added",
        "person:factor:reset",
        "organisation:setup_link:issued",
    ]
    exported = fjordly.done("audit", "export", "--organisation", "fjordly").out
    assert exported.count('"actor": "operator:') == 5
    assert "lost phone" in exported


def test_links_do_not_stand_in_the_log(fjordly: House) -> None:
    """Whoever reads the log cannot use a link that was issued."""
    token = fjordly.done("setup-link", "--organisation", "fjordly").link("setup").rpartition("/")[2]
    assert token not in fjordly.done("audit", "export").out


def test_explain_tells_people_and_programs_the_same(fjordly: House) -> None:
    """Facts, verdict and reason, in words and as data."""
    create(fjordly, KARI)
    told = fjordly.done("explain", KARI, "--organisation", "fjordly").out
    data = fjordly.done("explain", KARI, "--organisation", "fjordly", "--json").data
    assert data["facts"]["has_factor"] is False
    assert data["facts"]["role"] == "user"
    for sign_in in data["sign_ins"]:
        assert sign_in["words"] in told


def test_explain_has_words_for_every_verdict_and_reason() -> None:
    """Whatever `decide` may say can be explained."""
    from totrinn.cli.explaining import REASONS, VERDICTS
    from totrinn.core.policy import Reason, Verdict

    assert set(REASONS) == {reason.value for reason in Reason}
    assert set(VERDICTS) == {verdict.__name__ for verdict in Verdict.__args__}


def test_routes_say_what_they_demand(house: House) -> None:
    """Every address is listed with its methods and its demand, for people and for programs."""
    data = house.done("routes", "--json").data
    assert {"path", "methods", "demand"} == set(data[0])
    assert {"path": "/login", "methods": ["GET", "POST"], "demand": "anyone"} in data
    listed = house.done("routes").out.splitlines()
    assert len(listed) == len(data)
