"""Renewing the keys of an installation, while it serves.

A new key is first known to every living process, then active, then everything is sealed with it; each step can be done
again after it was broken off. Digests keep the oldest key, which therefore stays
([decision 012](../../docs/decisions/012-keys-and-what-they-are-for.md),
[decision 027](../../docs/decisions/027-keys-are-rotated-while-serving.md)).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from totrinn.app.abandoning import Abandoned, throw_away_what_was_sealed
from totrinn.app.auditing import sign_log_anew
from totrinn.app.errors import TotrinnError
from totrinn.app.key_repositories import Node
from totrinn.app.landing import Visitor
from totrinn.app.operating import log_of_installation
from totrinn.app.resealing import finish_resealing, is_resealed, lagging, reseal, sealed_by_key
from totrinn.bootstrap import Installation, key_place, open_database, open_vault, services_of
from totrinn.config import Settings
from totrinn.core.events import Kind, Source
from totrinn.crypto import (
    KeysMissing,
    KeysUnusable,
    KeysWrong,
    begin_anew,
    check_keys,
    keys_of_database,
    make_active,
    retire,
)
from totrinn.storage import Database

SECONDS_TO_WAIT = 120.0
"""Longer than a process that was killed is taken for living."""
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_BATCHES = 0.02
Say = Callable[[str], None]


class KeyNotKnown(TotrinnError):
    """A living process does not know the key; nothing was changed."""

    code = "key_not_known"


class KeyInUse(TotrinnError):
    """The key is still needed; nothing was changed."""

    code = "key_in_use"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One key of the installation."""

    id: str
    made_at: datetime | None
    """None where the keys do not stand in files of their own."""
    is_there: bool
    is_active: bool
    is_digesting: bool
    sealed: int


def list_keys(installation: Installation) -> tuple[KeyInfo, ...]:
    """Every key that is there, the oldest first; then those that something is sealed with, and that are missing."""
    vault = installation.vault
    with installation.services.store.reading() as unit:
        sealed = sealed_by_key(unit)
    made = key_place(installation.settings).made_at()
    return tuple(
        KeyInfo(id_, made.get(id_), id_ in vault.key_ids, id_ == vault.active, id_ == vault.digesting, sealed[id_])
        for id_ in (*vault.key_ids, *sorted(set(sealed) - set(vault.key_ids)))
    )


def add_key(installation: Installation, visitor: Visitor, source: Source) -> str:
    """Makes a key that is known and not yet used; its id. One that waits already is enough."""
    waiting = _waiting(installation)
    if waiting is not None:
        return waiting
    key = key_place(installation.settings).add()
    installation.vault.look_again(at_once=True)
    with installation.services.store.writing() as unit:
        log_of_installation(unit, visitor, source, Kind.KEY_ADDED, key=key.id)
    return key.id


def rotate(
    installation: Installation, visitor: Visitor, source: Source, say: Say, *, seconds: float = SECONDS_TO_WAIT
) -> str:
    """Seals everything with a new key; its id. A rotation that was broken off is finished first, and is enough.

    Raises `KeyNotKnown`, naming the process, while one that lives does not know the key after so many seconds.
    """
    services, vault = installation.services, installation.vault
    with services.store.reading() as unit:
        is_unfinished = len(keys_of_database(unit).in_use) > 1 and not is_resealed(unit, vault.active)
    if not is_unfinished:
        _activate(installation, visitor, source, say, seconds)
    _seal_everything(installation, say, seconds)
    return vault.active


def retire_key(installation: Installation, visitor: Visitor, source: Source, id_: str) -> None:
    """Removes a key with which nothing is sealed any more. Raises `KeyInUse`."""
    services, vault = installation.services, installation.vault
    if id_ not in vault.key_ids:
        raise KeyInUse(f"there is no key {id_}")
    if id_ == vault.digesting:
        raise KeyInUse(f"{id_} is the key of all digests: recovery codes and the seals of the log need it")
    if id_ >= vault.active:
        raise KeyInUse(f"{id_} is the active key, or waits to be: `totrinn keys rotate` makes another one active")
    with services.store.reading() as unit:
        late = lagging(unit, vault.active, datetime.now(UTC))
        if late or not is_resealed(unit, vault.active):
            raise KeyInUse(f"secrets may yet be sealed with {id_}: run `totrinn keys rotate`, which finishes that")
    reseal(services, _wait)
    sign_log_anew(services)
    with services.store.writing() as unit:
        retire(unit, vault, id_)
        left = sealed_by_key(unit)[id_]
        if left:
            raise KeyInUse(f"values that are still sealed with {id_}: {left}")
        log_of_installation(unit, visitor, source, Kind.KEY_RETIRED, key=id_)
    key_place(installation.settings).remove(id_)


def abandon_keys(settings: Settings, visitor: Visitor, source: Source, *, why: str) -> Abandoned:
    """Gives lost keys up: a first new key, and nothing is left of what the lost ones sealed.

    Raises `KeyInUse` while a process serves, or when the keys are not lost.
    """
    with open_database(settings, must_exist=True) as database:
        database.check()
        _refuse_to_abandon(settings, database)
        place = key_place(settings)
        place.replace_all(suffix=f".abandoned-{visitor.now:%Y%m%dT%H%M%S}")
        vault = open_vault(settings)
        services = services_of(settings, database, vault)
        with database.writing() as unit:
            done = throw_away_what_was_sealed(services, unit, visitor, source, why=why)
            begin_anew(unit, vault)
    return done


def _refuse_to_abandon(settings: Settings, database: Database) -> None:
    with database.reading() as unit:
        living = [node.name for node in unit.nodes.all() if node.lives(datetime.now(UTC))]
    if living:
        raise KeyInUse(f"{', '.join(living)} still serves: stop every process first")
    try:
        check_keys(database, open_vault(settings))
    except (KeysMissing, KeysWrong):
        return
    except KeysUnusable as error:
        raise KeyInUse(f"the keys may not be lost: {error}. Mend that, or move the damaged file away") from None
    raise KeyInUse("the keys are there and fit: `totrinn keys rotate` renews them without disturbing anybody")


def _activate(installation: Installation, visitor: Visitor, source: Source, say: Say, seconds: float) -> None:
    id_ = add_key(installation, visitor, source)
    say(f"new key: {id_}")
    _wait_for(installation, lambda node: id_ in node.key_ids, say, seconds, f"does not know the key {id_}")
    with installation.services.store.writing() as unit:
        make_active(unit, installation.vault, id_)
        log_of_installation(unit, visitor, source, Kind.KEY_ACTIVATED, key=id_)
    say(f"active: {id_}")


def _seal_everything(installation: Installation, say: Say, seconds: float) -> None:
    services, active = installation.services, installation.vault.active
    with services.store.reading() as unit:
        everything = sealed_by_key(unit).total()
    progress = _Progress(say, everything)
    reseal(services, progress.count)
    _wait_for(installation, lambda node: node.active_key == active, say, seconds, f"does not yet seal with {active}")
    last = time.monotonic() + seconds
    while not finish_resealing(services, datetime.now(UTC)):
        if time.monotonic() > last:
            raise KeyInUse("some values are always being written by somebody else: run `totrinn keys rotate` again")
        _wait(reseal(services, progress.count))
    say(f"everything is sealed with {active}: {everything} values")


def _wait_for(
    installation: Installation, is_ready: Callable[[Node], bool], say: Say, seconds: float, lacks: str
) -> None:
    """Waits until this holds of every living process. Raises `KeyNotKnown`."""
    last = time.monotonic() + seconds
    told = False
    while True:
        now = datetime.now(UTC)
        with installation.services.store.reading() as unit:
            late = [node for node in unit.nodes.all() if node.lives(now) and not is_ready(node)]
        if not late:
            return
        names = ", ".join(sorted(node.name for node in late))
        if time.monotonic() > last:
            raise KeyNotKnown(
                f"{names} {lacks}: copy the keys there, then run `totrinn keys rotate` again"
                " (a process that was killed is forgotten after 90 seconds)"
            )
        if not told:
            say(f"waiting for {names}")
            told = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _waiting(installation: Installation) -> str | None:
    """The newest key, if it is newer than the active one."""
    installation.vault.look_again(at_once=True)
    newest = installation.vault.key_ids[-1]
    return newest if newest > installation.vault.active else None


class _Progress:
    """Tells now and then how far it has come."""

    def __init__(self, say: Say, everything: int) -> None:
        self._say = say
        self._everything = everything
        self._done = 0
        self._told_at = time.monotonic()

    def count(self, number: int) -> None:
        self._done += number
        if time.monotonic() - self._told_at > 1:
            self._told_at = time.monotonic()
            self._say(f"sealed anew: {self._done} of {self._everything}")
        _wait(number)


def _wait(_number: int) -> None:
    """Others get their turn."""
    time.sleep(_SECONDS_BETWEEN_BATCHES)
