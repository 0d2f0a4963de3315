"""The demonstration plays its story to the end, touches nothing that is not its own, and ends with the address."""

import re
import resource
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.commands import Outcome, command, program
from tests.demo.visiting import Visit, visiting
from totrinn.demo.browser import Browser
from totrinn.demo.people import PEOPLE
from totrinn.demo.seeding import new_password

STEPS = 16
MOST_SECONDS = 15
"""Of work; it is some three, or twice that on a machine that is busy."""
REGISTERED = [person for person in PEOPLE if person.is_registered]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, float]:
    """One run from start to end: the folder, what was said, and how many seconds of work it was."""
    data = tmp_path_factory.mktemp("demo") / "data"
    before = _seconds_of_work()
    outcome = program("demo", "--data", str(data), "--once", "--port", str(_free_port()))
    return data, outcome, _seconds_of_work() - before


def _seconds_of_work() -> float:
    """What the programs that this process has started have used: no matter how busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_story_comes_true(played: tuple[Path, Outcome, float]) -> None:
    """Every step is ticked, over HTTP, and nothing is said on stderr."""
    _, outcome, seconds = played
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.count("✓") == STEPS
    assert seconds < MOST_SECONDS


def test_the_address_comes_last(played: tuple[Path, Outcome, float]) -> None:
    """Whoever reads nothing else reads that."""
    assert re.fullmatch(r"http://localhost:\d+", played[1].out.splitlines()[-1])


def test_everybody_has_a_password_that_can_be_read_and_typed(played: tuple[Path, Outcome, float]) -> None:
    """One line a person, with their address; each password is another, and long enough."""
    found = dict(re.findall(r"(\S+@\S+)\s+((?:[a-z]+-){3}[a-z]+)", played[1].out))
    assert set(found) == {person.email for person in REGISTERED}
    assert len(set(found.values())) == len(REGISTERED)
    assert all(len(password) >= 16 for password in found.values())


def test_both_ways_into_an_organisation_that_requires_two_factor_are_told(played: tuple[Path, Outcome, float]) -> None:
    """Who comes through SSO is not disturbed; who comes with a password enrols: the same person, too."""
    ticks = [line for line in played[1].out.splitlines() if "✓" in line]
    for words in (
        "clicks on and notices nothing",
        "is let in undisturbed",
        "the same Åse is held",
        "made him a member",
        "has signed Jon Dalen out; Åse Bakken works on",
        "leads in: Jobadmin knows who he is",
    ):
        assert [words in tick for tick in ticks].count(True) == 1, words
    assert ticks.index(next(tick for tick in ticks if "She confirmed" in tick)) < ticks.index(
        next(tick for tick in ticks if "undisturbed" in tick)
    )


def test_who_comes_through_sso_and_where_is_told(played: tuple[Path, Outcome, float]) -> None:
    """The page to begin at, the provider's page, and who has no other way."""
    out = played[1].out
    assert re.search(r"SSO +http://localhost:\d+/login/sso +\S.*@nordlys\.example\n", out)
    assert re.search(r"http://localhost:\d+/demo/provider +\S", out)
    assert re.search(r"sivert@nordlys\.example +none: through SSO only\n", out)


def test_nothing_is_left_but_the_installation_and_the_phone(played: tuple[Path, Outcome, float]) -> None:
    """The provider keeps nothing anywhere."""
    left = {path.name.partition("-")[0] for path in played[0].iterdir()}
    assert left == {".totrinn", "keys", "phone.json", "totrinn.sqlite3"}


def test_only_the_owner_can_read_what_is_left(played: tuple[Path, Outcome, float]) -> None:
    """Keys and secrets of the demonstration are closed to others, like real ones."""
    open_to_others = [path for path in played[0].rglob("*") if path.stat().st_mode & 0o077]
    assert [path for path in open_to_others if not path.name.startswith("totrinn.sqlite3-")] == []


def test_each_start_makes_everything_anew(played: tuple[Path, Outcome, float]) -> None:
    """The second run plays the same story on the same folder, with other passwords."""
    data, first, _ = played
    second = program("demo", "--data", str(data), "--once", "--port", str(_free_port()))
    assert second.status == 0
    passwords = [set(re.findall(r"(?:[a-z]+-){3}[a-z]+", outcome.out)) for outcome in (first, second)]
    assert passwords[0] & passwords[1] == set()


def test_the_environment_has_no_say(tmp_path: Path) -> None:
    """A demonstration never touches the installation that the settings name."""
    elsewhere = tmp_path / "elsewhere"
    outcome = program(
        *("demo", "--data", str(tmp_path / "data"), "--once", "--port", str(_free_port())),
        TOTRINN_DATA=str(elsewhere),
        TOTRINN_DATABASE="postgresql://localhost:1/never",
        TOTRINN_BASE_URL="https://login.example",
    )
    assert outcome.status == 0
    assert not elsewhere.exists()
    assert "login.example" not in outcome.out


@pytest.mark.parametrize("name", ["notes.txt", "totrinn.sqlite3"])
def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path, name: str) -> None:
    """Nothing of it is touched, whatever it is."""
    (tmp_path / name).write_text("mine", encoding="utf-8")
    outcome = command("demo", "--data", str(tmp_path), "--once")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """One line, as for every expected error."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    outcome = command("demo", "--data", str(tmp_path / "file"), "--once")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)


def test_a_real_installation_is_left_alone(tmp_path: Path) -> None:
    """The folder that `init` made is not the demo's."""
    data = tmp_path / "data"
    assert command("init", "--data", str(data)).status == 0
    assert command("demo", "--data", str(data), "--once").status == 1
    assert command("doctor", "--data", str(data)).status == 0


def test_passwords_are_words_of_the_list() -> None:
    """Each is drawn anew."""
    assert len({new_password(["fjord", "lampe", "bakke", "vinter"]) for _ in range(200)}) > 50


def test_a_taken_port_gives_the_next_free_one(visit: Visit) -> None:
    """It is said, so that nobody waits at the wrong door."""
    assert "was taken" in visit.said


def test_only_this_machine_is_served(visit: Visit) -> None:
    """Nothing listens on the machine's other addresses."""
    with socket.socket(socket.AF_INET) as probe:
        probe.bind(("127.0.0.2", visit.port))


def test_the_visitor_signs_in_as_in_the_table(visit: Visit) -> None:
    """Kari gets in with her password, as her organisation does not require more yet."""
    browser = Browser(f"http://localhost:{visit.port}", visit.port)
    email = "kari@fjordly.example"
    home = browser.post(browser.visit("/login").form("/login"), email=email, password=visit.password(email))
    assert (home.status, home.path) == (200, "/")


def test_the_phone_has_those_who_have_enrolled(visit: Visit) -> None:
    """Their codes are there to be typed."""
    page = visit.browser.get("/demo/phone")
    assert page.status == 200
    enrolled = [person.email for person in PEOPLE if person.enrolled]
    assert [email for email in enrolled if email not in page.text] == []


def test_a_key_is_added_to_the_phone_and_taken_off(visit: Visit) -> None:
    """By pasting it; what is no key is said to be none."""
    form = visit.browser.get("/demo/phone").form("/demo/phone")
    assert visit.browser.post(form, key="hei").status == 422
    added = visit.browser.post(form, key="GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", label="Somebody")
    assert (added.status, "Somebody" in added.text) == (200, True)
    remove = re.search(r"/demo/phone/[0-9a-f]+/remove", added.text)
    assert remove
    assert "Somebody" not in visit.browser.post(added.form(remove[0])).text


def test_the_phone_takes_nothing_from_elsewhere(visit: Visit) -> None:
    """Its forms are bound to its own pages, like all others."""
    form = visit.browser.get("/demo/phone").form("/demo/phone")
    form.fields["csrf"] = "0" * 64
    assert visit.browser.post(form, key="GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ").status == 403


def test_the_mailbox_holds_the_mails_of_the_story(visit: Visit) -> None:
    """In the language of whoever they are for, and searchable."""
    page = visit.browser.get("/demo/mailbox")
    assert page.status == 200
    assert "jon@nordlys.example" in page.text
    assert "Totrinnsstadfesting er sett opp" in page.text
    found = visit.browser.get("/demo/mailbox?q=jon@nordlys.example")
    assert "jon@nordlys.example" in found.text
    assert "ingrid@fjordly.example" not in found.text


def test_a_second_demo_in_the_same_folder_is_refused(visit: Visit) -> None:
    """Nobody's demonstration is emptied under their feet."""
    found = re.search(r"Everything in (\S+) is", visit.said)
    assert found
    outcome = command("demo", "--data", found[1], "--once")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert visit.browser.get("/health/ready").status == 200


def test_the_log_of_the_story_can_be_verified(visit: Visit) -> None:
    """What the demonstration leaves is an installation like any other."""
    found = re.search(r"Everything in (\S+) is", visit.said)
    assert found
    assert command("audit", "verify", "--data", found[1]).status == 0


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """Ctrl-C is status 0 and no traceback."""
    with visiting(tmp_path / "data") as visited:
        visited.process.send_signal(signal.SIGINT)
        _, err = visited.process.communicate(timeout=30)
        assert (visited.process.returncode, err) == (0, "")
