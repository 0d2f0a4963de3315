"""What is under way at a provider: begun by one browser, bound to it and to the connection as it was, ended once.

Whoever merely sets out leaves no row: the state that comes back with the answer says it all (`sso_states`). A row is
made for an administrator's test, and for an answer that is right. SAML answers come by a cross-site post, without our
cookies. They wait here until the browser fetches them by a request of our own, with which the cookie comes along.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Challenge, Identity, Rejected, SamlSettings, Unavailable
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.app.sso_parties import (
    capped,
    new_challenge,
    opened_challenge,
    party_of,
    sealed_challenge,
    usable_connection,
)
from totrinn.app.sso_records import AttemptPurpose, Connection, SsoAttempt
from totrinn.app.sso_states import Begun, challenge_of, is_of_browser, new_begun, read_begun
from totrinn.app.telling_once import is_first
from totrinn.core.events import Event, Kind
from totrinn.core.lifetimes import CLOCK_TOLERANCE, SSO_ATTEMPT

LONGEST_ANSWER = 350_000
"""Characters of Base64; the protocol reads no more."""
LONGEST_TOKEN = timedelta(days=1)
TOO_LARGE = "saml_too_large"
_LONGEST_DETAIL = 200
_MOST_POSTS = 3
"""So often an answer that nobody asked for is kept, as its page may be loaded anew."""


@dataclass(frozen=True, slots=True)
class Away:
    """The browser goes to the provider, to this address, and comes back with this state."""

    address: str
    state: str


@dataclass(frozen=True, slots=True)
class NotBegunHere:
    """No sign-in is under way that this answer could belong to: not in this browser, or not any more."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The connection is another than when the sign-in began, or switched off."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer belongs to."""

    connection: Connection
    purpose: AttemptPurpose
    challenge: Challenge | None
    """What it must fit; None where nobody has asked for it."""
    answer: str
    """What the provider had posted; empty where it comes with the request."""
    next: str = ""
    begun: Begun | None = None
    """Of a sign-in; it is yet to be spent."""


def set_out(
    services: Services,
    visitor: Visitor,
    connection: Connection,
    *,
    browser: str,
    login_hint: str = "",
    is_fresh: bool = False,
) -> Away | Rejected | Unavailable:
    """Asks the provider's side for the address, outside any transaction; nothing is written."""
    begun = new_begun(services, visitor, connection, browser=browser, is_fresh=is_fresh)
    challenge = challenge_of(services, begun, connection.rules.asks_for)
    return _away(services, visitor, connection, challenge, login_hint=login_hint)


def set_out_to_test(
    services: Services, visitor: Visitor, connection: Connection, *, browser: str
) -> Away | Rejected | Unavailable:
    """The same for a test, which is remembered in a row."""
    challenge = new_challenge(services, visitor, context=connection.rules.asks_for)
    away = _away(services, visitor, connection, challenge)
    if not isinstance(away, Away):
        return away
    attempt = _new_attempt(services, visitor, connection, AttemptPurpose.TEST, challenge, browser=browser)
    with services.store.writing() as unit:
        if unit.connections.hold(connection.id) is None:
            raise NotFound(connection.id)
        unit.attempts.add(services.digest(challenge.state), attempt)
    return away


def keep_posted(
    services: Services,
    visitor: Visitor,
    connection_id: str,
    *,
    answer: str,
    relay_state: str,
    new_browser: Callable[[], str],
) -> str | Rejected | Unavailable | NotBegunHere:
    """Keeps an answer that came by a cross-site post, without our cookies; the state by which to fetch it.

    Only one that is right is kept, so that nobody can fill our tables; an administrator who tests sees wrong ones, too.
    `new_browser` gives this browser a cookie, in place of the one that the post came without; what was begun here is
    bound to that one, so only an answer that nobody asked for may be bound to another. Raises `NotFound`.
    """
    if len(answer) > LONGEST_ANSWER or not answer.isascii():
        return Rejected(TOO_LARGE)
    begun = read_begun(services, connection_id, relay_state)
    digest = services.digest(relay_state)
    with services.store.reading() as unit:
        attempt = unit.attempts.find(digest) if begun is None else None
        if attempt is not None and attempt.connection_id != connection_id:
            attempt = None
        connection = _answerable(unit, connection_id, attempt)
    if begun is not None:
        return _keep_asked(services, visitor, connection, begun, answer)
    if attempt is None:
        return _keep_unasked(services, visitor, connection, answer, relay_state, new_browser)
    with services.store.writing() as unit:
        kept = unit.attempts.keep_answer(digest, answer, visitor.now)
    return relay_state if kept else NotBegunHere()


def is_unasked(services: Services, state: str) -> bool:
    """Whether nobody here asked for the answer that waits under this state."""
    with services.store.reading() as unit:
        attempt = unit.attempts.find(services.digest(state))
    return attempt is not None and attempt.purpose is AttemptPurpose.UNASKED


def _answerable(unit: Unit, connection_id: str, attempt: SsoAttempt | None) -> Connection:
    """The connection, if people may sign in by it, or an administrator is testing it. Raises `NotFound`."""
    connection = unit.connections.find(connection_id)
    if connection is not None and attempt is not None and attempt.purpose is AttemptPurpose.TEST:
        return connection
    return usable_connection(unit, connection_id)


def _away(
    services: Services, visitor: Visitor, connection: Connection, challenge: Challenge, *, login_hint: str = ""
) -> Away | Rejected | Unavailable:
    address = services.providers.begin(party_of(services, connection), challenge, login_hint=login_hint)
    if isinstance(address, str):
        return Away(address, challenge.state)
    log_refused(services, visitor, connection, address)
    return address


def _new_attempt(
    services: Services,
    visitor: Visitor,
    connection: Connection,
    purpose: AttemptPurpose,
    challenge: Challenge,
    *,
    browser: str = "",
    next_: str = "",
    answer: str = "",
) -> SsoAttempt:
    attempt_id = services.random.id(visitor.now)
    return SsoAttempt(
        id=attempt_id,
        connection_id=connection.id,
        connection_revision=connection.revision,
        purpose=purpose,
        browser=services.digest(browser),
        sealed_challenge=sealed_challenge(services, attempt_id, challenge),
        answer=answer,
        next=next_,
        created_at=visitor.now,
        expires_at=visitor.now + SSO_ATTEMPT,
    )


def take(
    services: Services, visitor: Visitor, connection_id: str, browser: str | None, answer: Mapping[str, str]
) -> Taken | NotBegunHere | Changed:
    """What this answer belongs to, with its connection, if that is still what it was.

    What stands in a row is ended, once. A sign-in is spent by whoever lands by it.
    """
    state = answer.get("state") or ""
    begun = read_begun(services, connection_id, state)
    digest = services.digest(state)
    if begun is not None:
        return _take_begun(services, visitor, connection_id, browser, begun, digest)
    with services.store.writing() as unit:
        attempt = unit.attempts.find(digest)
        if attempt is None or attempt.connection_id != connection_id or not _is_alive(attempt, visitor):
            return NotBegunHere()
        if not _is_same_browser(services, attempt, browser):
            return NotBegunHere()
        if unit.attempts.take(digest) is None:
            return NotBegunHere()
        connection = _unchanged(unit, connection_id, attempt.connection_revision, attempt.purpose)
    if connection is None:
        return Changed()
    is_asked = attempt.purpose is not AttemptPurpose.UNASKED
    challenge = opened_challenge(services, attempt.id, attempt.sealed_challenge) if is_asked else None
    return Taken(connection, attempt.purpose, challenge, attempt.answer, attempt.next)


def spend(unit: Unit, connection: Connection, begun: Begun) -> bool:
    """Ends a sign-in, once, by one statement."""
    return unit.spent.take(connection.id, _spent_name(begun), begun.spent_until)


def _take_begun(
    services: Services, visitor: Visitor, connection_id: str, browser: str | None, begun: Begun, digest: bytes
) -> Taken | NotBegunHere | Changed:
    if not begun.is_alive(visitor.now) or not is_of_browser(services, begun, browser):
        return NotBegunHere()
    with services.store.reading() as unit:
        if unit.spent.has(connection_id, _spent_name(begun)):
            return NotBegunHere()
        is_posted = unit.attempts.find(digest) is not None
        connection = _unchanged(unit, connection_id, begun.connection_revision, AttemptPurpose.SIGN_IN)
    posted = ""
    if is_posted:
        with services.store.writing() as unit:
            attempt = unit.attempts.take(digest)
        if attempt is None:
            return NotBegunHere()
        posted = attempt.answer
    if connection is None:
        return Changed()
    challenge = challenge_of(services, begun, connection.rules.asks_for)
    return Taken(connection, AttemptPurpose.SIGN_IN, challenge, posted, begun=begun)


def _spent_name(begun: Begun) -> str:
    return f"state {begun.state}"


def _is_alive(attempt: SsoAttempt, visitor: Visitor) -> bool:
    return attempt.created_at - CLOCK_TOLERANCE <= visitor.now < attempt.expires_at


def _is_same_browser(services: Services, attempt: SsoAttempt, browser: str | None) -> bool:
    return browser is not None and hmac.compare_digest(services.digest(browser), attempt.browser)


def _unchanged(unit: Unit, connection_id: str, revision: int, purpose: AttemptPurpose) -> Connection | None:
    """The connection as it is now, unless it was changed or switched off since the sign-in began (R84)."""
    connection = unit.connections.find(connection_id)
    if connection is None or connection.revision != revision:
        return None
    if purpose is AttemptPurpose.TEST:
        return connection
    try:
        return usable_connection(unit, connection.id)
    except NotFound:
        return None


def _keep_asked(
    services: Services, visitor: Visitor, connection: Connection, begun: Begun, answer: str
) -> str | Rejected | Unavailable | NotBegunHere:
    """An answer that somebody here has asked for waits, once, if it is right."""
    if not begun.is_alive(visitor.now):
        return NotBegunHere()
    challenge = challenge_of(services, begun, connection.rules.asks_for)
    found = services.providers.finish(party_of(services, connection), challenge, {"SAMLResponse": answer}, visitor.now)
    if not isinstance(found, Identity):
        log_refused(services, visitor, connection, found)
        return found
    attempt = _new_attempt(services, visitor, connection, AttemptPurpose.SIGN_IN, challenge, answer=answer)
    with services.store.writing() as unit:
        if unit.connections.hold(connection.id) is None:
            raise NotFound(connection.id)
        if unit.spent.has(connection.id, _spent_name(begun)):
            return NotBegunHere()
        return begun.state if unit.attempts.add(services.digest(begun.state), attempt) else NotBegunHere()


def _keep_unasked(
    services: Services,
    visitor: Visitor,
    connection: Connection,
    answer: str,
    relay_state: str,
    new_browser: Callable[[], str],
) -> str | Rejected | Unavailable | NotBegunHere:
    """An answer that nobody asked for waits only if it is right, so that nobody can fill our tables with others."""
    if not (isinstance(connection.settings, SamlSettings) and connection.settings.allows_idp_initiated):
        return NotBegunHere()
    found = services.providers.finish(party_of(services, connection), None, {"SAMLResponse": answer}, visitor.now)
    if not isinstance(found, Identity):
        return found
    challenge = new_challenge(services, visitor, context=())
    attempt = _new_attempt(
        services,
        visitor,
        connection,
        AttemptPurpose.UNASKED,
        challenge,
        browser=new_browser(),
        next_=relay_state,
        answer=answer,
    )
    with services.store.writing() as unit:
        if unit.connections.hold(connection.id) is None:
            raise NotFound(connection.id)
        if not _is_kept_once_more(unit, visitor, connection, found):
            return Rejected("replayed")
        unit.attempts.add(services.digest(challenge.state), attempt)
    return challenge.state


def _is_kept_once_more(unit: Unit, visitor: Visitor, connection: Connection, found: Identity) -> bool:
    """Whether the answer, which is long, waits here for fewer browsers than may be."""
    expires_at = capped(found.token_expires_at, visitor.now, LONGEST_TOKEN)
    names = (f"posted {number} {found.token_id}" for number in range(_MOST_POSTS))
    return any(unit.spent.take(connection.id, name, expires_at) for name in names)


def log_refused(services: Services, visitor: Visitor, connection: Connection, outcome: Rejected | Unavailable) -> None:
    """Writes into the organisation's log that a sign-in through the connection came to nothing, and why."""
    with services.store.writing() as unit:
        write_refused(unit, visitor, connection, outcome.code, outcome.detail)


def write_refused(
    unit: Unit, visitor: Visitor, connection: Connection, code: str, detail: str = "", *, is_vouched: bool = False
) -> None:
    """The same, within a transaction; once a minute of one cause and network, unless the provider vouches for it."""
    if not is_vouched and not is_first(unit, visitor, connection.id, code):
        return
    said = {"connection": connection.name, "reason": code, **({"detail": detail[:_LONGEST_DETAIL]} if detail else {})}
    unit.log.write(
        Event(
            Kind.SSO_REFUSED,
            visitor.now,
            visitor.source(),
            organisation_id=connection.organisation_id,
            detail=said,
        )
    )
