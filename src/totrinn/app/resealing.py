"""Sealing anew what is sealed with another key than the active one, a few rows at a time, while serving goes on (R90).

Each value is exchanged only if it is still the one that was read: who enrols or changes a secret meanwhile is never
overwritten. Stopped at any point, everything can be opened, and the next pass goes on.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from totrinn.app.auditing import sign_log_anew
from totrinn.app.key_repositories import Node, SealedPlace
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import totp_context
from totrinn.app.sso_parties import challenge_context, key_context, secret_context

AT_ONCE = 100
_DONE_WITH = "all is sealed with"
_CONTEXTS: dict[SealedPlace, Callable[[str], str]] = {
    SealedPlace.PENDING_OF_SIGNIN: totp_context,
    SealedPlace.PENDING_OF_SESSION: totp_context,
    SealedPlace.CHALLENGE: challenge_context,
    SealedPlace.CLIENT_SECRET: secret_context,
    SealedPlace.CONNECTION_KEY: key_context,
    SealedPlace.AUTHENTICATOR: totp_context,
}


def sealed_by_key(unit: Unit) -> Counter[str]:
    """How many values are sealed with each key, in all places together."""
    counted: Counter[str] = Counter()
    for place in SealedPlace:
        counted.update(unit.sealed.count_by_key(place))
    return counted


def reseal(services: Services, between: Callable[[int], None]) -> int:
    """One pass: seals with the active key what is sealed with others; how many values that were.

    After every few rows `between` is told how many they were; it may wait there, so that others get their turn.
    """
    total = 0
    for place in SealedPlace:
        after = ""
        while True:
            found, done, after = _reseal_some(services, place, after)
            total += done
            if found < AT_ONCE:
                break
            between(done)
    return total


def is_resealed(unit: Unit, key_id: str) -> bool:
    """Whether everything has once been found sealed with this key, by every process."""
    return unit.installation.read(_DONE_WITH) == key_id


def finish_resealing(services: Services, now: datetime) -> bool:
    """Notes that everything is sealed with the active key, if it is and every living process seals with it."""
    active = services.vault.active
    with services.store.reading() as unit:
        if is_resealed(unit, active):
            return True
        if lagging(unit, active, now) or set(sealed_by_key(unit)) - {active}:
            return False
    sign_log_anew(services)
    with services.store.writing() as unit:
        unit.installation.write(_DONE_WITH, active)
    return True


def reseal_what_is_left(services: Services, now: datetime, between: Callable[[int], None]) -> int:
    """What housekeeping does after the keys were changed; how many values it was."""
    with services.store.reading() as unit:
        if is_resealed(unit, services.vault.active):
            return 0
    total = reseal(services, between)
    finish_resealing(services, now)
    return total


def lagging(unit: Unit, active: str, now: datetime) -> tuple[Node, ...]:
    """The living processes that seal with another key."""
    return tuple(node for node in unit.nodes.all() if node.lives(now) and node.active_key != active)


def _reseal_some(services: Services, place: SealedPlace, after: str) -> tuple[int, int, str]:
    """How many were found and exchanged, and the last of them."""
    vault, context = services.vault, _CONTEXTS[place]
    with services.store.writing() as unit:
        rows = unit.sealed.some_not_by(place, vault.active, after=after, limit=AT_ONCE)
        done = 0
        for row in rows:
            secret = vault.open(row.sealed, context(row.bound_to))
            done += unit.sealed.replace(place, row, vault.seal(secret, context(row.bound_to)))
    return len(rows), done, rows[-1].id if rows else after
