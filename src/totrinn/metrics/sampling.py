"""What is read from the database when somebody looks: how far organisations have come, and what waits."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from totrinn.app.operating import last_backup
from totrinn.bootstrap import open_database

if TYPE_CHECKING:
    from prometheus_client import Metric

    from totrinn.app.ports import Unit
    from totrinn.app.records import MemberCounts, OrganisationSummary
    from totrinn.config import Settings

MOST_NAMED = 1000
"""More organisations than this are named only where a setting says so."""
FRESH_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 2.0
_ALL_ORGANISATIONS = 1_000_000
_GIVEN_UP_AFTER = 15.0
_MOST_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read in one transaction."""

    at: float
    unsealed_seconds: float
    mails_waiting: int
    last_backup: datetime | None
    counts: dict[str, int]
    totals: "MemberCounts"
    organisations: "tuple[OrganisationSummary, ...]"


class Sampler(Collector):
    """Reads at most every few seconds, and keeps nobody waiting for a database that hangs."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._last: Sample | None = None
        self._readers: list[tuple[float, threading.Thread]] = []

    def describe(self) -> "list[Metric]":
        """Nothing beforehand: it would be read for that."""
        return []

    def collect(self) -> "Iterator[Metric]":
        """Without a fresh sample only that there is none."""
        sample = self._sample()
        is_up = GaugeMetricFamily("totrinn_database_up", "Whether the database answered when it was last asked")
        is_up.add_metric([], float(sample is not None))
        yield is_up
        if sample is not None:
            yield from _families(sample)

    def _sample(self) -> Sample | None:
        with self._lock:
            now = time.monotonic()
            if self._last is not None and now - self._last.at < FRESH_SECONDS:
                return self._last
            reader = self._reader(now)
        reader.join(LONGEST_WAIT_SECONDS)
        last = self._last
        return last if last is not None and last.at >= now - FRESH_SECONDS else None

    def _reader(self, now: float) -> threading.Thread:
        """The thread that reads now; a new one if none does, or the last one seems lost."""
        self._readers = [(since, thread) for since, thread in self._readers if thread.is_alive()]
        if self._readers and (now - self._readers[-1][0] < _GIVEN_UP_AFTER or len(self._readers) >= _MOST_AT_ONCE):
            return self._readers[-1][1]
        thread = threading.Thread(target=self._read, name="metrics", daemon=True)
        thread.start()
        self._readers.append((now, thread))
        return thread

    def _read(self) -> None:
        try:
            with open_database(self._settings, must_exist=True) as database, database.reading() as unit:
                self._last = _read(unit, everything=self._settings.metrics_each_organisation)
        except Exception:  # noqa: BLE001 whatever it is, there is nothing to show
            self._last = None


def _read(unit: "Unit", *, everything: bool) -> Sample:
    now = datetime.now(UTC)
    first = unit.log.unsealed(before=now, limit=1)
    filters = {"all": "all", "available": "available", "required": "required"}
    counts = {state: unit.organisations.count(filter_=name) for state, name in filters.items()}
    names_them = everything or counts["all"] <= MOST_NAMED
    limit = _ALL_ORGANISATIONS if names_them else 0
    return Sample(
        at=time.monotonic(),
        unsealed_seconds=(now - first[0].at).total_seconds() if first else 0.0,
        mails_waiting=unit.outbox.waiting(),
        last_backup=last_backup(unit),
        counts=counts,
        totals=unit.organisations.totals(),
        organisations=unit.organisations.summaries(query="", filter_="all", limit=limit, offset=0),
    )


def _families(sample: Sample) -> "Iterator[Metric]":
    yield _plain(
        "totrinn_oldest_unsealed_event_seconds", "Age of the oldest event that is not sealed", sample.unsealed_seconds
    )
    yield _plain("totrinn_mails_waiting", "Mails that have not been sent", sample.mails_waiting)
    backed_up_at = sample.last_backup.timestamp() if sample.last_backup else 0.0
    yield _plain("totrinn_last_backup_timestamp_seconds", "When the last good backup was begun; 0: never", backed_up_at)
    organisations = GaugeMetricFamily(
        "totrinn_organisations", "Customers: all, those with the feature, those that require it", labels=["state"]
    )
    for state, number in sample.counts.items():
        organisations.add_metric([state], number)
    yield organisations
    in_all = GaugeMetricFamily(
        "totrinn_all_members", "Members of all customers: without a factor, with one, through SSO", labels=["state"]
    )
    _add(in_all, [], sample.totals)
    yield in_all
    members = GaugeMetricFamily(
        "totrinn_members", "Members of each customer, likewise", labels=["organisation", "state"]
    )
    required = GaugeMetricFamily(
        "totrinn_requirement", "Whether each customer requires two-factor, now or later", labels=["organisation"]
    )
    for summary in sample.organisations:
        slug, requirement = summary.organisation.slug, summary.organisation.policy.requirement
        _add(members, [slug], summary.counts)
        required.add_metric([slug], float(requirement.since is not None or requirement.always))
    yield members
    yield required


def _plain(name: str, about: str, value: float) -> "Metric":
    return GaugeMetricFamily(name, about, value=value)


def _add(family: GaugeMetricFamily, labels: list[str], counts: "MemberCounts") -> None:
    for state, number in (("missing", counts.missing), ("has", counts.has), ("sso", counts.sso)):
        family.add_metric([*labels, state], number)
