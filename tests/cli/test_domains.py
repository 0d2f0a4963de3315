"""Domains: claimed, vouched for or looked up, led to a connection, given up."""

from unittest import mock

import pytest

from tests.cli.conftest import House
from tests.cli.providers import OIDC, SECRET
from totrinn.app.identity_providers import Unavailable

LOOKED_UP = "totrinn.sso.providers.Records.texts"
NAME = "fjordly.example"


def connection(house: House, slug: str = "fjordly") -> str:
    """The id of a new connection."""
    made = house.done("connection", "add", slug, *OIDC, "--json", typed=SECRET).data
    return str(made["id"])


def test_a_domain_is_claimed_and_its_record_printed(fjordly: House) -> None:
    """It is not proven by that; claiming it again changes nothing."""
    told = fjordly.done("domain", "add", "fjordly", NAME).out
    first = fjordly.done("domain", "list", "fjordly", "--json").data
    assert first[0]["record"]["value"] in told
    assert (first[0]["proven_at"], first[0]["connection"]) == (None, None)
    fjordly.done("domain", "add", "fjordly", NAME)
    assert fjordly.done("domain", "list", "fjordly", "--json").data == first


def test_the_vendor_may_vouch_for_it(fjordly: House) -> None:
    """For closed nets, where no record can be looked up."""
    made = fjordly.done("domain", "add", "fjordly", NAME, "--vouch", "--json").data
    assert made["proven_by"].startswith("operator:")


def test_its_record_proves_it(fjordly: House) -> None:
    """Any other record does not."""
    fjordly.done("domain", "add", "fjordly", NAME)
    record = fjordly.done("domain", "list", "fjordly", "--json").data[0]["record"]
    for found in ((), ("v=spf1 -all", "totrinn-domain=another"), Unavailable("timed_out")):
        with mock.patch(LOOKED_UP, return_value=found):
            refused = fjordly.run("domain", "check", "fjordly", NAME)
        assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
    with mock.patch(LOOKED_UP, return_value=("v=spf1 -all", record["value"])) as texts:
        proven = fjordly.done("domain", "check", "fjordly", NAME, "--json").data
    texts.assert_called_once_with(record["name"])
    assert proven["proven_by"] == "dns"
    assert "(proven by dns)" in fjordly.done("domain", "list", "fjordly").out


def test_it_is_led_to_a_connection_of_the_same_organisation(fjordly: House) -> None:
    """And to another later; never to one of somebody else's."""
    fjordly.done("organisation", "create", "Havre Bakeri", "--slug", "havre")
    first, second, foreign = connection(fjordly), connection(fjordly), connection(fjordly, "havre")
    for each in (first, second):
        assert fjordly.done("domain", "add", "fjordly", NAME, "--connection", each, "--json").data["connection"] == each
    refused = fjordly.run("domain", "add", "fjordly", NAME, "--connection", foreign)
    assert refused.err == f"totrinn: fjordly has no connection {foreign}\n"
    assert fjordly.done("domain", "list", "fjordly", "--json").data[0]["connection"] == second


def test_it_is_removed(fjordly: House) -> None:
    """Once."""
    fjordly.done("domain", "add", "fjordly", NAME, "--vouch")
    assert fjordly.done("domain", "remove", "fjordly", NAME, "--json").data["is_removed"] is True
    assert fjordly.done("domain", "list", "fjordly", "--json").data == []
    assert fjordly.run("domain", "remove", "fjordly", NAME).err == f"totrinn: fjordly has no domain {NAME}\n"


WRONG = [
    ("add", "nobody", NAME),
    ("add", "vendor", NAME, "--vouch"),
    ("add", "fjordly", "no domain"),
    ("add", "fjordly", NAME, "--connection", "nothing"),
    ("list", "nobody"),
    ("check", "nobody", NAME),
    ("check", "fjordly", NAME),
    ("remove", "nobody", NAME),
    ("remove", "fjordly", ".."),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_one_line_says_what_is_wrong(fjordly: House, words: tuple[str, ...]) -> None:
    """Nothing is printed but one line on stderr."""
    outcome = fjordly.run("domain", *words)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("totrinn: ")
    assert outcome.err.count("\n") == 1
