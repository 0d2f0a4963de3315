"""What is under way at a provider: begun by one browser, bound to it and to the connection as it was, ended once.

SAML answers come by a cross-site post, without our cookies. They wait here until the browser fetches them by a request
of our own, with which the cookie comes along.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Challenge, Identity, Rejected, SamlSettings, Unavailable
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.app.sso_parties import new_challenge, opened_challenge, party_of, sealed_challenge, usable_connection
from totrinn.app.sso_records import AttemptPurpose, Connection, SsoAttempt
from totrinn.core.events import Event, Kind
from totrinn.core.lifetimes import CLOCK_TOLERANCE, SSO_ATTEMPT

LONGEST_ANSWER = 350_000
"""Characters of Base64; the protocol reads no more."""
TOO_LARGE = "saml_too_large"
_LONGEST_DETAIL = 200
_TOLD_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Away:
    """The browser goes to the provider, to this address."""

    address: str


@dataclass(frozen=True, slots=True)
class NotBegunHere:
    """No sign-in is under way that this answer could belong to: not in this browser, or not any more."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The connection is another than when the sign-in began, or switched off."""


def set_out(
    services: Services,
    visitor: Visitor,
    connection: Connection,
    purpose: AttemptPurpose,
    *,
    browser: str,
    next_: str = "",
    login_hint: str = "",
    is_fresh: bool = False,
) -> Away | Rejected | Unavailable:
    """Asks the provider's side for the address, outside any transaction, and remembers what the answer must fit."""
    challenge = new_challenge(services, visitor, is_fresh=is_fresh, context=connection.rules.asks_for)
    address = services.providers.begin(party_of(services, connection), challenge, login_hint=login_hint)
    if not isinstance(address, str):
        log_refused(services, visitor, connection, address)
        return address
    attempt = new_attempt(services, visitor, connection, purpose, challenge, browser=browser, next_=next_)
    with services.store.writing() as unit:
        if unit.connections.hold(connection.id) is None:
            raise NotFound(connection.id)
        unit.attempts.add(services.digest(challenge.state), attempt)
    return Away(address)


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
    digest = services.digest(relay_state)
    with services.store.reading() as unit:
        attempt = unit.attempts.find(digest)
        if attempt is not None and attempt.connection_id != connection_id:
            attempt = None
        connection = _answerable(unit, connection_id, attempt)
    if attempt is None:
        return _keep_unasked(services, visitor, connection, answer, relay_state, new_browser)
    wrong = _what_is_wrong(services, visitor, connection, attempt, answer)
    if wrong is not None:
        log_refused(services, visitor, connection, wrong)
        return wrong
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


def _what_is_wrong(
    services: Services, visitor: Visitor, connection: Connection, attempt: SsoAttempt, answer: str
) -> Rejected | Unavailable | None:
    if attempt.purpose is AttemptPurpose.TEST:
        return None
    challenge = opened_challenge(services, attempt.id, attempt.sealed_challenge)
    given = {"SAMLResponse": answer}
    found = services.providers.finish(party_of(services, connection), challenge, given, visitor.now)
    return None if isinstance(found, Identity) else found


def new_attempt(
    services: Services,
    visitor: Visitor,
    connection: Connection,
    purpose: AttemptPurpose,
    challenge: Challenge,
    *,
    browser: str,
    next_: str,
    answer: str = "",
) -> SsoAttempt:
    """A sign-in under way, bound to the cookie `browser`."""
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
) -> tuple[SsoAttempt, Connection] | NotBegunHere | Changed:
    """Ends the sign-in that this answer belongs to, once; with its connection, if that is still what it was."""
    state = answer.get("state") or ""
    digest = services.digest(state)
    with services.store.writing() as unit:
        attempt = unit.attempts.find(digest)
        if attempt is None or attempt.connection_id != connection_id or not _is_alive(attempt, visitor):
            return NotBegunHere()
        if not _is_same_browser(services, attempt, browser):
            return NotBegunHere()
        if unit.attempts.take(digest) is None:
            return NotBegunHere()
        connection = _unchanged(unit, attempt)
        return Changed() if connection is None else (attempt, connection)


def _is_alive(attempt: SsoAttempt, visitor: Visitor) -> bool:
    return attempt.created_at - CLOCK_TOLERANCE <= visitor.now < attempt.expires_at


def _is_same_browser(services: Services, attempt: SsoAttempt, browser: str | None) -> bool:
    return browser is not None and hmac.compare_digest(services.digest(browser), attempt.browser)


def _unchanged(unit: Unit, attempt: SsoAttempt) -> Connection | None:
    """The connection as it is now, unless it was changed or switched off since the sign-in began (R84)."""
    connection = unit.connections.find(attempt.connection_id)
    if connection is None or connection.revision != attempt.connection_revision:
        return None
    if attempt.purpose is AttemptPurpose.TEST:
        return connection
    try:
        return usable_connection(unit, connection.id)
    except NotFound:
        return None


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
    challenge = new_challenge(services, visitor, is_fresh=False, context=())
    attempt = new_attempt(
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
        unit.attempts.add(services.digest(challenge.state), attempt)
    return challenge.state


def log_refused(services: Services, visitor: Visitor, connection: Connection, outcome: Rejected | Unavailable) -> None:
    """Writes into the organisation's log that a sign-in through the connection came to nothing, and why."""
    with services.store.writing() as unit:
        write_refused(unit, visitor, connection, outcome.code, outcome.detail)


def write_refused(unit: Unit, visitor: Visitor, connection: Connection, code: str, detail: str = "") -> None:
    """The same, within a transaction; of one cause and one network address at most once a minute.

    Whoever has proven nothing must not be able to fill a log that is kept.
    """
    minute = visitor.now.replace(second=0, microsecond=0)
    if not unit.spent.take(connection.id, f"told {code} {visitor.address} {minute:%H%M}", minute + 2 * _TOLD_AGAIN):
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
