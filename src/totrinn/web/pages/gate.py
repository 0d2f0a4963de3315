"""`/gate/start` and `/.totrinn/…`: how a browser gets from a protected host to ours, and back with a pass.

`/.totrinn/…` is asked for on the protected hosts, whose proxies hand it on; what it gives is worth something on that
host only.
"""

from markupsafe import Markup
from starlette.responses import Response

from totrinn.app.gate.passing import enter, hand_over
from totrinn.web import messages
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import ANYONE, SIGNED_IN
from totrinn.web.gate.asking import is_plain_path
from totrinn.web.gate.setting_out import CALLBACK_PATH, START_PATH, is_start_cookie
from totrinn.web.gate.styling import STYLE
from totrinn.web.oauth2.answer import set_out_anew
from totrinn.web.paths import own_path
from totrinn.web.routing import Page
from totrinn.web.settings import plain_host

SIGN_OUT_PATH = "/.totrinn/sign-out"
_DIGEST_LENGTH = 32


def start(ask: Ask) -> Response:
    """Sends whoever is signed in on to the host that they came from, with a ticket; never to any other host."""
    host, path = ask.query.get("host", ""), ask.query.get("to", "/")
    if not is_plain_path(path):
        return unknown(ask)
    if host == ask.settings.own_host:
        return ask.go(own_path(path) or "/")
    digest = _digest(ask.query.get("start", ""))
    ticket = digest and hand_over(ask.services, ask.visitor, ask.me, host=host, path=path, start=digest)
    if not ticket:
        return unknown(ask)
    scheme = "https" if ask.settings.secure else "http"
    return _onward(ask, f"{scheme}://{host}{CALLBACK_PATH}?ticket={ticket}")


def call_back(ask: Ask) -> Response:
    """Takes the ticket, and gives the browser its pass for this host."""
    host, started = _host(ask), ask.jar.get(Cookie.GATE_START)
    if started is None or not is_start_cookie(ask.services, started, host):
        return _too_late(ask)
    ticket = ask.query.get("ticket", "")
    entered = enter(ask.services, ask.visitor, ticket=ticket, host=host, start=started)
    if entered is None:
        return _too_late(ask)
    ask.keep(Cookie.GATE, entered.token)
    return Response(status_code=303, headers={"Location": entered.path})


def sign_out(ask: Ask) -> Response:
    """The way to the page of ours that asks whether to sign out everywhere; being sent there signs nobody out (R62)."""
    return Response(status_code=303, headers={"Location": f"{ask.settings.base_url}/oauth2/logout"})


def unknown(ask: Ask) -> Response:
    """Nothing is protected there, or this is no address that the gate has sent anybody to."""
    say = ask.language.say
    return messages.message(
        ask,
        403,
        say("This address leads nowhere"),
        say("There is no application there. Ask whoever gave you the address."),
        (("/", say("Go to the front page")),),
    )


def _too_late(ask: Ask) -> Response:
    """A page with a style of its own, as that of ours is not served on this host."""
    say = ask.language.say
    context = {
        "heading": say("This sign-in could not be finished here"),
        "text": say("It took too long, was used already, or began in another browser. Begin anew."),
        "action": say("Begin anew"),
        "style": Markup(STYLE),  # noqa: S704 - a constant
    }
    return ask.page("gate_too_late.html", 400, **context)


def _onward(ask: Ask, address: str) -> Response:
    """On to another host. After a form of ours the browser sets out anew: it holds a form's redirects against us."""
    if ask.headers.get("sec-fetch-site") != "same-origin":
        return Response(status_code=303, headers={"Location": address})
    return set_out_anew(ask, address, heading=ask.language.say("You are signed in"))


def _host(ask: Ask) -> str:
    """The host that the browser is on, as its proxy tells; one that is told twice is none."""
    told = ask.headers.getlist("x-forwarded-host") or ask.headers.getlist("host")
    return plain_host(told[0], secure=ask.settings.secure) if len(told) == 1 else ""


def _digest(text: str) -> bytes | None:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return None
    return digest if len(digest) == _DIGEST_LENGTH else None


PAGES = (
    Page(START_PATH, SIGNED_IN, get=start),
    Page(CALLBACK_PATH, ANYONE, get=call_back),
    Page(SIGN_OUT_PATH, ANYONE, get=sign_out),
)
