"""Where people go on to from here: the registered applications that have a home, else the one of the settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from totrinn.web.ask import Ask

HERE = "/"
_MOST = 50


@dataclass(frozen=True, slots=True)
class Onward:
    """A way on: what the application is called, and where it is. Without a name: the page that lists several."""

    name: str
    address: str


def registered_ways(ask: "Ask") -> tuple[Onward, ...]:
    """The registered applications that are on and have a home, by name."""
    with ask.services.store.reading() as unit:
        found = unit.applications.homes(limit=_MOST)
    return tuple(Onward(name, home) for name, home in found)


def ways_on(ask: "Ask") -> tuple[Onward, ...]:
    """Those, or the application of the settings where there is none; never empty."""
    return registered_ways(ask) or (Onward(ask.application_name, ask.settings.application_url),)


def way_on(ask: "Ask") -> Onward:
    """The only way on; of several, the page where one chooses."""
    ways = ways_on(ask)
    return ways[0] if len(ways) == 1 else Onward("", HERE)
