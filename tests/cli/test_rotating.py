"""Keys are renewed while several processes serve, and nobody notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Outcome, program
from tests.cli.crowd import Crowd, enrol, sign_in
from tests.cli.test_serving import serving
from tests.postgresql_server import PostgresqlServer
from tests.storage.held import held
from totrinn.bootstrap import open_installation
from totrinn.demo.browser import Browser

pytestmark = [pytest.mark.row("R90"), pytest.mark.timeout(400)]

ROTATIONS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    """An organisation with many people, on either database."""
    if request.param == "sqlite":
        yield Crowd(tmp_path / "data", None)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    yield Crowd(tmp_path / "data", server.url(name))
    server.drop_database(name)


def keys(crowd: Crowd, *words: str) -> Outcome:
    """Runs `totrinn keys …` as a program."""
    done = program("keys", *words, *crowd.place)
    assert done.status == 0, done.err
    return done


def test_nobody_notices_three_rotations(crowd: Crowd) -> None:
    """While people sign in, enrol and set out for SSO over three processes, everything is sealed anew three times."""
    crowd.found(with_app=400, without=400)
    with serving(crowd.data, "--workers", "3", **_database(crowd)) as server:
        with crowd.coming(server.port) as journal:
            for _ in range(ROTATIONS):
                keys(crowd, "rotate")
        assert journal.failures == []
        assert min(len(journal.signed_in), len(journal.enrolled), journal.set_out) > ROTATIONS
        first, *middle, last = [key["id"] for key in keys(crowd, "list", "--json").data]
        assert len(middle) == ROTATIONS - 1
        for old in middle:
            keys(crowd, "retire", old)
        browser = Browser(f"http://localhost:{server.port}", server.port)
        assert sign_in(browser, crowd.next_with_app()).path == "/"
        enrol(Browser(f"http://localhost:{server.port}", server.port), crowd.next_without())
    with open_installation(crowd.settings) as installation:
        found = held(installation.database)
        assert installation.vault.key_ids == (first, last)
    for old in middle:
        assert not [value for value in found if old.encode() in value and b"key" not in value]
    assert program("audit", "verify", *crowd.place).status == 0


def _database(crowd: Crowd) -> dict[str, str]:
    return {"TOTRINN_DATABASE": crowd.database} if crowd.database else {}
