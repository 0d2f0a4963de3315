"""Keys are renewed while several processes serve, and nobody notices."""

import signal
from contextlib import ExitStack

import pytest

from tests.cli.commands import command, program
from tests.cli.crowd import Crowd, browser_at, enrol, sign_in
from tests.cli.test_serving import serving
from tests.storage.held import held
from totrinn.bootstrap import open_installation

pytestmark = [pytest.mark.row("R90"), pytest.mark.timeout(900)]

ROTATIONS = 3


def test_nobody_notices_three_rotations(crowd: Crowd) -> None:
    """While people sign in, enrol and set out for SSO at three nodes, everything is sealed anew three times."""
    crowd.found(with_app=300, without=300)
    with ExitStack() as stack:
        nodes = [stack.enter_context(serving(crowd.data, **crowd.environment)) for _ in range(3)]
        ports = [node.port for node in nodes]
        with crowd.coming(*ports) as journal:
            for _ in range(ROTATIONS):
                done = program("keys", "rotate", *crowd.place, seconds=200)
                assert done.status == 0, done.err
        assert journal.failures == []
        assert min(len(journal.signed_in), len(journal.enrolled), journal.set_out) > ROTATIONS
        first, *middle, last = [key["id"] for key in command("keys", "list", "--json", *crowd.place).data]
        assert len(middle) == ROTATIONS - 1
        for old in middle:
            assert command("keys", "retire", old, *crowd.place).status == 0
        for port in ports:
            assert sign_in(browser_at(port), crowd.next_with_app()).path == "/"
            enrol(browser_at(port), crowd.next_without())
        for node in nodes:
            assert node.end(signal.SIGTERM)[0] == 0
    with open_installation(crowd.settings) as installation:
        found = held(installation.database)
        assert installation.vault.key_ids == (first, last)
    for old in middle:
        # The log tells that it was there, by name.
        assert not [value for value in found if old.encode() in value and b'"key": ' not in value]
    assert command("audit", "verify", *crowd.place).status == 0
