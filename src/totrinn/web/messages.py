"""Lone messages: refusals and errors, each with what to do next. No internals, whatever went wrong (R69)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from totrinn.web.ask import Ask

Handler = Callable[[Ask], Response]
DATABASE_AGAIN_SECONDS = 5
_OAUTH_CODES = {500: "server_error", 503: "temporarily_unavailable"}


@dataclass(frozen=True, slots=True)
class Failing:
    """What is answered when the database does not, and when something of ours fails."""

    unavailable: Handler
    broken: Handler


def message(ask: Ask, status: int, heading: str, text: str, actions: tuple[tuple[str, str], ...] = ()) -> Response:
    """A page with one message; `actions` are (address, words), the first one the main one. Programs get a code."""
    if ask.for_programs:
        return JSONResponse({"error": _OAUTH_CODES.get(status, "invalid_request")}, status)
    links = [{"href": href, "label": label, "primary": at == 0} for at, (href, label) in enumerate(actions)]
    return ask.page(
        "message.html",
        status,
        status=status,
        heading=heading,
        text=text,
        actions=links,
        signing_in=ask.actor is None,
    )


def problem(status: int, code: str, title: str) -> Response:
    """The same for programs (RFC 9457)."""
    return JSONResponse(
        {"type": f"urn:totrinn:problem:{code}", "title": title, "status": status, "code": code},
        status,
        media_type="application/problem+json",
    )


def unreadable(ask: Ask, status: int) -> Response:
    """The request could not be read."""
    say = ask.language.say
    return message(
        ask,
        status,
        say("We could not read what was sent"),
        say("Nothing has changed. Go back, load the page again and try once more."),
        (("/", say("Go to the front page")),),
    )


def too_old(ask: Ask) -> Response:
    """The form is from a page of another level, another sign-in or another site."""
    say = ask.language.say
    return message(
        ask,
        403,
        say("The page was too old"),
        say("It was opened before you signed in or out, or in another window. Nothing has changed. Open it again."),
        ((ask.here, say("Open the page again")),),
    )


def not_allowed(ask: Ask) -> Response:
    """The role does not carry the right."""
    say = ask.language.say
    return message(
        ask,
        403,
        say("You do not have access to this"),
        say("Your role in the organisation does not include it. Ask a global administrator."),
        (("/", say("Go to the front page")),),
    )


def own_credentials(ask: Ask) -> Response:
    """What belongs to the person alone is not changed from a session that an organisation's SSO opened."""
    say = ask.language.say
    return ask.page(
        "own_credentials.html",
        403,
        nav="account",
        heading=say("You signed in through SSO"),
        text=say(
            "Password, second factor and other organisations are yours alone. You change them after signing in with"
            " your own password. Through SSO, %(organisation)s vouches for you, and it may not change them for you.",
            organisation=ask.me.organisation.name,
        ),
        has_password=ask.me.person.password_hash is not None,
    )


def password_closed(ask: Ask) -> Response:
    """The organisation has closed password sign-in for those whom its SSO governs."""
    say = ask.language.say
    return message(
        ask,
        403,
        say("Here you sign in through SSO"),
        say("Your organisation lets you in through its own sign-in service only, not with a password."),
        (("/login/sso", say("Sign in with SSO")),),
    )


def not_found(ask: Ask) -> Response:
    """There is no such thing, or not for this person."""
    say = ask.language.say
    return message(
        ask,
        404,
        say("We could not find this page"),
        say("It may have been moved or removed."),
        (("/", say("Go to the front page")),),
    )


def wrong_method(ask: Ask, methods: Sequence[str]) -> Response:
    """The path exists, but not for this method (RFC 9110 §15.5.6)."""
    say = ask.language.say
    response = message(
        ask,
        405,
        say("This cannot be done that way"),
        say("Open the page and use its buttons."),
        (("/", say("Go to the front page")),),
    )
    response.headers["Allow"] = ", ".join(methods)
    return response


def changed_organisation(ask: Ask) -> Response:
    """The form belongs to another organisation than the session is in now (409)."""
    say, current = ask.language.say, ask.me.organisation.name
    return message(
        ask,
        409,
        say("You have changed to %(organisation)s in another window", organisation=current),
        say("Nothing has changed. Go on in %(organisation)s, or change back first.", organisation=current),
        (
            ("/", say("Go on in %(organisation)s", organisation=current)),
            ("/choose-organisation", say("Switch organisation")),
        ),
    )


def no_way_back(ask: Ask, *, is_known: bool) -> Response:
    """An application sent somebody here in a way that was not agreed, and is not answered (400)."""
    say = ask.language.say
    why = (
        say("The application did not say, in a way that we know, where we should send you afterwards.")
        if is_known
        else say("We do not know the application that sent you here, or it has been switched off.")
    )
    return message(
        ask, 400, say("We cannot sign you in to this application"), why, (("/", say("Go to the front page")),)
    )


def request_lapsed(ask: Ask) -> Response:
    """What an application wanted has been answered already, or waited for too long (400)."""
    say = ask.language.say
    return message(
        ask,
        400,
        say("Go back to the application"),
        say(
            "This sign-in has been used, or it took more than ten minutes. Open the application and sign in from there."
        ),
        (("/", say("Go to the front page")),),
    )


def too_busy(ask: Ask) -> Response:
    """More sign-ins at once than this machine can take (503)."""
    heading, text = too_busy_words(ask)
    return _later(ask, heading, text, ask.here)


def too_busy_words(ask: Ask) -> tuple[str, str]:
    """The same in words: what is the matter, and what to do."""
    say = ask.language.say
    return (
        say("There are many signing in right now"),
        say("Wait a few seconds and try again. You have done nothing wrong."),
    )


def provider_busy(ask: Ask) -> Response:
    """More people wait for one organisation's identity provider than we let wait at once (503)."""
    say = ask.language.say
    heading = say("Your organisation’s sign-in service is slow right now")
    text = say("Many are waiting for it. Wait a little and try again. You have done nothing wrong.")
    return _later(ask, heading, text, "/login/sso")


def unavailable(ask: Ask) -> Response:
    """The database does not answer (503). Nobody is let in meanwhile."""
    say = ask.language.say
    heading = say("We cannot reach our database right now")
    text = say("Nothing has been let through, and nothing is lost. Try again in a moment.")
    response = _later(ask, heading, text, "/")
    response.headers["Retry-After"] = str(DATABASE_AGAIN_SECONDS)
    return response


def _later(ask: Ask, heading: str, text: str, again: str) -> Response:
    return message(ask, 503, heading, text, ((again, ask.language.say("Try again")),))


def broken(ask: Ask) -> Response:
    """Something of ours failed (500)."""
    say = ask.language.say
    return message(
        ask,
        500,
        say("Something went wrong on our side"),
        say("Nothing has been let through. Try again in a moment, and contact support if it goes on."),
        (("/", say("Go to the front page")),),
    )


FAILING = Failing(unavailable, broken)
