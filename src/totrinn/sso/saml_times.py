"""Times as SAML writes them (SAML Core §1.3.3: UTC, `Z`), and how far two clocks may differ."""

import re
from datetime import UTC, datetime, timedelta

from totrinn.sso.saml_refusals import Refused, SamlRefusal

SKEW = timedelta(seconds=60)
"""What clocks may differ (R80)."""
FIRST_YEAR, LAST_YEAR = 1970, 9998
"""A day can be added to a time in any of these years, and taken away; a later one, which means never, is the last."""

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")


def read_time(text: str | None, what: str) -> datetime:
    """The time; `what` names it in the refusal."""
    match = _TIME.fullmatch(text or "")
    if match is None:
        raise Refused(SamlRefusal.TIME_MALFORMED, what)
    try:
        whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(SamlRefusal.TIME_MALFORMED, what) from None
    if whole.year < FIRST_YEAR:
        raise Refused(SamlRefusal.TIME_MALFORMED, f"{what}, in the year {whole.year}")
    whole = whole.replace(year=min(whole.year, LAST_YEAR))
    return whole.replace(microsecond=int((match[2] or "0").ljust(6, "0")[:6]))


def write_time(instant: datetime) -> str:
    """The time, in whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_begun(instant: datetime, now: datetime, what: str) -> None:
    """That it has come, tolerance included."""
    if now + SKEW < instant:
        raise Refused(SamlRefusal.TOO_EARLY, f"{what} is {_seconds(instant - now)} s ahead of our clock")


def check_not_over(instant: datetime, now: datetime, what: str) -> None:
    """That it has not come, tolerance included."""
    if now - SKEW >= instant:
        raise Refused(SamlRefusal.TOO_LATE, f"{what} was {_seconds(now - instant)} s ago by our clock")


def with_skew(instant: datetime) -> datetime:
    """The time, tolerance included."""
    return instant + SKEW


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
