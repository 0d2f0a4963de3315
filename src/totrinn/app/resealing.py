"""Sealing anew what is sealed with another key than the active one, a few rows at a time, while serving goes on (R90).

Each value is exchanged only if it is still the one that was read: who enrols or changes a secret meanwhile is never
overwritten. Stopped at any point, everything can be opened, and the next pass goes on. What cannot be opened is left as
it is, and holds nothing else up.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from totrinn.app.applications.signing_keys import signing_context
from totrinn.app.auditing import sign_log_anew
from totrinn.app.errors import SealBroken, TotrinnError
from totrinn.app.key_repositories import Node, SealedPlace, SealedRow
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import totp_context
from totrinn.app.sso_parties import challenge_context, key_context, secret_context
from totrinn.app.webhooks.keeping import webhook_context

AT_ONCE = 100
_DONE_WITH = "all is sealed with"
_CONTEXTS: dict[SealedPlace, Callable[[str], str]] = {
    SealedPlace.PENDING_OF_SIGNIN: totp_context,
    SealedPlace.PENDING_OF_SESSION: totp_context,
    SealedPlace.CHALLENGE: challenge_context,
    SealedPlace.CLIENT_SECRET: secret_context,
    SealedPlace.CONNECTION_KEY: key_context,
    SealedPlace.SIGNING_KEY: signing_context,
    SealedPlace.WEBHOOK_SECRET: webhook_context,
    SealedPlace.AUTHENTICATOR: totp_context,
}
_OF_PERSONS = frozenset({SealedPlace.PENDING_OF_SIGNIN, SealedPlace.PENDING_OF_SESSION, SealedPlace.AUTHENTICATOR})
_MENDS = {
    SealedPlace.AUTHENTICATOR: "`totrinn user reset-second-factor`",
    SealedPlace.CLIENT_SECRET: "give the secret again",
    SealedPlace.WEBHOOK_SECRET: "give the webhook another secret",
    SealedPlace.CONNECTION_KEY: "make the connection anew",
    SealedPlace.SIGNING_KEY: "`totrinn signing-keys remove`",
}
_ENDS_BY_ITSELF = "ends by itself"
_MOST_NAMED = 5


class ValuesBroken(TotrinnError):
    """Some values cannot be opened with any key; they are as they were, and all others are sealed anew."""

    code = "values_broken"


def sealed_by_key(unit: Unit) -> Counter[str]:
    """How many values are sealed with each key, in all places together."""
    counted: Counter[str] = Counter()
    for place in SealedPlace:
        counted.update(unit.sealed.count_by_key(place))
    return counted


def reseal(services: Services, between: Callable[[int], None]) -> int:
    """One pass: seals with the active key what is sealed with others; how many values that were.

    After every few rows `between` is told how many they were; it may wait there, so that others get their turn.
    Raises `ValuesBroken` at the end of the pass, naming those that could not be opened.
    """
    total = 0
    broken: list[str] = []
    for place in SealedPlace:
        after = ""
        while True:
            found, done, after = _reseal_some(services, place, after, broken)
            total += done
            if found < AT_ONCE:
                break
            between(done)
    if broken:
        more = f" and {len(broken) - _MOST_NAMED} more" if len(broken) > _MOST_NAMED else ""
        raise ValuesBroken(f"these cannot be opened, all else is sealed anew: {'; '.join(broken[:_MOST_NAMED])}{more}")
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


def _reseal_some(services: Services, place: SealedPlace, after: str, broken: list[str]) -> tuple[int, int, str]:
    """How many were found and exchanged, and the last of them; what cannot be opened is added to `broken`."""
    vault, context = services.vault, _CONTEXTS[place]
    with services.store.writing() as unit:
        rows = unit.sealed.some_not_by(place, vault.active, after=after, limit=AT_ONCE)
        done = 0
        for row in rows:
            try:
                secret = vault.open(row.sealed, context(row.bound_to))
            except SealBroken as error:
                broken.append(_told(unit, place, row, error))
                continue
            done += unit.sealed.replace(place, row, vault.seal(secret, context(row.bound_to)))
    return len(rows), done, rows[-1].id if rows else after


def _told(unit: Unit, place: SealedPlace, row: SealedRow, error: SealBroken) -> str:
    """Which value it is, what is wrong with it, and what mends that."""
    person = unit.people.find(row.bound_to) if place in _OF_PERSONS else None
    whose = person.email if person else row.bound_to
    return f"{place.value} of {whose} ({error}: {_MENDS.get(place, _ENDS_BY_ITSELF)})"
