"""Addresses within this service: only our own relative paths are ever followed (R65)."""

from urllib.parse import quote

from totrinn.app.applications.waiting import LONGEST_ID

_LONGEST = 1024
_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?#[]@!$&'()*+,;=:%")
_LONGEST_ANSWER = len("/oauth2/answer?request=") + LONGEST_ID
_ANSWER, _CONTINUE = "/oauth2/answer", "/oauth2/continue"
_NEVER = ("/login", "/logout", "/language", "/choose-organisation", "/setup/", "/password/", "/sso/")


def own_path(target: str) -> str:
    """The target if it is a plain path of ours that one may continue to; else the empty string.

    One leading slash, then neither a slash nor a backslash; printable ASCII only, nothing that an address parser drops.
    """
    longest = _LONGEST_ANSWER if target.startswith(f"{_ANSWER}?") else _LONGEST
    if not target.startswith("/") or target[1:2] in ("/", "\\") or len(target) > longest:
        return ""
    if not _ALLOWED.issuperset(target) or "//" in target.partition("?")[0] or "\\" in target:
        return ""
    if "%" in target.partition("?")[0] or target.startswith(_NEVER):
        return ""
    return target


def continue_path(target: str) -> str:
    """Where a form leads that ends at this page of ours: an application is answered on a journey of its own."""
    return f"{_CONTINUE}{target.removeprefix(_ANSWER)}" if target.startswith(f"{_ANSWER}?") else target


def sso_path(connection_id: str, page: str, **query: str) -> str:
    """The address of one of a connection's pages; empty values are left out."""
    words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    path = f"/sso/{quote(connection_id, safe='')}/{page}"
    return f"{path}?{words}" if words else path


def with_next(path: str, target: str, *, said: str = "") -> str:
    """The path, remembering where the person wanted to go, and the notice that it opens with."""
    wanted = own_path(target)
    query = {"said": said, "next": wanted if wanted != "/" else ""}
    words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"{path}?{words}" if words else path
