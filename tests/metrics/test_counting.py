"""What is counted, and what never becomes a label."""

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.docs.reading import DOCS, rows
from totrinn.app.errors import StoreUnavailable
from totrinn.app.landing import Visitor
from totrinn.app.operating import create_organisation, create_person
from totrinn.bootstrap import Installation, create_installation, serve_installation
from totrinn.config import Settings, read_settings
from totrinn.core.events import Event, Kind, Source
from totrinn.core.roles import Role
from totrinn.metrics import sampling
from totrinn.metrics.counting import Counts
from totrinn.metrics.sampling import Sampler

OPERATOR = Source("operator:test")
NOW = datetime.now(UTC)
VISITOR = Visitor(now=NOW, address="192.0.2.1", browser="Firefox")


class Counted:
    """An installation whose happenings are counted."""

    def __init__(self, installation: Installation, registry: CollectorRegistry) -> None:
        self.installation = installation
        self.registry = registry

    def value(self, name: str, **labels: str) -> float:
        """What has been counted under this name."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def series(self) -> int:
        """How many series there are."""
        return sum(len(family.samples) for family in self.registry.collect())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with nobody in it."""
    settings = read_settings({}, data=tmp_path)
    with create_installation(settings, VISITOR, OPERATOR):
        return settings


@pytest.fixture
def counted(settings: Settings) -> Iterator[Counted]:
    """The same, counted."""
    registry = CollectorRegistry()
    with serve_installation(settings, Counts(registry)) as installation:
        yield Counted(installation, registry)


def an_event(kind: Kind, **detail: str) -> Event:
    """Something that happened."""
    return Event(kind, NOW, OPERATOR, detail=detail)


def write(counted: Counted, *events: Event) -> None:
    """In one transaction."""
    with counted.installation.services.store.writing() as unit:
        for event in events:
            unit.log.write(event)


def test_what_was_committed_is_counted(counted: Counted) -> None:
    """A sign-in by its outcome, a code by its own, and each event by its kind."""
    write(counted, an_event(Kind.SIGNED_IN, amr="pwd otp mfa"))
    write(counted, an_event(Kind.PASSWORD_REFUSED), an_event(Kind.SIGNIN_THROTTLED))
    write(counted, an_event(Kind.CODE_REPLAYED))
    assert counted.value("totrinn_signins_total", outcome="admitted") == 1
    assert counted.value("totrinn_signins_total", outcome="password_refused") == 1
    assert counted.value("totrinn_signins_total", outcome="throttled") == 1
    assert counted.value("totrinn_codes_total", outcome="accepted") == 1
    assert counted.value("totrinn_codes_total", outcome="replayed") == 1
    assert counted.value("totrinn_events_total", kind="signin:session:started") == 1


def test_the_code_that_confirms_an_enrolment_is_no_second_factor_accepted(counted: Counted) -> None:
    """It opens a session in the same transaction; there was no factor before."""
    write(counted, an_event(Kind.FACTOR_ENROLLED), an_event(Kind.SIGNED_IN, amr="pwd otp mfa"))
    assert counted.value("totrinn_factors_total", change="enrolled") == 1
    assert counted.value("totrinn_codes_total", outcome="accepted") == 0


def test_what_was_rolled_back_is_not_counted(counted: Counted) -> None:
    """An event whose transaction failed has not happened."""
    with contextlib.suppress(LookupError), counted.installation.services.store.writing() as unit:
        unit.log.write(an_event(Kind.SIGNED_IN))
        raise LookupError
    assert counted.value("totrinn_events_total", kind="signin:session:started") == 0


def test_a_database_that_fails_is_counted(counted: Counted, settings: Settings) -> None:
    """Each transaction that it refused."""
    counted.installation.database.engines.dispose()
    assert settings.data is not None
    database = settings.data / "totrinn.sqlite3"
    database.unlink()
    database.mkdir()
    with pytest.raises(StoreUnavailable), counted.installation.services.store.reading():
        pass
    assert counted.value("totrinn_database_failures_total") == 1


def test_every_metric_stands_in_the_document_and_no_other(settings: Settings) -> None:
    """Name, kind, labels and meaning, as they are in the code."""
    registry = CollectorRegistry()
    Counts(registry)
    registry.register(Sampler(settings))
    known = {family.name: (family.type, family.documentation) for family in registry.collect()}
    told = {row[0].strip("`"): row for row in rows(DOCS / "operate" / "metrics.md") if row[0].startswith("`totrinn_")}
    for name, row in told.items():
        assert known.pop(name.removesuffix("_total")) == (row[1], row[3])
        assert _labels(registry, name) == tuple(re.findall(r"`(\w+)`", row[2])), name
    assert known == {}


def _labels(registry: CollectorRegistry, name: str) -> tuple[str, ...]:
    collector = registry._names_to_collectors.get(name.removesuffix("_total"))
    if collector is not None:
        return tuple(collector._labelnames)  # type: ignore[attr-defined]  # of every metric of the library
    labels: dict[str, tuple[str, ...]] = {
        "organisations": ("state",),
        "all_members": ("state",),
        "requirement": ("organisation",),
    }
    labels |= {"members": ("organisation", "state")}
    return labels.get(name.removeprefix("totrinn_"), ())


def test_adoption_is_told_by_organisation(settings: Settings, counted: Counted) -> None:
    """How many have a factor, and who requires it; of persons nothing."""
    services = counted.installation.services
    create_organisation(services, VISITOR, OPERATOR, name="Fjordly AS", slug="fjordly")
    for number in range(3):
        create_person(
            services, VISITOR, OPERATOR, email=f"kari{number}@fjordly.example", name="", slug="fjordly",
            role=Role.USER, password="mild regn over fjorden",
        )  # fmt: skip
    registry = CollectorRegistry()
    registry.register(Sampler(settings))
    assert registry.get_sample_value("totrinn_members", {"organisation": "fjordly", "state": "missing"}) == 3
    assert registry.get_sample_value("totrinn_all_members", {"state": "missing"}) == 3
    assert registry.get_sample_value("totrinn_requirement", {"organisation": "fjordly"}) == 0
    assert registry.get_sample_value("totrinn_database_up") == 1


def test_many_organisations_are_named_only_when_asked(
    settings: Settings, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums, however many there are."""
    monkeypatch.setattr(sampling, "MOST_NAMED", 1)
    for slug in ("fjordly", "bakkeby"):
        create_organisation(counted.installation.services, VISITOR, OPERATOR, name=slug, slug=slug)
    registry = CollectorRegistry()
    registry.register(Sampler(settings))
    assert registry.get_sample_value("totrinn_organisations", {"state": "all"}) == 2
    assert registry.get_sample_value("totrinn_requirement", {"organisation": "fjordly"}) is None
