"""Errands to other servers are run in turns: whoever has much to do keeps nobody else from it."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime

from totrinn.serving.errands import Errand, Errands

LONGEST = 30.0


def test_whoever_waits_gets_a_turn() -> None:
    """Of those who are always due, and take their time, no one has a second turn before all have had one."""
    names = [f"busy-{number}" for number in range(8)] + ["quiet"]
    run: list[str] = []
    has_come = threading.Event()

    def work(name: str) -> None:
        run.append(name)
        if name == "quiet":
            has_come.set()
        time.sleep(0.02)

    def due(_: datetime) -> Iterator[Errand]:
        for name in names:
            yield name, lambda name=name: work(name)  # type: ignore[misc]

    errands = Errands("test", due, at_once=2, interval=0.01)
    errands.start()
    try:
        assert has_come.wait(LONGEST)
    finally:
        errands.stop()
    before = run[: run.index("quiet")]
    assert len(set(before)) >= len(before) - 1
