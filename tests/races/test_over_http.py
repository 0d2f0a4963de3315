"""Whatever can be used once is used once, however many processes are asked at the same moment."""

from collections.abc import Callable, Iterator

import pytest

from tests.races.nodes import Installed, Node, serving
from tests.races.people import Village, village
from tests.races.rounds import RACES, Round, run

ROUNDS = 20
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.row("R15", "R16", "R17", "R27", "R32", "R53", "R72"),
    pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__),
]


@pytest.fixture(scope="module")
def people(installed: Installed) -> Iterator[Village]:
    """Those who take part."""
    with village(installed) as people:
        yield people


@pytest.fixture(scope="module")
def node(installed: Installed) -> Iterator[Node]:
    """Three processes behind one port."""
    with serving(installed, "--workers", "3") as node:
        yield node


def test_one_of_all_who_send_it_at_once_succeeds(
    people: Village, node: Node, race: Callable[[Village, Node], Round]
) -> None:
    """Twenty rounds, each with people of its own: one success, one session, one event, and the counters are right."""
    for _ in range(ROUNDS):
        run(people, node, race)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_so_it_is_a_thousand_times(people: Village, node: Node, race: Callable[[Village, Node], Round]) -> None:
    """A thousand rounds of the same."""
    for _ in range(1000):
        run(people, node, race)
