"""An application that knows nothing of signing in: who asks, it reads from the headers of its reverse proxy.

`python3 app.py [PORT]` serves on this machine only. Whoever could reach it without the proxy could claim to be anybody.
"""

import html
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote
from wsgiref.simple_server import make_server

_LARGEST_NOTE = 64 * 1024
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Jobadmin</title>
<h1>Jobadmin of {organisation}</h1>
<p>You are {name} ({email}), {role}.</p>
{proof}
<h2>Notes of {organisation}</h2>
<ul>{notes}</ul>
<form method="post" action="/notes"><label>Note <input name="note" required></label><button>Add</button></form>
<p><a href="/.totrinn/sign-out">Sign out</a></p>
</html>
"""
_notes: dict[str, list[str]] = {}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application: one page, and the form on it."""
    person = environ.get("HTTP_X_TOTRINN_PERSON", "")
    if not person:
        # It was not the proxy that asked, or the proxy does not ask the gate.
        return _answer(start_response, "403 Forbidden", "Nobody is signed in.")
    organisation = environ["HTTP_X_TOTRINN_ORGANISATION_ID"]
    where = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if where == ("GET", "/"):
        return _answer(start_response, "200 OK", _page(environ, _notes.get(organisation, [])))
    if where == ("POST", "/notes"):
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _LARGEST_NOTE)
        note = parse_qs(environ["wsgi.input"].read(length).decode()).get("note", [""])[0]
        _notes.setdefault(organisation, []).append(f"{_name(environ)}: {note}")
        return _answer(start_response, "303 See Other", "", ("Location", "/"))
    return _answer(start_response, "404 Not Found", "There is no such page.")


def _name(environ: dict[str, Any]) -> str:
    """Names are percent-encoded, as headers are ASCII; who has given none is called by their address."""
    return unquote(environ["HTTP_X_TOTRINN_NAME"]) or unquote(environ["HTTP_X_TOTRINN_EMAIL"])


def _page(environ: dict[str, Any], notes: list[str]) -> str:
    by_two = environ["HTTP_X_TOTRINN_ACR"] == "urn:totrinn:acr:two-factor"
    return _PAGE.format(
        organisation=html.escape(environ["HTTP_X_TOTRINN_ORGANISATION"]),
        name=html.escape(_name(environ)),
        email=html.escape(unquote(environ["HTTP_X_TOTRINN_EMAIL"])),
        role=html.escape(environ["HTTP_X_TOTRINN_ROLE"].replace("_", " ")),
        proof=f"<p>You signed in with {'two factors' if by_two else 'one factor'}.</p>",
        notes="".join(f"<li>{html.escape(note)}</li>" for note in notes),
    )


def _answer(start_response: Callable[..., Any], status: str, text: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    # `private`: a shared cache in front of the proxy never asks the gate.
    kinds = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "private, no-store")]
    start_response(status, [*kinds, *headers])
    return [text.encode()]


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    with make_server("127.0.0.1", port, application) as server:
        server.serve_forever()
