"""What is counted where it happens."""

from collections.abc import Sequence

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


class Counts(Observer):
    """Counts in this process, or in its share of what several processes count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._make_counters(registry)
        self._make_the_queue(registry)
        self._request_seconds = Histogram(
            "totrinn_request_seconds", "How long answers took, by route", ["route"],
            buckets=_REQUEST_SECONDS, registry=registry,
        )  # fmt: skip

    def _make_counters(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(name, about, labels, registry=registry)

        self._events = counter("totrinn_events", "Events written to the log, by kind", "kind")
        self._signins = counter("totrinn_signins", "Sign-ins by what became of them", "outcome")
        self._codes = counter("totrinn_codes", "Second-factor codes at sign-in, by what became of them", "outcome")
        self._factors = counter("totrinn_factors", "Authenticators set up, replaced, removed and reset", "change")
        self._verdicts = counter("totrinn_verdicts", "Verdicts on requests that need a sign-in", "verdict")
        self._requests = counter(
            "totrinn_requests", "Requests by method, route and class of status", "method", "route", "status"
        )
        self._providers = counter(
            "totrinn_provider_requests", "Requests to identity providers, by what became of them", "outcome"
        )
        self._store_failures = counter(
            "totrinn_database_failures", "Transactions that failed as the database was gone, full, locked or too busy"
        )
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
            self._events.labels(event.kind.value).inc()
            for counter, words in ((self._signins, _SIGNIN), (self._codes, _CODE), (self._factors, _FACTOR)):
                if event.kind in words:
                    counter.labels(words[event.kind]).inc()
        if _is_code_accepted(events):
            self._codes.labels("accepted").inc()

    def store_failed(self) -> None:
        """Whatever the cause."""
        self._store_failures.inc()

    def judged(self, verdict: str) -> None:
        """By the verdict's name."""
        self._verdicts.labels(verdict).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """By class of status; "none" when nothing was answered."""
        self._requests.labels(method, route, f"{status // 100}xx" if status else "none").inc()
        self._request_seconds.labels(route).observe(seconds)

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
        self._providers.labels(outcome).inc()

    def house_kept(self, work: str, *, has_failed: bool) -> None:
        """By work and outcome."""
        self._house.labels(work, "failed" if has_failed else "done").inc()


def _is_code_accepted(events: Sequence[Event]) -> bool:
    """A session that an authenticator's code opened, and not the code that confirmed a new one."""
    kinds = {event.kind for event in events}
    return Kind.FACTOR_ENROLLED not in kinds and any(
        event.kind is Kind.SIGNED_IN and "otp" in event.detail.get("amr", "").split() for event in events
    )
