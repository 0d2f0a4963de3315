"""Why a program's request was not done: stable codes, a status for each, and a sentence in the caller's language.

The form is RFC 9457's. Codes never change their meaning; sentences may.
"""

import json
from enum import StrEnum
from typing import Any

from starlette.responses import Response

from totrinn.web.ask import Ask
from totrinn.web.messages import DATABASE_AGAIN_SECONDS, Failing


def _(message: str) -> str:
    """Marks a message for translation; it is translated when it is said."""
    return message


class Code(StrEnum):
    """Why it was not done."""

    TWO_CREDENTIALS = "two_credentials"
    TOKEN_IN_ADDRESS = "token_in_address"
    BAD_QUERY = "bad_query"
    BAD_JSON = "bad_json"
    BAD_KEY = "bad_idempotency_key"
    INVALID_TOKEN = "invalid_token"
    NOT_ALLOWED = "not_allowed"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    PERSON_NEEDED = "person_needed"
    FRESH_PROOF = "fresh_proof_required"
    FROM_ELSEWHERE = "csrf_header_required"
    NOT_AVAILABLE = "not_available"
    ALWAYS = "always_required"
    OWN_CREDENTIALS = "own_credentials_required"
    NOT_FOUND = "not_found"
    WRONG_METHOD = "method_not_allowed"
    UNKNOWN_CONFIRMATION = "unknown_confirmation"
    EXPIRED = "confirmation_expired"
    SOMEONE_ELSE = "someone_else"
    PEOPLE_CHANGED = "people_changed"
    UNCHANGED = "unchanged"
    LAST_GLOBAL_ADMINISTRATOR = "last_global_administrator"
    KEEPS_PASSWORD = "keeps_password"
    ONESELF = "oneself"
    MEMBER_ELSEWHERE = "member_elsewhere"
    NOTHING_TO_RESET = "nothing_to_reset"
    SLUG_TAKEN = "slug_taken"
    NAME_TAKEN = "name_taken"
    UNTESTED = "untested"
    PASSWORDS_CLOSED = "passwords_closed"
    HOST_TAKEN = "host_taken"
    NO_SECRET = "no_secret"
    INCOMPLETE = "incomplete"
    PROVIDER = "provider_unusable"
    DOMAIN_TAKEN = "domain_taken"
    NO_RECORD = "record_missing"
    TOO_FEW_KEEPERS = "too_few_keepers"
    UNFIT_KEEPER = "unfit_keeper"
    NO_CONNECTION = "no_connection"
    DOMAIN_NOT_PROVEN = "domain_not_proven"
    ALREADY_A_MEMBER = "already_a_member"
    TOO_MANY = "too_many_webhooks"
    NEEDS_SECRET = "needs_secret"
    NOT_LET = "face_of_vendor"
    UNDER_WAY = "under_way"
    ANSWERED_ONCE = "answered_once"
    CHANGED_MEANWHILE = "changed_meanwhile"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_content_type"
    WRONG_SHAPE = "wrong_shape"
    DATE_PASSED = "date_passed"
    KEY_USED = "idempotency_key_used"
    NO_REVISION = "if_match_required"
    BROKEN = "broken"
    BUSY = "provider_busy"
    UNAVAILABLE = "unavailable"


_FORBIDDEN = (
    Code.NOT_ALLOWED, Code.INSUFFICIENT_SCOPE, Code.PERSON_NEEDED, Code.FRESH_PROOF, Code.FROM_ELSEWHERE,
    Code.NOT_AVAILABLE, Code.ALWAYS, Code.OWN_CREDENTIALS,
)  # fmt: skip
_UNREADABLE = (Code.TWO_CREDENTIALS, Code.TOKEN_IN_ADDRESS, Code.BAD_QUERY, Code.BAD_JSON, Code.BAD_KEY)
STATUS: dict[Code, int] = {
    **dict.fromkeys(Code, 409),
    **dict.fromkeys(_UNREADABLE, 400),
    Code.INVALID_TOKEN: 401,
    **dict.fromkeys(_FORBIDDEN, 403),
    Code.NOT_FOUND: 404,
    Code.WRONG_METHOD: 405,
    Code.CHANGED_MEANWHILE: 412,
    Code.TOO_LARGE: 413,
    Code.WRONG_TYPE: 415,
    **dict.fromkeys((Code.WRONG_SHAPE, Code.DATE_PASSED, Code.KEY_USED), 422),
    Code.NO_REVISION: 428,
    Code.BROKEN: 500,
    Code.BUSY: 503,
    Code.UNAVAILABLE: 503,
}

SENTENCES: dict[Code, str] = {
    Code.TWO_CREDENTIALS: _("Send a token or a session’s cookie, not both."),
    Code.TOKEN_IN_ADDRESS: _("A token in an address ends up in logs. Send it in the header Authorization, and end it."),
    Code.BAD_QUERY: _("The query has a parameter that is unknown, comes twice or cannot be read."),
    Code.BAD_JSON: _("The body is not JSON, or names something twice."),
    Code.BAD_KEY: _("An Idempotency-Key has 1 to 200 printable characters, and comes once."),
    Code.INVALID_TOKEN: _("The token is not valid here, or no longer."),
    Code.NOT_ALLOWED: _("Your role in the organisation does not include this."),
    Code.INSUFFICIENT_SCOPE: _("The token was not made for this."),
    Code.PERSON_NEEDED: _("A token cannot do this. It needs a person who has just proven who they are."),
    Code.FRESH_PROOF: _("It is more than 20 minutes since you proved who you are. Do so again, and repeat this."),
    Code.FROM_ELSEWHERE: _("With a cookie, send the header X-Totrinn-Csrf, from a page of ours."),
    Code.NOT_AVAILABLE: _("The feature is not available to you. Contact support if you want it."),
    Code.ALWAYS: _("The vendor’s own organisation always requires two-factor authentication."),
    Code.OWN_CREDENTIALS: _("You signed in through SSO. This takes a session of your own password."),
    Code.NOT_FOUND: _("There is no such thing here."),
    Code.WRONG_METHOD: _("This cannot be done by that method."),
    Code.UNKNOWN_CONFIRMATION: _("This confirmation is not valid here, or it has been used. Ask for a new preview."),
    Code.EXPIRED: _("More than five minutes passed. Ask for a new preview."),
    Code.SOMEONE_ELSE: _("Someone else has changed this in the meantime. Ask for a new preview."),
    Code.PEOPLE_CHANGED: _("The people it concerns have changed in the meantime. Ask for a new preview."),
    Code.UNCHANGED: _("It is so already."),
    Code.LAST_GLOBAL_ADMINISTRATOR: _("The organisation must have at least one global administrator."),
    Code.KEEPS_PASSWORD: _("This administrator keeps a password for the day that SSO fails. Choose others first."),
    Code.ONESELF: _("You cannot do this to yourself here."),
    Code.MEMBER_ELSEWHERE: _("The person is a member elsewhere, or not yet here. A recovery code or the vendor helps."),
    Code.NOTHING_TO_RESET: _("There is nothing to reset."),
    Code.SLUG_TAKEN: _("This short name is taken. Choose another one."),
    Code.NAME_TAKEN: _("There is a token of this name. Choose another one."),
    Code.UNTESTED: _("Test the connection first."),
    Code.PASSWORDS_CLOSED: _("Password sign-in is closed. Open it first."),
    Code.HOST_TAKEN: _("Another application has one of these host names."),
    Code.NO_SECRET: _("This application has no secret."),
    Code.INCOMPLETE: _("There is not enough yet to ask the provider."),
    Code.PROVIDER: _("The provider cannot be asked, or does not offer what we need."),
    Code.DOMAIN_TAKEN: _("This domain is on the list already."),
    Code.NO_RECORD: _("The record is not there yet. It may take an hour before others see it."),
    Code.TOO_FEW_KEEPERS: _("Choose at least two who keep their password."),
    Code.UNFIT_KEEPER: _(
        "Somebody chosen is no longer a global administrator with a password and a second factor. Choose anew."
    ),
    Code.NO_CONNECTION: _("No connection is on. Turn one on first, or nobody could sign in."),
    Code.DOMAIN_NOT_PROVEN: _("Members are added here at addresses of domains that the organisation has proven."),
    Code.ALREADY_A_MEMBER: _("They are a member already, or have been offered a membership."),
    Code.TOO_MANY: _("There are as many as there may be. Remove one first."),
    Code.NEEDS_SECRET: _("Its secret is lost. Make a new one first."),
    Code.NOT_LET: _("The vendor decides how the pages look."),
    Code.UNDER_WAY: _("The same request is under way."),
    Code.ANSWERED_ONCE: _("It was done. Its answer held a secret, which is told once."),
    Code.CHANGED_MEANWHILE: _("It has been changed since you read it. Read it again."),
    Code.TOO_LARGE: _("The body is too large."),
    Code.WRONG_TYPE: _("Send application/json."),
    Code.WRONG_SHAPE: _("The body does not have the shape that is asked for."),
    Code.DATE_PASSED: _("The date has passed, or is more than ten years ahead."),
    Code.KEY_USED: _("This Idempotency-Key was used for another request."),
    Code.NO_REVISION: _("Say by If-Match which revision you have read."),
    Code.BROKEN: _("Something went wrong on our side. Nothing has been let through."),
    Code.BUSY: _("Many of your requests wait for somebody outside. Try again in a moment."),
    Code.UNAVAILABLE: _("We cannot reach our database right now. Try again in a moment."),
}


def problem(ask: Ask, code: Code, *, title: str | None = None, **more: Any) -> Response:
    """The refusal as RFC 9457 writes it."""
    status = STATUS[code]
    said = title or ask.language.say(SENTENCES[code])
    body = {"type": f"urn:totrinn:problem:{code}", "title": said, "status": status, "code": code.value, **more}
    text = json.dumps(body, ensure_ascii=False)
    response = Response(text.encode(), status, media_type="application/problem+json")
    response.headers["Content-Language"] = ask.language.code
    if code is Code.INVALID_TOKEN:
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if code is Code.UNAVAILABLE:
        response.headers["Retry-After"] = str(DATABASE_AGAIN_SECONDS)
    return response


def busy(ask: Ask) -> Response:
    """Too many of the organisation's requests wait for somebody outside."""
    return problem(ask, Code.BUSY)


FAILING = Failing(lambda ask: problem(ask, Code.UNAVAILABLE), lambda ask: problem(ask, Code.BROKEN))
