"""Reading what applications send. What comes twice is refused, what is empty counts as left out (RFC 6749 §3.1).

One place says how an application may prove itself; whoever uses two ways at once is refused.
"""

import binascii
from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus, urlencode

from totrinn.app.applications.proving_clients import Credentials
from totrinn.app.applications.records import ClientAuthentication
from totrinn.app.applications.refusals import Error, Refused
from totrinn.web.ask import Ask

_LONGEST_QUERY = 16 * 1024
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def of_browser(ask: Ask) -> dict[str, str] | None:
    """What came in the query; None when it cannot be read in one way only."""
    # The reader of queries leaves out what came twice, and everything that it cannot read.
    came = parse_qsl(ask.raw_query, keep_blank_values=True)
    return _filled(ask.query) if len(came) == len(ask.query) else None


def asked_again(ask: Ask) -> str | None:
    """Where the same is asked by GET; None when it would be too long, or is said in two places.

    A form of another site's page comes without our cookies; the journey that it leads to has them.
    """
    words = urlencode(_filled(ask.form))
    return None if ask.raw_query or len(words) > _LONGEST_QUERY else f"{ask.path}?{words}"


def of_program(ask: Ask) -> dict[str, str]:
    """What a program sent in its form; what stands in the address is not looked at."""
    return _filled(ask.form)


def credentials_of(ask: Ask, form: dict[str, str]) -> Credentials | Refused:
    """How the application proves that it is itself: in one way, and by one name."""
    headers = ask.headers.getlist("authorization")
    given = [name for name in ("client_secret", "client_assertion", "client_assertion_type") if name in form]
    if len(headers) > 1 or (headers and given) or ("client_secret" in given and len(given) > 1):
        return Refused(Error.INVALID_REQUEST, "the application proves itself in more than one way")
    if headers:
        return _of_header(headers[0], form.get("client_id", ""))
    if "client_secret" in given:
        return Credentials(form.get("client_id", ""), ClientAuthentication.SECRET_POST, form["client_secret"])
    if given:
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            return Refused(Error.INVALID_REQUEST, "client_assertion_type must be that of RFC 7523")
        assertion = form.get("client_assertion", "")
        return Credentials(form.get("client_id", ""), ClientAuthentication.PRIVATE_KEY, assertion)
    return Credentials(form.get("client_id", ""), ClientAuthentication.NONE)


def bearer_of(ask: Ask) -> str | Refused | None:
    """The access token of a request (RFC 6750 §2); None when there is none."""
    headers = ask.headers.getlist("authorization")
    in_form = ask.form.get("access_token")
    if len(headers) > 1 or (headers and in_form):
        return Refused(Error.INVALID_REQUEST, "the token comes in more than one way")
    if not headers:
        return in_form or None
    scheme, _, token = headers[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _of_header(header: str, named: str) -> Credentials | Refused:
    """Name and secret of HTTP Basic, each form-encoded before (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        pair = b64decode(encoded.strip(), validate=True).decode("utf-8") if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        pair = ""
    name, colon, secret = pair.partition(":")
    if not colon:
        return Refused(Error.INVALID_CLIENT, "the Authorization header is not that of HTTP Basic")
    client_id = unquote_plus(name)
    if named not in {"", client_id}:
        return Refused(Error.INVALID_REQUEST, "client_id is not the one that proves itself")
    return Credentials(client_id, ClientAuthentication.SECRET_BASIC, unquote_plus(secret))


def _filled(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
