"""Outcomes of use cases in words: what happened, and what to do next. One sentence a cause."""

from datetime import timedelta

from totrinn.app.accounts import WeakPassword
from totrinn.app.email_address import AddressProblem
from totrinn.app.proving import ClockOff, CodeMalformed, CodeRefused, CodeReplayed, PasswordWrong, Throttled
from totrinn.core.enforcement import Refusal
from totrinn.core.passwords import Weakness
from totrinn.web import dates
from totrinn.web.ask import Ask
from totrinn.web.languages import Language


def status_of(ask: Ask, outcome: object) -> int:
    """422; or 429 for whoever has to wait, and then the answer says until when (RFC 6585)."""
    if not isinstance(outcome, Throttled):
        return 422
    ask.retry_at = outcome.until
    return 429


def throttled(ask: Ask, outcome: Throttled) -> str:
    """Too many attempts, and when to try again: a whole minute, that has begun when one may."""
    say = ask.language.say
    if outcome.until is None:
        return say("There have been too many failed attempts. Use another way in, or ask an administrator for help.")
    seconds = int((outcome.until - ask.visitor.now).total_seconds()) + 1
    if seconds < 60:
        return ask.language.count(
            "Too many failed attempts. Wait %(num)s second and try again.",
            "Too many failed attempts. Wait %(num)s seconds and try again.",
            seconds,
        )
    minute = outcome.until + timedelta(minutes=1, microseconds=-1)
    return say(
        "Too many failed attempts. Try again at %(time)s.", time=dates.clock(minute, ask.language, ask.time_zone)
    )


def password_refused(ask: Ask, outcome: PasswordWrong | Throttled) -> str:
    """At sign-in: the same whoever it is, and whatever was wrong."""
    if isinstance(outcome, Throttled):
        return throttled(ask, outcome)
    return ask.language.say("The email address or the password is wrong.")


def own_password_refused(ask: Ask, outcome: PasswordWrong | Throttled) -> str:
    """For somebody who is signed in, or nearly."""
    if isinstance(outcome, Throttled):
        return throttled(ask, outcome)
    return ask.language.say("The password is wrong. Try again.")


def code_refused(ask: Ask, outcome: CodeRefused, *, recovery: bool = False) -> str:
    """Why the code did not count."""
    say = ask.language.say
    if isinstance(outcome, Throttled):
        if outcome.until is None:
            return say(
                "There have been too many wrong codes. Use a recovery code, or ask an administrator for a reset."
            )
        return throttled(ask, outcome)
    if isinstance(outcome, CodeReplayed):
        return say("The code has already been used. Wait for the next one.")
    if isinstance(outcome, ClockOff):
        return clock_off(ask.language, outcome)
    if isinstance(outcome, CodeMalformed):
        if recovery:
            return say(
                "A recovery code is 24 letters and digits in groups of four. Check that you have typed them all."
            )
        return say("A code is six digits. Check what you typed and try again.")
    if recovery:
        return say("The recovery code does not match, or it has been used. Try another one.")
    return say("The code does not match. Wait for the next code in the app and try again.")


def clock_off(language: Language, outcome: ClockOff) -> str:
    """The phone's clock is off, by how much, and the cure."""
    minutes = max(1, round(abs(outcome.seconds) / 60))
    if outcome.seconds > 0:
        cause = language.count(
            "Your phone’s clock is about %(num)s minute fast.",
            "Your phone’s clock is about %(num)s minutes fast.",
            minutes,
        )
    else:
        cause = language.count(
            "Your phone’s clock is about %(num)s minute slow.",
            "Your phone’s clock is about %(num)s minutes slow.",
            minutes,
        )
    cure = language.say("Turn on automatic date and time in the phone’s settings, wait for a new code and try again.")
    return f"{cause} {cure}"


def address_problem(language: Language, problem: AddressProblem) -> str:
    """What is wrong with an e-mail address."""
    say = language.say
    if problem is AddressProblem.EMPTY:
        return say("Type your email address.")
    if problem is AddressProblem.TOO_LONG:
        return say("The email address is too long.")
    if problem is AddressProblem.NOT_ASCII:
        return say("Before the @ we only take the letters a to z, digits and signs. Ask support if yours has others.")
    return say("This does not look like an email address. It is written like name@example.no.")


def weak_password(language: Language, weak: WeakPassword) -> str:
    """Why a password may not be chosen."""
    say = language.say
    if weak.weakness is Weakness.TOO_SHORT:
        return language.count(
            "The password is too short. Use at least %(num)s character.",
            "The password is too short. Use at least %(num)s characters.",
            weak.minimum,
        )
    if weak.weakness is Weakness.TOO_LONG:
        return say("The password is too long. Use at most 1024 characters.")
    if weak.weakness is Weakness.COMMON:
        return say("This password is easy to guess: it stands on lists of passwords that many use. Choose another one.")
    if weak.weakness is Weakness.NAMES_US:
        return say("The password is made of a name that is easy to guess. Choose another one.")
    return say("The password contains a character that cannot be typed. Choose another one.")


def keeps_password(language: Language) -> str:
    """Why somebody who keeps their password for an emergency keeps their place, too."""
    return language.say(
        "This administrator keeps a password for the day that SSO fails. Choose others for that first, under SSO."
    )


def refusal(language: Language, cause: Refusal) -> str:
    """Why a change of the requirement was not made."""
    say = language.say
    sentences = {
        Refusal.NOT_ALLOWED: say("Only a global administrator can change this."),
        Refusal.NOT_AVAILABLE: say("The feature is not available to you. Contact support if you want it."),
        Refusal.ALWAYS: say("The vendor’s own organisation always requires two-factor authentication."),
        Refusal.DATE_PASSED: say("The date has passed. Choose a later one, or leave the field empty."),
        Refusal.UNKNOWN_CONFIRMATION: say(
            "This confirmation is not valid here, or it has been used. Save again to confirm anew."
        ),
        Refusal.EXPIRED: say("More than five minutes passed. Look over the numbers and confirm again."),
        Refusal.SOMEONE_ELSE: say("Someone else has changed this in the meantime. Look over the new numbers."),
        Refusal.PEOPLE_CHANGED: say("The people it concerns have changed in the meantime. Look over the new numbers."),
        Refusal.STALE_PROOF: say("It is more than 20 minutes since you signed in. Confirm that it is you."),
        Refusal.NEEDS_PERSON: say(
            "A token can turn the requirement on or move it to an earlier date. Everything else needs a person."
        ),
    }
    return sentences[cause]
