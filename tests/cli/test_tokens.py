"""`token`: made, listed and ended by the operator."""

from tests.cli.conftest import House

OF_FJORDLY = ("--organisation", "fjordly")


def test_a_token_is_made_listed_and_ended(fjordly: House) -> None:
    """It is printed once; the list says what it is for; what is ended is off the list."""
    wanted = ("--scope", "members:read", "--scope", "log:read", "--days", "30")
    made = fjordly.done("token", "create", *OF_FJORDLY, *wanted, "--name", "Sync", "--json").data
    assert made["token"].startswith("tot_")
    assert made["scopes"] == ["log:read", "members:read"]
    listed = fjordly.done("token", "list", *OF_FJORDLY)
    assert "Sync: log:read members:read; until " in listed.out
    assert made["token"] not in listed.out
    (known,) = fjordly.done("token", "list", *OF_FJORDLY, "--json").data
    assert (known["id"], known["holds"], known["used_at"]) == (made["id"], True, None)
    assert fjordly.done("token", "revoke", made["id"], *OF_FJORDLY, "--json").data["name"] == "Sync"
    assert fjordly.done("token", "list", *OF_FJORDLY).out == ""
    again = fjordly.run("token", "revoke", made["id"], *OF_FJORDLY)
    assert (again.status, again.err) == (1, f"totrinn: fjordly has no token {made['id']}\n")


def test_a_token_needs_no_name(fjordly: House) -> None:
    """It is then called by its scopes; the text stands alone on its line."""
    told = fjordly.done("token", "create", *OF_FJORDLY, "--scope", "log:read", "--days", "366").out
    (text,) = [line.strip() for line in told.splitlines() if line.startswith("  tot_")]
    assert len(text) == 53
    ended = fjordly.done("token", "list", *OF_FJORDLY, "--json").data[0]["id"]
    assert fjordly.done("token", "revoke", ended, *OF_FJORDLY).out.startswith("Ended: log:read ")


def test_what_cannot_be_made_is_refused_in_a_line(fjordly: House) -> None:
    """A name that is taken, a scope of the other side, too long a life, an unknown organisation."""
    wanted = ("--scope", "log:read", "--days", "1", "--name", "Sync")
    fjordly.done("token", "create", *OF_FJORDLY, *wanted)
    refusals = (
        (*OF_FJORDLY, *wanted),
        (*OF_FJORDLY, "--scope", "applications:read", "--days", "1"),
        ("--organisation", "vendor", "--scope", "members:read", "--days", "1"),
        ("--organisation", "nobody", "--scope", "log:read", "--days", "1"),
    )
    for words in refusals:
        refused = fjordly.run("token", "create", *words)
        assert (refused.status, refused.err.count("\n")) == (1, 1), words
    assert fjordly.run("token", "create", *OF_FJORDLY, "--scope", "log:read", "--days", "367").status == 2
    fjordly.done("token", "create", "--organisation", "vendor", "--scope", "applications:read", "--days", "1")
