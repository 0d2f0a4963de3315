"""Our keys for tokens: made when they are first needed, published before they sign, and as long as what they signed.

A key that comes after another signs an hour after it was published, when every application that keeps our key set for
a while has seen it. The one before stays published for a day more, longer than any session lives.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from totrinn.app.applications.grant_records import SigningKey
from totrinn.app.applications.openid import NewKey
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.app.errors import NotFound
from totrinn.app.landing import Visitor
from totrinn.app.operating import log_of_installation
from totrinn.app.ports import Services, Unit
from totrinn.core.events import Kind, Source

PUBLISHED_BEFORE = timedelta(hours=1)
PUBLISHED_AFTER = timedelta(hours=24)
ROTATED_AFTER = timedelta(days=90)
_LOCK = "signing keys"


def signing_context(key_id: str) -> str:
    """What the private half is sealed for."""
    return f"signing key {key_id}"


def key_for(services: Services, algorithm: SigningAlgorithm, now: datetime) -> SigningKey:
    """The key that signs now; made if there is none yet."""
    return _signing(all_keys(services, now), algorithm, now)


def sign(services: Services, key: SigningKey, claims: Mapping[str, Any], *, kind: str) -> str:
    """The claims as a token of this `typ`. Raises `SealBroken`."""
    private = services.vault.open(key.sealed_private, signing_context(key.id))
    return services.openid.sign(private, claims, algorithm=key.algorithm, key_id=key.id, kind=kind)


def all_keys(services: Services, now: datetime) -> tuple[SigningKey, ...]:
    """All that are published, the newest first; where an algorithm has none yet, one is made."""
    with services.store.reading() as unit:
        keys = unit.signing_keys.all()
    if not _missing(keys):
        return keys
    with services.store.writing() as unit:
        # Made while the others wait: it takes a second of a core, and once in an installation's life is enough.
        unit.installation.lock(_LOCK)
        for algorithm in _missing(unit.signing_keys.all()):
            made = services.openid.new_key(algorithm)
            unit.signing_keys.add(_stored(services, algorithm, made, now, signs_from=now))
        return unit.signing_keys.all()


def rotate(services: Services, visitor: Visitor, source: Source) -> tuple[SigningKey, ...]:
    """Makes the next key for each algorithm, which signs an hour from now; an earlier one that waits is enough."""
    all_keys(services, visitor.now)
    made = {algorithm: services.openid.new_key(algorithm) for algorithm in SigningAlgorithm}
    with services.store.writing() as unit:
        unit.installation.lock(_LOCK)
        return _add_next(services, unit, visitor, source, made)


def withdraw(services: Services, visitor: Visitor, source: Source, key_id: str) -> tuple[SigningKey, ...]:
    """Takes a key out of use at once; another of its kind signs, made now if there is none. Raises `NotFound`."""
    with services.store.writing() as unit:
        unit.installation.lock(_LOCK)
        if key_id not in {key.id for key in unit.signing_keys.all()}:
            raise NotFound(key_id)
        unit.signing_keys.forget(key_id)
        log_of_installation(unit, visitor, source, Kind.SIGNING_KEY_WITHDRAWN, key=key_id)
    return all_keys(services, visitor.now)


def keep(services: Services, visitor: Visitor, source: Source) -> None:
    """Makes the next keys when those that sign have grown old, and deletes those that are needed no more."""
    with services.store.reading() as unit:
        keys = unit.signing_keys.all()
    if any(key.signs_from + PUBLISHED_AFTER <= visitor.now for key in keys):
        _forget_old(services, visitor.now)
    if keys and max(key.signs_from for key in keys) + ROTATED_AFTER <= visitor.now:
        rotate(services, visitor, source)


def _forget_old(services: Services, now: datetime) -> None:
    with services.store.writing() as unit:
        for key in over(unit.signing_keys.all(), now):
            unit.signing_keys.forget(key.id)


def over(keys: tuple[SigningKey, ...], now: datetime) -> tuple[SigningKey, ...]:
    """Those after which another has signed for so long that nothing of theirs is looked at any more."""
    return tuple(
        key
        for key in keys
        if any(
            other.algorithm is key.algorithm and key.signs_from < other.signs_from <= now - PUBLISHED_AFTER
            for other in keys
        )
    )


def _add_next(
    services: Services, unit: Unit, visitor: Visitor, source: Source, made: Mapping[SigningAlgorithm, NewKey]
) -> tuple[SigningKey, ...]:
    now, keys = visitor.now, unit.signing_keys.all()
    for algorithm in SigningAlgorithm:
        if any(key.algorithm is algorithm and key.signs_from > now for key in keys):
            continue
        key = _stored(services, algorithm, made[algorithm], now, signs_from=now + PUBLISHED_BEFORE)
        unit.signing_keys.add(key)
        log_of_installation(unit, visitor, source, Kind.SIGNING_KEY_ADDED, key=key.id, algorithm=algorithm.value)
    return unit.signing_keys.all()


def _missing(keys: tuple[SigningKey, ...]) -> list[SigningAlgorithm]:
    there = {key.algorithm for key in keys}
    return [algorithm for algorithm in SigningAlgorithm if algorithm not in there]


def _signing(keys: tuple[SigningKey, ...], algorithm: SigningAlgorithm, now: datetime) -> SigningKey:
    """The newest whose time has come; by a clock that was set back, the oldest."""
    own = [key for key in keys if key.algorithm is algorithm]
    return next((key for key in own if key.signs_from <= now), own[-1])


def _stored(
    services: Services, algorithm: SigningAlgorithm, made: NewKey, now: datetime, *, signs_from: datetime
) -> SigningKey:
    sealed = services.vault.seal(made.private, signing_context(made.id))
    return SigningKey(made.id, algorithm, sealed, made.public, created_at=now, signs_from=signs_from)
