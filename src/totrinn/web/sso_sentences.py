"""Why a sign-in through SSO came to nothing, for the person who tried: what happened, and what to do next.

Causes that only whoever set the connection up can mend are one sentence here, with the stable code to hand on; the
page of the connection puts each code into words.
"""

from dataclasses import dataclass

from totrinn.app.identity_providers import Rejected, Unavailable
from totrinn.app.landing import NowhereToGo
from totrinn.app.sso_attempts import Changed, NotBegunHere
from totrinn.app.sso_people import Nobody, NobodyReason
from totrinn.core.policy import Reason
from totrinn.web.languages import Language

CANCELLED = frozenset({"access_denied", "saml_declined"})


@dataclass(frozen=True, slots=True)
class Failure:
    """What the page says, and whether trying again may help."""

    status: int
    heading: str
    text: str
    code: str = ""
    may_try_again: bool = True


def failure_of(language: Language, outcome: object) -> Failure:
    """The words for an outcome that is no sign-in; None stands for an address that leads to no connection."""
    say = language.say
    match outcome:
        case Unavailable(code=code):
            return Failure(
                503,
                say("Your organisation’s sign-in service does not answer"),
                say("Wait a little and try again. If it goes on, tell your administrator."),
                code,
            )
        case Rejected(code=code):
            return _rejected(language, code)
        case Nobody(reason=reason):
            return Failure(403, say("We do not know you here"), _nobody(language, reason), reason)
        case NowhereToGo(reason=reason):
            return Failure(403, say("You are not let in"), _nowhere(language, reason), reason)
        case NotBegunHere() | Changed():
            return Failure(
                400,
                say("The sign-in has ended"),
                say(
                    "It took more than ten minutes, was used already, or was begun in another browser. Start again"
                    " from the sign-in page."
                ),
            )
        case _:
            return Failure(
                404,
                say("This SSO address is not in use"),
                say("The connection has been switched off or removed. Ask your administrator how to sign in."),
                may_try_again=False,
            )


def _rejected(language: Language, code: str) -> Failure:
    say = language.say
    if code in CANCELLED:
        return Failure(
            403,
            say("The sign-in was cancelled"),
            say("Your organisation’s sign-in service says that it was cancelled, or that you have no access there."),
            code,
        )
    return Failure(
        400,
        say("We could not accept the answer"),
        say(
            "What your organisation’s sign-in service sent did not pass our checks. Try again. If it goes on,"
            " give your administrator the code below."
        ),
        code,
    )


def _nobody(language: Language, reason: NobodyReason) -> str:
    say = language.say
    return {
        NobodyReason.NO_EMAIL: say(
            "Your organisation’s sign-in service did not say your email address. Ask your administrator to share it."
        ),
        NobodyReason.EMAIL_UNVERIFIED: say(
            "Your organisation’s sign-in service does not say that your email address is verified. Ask your"
            " administrator to have it say so."
        ),
        NobodyReason.FOREIGN_DOMAIN: say(
            "Your email address is not of a domain that the organisation has proven to be its own. Ask your"
            " administrator."
        ),
        NobodyReason.NOT_YET_A_MEMBER: say(
            "There is an account with your address, but it is not a member of the organisation. Ask your administrator"
            " to invite it. If you have a password here, sign in with it and accept. Then come back."
        ),
        NobodyReason.LINKED_TO_ANOTHER: say(
            "Your address belongs to an account that somebody else has signed in to through SSO. Ask your"
            " administrator to end the old link."
        ),
        NobodyReason.INACTIVE: say("Your account is disabled. Ask your administrator."),
        NobodyReason.NOT_CREATED: say("You have no account here yet. Ask your administrator to create one."),
    }[reason]


def _nowhere(language: Language, reason: Reason) -> str:
    say = language.say
    if reason is Reason.NOT_A_MEMBER:
        return say("You are no longer a member of the organisation. Ask your administrator.")
    if reason is Reason.INACTIVE:
        return say("Your account is disabled. Ask your administrator.")
    return say("Start again from the sign-in page, or ask your administrator.")
