"""`/login/sso` and `/sso/{connection}/…`: to the organisation's identity provider, and back.

`acs`, `backchannel-logout` and `slo` are the provider's to send to, from elsewhere and without our cookies; they are
exempt from the check of forms by name. All that they say must be signed by the provider.
"""

import json

from starlette.responses import Response

from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Ended, Rejected, Unavailable
from totrinn.app.judging import Actor, look_at
from totrinn.app.landing import Admitted, Held, NowhereToGo
from totrinn.app.owning_domains import ways_in
from totrinn.app.records import Organisation
from totrinn.app.signing_in import abandon
from totrinn.app.sso_attempts import Away, NotBegunHere, is_unasked, keep_posted
from totrinn.app.sso_describing import describe_us, organisation_behind
from totrinn.app.sso_endings import end_for_provider
from totrinn.app.sso_records import SsoWay
from totrinn.app.sso_signing_in import NotSignedIn, Tested, begin, finish
from totrinn.web import sentences, sso_next
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import A_PROVIDER, ANYONE
from totrinn.web.landings import follow
from totrinn.web.paths import continue_path, own_path, sso_path
from totrinn.web.routing import Page
from totrinn.web.sso_sentences import Failure, failure_of

LARGEST_ANSWER = 512 * 1024
_LONGEST_EMAIL = 254


def show(ask: Ask) -> Response:
    """Asks for the address by which the organisation is found."""
    return _page(ask, 200)


def submit(ask: Ask) -> Response:
    """Leads an address of a proven domain to its connection; of every other address the answer says the same."""
    email = canonical_email(ask.form.get("email", ""))
    if isinstance(email, AddressProblem):
        return _page(ask, 422, email=sentences.address_problem(ask.language, email))
    ways = ways_in(ask.services, email)
    if not ways:
        return _page(
            ask,
            422,
            email=ask.language.say(
                "This address leads to no SSO. Check it for typing errors, or sign in with your password."
            ),
        )
    if len(ways) == 1:
        return ask.go(_way(ask, ways[0], email))
    return ask.page("login_sso_choose.html", 200, ways=[_shown(ask, way, email) for way in ways], email=email)


def start(ask: Ask) -> Response:
    """Goes to the provider; whoever is signed in to another organisation is asked first, as that session will end."""
    actor = look_at(ask.services, ask.visitor, ask.jar.get(Cookie.SESSION))
    organisation = organisation_behind(ask.services, ask.params["connection"])
    if actor is not None and organisation is not None and actor.organisation.id != organisation.id:
        return _asked_first(ask, actor, organisation)
    return set_out(ask)


def set_out(ask: Ask) -> Response:
    """The same, without a question. `next` is where to go on to, `again` asks for a proof that is made now."""
    hint = canonical_email(ask.query.get("login_hint", ""))
    try:
        outcome = begin(
            ask.services,
            ask.visitor,
            ask.params["connection"],
            browser=ask.visit,
            login_hint="" if isinstance(hint, AddressProblem) else hint,
            is_fresh=ask.query.get("again") == "1",
        )
    except NotFound:
        return _failed(ask, failure_of(ask.language, None))
    if not isinstance(outcome, Away):
        return _not_signed_in(ask, outcome)
    response = ask.go(outcome.address)
    sso_next.remember(ask, response, outcome.state, own_path(ask.query.get("next", "")))
    return response


def come_back(ask: Ask) -> Response:
    """The provider's answer: an authorization code, or the handle of a SAML answer that waits here."""
    response = _come_back(ask)
    if response.status_code == 303:
        sso_next.forget(ask, response, ask.query.get("state", ""))
    return response


def _come_back(ask: Ask) -> Response:
    actor = look_at(ask.services, ask.visitor, ask.jar.get(Cookie.SESSION))
    organisation = organisation_behind(ask.services, ask.params["connection"])
    if actor and organisation and ask.method == "GET" and is_unasked(ask.services, ask.query.get("state", "")):
        return _asked_first(ask, actor, organisation)
    next_ = sso_next.remembered(ask, ask.query.get("state", ""))
    outcome = finish(
        ask.services,
        ask.visitor,
        ask.params["connection"],
        browser=ask.jar.get(Cookie.VISIT),
        answer=ask.query,
        next_=next_,
    )
    if isinstance(outcome, NotBegunHere) and actor is not None:
        # The back button, or a second window: what was begun has been finished, and this one goes where it wanted to.
        return ask.go(continue_path(next_ or "/"))
    if isinstance(outcome, Tested):
        return ask.go(f"/settings/sso/{outcome.connection_id}")
    if isinstance(outcome, (Admitted, Held, NowhereToGo)):
        if (old := ask.jar.get(Cookie.SIGNIN)) is not None:
            abandon(ask.services, old)
        if not isinstance(outcome, NowhereToGo):
            return follow(ask, outcome)
    return _not_signed_in(ask, outcome)


def consume(ask: Ask) -> Response:
    """The SAML assertion consumer: keeps the answer, and has the browser fetch it, now with its cookies."""
    try:
        kept = keep_posted(
            ask.services,
            ask.visitor,
            ask.params["connection"],
            answer=ask.form.get("SAMLResponse", ""),
            relay_state=ask.form.get("RelayState", ""),
            new_browser=lambda: ask.visit,
        )
    except NotFound:
        return _failed(ask, failure_of(ask.language, None))
    if not isinstance(kept, str):
        return _not_signed_in(ask, kept)
    return ask.go(f"{sso_path(ask.params['connection'], 'answer')}?state={kept}")


def end_sessions(ask: Ask) -> Response:
    """Back-channel logout (OpenID Connect Back-Channel Logout §2.5): 200, or 400 with what was wrong."""
    ended = _ended(ask, ask.form)
    if isinstance(ended, Ended):
        return Response(status_code=200)
    body = json.dumps({"error": "invalid_request", "error_description": ended.code if ended else "unknown"})
    return Response(body, 400, media_type="application/json")


def single_logout(ask: Ask) -> Response:
    """SAML single logout by redirect: ends the sessions that are named, and sends the browser back with our answer."""
    ended = _ended(ask, ask.query)
    if isinstance(ended, Ended) and ended.reply_to:
        ask.drop(Cookie.SIGNIN)
        return ask.go(ended.reply_to)
    if isinstance(ended, Ended):
        return ask.go("/login?said=out")
    return _not_signed_in(ask, ended) if ended else _failed(ask, failure_of(ask.language, None))


def describe(ask: Ask) -> Response:
    """What the provider needs to know of us: our key set, or our SAML metadata."""
    content_type, document = describe_us(ask.services, ask.params["connection"])
    return Response(document, media_type=content_type)


def _asked_first(ask: Ask, actor: Actor, organisation: Organisation) -> Response:
    """A link must not swap somebody's session for another one unnoticed."""
    return ask.page(
        "sso_instead.html",
        200,
        organisation_name=organisation.name,
        who=actor.person.name or actor.person.email,
        where=actor.organisation.name,
        action=ask.here,
    )


def _ended(ask: Ask, sent: dict[str, str]) -> Ended | Rejected | Unavailable | None:
    try:
        return end_for_provider(
            ask.services, ask.visitor, ask.params["connection"], answer=sent, raw_query=ask.raw_query
        )
    except NotFound:
        return None


def _way(ask: Ask, way: SsoWay, email: str) -> str:
    next_ = own_path(ask.form.get("next", ""))
    return sso_path(way.connection.id, "login", login_hint=email, next=next_)


def _shown(ask: Ask, way: SsoWay, email: str) -> dict[str, str]:
    return {"organisation": way.organisation.name, "name": way.connection.name, "href": _way(ask, way, email)}


def _not_signed_in(ask: Ask, outcome: NotSignedIn | NowhereToGo | NotBegunHere) -> Response:
    if ask.jar.get(Cookie.SIGNIN) is not None:
        ask.drop(Cookie.SIGNIN)
    return _failed(ask, failure_of(ask.language, outcome))


def _failed(ask: Ask, failure: Failure) -> Response:
    connection = ask.params["connection"]
    organisation = organisation_behind(ask.services, connection)
    response = ask.page(
        "sso_failed.html",
        failure.status,
        heading=failure.heading,
        text=failure.text,
        code=failure.code,
        organisation_name=organisation.name if organisation else None,
        again=sso_path(connection, "login") if organisation and failure.may_try_again else None,
    )
    if failure.status == 503:
        response.headers["Retry-After"] = "30"
    return response


def _page(ask: Ask, status: int, **errors: str) -> Response:
    return ask.page(
        "login_sso.html",
        status,
        email=(ask.form.get("email", "") or ask.query.get("email", ""))[:_LONGEST_EMAIL],
        next=own_path(ask.form.get("next", "") or ask.query.get("next", "")),
        errors=errors,
    )


PAGES = (
    Page("/login/sso", ANYONE, get=show, post=submit),
    Page("/sso/{connection}/login", ANYONE, get=start, post=set_out, calls_out=True),
    Page("/sso/{connection}/callback", ANYONE, get=come_back, calls_out=True),
    Page("/sso/{connection}/acs", A_PROVIDER, post=consume, calls_out=True, largest_body=LARGEST_ANSWER),
    Page("/sso/{connection}/answer", ANYONE, get=come_back, post=come_back, calls_out=True),
    Page("/sso/{connection}/backchannel-logout", A_PROVIDER, post=end_sessions, calls_out=True),
    Page("/sso/{connection}/slo", A_PROVIDER, get=single_logout, calls_out=True),
    Page("/sso/{connection}/metadata", ANYONE, get=describe),
)
