"""One installation for all clients, served by the real program; people with and without a second factor."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.installation import PASSWORD, Installation, served
from tests.cli.commands import command
from tests.clients.person import Person
from tests.providers import node

ORGANISATION = "fjordly"
_PROGRAM = Path(__file__).parent / "openid" / "client.mjs"


def run(house: Installation, *words: str, typed: str = "") -> str:
    """Runs a command on the installation within this process, which is quicker; what it prints."""
    done = command(*words, "--data", str(house.data), typed=typed)
    assert done.status == 0, done.err
    return done.out


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """With one organisation."""
    with served(tmp_path_factory.mktemp("clients")) as installation:
        installation.organisation("Fjordly AS", ORGANISATION)
        yield installation


@pytest.fixture(scope="session")
def newcomer(house: Installation) -> Iterator[Callable[[str], Person]]:
    """Makes somebody who has never signed in."""
    everybody: list[Person] = []

    def made(name: str) -> Person:
        email = f"{name}@fjordly.example"
        about = ("--organisation", ORGANISATION, "--role", "user", "--name", name.capitalize(), "--password-stdin")
        run(house, "user", "create", email, *about, typed=f"{PASSWORD}\n")
        everybody.append(Person(house, email))
        return everybody[-1]

    yield made
    for person in everybody:
        person.http.close()


@pytest.fixture(scope="session")
def kari(newcomer: Callable[[str], Person]) -> Person:
    """Somebody who has a second factor, and is signed in by it."""
    person = newcomer("kari")
    person.enrol()
    return person


@pytest.fixture(scope="session")
def openid_client() -> Iterator[node.Talk]:
    """openid-client, of which each application is one client."""
    with node.talking(_PROGRAM, {}) as talk:
        yield talk
