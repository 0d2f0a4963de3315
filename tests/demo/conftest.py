"""One demonstration for all who only look around in it."""

from collections.abc import Iterator

import pytest

from tests.demo.visiting import Visit, visiting


@pytest.fixture(scope="session")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """It has told its story, and stays open until the last test is over."""
    with visiting(tmp_path_factory.mktemp("visit") / "data") as visited:
        yield visited
