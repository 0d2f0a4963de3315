"""`/health/live` and `/health/ready`: for whoever watches the machine."""

from starlette.responses import PlainTextResponse, Response

from totrinn.app.operating import VENDOR_SLUG
from totrinn.app.ports import LARGEST_CLOCK_DIFFERENCE
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page


def live(_: Ask) -> Response:
    """The program answers."""
    return PlainTextResponse("live\n")


def ready(ask: Ask) -> Response:
    """The program answers, and so does its database, whose clock agrees with this machine's."""
    with ask.services.store.reading() as unit:
        unit.organisations.find_by_slug(VENDOR_SLUG)
    off = abs(ask.services.store.clock_difference())
    if off > LARGEST_CLOCK_DIFFERENCE:
        return PlainTextResponse(f"the clock is {off.total_seconds():.0f} s off the database's\n", 503)
    return PlainTextResponse("ready\n")


PAGES = (Page("/health/live", ANYONE, get=live), Page("/health/ready", ANYONE, get=ready))
