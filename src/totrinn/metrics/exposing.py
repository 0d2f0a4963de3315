"""One address where Prometheus reads, whether one process counts or several.

Several write into files of one private folder, which their parent sums up when it is asked: what a process had counted
stays when it ends. The library looks for the folder in the environment, at the moment when it is loaded.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from totrinn.app.observing import NOBODY, Observer

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from totrinn.config import Settings

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def begin_sharing(settings: "Settings") -> Iterator[Callable[[int], None]]:
    """A folder for what several processes count, while the block lasts; call what comes for each that has ended.

    Must be entered before any process counts.
    """
    if settings.metrics is None:
        yield lambda _: None
        return
    with tempfile.TemporaryDirectory(prefix="totrinn-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[_FOLDER] = folder
        try:
            yield _forget_gauges
        finally:
            del os.environ[_FOLDER]


@contextmanager
def exposed(settings: "Settings", *, of_several: bool = False) -> Iterator[Observer]:
    """Whom to tell in this process; the sums can be read at the address until the block ends. Raises `OSError`."""
    if settings.metrics is None:
        yield NOBODY
        return
    if not of_several:
        os.environ.pop(_FOLDER, None)
    from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

    from totrinn.metrics.counting import Counts
    from totrinn.metrics.sampling import Sampler

    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
    counted = CollectorRegistry()
    counts = Counts(counted)
    shown = _of_several() if of_several else counted
    shown.register(Sampler(settings))
    host, port = settings.metrics
    server, thread = start_http_server(port, addr=host, registry=shown)
    try:
        yield counts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def worker_counts(settings: "Settings") -> Observer:
    """Whom to tell in one of several processes."""
    if settings.metrics is None:
        return NOBODY
    from prometheus_client import CollectorRegistry

    from totrinn.metrics.counting import Counts

    return Counts(CollectorRegistry())


def _of_several() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return registry


def _forget_gauges(process_id: int) -> None:
    """What an ended process held at its end, it holds no more."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process_id)  # type: ignore[no-untyped-call]  # the library has no types here
