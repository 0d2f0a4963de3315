"""`/login`: address and password; `/logout`; `/language`."""

from starlette.responses import Response

from totrinn.app.accounts import set_language, sign_out
from totrinn.app.applications.authorising import SignInFor, sign_in_for
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.judging import Actor, judge
from totrinn.app.landing import Admitted, Held, NowhereToGo
from totrinn.app.proving import PasswordWrong, Throttled
from totrinn.app.signing_in import abandon, sign_in
from totrinn.core.passwords import LONGEST
from totrinn.web import messages, sentences
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import ANYONE
from totrinn.web.landings import follow
from totrinn.web.languages import CODES
from totrinn.web.notices import notice
from totrinn.web.paths import own_path
from totrinn.web.routing import Page


def show(ask: Ask) -> Response:
    """The sign-in page; whoever is signed in is sent in, or to the step that is now demanded of them."""
    token = ask.jar.get(Cookie.SESSION)
    judged = judge(ask.services, ask.visitor, token, next_="") if token else None
    if isinstance(judged, Actor):
        return ask.go("/")
    if isinstance(judged, Held):
        return follow(ask, judged)
    return _page(ask, 200)


def submit(ask: Ask) -> Response:
    """Checks address and password. Wrong, unknown, locked and disabled answer alike (R12)."""
    email = canonical_email(ask.form.get("email", ""))
    if isinstance(email, AddressProblem):
        return _page(ask, 422, email=sentences.address_problem(ask.language, email))
    password = ask.form.get("password", "")
    if not password:
        return _page(ask, 422, password=ask.language.say("Type your password."))
    if len(password) > LONGEST:
        return _page(ask, 422, form=sentences.password_refused(ask, PasswordWrong()))
    landed = sign_in(
        ask.services, ask.visitor, email=email, password=password, next_=own_path(ask.form.get("next", ""))
    )
    if isinstance(landed, (PasswordWrong, Throttled)):
        return _page(ask, sentences.status_of(ask, landed), form=sentences.password_refused(ask, landed))
    if not isinstance(landed, (Admitted, Held, NowhereToGo)):
        raise TypeError(landed)
    if (old := ask.jar.get(Cookie.SIGNIN)) is not None:
        abandon(ask.services, old)
    return follow(ask, landed)


def busy(ask: Ask) -> Response:
    """The form again, with the address as it was typed: there was no room to look at the password."""
    return _form(ask, 503, None, form=". ".join(messages.too_busy_words(ask)))


def log_out(ask: Ask) -> Response:
    """Ends whatever this browser holds."""
    if (session := ask.jar.get(Cookie.SESSION)) is not None:
        sign_out(ask.services, ask.visitor, session)
    if (signin := ask.jar.get(Cookie.SIGNIN)) is not None:
        abandon(ask.services, signin)
    ask.drop(Cookie.SESSION)
    ask.drop(Cookie.SIGNIN)
    return ask.go("/login?said=out")


def switch_language(ask: Ask) -> Response:
    """The switch on every page: for this browser, and for the person if somebody is signed in."""
    wish = ask.form.get("language", "")
    if wish in CODES:
        ask.keep(Cookie.LANGUAGE, wish)
        token = ask.jar.get(Cookie.SESSION)
        actor = judge(ask.services, ask.visitor, token, next_="") if token else None
        if isinstance(actor, Actor):
            set_language(ask.services, ask.visitor, actor, wish)
        elif isinstance(actor, Held):
            ask.keep(Cookie.SIGNIN, actor.token)
            ask.drop(Cookie.SESSION)
    return ask.go(_way_back(ask.form.get("next", "")))


def _way_back(target: str) -> str:
    """The page that the switch stood on; sign-in pages too, as nothing is done by going there."""
    if target.startswith(("/login", "/choose-organisation")):
        return target if target.isascii() and target.isprintable() and "\\" not in target else "/login"
    if (
        target.startswith(("/setup/", "/password/"))
        and target.replace("/", "").replace("-", "").replace("_", "").isalnum()
    ):
        return target
    return own_path(target) or "/"


def _page(ask: Ask, status: int, **errors: str) -> Response:
    return _form(ask, status, sign_in_for(ask.services, ask.visitor, _target(ask)), **errors)


def _target(ask: Ask) -> str:
    return own_path(ask.form.get("next", "") or ask.query.get("next", ""))


def _form(ask: Ask, status: int, sought: SignInFor | None, **errors: str) -> Response:
    """Reads nothing: whoever is turned away in a crowd is answered at once."""
    return ask.page(
        "login.html",
        status,
        email=ask.form.get("email", sought.login_hint if sought else "")[:254],
        sought=sought.application if sought else None,
        errors=errors,
        next=_target(ask),
        notice=notice(ask),
        forgot=False,
    )


PAGES = (
    Page("/login", ANYONE, get=show, post=submit, hashes=True, when_busy=busy),
    Page("/logout", ANYONE, post=log_out),
    Page("/language", ANYONE, post=switch_language),
)
