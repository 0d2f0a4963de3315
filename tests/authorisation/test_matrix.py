"""Every route, by every method, for everybody: what was decided is what is done."""

import re
from collections.abc import Iterator

import pytest

from tests.authorisation.house import furnished, services_in
from tests.authorisation.matrix import FILE, matrix, routes
from tests.web.house import PASSWORD


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What comes of it today."""
    services = services_in(tmp_path_factory.mktemp("matrix"))
    yield matrix(furnished(services, services.passwords.hash(PASSWORD)))
    services.store.close()  # type: ignore[attr-defined]


@pytest.mark.row("R39")
@pytest.mark.row("R46")
@pytest.mark.row("R47")
def test_everybody_gets_as_far_as_is_written_down(written: str) -> None:
    """A route that opens to somebody else than before, or is new, shows as a change of `matrix.txt`."""
    assert written == FILE.read_text(encoding="utf-8"), "look at the difference, then `make update-docs`"


def test_nothing_fails_whoever_asks(written: str) -> None:
    """No route answers anybody by a 5xx, save that the process is not ready (503), or does not do that at all (501)."""
    unexpected = re.compile(r"\n {4}50[02]|\n {4}503 +(?! |everybody)")
    failing = [block.partition("\n")[0] for block in written.split("\n\n") if unexpected.search(block)]
    assert failing == []


def test_every_route_is_tried() -> None:
    """By each of its methods, of one's own organisation and of another."""
    tried = {(route.method, route.path) for route in routes()}
    assert all(f"{method} {path}\n" in FILE.read_text(encoding="utf-8") for method, path in tried)
    assert len(tried) > 100
