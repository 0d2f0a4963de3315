"""`/health/live` and `/health/ready`: for whoever watches the machine."""

from starlette.responses import PlainTextResponse, Response

from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page


def live(_: Ask) -> Response:
    """The program answers."""
    return PlainTextResponse("live\n")


def ready(ask: Ask) -> Response:
    """The program answers, and so does its database."""
    with ask.services.store.reading() as unit:
        unit.organisations.count()
    return PlainTextResponse("ready\n")


PAGES = (Page("/health/live", ANYONE, get=live), Page("/health/ready", ANYONE, get=ready))
