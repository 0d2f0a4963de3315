"""What is counted where it happens."""

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from totrinn.app.observing import Observer
from totrinn.core.events import Event, Kind

_SIGNIN = {
    Kind.SIGNED_IN: "admitted",
    Kind.HELD_AT_ENROLMENT: "held_at_enrolment",
    Kind.PASSWORD_REFUSED: "password_refused",
    Kind.SIGNIN_THROTTLED: "throttled",
    Kind.SSO_REFUSED: "sso_refused",
}
_CODE = {
    Kind.CODE_REFUSED: "refused",
    Kind.CODE_REPLAYED: "replayed",
    Kind.RECOVERY_CODE_USED: "recovery_code_accepted",
    Kind.RECOVERY_CODE_REFUSED: "recovery_code_refused",
}
_FACTOR = {
    Kind.FACTOR_ENROLLED: "enrolled",
    Kind.FACTOR_REPLACED: "replaced",
    Kind.FACTOR_REMOVED: "removed",
    Kind.FACTOR_RESET: "reset",
}
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_WAIT_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Children(dict[tuple[str, ...], Any]):
    """The series of one metric by their labels: the library's own way to them costs more than the counting."""

    def __init__(self, metric: Counter | Histogram) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        child = self[labels] = self._metric.labels(*labels)
        return child


class Counts(Observer):
    """Counts in this process, or in its share of what several processes count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._of_kind: dict[Kind, tuple[Any, ...]] = {}
        self._make_counters(registry)
        self._make_the_queue(registry)
        seconds = Histogram(
            "totrinn_request_seconds", "How long answers took, by route", ["route"],
            buckets=_REQUEST_SECONDS, registry=registry,
        )  # fmt: skip
        self._request_seconds = _Children(seconds)

    def _make_counters(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> _Children:
            return _Children(Counter(name, about, labels, registry=registry))

        self._events = counter("totrinn_events", "Events written to the log, by kind", "kind")
        self._signins = counter("totrinn_signins", "Sign-ins by what became of them", "outcome")
        self._codes = counter("totrinn_codes", "Second-factor codes at sign-in, by what became of them", "outcome")
        self._factors = counter("totrinn_factors", "Authenticators set up, replaced, removed and reset", "change")
        self._verdicts = counter("totrinn_verdicts", "Verdicts on requests that need a sign-in", "verdict")
        self._gated = counter("totrinn_gate_checks", "Checks of the gate, by what became of them", "outcome")
        self._requests = counter(
            "totrinn_requests", "Requests by method, route and class of status", "method", "route", "status"
        )
        self._providers = counter(
            "totrinn_provider_requests", "Requests to identity providers, by what became of them", "outcome"
        )
        about = "Transactions that failed as the database was gone, full, locked or too busy"
        self._store_failures = Counter("totrinn_database_failures", about, registry=registry)
        self._house = counter("totrinn_housekeeping", "Rounds of each work of the housekeeping", "work", "outcome")

    def _make_the_queue(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, about: str) -> Gauge:
            return Gauge(name, about, registry=registry, multiprocess_mode="livesum")

        self._queued = gauge("totrinn_hash_waiting", "Sign-ins that wait for a core to hash a password on")
        self._running = gauge("totrinn_hash_running", "Passwords that are hashed now")
        self._refused = Counter(
            "totrinn_hash_refused", "Sign-ins told to come back, as too many waited", registry=registry
        )
        self._waited = Histogram(
            "totrinn_hash_wait_seconds", "How long sign-ins waited for a core",
            buckets=_WAIT_SECONDS, registry=registry,
        )  # fmt: skip

    def committed(self, events: Sequence[Event]) -> None:
        """Events, and what follows from them."""
        for event in events:
            for series in self._of_kind.get(event.kind) or self._learn(event.kind):
                series.inc()
            if event.kind is Kind.SIGNED_IN and _is_code_accepted(event, events):
                self._codes[("accepted",)].inc()

    def _learn(self, kind: Kind) -> tuple[Any, ...]:
        """The series that an event of this kind counts in."""
        followed = ((self._signins, _SIGNIN), (self._codes, _CODE), (self._factors, _FACTOR))
        more = (counter[(words[kind],)] for counter, words in followed if kind in words)
        self._of_kind[kind] = series = (self._events[(kind.value,)], *more)
        return series

    def store_failed(self) -> None:
        """Whatever the cause."""
        self._store_failures.inc()

    def judged(self, verdict: str) -> None:
        """By the verdict's name."""
        self._verdicts[(verdict,)].inc()

    def gated(self, outcome: str) -> None:
        """By outcome."""
        self._gated[(outcome,)].inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """By class of status; "none" when nothing was answered."""
        self._requests[(method, route, f"{status // 100}xx" if status else "none")].inc()
        self._request_seconds[(route,)].observe(seconds)

    def hash_queued(self, change: int) -> None:
        """The queue's length."""
        self._queued.inc(change)

    def hash_running(self, change: int) -> None:
        """The places taken."""
        self._running.inc(change)

    def hash_waited(self, seconds: float) -> None:
        """One turn."""
        self._waited.observe(seconds)

    def hash_refused(self) -> None:
        """One turned away."""
        self._refused.inc()

    def provider_asked(self, outcome: str) -> None:
        """By outcome."""
        self._providers[(outcome,)].inc()

    def house_kept(self, work: str, *, has_failed: bool) -> None:
        """By work and outcome."""
        self._house[(work, "failed" if has_failed else "done")].inc()


def _is_code_accepted(started: Event, events: Sequence[Event]) -> bool:
    """Whether an authenticator's code opened the session, and not the code that confirmed a new one."""
    if "otp" not in started.detail.get("amr", "").split():
        return False
    return all(event.kind is not Kind.FACTOR_ENROLLED for event in events)
