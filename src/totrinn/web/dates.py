"""Dates and times as people write them, in their language and their organisation's time zone."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from totrinn.web.languages import Language

DEFAULT_ZONE = "Europe/Oslo"

# Norwegian bokmål and nynorsk differ in the names of days; the names of months are the same.
_NORWEGIAN_MONTHS = (
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
)
_ENGLISH_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONTHS = {"nb": _NORWEGIAN_MONTHS, "nn": _NORWEGIAN_MONTHS, "en": _ENGLISH_MONTHS}
_DAYS = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "nn": ("måndag", "tysdag", "onsdag", "torsdag", "fredag", "laurdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone; an unknown name falls back to the default one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(DEFAULT_ZONE)


def date(value: datetime, language: Language, zone_name: str) -> str:
    """«24. november 2026»."""
    return f"{_day_month(_local(value, zone_name), language)} {_local(value, zone_name).year}"


def clock(value: datetime, language: Language, zone_name: str) -> str:
    """«14.32», in English 14:32."""
    return _local(value, zone_name).strftime("%H:%M" if language.code == "en" else "%H.%M")


def moment(value: datetime, language: Language, zone_name: str) -> str:
    """«24. november 2026 kl. 09.14»."""
    between = "at" if language.code == "en" else "kl."
    return f"{date(value, language, zone_name)} {between} {clock(value, language, zone_name)}"


def near(value: datetime | None, language: Language, zone_name: str, now: datetime) -> str:
    """«I dag kl. 07.55», «I går kl. 16.20», «18. november», with the year when it is another; None: «Aldri»."""
    if value is None:
        return language.say("Never")
    local, today = _local(value, zone_name), _local(now, zone_name).date()
    days = (today - local.date()).days
    if days == 0:
        return language.say("Today at %(time)s", time=clock(value, language, zone_name))
    if days == 1:
        return language.say("Yesterday at %(time)s", time=clock(value, language, zone_name))
    return _day_month(local, language) if local.year == today.year else date(value, language, zone_name)


def weekday(value: datetime, language: Language, zone_name: str) -> str:
    """«Mandag 23. november»."""
    local = _local(value, zone_name)
    day = _DAYS[language.code][local.weekday()]
    return f"{day[0].upper()}{day[1:]} {_day_month(local, language)}"


def number(value: int, language: Language) -> str:
    """«1 284», in English 1,284."""
    grouped = f"{value:,}"
    return grouped if language.code == "en" else grouped.replace(",", "\N{NO-BREAK SPACE}")


def _local(value: datetime, zone_name: str) -> datetime:
    return value.astimezone(zone(zone_name))


def _day_month(local: datetime, language: Language) -> str:
    month = _MONTHS[language.code][local.month - 1]
    return f"{local.day} {month}" if language.code == "en" else f"{local.day}. {month}"
