"""Acts that all begin in the same moment."""

import threading
from collections.abc import Callable
from typing import Any


def together(acts: list[Callable[[], Any]]) -> list[Any]:
    """What each act returned; all begin at once."""
    start = threading.Barrier(len(acts))
    done: list[Any] = [None] * len(acts)

    def run(at: int) -> None:
        start.wait(60)
        done[at] = acts[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return done
