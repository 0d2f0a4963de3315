"""Times and browsers as people write them, in the three languages."""

from datetime import datetime

# Bokmål and nynorsk have the same names of months.
_NORWEGIAN = "januar februar mars april mai juni juli august september oktober november desember"
_ENGLISH = "January February March April May June July August September October November December"
_MONTHS = {"nb": _NORWEGIAN.split(), "nn": _NORWEGIAN.split(), "en": _ENGLISH.split()}
_ON = {"nb": "på", "nn": "på", "en": "on"}
_UNKNOWN = {"nb": "ukjent nettleser", "nn": "ukjend nettlesar", "en": "an unknown browser"}

# The first mark that a user agent holds names it: Edge calls itself Chrome too, and Chrome calls itself Safari.
_BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def moment(local: datetime, language: str) -> str:
    """«24. november 2026 kl. 09.14», in English 24 November 2026 at 09:14."""
    month = _MONTHS[language][local.month - 1]
    if language == "en":
        return f"{local.day} {month} {local.year} at {local:%H:%M}"
    return f"{local.day}. {month} {local.year} kl. {local:%H.%M}"


def browser_name(user_agent: str, language: str) -> str:
    """«Firefox på Windows»: only what the user agent plainly says, and nothing of its own words."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return f"{browser} {_ON[language]} {system}"
    return browser or system or _UNKNOWN[language]
