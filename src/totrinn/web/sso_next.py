"""Where somebody wanted to go when they set out for their provider: their browser keeps it, a cookie for each window.

It is followed as far as any `next`: to pages of ours only. All that are kept may have 4000 bytes, since what is sent
with every request must fit into eight kilobytes; whoever opens many windows loses the oldest ways first.
"""

from urllib.parse import quote, unquote

from starlette.responses import Response

from totrinn.web.ask import Ask
from totrinn.web.cookies import drop_next, keep_next, name_of_next, next_cookies
from totrinn.web.paths import own_path

_MOST_BYTES = 4000
_TAG_LENGTH = 12
_AS_THEY_ARE = "/?#[]@!$&'()*+=:"
"""Of the signs of an address those that a cookie may hold, too (RFC 6265 §4.1.1)."""


def remember(ask: Ask, response: Response, state: str, target: str) -> None:
    """Has the browser keep where to go on to after the sign-in with this state."""
    if not target:
        return
    written = f"{int(ask.visitor.now.timestamp()):010}.{quote(target, safe=_AS_THEY_ARE)}"
    name = _name(ask, state)
    room = _MOST_BYTES - len(name) - len(written)
    kept = next_cookies(ask.jar)
    for other in sorted(kept, key=kept.__getitem__, reverse=True):
        room -= len(other) + len(kept[other])
        if room < 0:
            drop_next(response, other, secure=ask.jar.secure)
    keep_next(response, name, written, secure=ask.jar.secure)


def remembered(ask: Ask, state: str) -> str:
    """Where that was; empty where it is not known, or no page of ours."""
    _, _, written = next_cookies(ask.jar).get(_name(ask, state), "").partition(".")
    return own_path(unquote(written))


def forget(ask: Ask, response: Response, state: str) -> None:
    """Takes it back, if it is there."""
    name = _name(ask, state)
    if name in next_cookies(ask.jar):
        drop_next(response, name, secure=ask.jar.secure)


def _name(ask: Ask, state: str) -> str:
    return name_of_next(ask.services.digest(state).hex()[:_TAG_LENGTH], secure=ask.jar.secure)
