"""`/setup/{token}` and `/password/{token}`: one-time links. Opening one does not use it; using one signs nobody in."""

from starlette.responses import Response

from totrinn.app.accounts import WeakPassword
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.operating import Obstacle
from totrinn.app.records import LinkPurpose, OneTimeLink
from totrinn.app.using_links import choose_password, link_view, look_at_link, use_setup_link
from totrinn.web import messages, sentences
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page

_LONGEST_NAME = 100


def show_setup(ask: Ask) -> Response:
    """Asks the first administrator for address, name and password."""
    link = look_at_link(ask.services, ask.visitor, ask.params["token"], LinkPurpose.SETUP)
    return _setup_page(ask, link, 200) if link else _unusable(ask)


def submit_setup(ask: Ask) -> Response:
    """Creates the first administrator, who then signs in like everybody else."""
    token = ask.params["token"]
    link = look_at_link(ask.services, ask.visitor, token, LinkPurpose.SETUP)
    if link is None:
        return _unusable(ask)
    email = canonical_email(ask.form.get("email", ""))
    if isinstance(email, AddressProblem):
        return _setup_page(ask, link, 422, email=sentences.address_problem(ask.language, email))
    name = " ".join(ask.form.get("name", "").split())[:_LONGEST_NAME]
    if not name:
        return _setup_page(ask, link, 422, name=ask.language.say("Type your name."))
    outcome = use_setup_link(
        ask.services, ask.visitor, token, email=email, name=name, password=ask.form.get("password", "")
    )
    if isinstance(outcome, WeakPassword):
        return _setup_page(ask, link, 422, password=sentences.weak_password(ask.language, outcome))
    if outcome is Obstacle.ADDRESS_TAKEN:
        taken = ask.language.say(
            "This address has an account already. Use another address, or ask whoever gave you the link."
        )
        return _setup_page(ask, link, 422, email=taken)
    if isinstance(outcome, Obstacle):
        return _unusable(ask)
    return ask.go("/login?said=welcome")


def show_password(ask: Ask) -> Response:
    """Asks for the first password of a person who was created without one."""
    link = look_at_link(ask.services, ask.visitor, ask.params["token"], LinkPurpose.CHOOSE_PASSWORD)
    return _password_page(ask, link, 200) if link else _unusable(ask)


def submit_password(ask: Ask) -> Response:
    """Sets it; the person then signs in."""
    token = ask.params["token"]
    outcome = choose_password(ask.services, ask.visitor, token, ask.form.get("password", ""))
    if isinstance(outcome, WeakPassword):
        link = look_at_link(ask.services, ask.visitor, token, LinkPurpose.CHOOSE_PASSWORD)
        if link is not None:
            return _password_page(ask, link, 422, password=sentences.weak_password(ask.language, outcome))
        return _unusable(ask)
    return _unusable(ask) if isinstance(outcome, Obstacle) else ask.go("/login?said=chosen")


def _setup_page(ask: Ask, link: OneTimeLink, status: int, **errors: str) -> Response:
    view = link_view(ask.services, link)
    return ask.page(
        "setup.html",
        status,
        organisation_name=view.organisation.name if view.organisation else "",
        is_vendor=bool(view.organisation and view.organisation.is_vendor),
        email=ask.form.get("email", ""),
        name=ask.form.get("name", ""),
        minimum=view.minimum,
        errors=errors,
    )


def _password_page(ask: Ask, link: OneTimeLink, status: int, **errors: str) -> Response:
    view = link_view(ask.services, link)
    return ask.page(
        "choose_password.html",
        status,
        email=view.person.email if view.person else "",
        minimum=view.minimum,
        errors=errors,
    )


def _unusable(ask: Ask) -> Response:
    say = ask.language.say
    return messages.message(
        ask,
        410,
        say("The link cannot be used"),
        say("It has been used, has expired after an hour, or a newer one has been made. Ask for a new link."),
        (("/login", say("Go to sign-in")),),
    )


PAGES = (
    Page("/setup/{token}", ANYONE, get=show_setup, post=submit_setup, hashes=True),
    Page("/password/{token}", ANYONE, get=show_password, post=submit_password, hashes=True),
)
