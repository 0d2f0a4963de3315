"""`webhook`: receivers of events, set up and tried by the operator."""

import json

from tests.cli.conftest import House
from tests.webhooks.receiver import receiving

OF_FJORDLY = ("--organisation", "fjordly")
ADDRESS = "https://hooks.example.org/t0ken?secret=1"
MEMBERS = ("--topic", "members")


def add(house: House, *words: str) -> dict[str, object]:
    """Adds a receiver; what is printed for programs."""
    made = house.done("webhook", "add", ADDRESS, *OF_FJORDLY, *(words or MEMBERS), "--json").data
    assert isinstance(made, dict)
    return made


def test_a_receiver_is_added_listed_changed_and_removed(fjordly: House) -> None:
    """Its secret is printed once, and a new one once; what is left out stays as it is."""
    made = add(fjordly, *MEMBERS, "--topic", "requirement")
    id_, secret = str(made["id"]), str(made["secret"])
    assert secret.startswith("whsec_")
    assert (made["topics"], made["is_on"], made["last"]) == (["members", "requirement"], True, None)
    listed = fjordly.done("webhook", "list", *OF_FJORDLY).out
    assert listed == f"{id_}  on     {ADDRESS}: members requirement; nothing has been sent yet\n"
    elsewhere = "https://hooks.example.net/"
    changed = fjordly.done("webhook", "change", id_, *OF_FJORDLY, "--address", elsewhere, "--off", "--json").data
    assert (changed["address"], changed["topics"], changed["is_on"], changed["why_off"]) == (
        elsewhere,
        ["members", "requirement"],
        False,
        "by_hand",
    )
    assert "secret" not in changed
    on = fjordly.done("webhook", "change", id_, *OF_FJORDLY, "--topic", "settings", "--on", "--json").data
    assert (on["address"], on["topics"], on["is_on"]) == (elsewhere, ["settings"], True)
    renewed = fjordly.done("webhook", "new-secret", id_, *OF_FJORDLY, "--json").data["secret"]
    assert renewed not in ("", secret)
    assert "told nothing any more" in fjordly.done("webhook", "remove", id_, *OF_FJORDLY).out
    assert fjordly.done("webhook", "list", *OF_FJORDLY, "--json").data == []


def test_the_vendor_has_receivers_of_its_own(fjordly: House) -> None:
    """Under its own slug; no organisation sees another's."""
    made = fjordly.done("webhook", "add", ADDRESS, "--organisation", "vendor", *MEMBERS, "--json").data
    assert fjordly.done("webhook", "list", *OF_FJORDLY).out == ""
    for command in ("change", "new-secret", "test", "remove"):
        refused = fjordly.run("webhook", command, made["id"], *OF_FJORDLY)
        assert (refused.status, refused.err) == (1, f"totrinn: fjordly has no webhook {made['id']}\n")
    assert len(fjordly.done("webhook", "list", "--organisation", "vendor", "--json").data) == 1


def test_the_log_tells_of_each_step_and_keeps_the_address_to_itself(fjordly: House) -> None:
    """By the operator's name; neither the path of the address nor the secret is in it."""
    made = add(fjordly)
    id_ = str(made["id"])
    secrets = [str(made["secret"]), fjordly.done("webhook", "new-secret", id_, *OF_FJORDLY, "--json").data["secret"]]
    fjordly.done("webhook", "change", id_, *OF_FJORDLY, "--off")
    fjordly.done("webhook", "change", id_, *OF_FJORDLY, "--on")
    fjordly.done("webhook", "remove", id_, *OF_FJORDLY)
    log = fjordly.done("audit", "export", "--json").out
    told = [json.loads(line) for line in log.splitlines() if "webhook" in line]
    steps = ["added", "secret:renewed", "switched_off", "switched_on", "removed"]
    assert [event["kind"].partition("webhook")[2].strip("_:") for event in told] == steps
    assert all(event["actor"].startswith("operator:") for event in told)
    assert all(event["detail"]["webhook"] == "https://hooks.example.org" for event in told)
    assert not [each for each in (*secrets, "t0ken", "secret=1") if each in log]


def test_a_receiver_is_tried_at_once(fjordly: House) -> None:
    """Without any node that serves; the exit status says whether the message was taken."""
    with receiving() as receiver:
        made = fjordly.done("webhook", "add", receiver.address, *OF_FJORDLY, *MEMBERS, "--json").data
        words = ("webhook", "test", made["id"], *OF_FJORDLY)
        inside = fjordly.run(*words, "--json")
        assert (inside.status, inside.data["is_taken"], inside.data["code"]) == (1, False, "not_https")
        allowed = {"TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes"}
        taken = fjordly.run(*words, **allowed)
        assert (taken.status, taken.out) == (0, f"{receiver.address}: taken with status 200\n")
        assert receiver.kinds() == ["organisation:webhook:tried"]
        assert receiver.is_ours(0, made["secret"])
        receiver.status = 410
        refused = fjordly.run(*words, **allowed)
        assert (refused.status, refused.out) == (1, f"{receiver.address}: refused with status 410\n")
    assert "fails" in fjordly.done("webhook", "list", *OF_FJORDLY).out


def test_what_cannot_be_is_refused_in_a_line(fjordly: House) -> None:
    """An address that is none, an unknown organisation or receiver, one too many."""
    bad = ("http://example.org/", "ftp://example.org/", "https://a@example.org/", "https://example.org/#a", "", " ")
    for address in (*bad, f"https://example.org/{'a' * 600}"):
        refused = fjordly.run("webhook", "add", address, *OF_FJORDLY, *MEMBERS)
        assert (refused.status, refused.err.count("\n")) == (1, 1), address
    for words in (("add", ADDRESS, *MEMBERS), ("list",), ("remove", "x"), ("test", "x")):
        refused = fjordly.run("webhook", *words, "--organisation", "nobody")
        assert (refused.status, refused.err) == (1, "totrinn: there is no such organisation: nobody\n")
    assert fjordly.run("webhook", "add", ADDRESS, *OF_FJORDLY).status == 2
    for _ in range(10):
        add(fjordly)
    assert "as many as there may be" in fjordly.run("webhook", "add", ADDRESS, *OF_FJORDLY, *MEMBERS).err
