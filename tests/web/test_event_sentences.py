"""Every event in words, in every language."""

import re
from datetime import UTC, datetime

import pytest

from totrinn.app.records import LoggedEvent
from totrinn.core.enforcement import Refusal
from totrinn.core.events import Kind
from totrinn.core.policy import Reason
from totrinn.web.event_sentences import event_text, event_tone, kind_name, own_event_text
from totrinn.web.languages import CODES, language

DETAIL = {"why": "fordi", "role": "user", "old": "user", "new": "administrator", "amr": "pwd otp mfa"}
EN = language("en")
OF_NOBODY = {Kind.SSO_REFUSED, Kind.CONNECTION_TESTED, Kind.WEBHOOK_STOPPED, Kind.WEBHOOK_GAVE_UP}
"""Where it is not known who came back from the provider, or nobody did it."""


def event(kind: str, *, actor: str = "per", actor_name: str = "Per Berg", **detail: str) -> LoggedEvent:
    """An event about Ingrid, by somebody else unless said otherwise."""
    return LoggedEvent(
        id="1",
        kind=kind,
        at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        actor=actor,
        actor_name=actor_name,
        person_id="ingrid",
        person_name="Ingrid Solheim",
        organisation_id="fjordly",
        address="192.0.2.7",
        browser="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
        detail=detail,
    )


def by_herself(kind: str, **detail: str) -> LoggedEvent:
    """Something that Ingrid did herself."""
    return event(kind, actor="ingrid", actor_name="Ingrid Solheim", **detail)


@pytest.mark.row("R92", "R97")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("kind", Kind)
def test_every_event_is_said_in_every_language(kind: Kind, code: str) -> None:
    """As a sentence with the names in it, for the log, the filter and one's own activity."""
    spoken = language(code)
    for each in (event(kind, **DETAIL), by_herself(kind), event(kind, actor="", actor_name="")):
        texts = [*event_text(spoken, each), *own_event_text(spoken, each), kind_name(spoken, kind)]
        assert all(texts[at] for at in (0, 2, 4))
        assert not re.search(r"%\(|%s|None|:\w+:", " ".join(texts))
    text, _ = event_text(spoken, event(kind, **DETAIL))
    assert kind in OF_NOBODY or "Ingrid Solheim" in text or "Per Berg" in text
    assert event_tone(kind) in ("plain", "ok", "warn", "danger")


@pytest.mark.parametrize("code", ["nb", "nn"])
def test_no_two_events_are_told_alike(code: str) -> None:
    """Whoever filters sees what they choose, and it is not the English."""
    names = [kind_name(language(code), kind) for kind in Kind]
    assert len(set(names)) == len(names)
    assert not set(names) & {kind_name(EN, kind) for kind in Kind}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nb", "Ingrid Solheim satte opp totrinnsbekreftelse"),
        ("nn", "Ingrid Solheim sette opp totrinnsstadfesting"),
        ("en", "Ingrid Solheim set up two-factor authentication"),
    ],
)
def test_events_are_told_in_the_past_with_names(code: str, said: str) -> None:
    """As one person tells another."""
    text, details = event_text(language(code), by_herself(Kind.FACTOR_ENROLLED))
    assert text == said
    assert details.endswith("Windows, 192.0.2.7")


@pytest.mark.parametrize(
    ("amr", "said"),
    [
        ("pwd", "Logget inn med passord"),
        ("pwd otp mfa", "Logget inn med passord og engangskode"),
        ("pwd mfa", "Logget inn med passord og reservekode"),
    ],
)
def test_ones_own_sign_in_says_how(amr: str, said: str) -> None:
    """Nobody is told of a one-time code that was a recovery code."""
    assert own_event_text(language("nb"), by_herself(Kind.SIGNED_IN, amr=amr)) == (said, "Firefox på Windows")


@pytest.mark.parametrize(
    ("told", "text", "details"),
    [
        (event(Kind.FACTOR_RESET, why="mistet"), "Per Berg reset two-factor authentication for Ingrid", "“mistet”"),
        (event(Kind.ROLE_CHANGED, old="user", new="administrator"), "Per Berg changed the", "User → administrator"),
        (by_herself(Kind.ROLE_CHANGED), "Ingrid Solheim changed their own role", ""),
        (by_herself(Kind.SESSIONS_ENDED, count="2"), "Ingrid Solheim ended own sessions", "2 sessions"),
        (event(Kind.SESSIONS_ENDED, count="1"), "Per Berg ended sessions of Ingrid Solheim", "1 session"),
        (event(Kind.FEATURE_GRANTED, actor="operator:root", actor_name="operator:root"), "The operator (root)", ""),
        (event(Kind.SETTINGS_CHANGED, name="F", language="nn"), "Per Berg", "Name: F, Language: Nynorsk"),
        (event(Kind.REQUIREMENT_ON, **{"from": "2026-11-30T23:00:00+00:00"}), "Per Berg", "From 1 December 2026"),
        (event(Kind.REQUIREMENT_REFUSED, reason="expired"), "A change", "More than five minutes passed"),
        (event(Kind.ACCESS_REFUSED, method="POST", path="/vendor"), "Ingrid", "POST /vendor"),
        (event(Kind.RECOVERY_CODE_USED, left="9"), "Ingrid", "9 of 10 left"),
        (event(Kind.CODE_REFUSED, clock_off_seconds="-180"), "A wrong", "The phone’s clock was about 3 minutes off"),
        (event(Kind.HELD_AT_ENROLMENT, reason="required"), "Ingrid", "The organisation requires it"),
    ],
)
def test_what_is_known_beside_the_people_is_told(told: LoggedEvent, text: str, details: str) -> None:
    """Reasons, roles, numbers, dates in the organisation's time zone, settings."""
    said = event_text(EN, told)
    assert said[0].startswith(text)
    assert said[1].startswith(details)


@pytest.mark.row("R95")
@pytest.mark.parametrize("kind", Kind)
def test_ones_own_activity_hides_network_addresses(kind: Kind) -> None:
    """Of others neither address nor browser; one's own address stands at the sessions."""
    assert "192.0.2.7" not in " ".join(own_event_text(EN, event(kind, **DETAIL)))


def test_an_event_of_a_later_version_is_shown_by_its_name() -> None:
    """Nothing is left out of the log because an older program reads it."""
    assert event_text(EN, event("organisation:token:issued")) == ("organisation:token:issued", "")
    assert own_event_text(EN, event("organisation:token:issued")) == ("organisation:token:issued", "")
    assert event_tone("organisation:token:issued") == "plain"


@pytest.mark.parametrize("reason", [*Reason, *Refusal, "nonsense"])
def test_every_reason_can_be_told(reason: str) -> None:
    """What is unknown is left out, and breaks nothing."""
    _, details = event_text(EN, event(Kind.SESSION_NO_LONGER_ADMITTED, reason=reason))
    assert "_" not in details
