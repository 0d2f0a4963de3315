"""The primary dies, its standby leads: nothing acknowledged is lost, and people sign in again by themselves."""

import time
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import Tell
from tests.faults.rounds import stage

_PATIENCE_SECONDS = 120


@pytest.mark.torture
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("nodes", "strict"), [(2, False), (3, True)], ids=["synchronous", "strictly synchronous"])
def test_a_primary_that_dies_loses_nothing(nodes: int, strict: bool, folder: Path, told: Tell) -> None:
    """Sessions, enrolments, codes: the standby had heard of each before anybody was told."""
    with Cluster(nodes, strict=strict) as cluster, stage(folder, nodes, database=cluster.url) as rounds:
        rounds.work(5, "sign_in")
        with rounds.crowd.at_work():
            time.sleep(3)
            cluster.kill_primary()
            began, before = time.monotonic(), rounds.journal.acts["sign_in done"]
            while rounds.journal.acts["sign_in done"] == before:
                assert time.monotonic() < began + _PATIENCE_SECONDS, rounds.product.said()
                time.sleep(0.05)
            told(f"{nodes} nodes, strict {strict}: next sign-in {time.monotonic() - began:.1f} s after the kill")
            time.sleep(3)
        rounds.check()
