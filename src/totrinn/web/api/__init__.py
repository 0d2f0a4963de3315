"""`/api/v1`: what the pages do, for programs, as JSON. Loaded when it is first asked for: starting stays quick."""

from types import ModuleType

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from totrinn.web.routing import Desk

BASE = "/api/v1"


async def serve(request: Request, desk: Desk) -> Response:
    """Answers one request under `/api/v1`."""
    serving = await to_thread.run_sync(_serving)
    answer: Response = await serving.serve(request, desk)
    return answer


def _serving() -> ModuleType:
    from totrinn.web.api import serving

    return serving
