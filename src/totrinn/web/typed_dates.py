"""Dates as people type them: «01.12.2026» or 2026-12-01, with or without the time, in the organisation's time zone."""

import re
from datetime import UTC, datetime, timedelta

from totrinn.web import dates

FURTHEST = timedelta(days=3653)
"""A requirement from a date more than ten years ahead is a slip of the finger."""
_DATE = r"(?:(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})|(?P<iso>\d{4}-\d{2}-\d{2}))"
_TIME = r"(?:(?:T|,?\s+(?:kl\.?\s*)?)(?P<hour>\d{1,2})[.:](?P<minute>\d{2}))?"
_TYPED = re.compile(_DATE + _TIME, re.ASCII)


def read_date(typed: str, zone_name: str) -> datetime | None:
    """The time in UTC; a date alone means its first minute. None for what is no date."""
    found = _TYPED.fullmatch(typed.strip())
    if found is None:
        return None
    year, month, day = found["iso"].split("-") if found["iso"] else (found["year"], found["month"], found["day"])
    hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
    try:
        local = datetime(int(year), int(month), int(day), hour, minute, tzinfo=dates.zone(zone_name))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def typed_date(value: datetime | None, zone_name: str) -> str:
    """The time as it would be typed; empty for none."""
    if value is None:
        return ""
    local = value.astimezone(dates.zone(zone_name))
    return local.strftime("%d.%m.%Y" if (local.hour, local.minute) == (0, 0) else "%d.%m.%Y %H.%M")
