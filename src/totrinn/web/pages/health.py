"""`/health/live` and `/health/ready`: for whoever watches the machine. Neither waits for a thread, or for anybody."""

from starlette.responses import PlainTextResponse, Response

from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page, Ready


async def live(_: Ready) -> Response:
    """The program answers."""
    return PlainTextResponse("live\n")


async def ready(why_not: Ready) -> Response:
    """The program can do its work; else 503, and why not, a line for each reason."""
    reasons = await why_not()
    return PlainTextResponse("".join(f"{reason}\n" for reason in reasons or ("ready",)), 503 if reasons else 200)


PAGES = (Page("/health/live", ANYONE, at_once=live), Page("/health/ready", ANYONE, at_once=ready))
