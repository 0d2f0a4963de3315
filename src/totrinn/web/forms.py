"""Reading what was sent: small, urlencoded, each field once. Anything else is refused before anybody looks at it."""

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

LARGEST_BODY = 64 * 1024
MOST_FIELDS = 60


class BadRequest(Exception):
    """The request cannot be read; `status` says how (400, 413 or 415)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def read_form(request: Request, *, largest: int = LARGEST_BODY) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body; a field that comes twice is refused (R63, R70)."""
    body = await read_body(request, largest)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        if not body and not content_type:
            return {}
        raise BadRequest(415)
    return _single(body)


def read_query(query: bytes) -> dict[str, str]:
    """The fields of a query string; of one that comes twice, none is used."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1 and "\0" not in value}


async def read_body(request: Request, largest: int) -> bytes:
    """What was sent. Raises `BadRequest` when it is larger, or breaks off."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > largest:
        raise BadRequest(413)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                raise BadRequest(413)
    except ClientDisconnect:
        raise BadRequest(400) from None
    return bytes(body)


def _single(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequest(400) from None
    form = dict(pairs)
    if len(form) != len(pairs) or any("\0" in value for value in form.values()):
        raise BadRequest(400)
    return form
