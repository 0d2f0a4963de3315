"""Reading a form with files (RFC 7578): small, each field once, as strictly as other forms."""

import re
from collections.abc import Iterator
from email.message import Message

from starlette.requests import Request

from totrinn.web.forms import MOST_FIELDS, BadRequest, read_body

_KIND = "multipart/form-data"
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}", re.ASCII)
"""Without blanks (RFC 2046 §5.1.1): no browser sends one."""
_ALLOWED = {"content-disposition", "content-type"}


async def read_form_with_files(request: Request, *, largest: int) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields, and the contents of the files, by their names. Raises `BadRequest`."""
    body = await read_body(request, largest)
    told = Message()
    told["content-type"] = request.headers.get("content-type", "")
    if told.get_content_type() != _KIND:
        raise BadRequest(415)
    boundary = told.get_param("boundary")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise BadRequest(400)
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for name, is_file, content in _parts(body, boundary.encode()):
        if name in fields or name in files or len(fields) + len(files) == MOST_FIELDS:
            raise BadRequest(400)
        if is_file:
            files[name] = content
        else:
            fields[name] = _text(content)
    return fields, files


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bool, bytes]]:
    """Each part: its name, whether it is a file, its content as it came."""
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if first or not parts or not parts[-1].startswith(b"--"):
        raise BadRequest(400)
    for part in parts[:-1]:
        head, is_ended, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not part.startswith(b"\r\n") or not is_ended:
            raise BadRequest(400)
        disposition = _disposition(head)
        name = disposition.get_param("name", header="content-disposition")
        if disposition.get_content_disposition() != "form-data" or not isinstance(name, str) or not name:
            raise BadRequest(400)
        yield name, disposition.get_param("filename", header="content-disposition") is not None, content


def _disposition(head: bytes) -> Message:
    """The headers of a part; nothing that would have its content decoded (RFC 7578 §4.7)."""
    headers = Message()
    for line in head.decode("latin-1").split("\r\n"):
        name, is_header, value = line.partition(":")
        if not is_header or name.lower() not in _ALLOWED or name in headers or "\n" in value or "\r" in value:
            raise BadRequest(400)
        headers[name] = value.strip()
    return headers


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise BadRequest(400) from None
    if "\0" in text:
        raise BadRequest(400)
    return text
