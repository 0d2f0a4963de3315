"""Whether these keys are the database's own, found out at the start and not at somebody's sign-in (R90, R94).

The database keeps a check value: a sealed word, a keyed digest, and the ids of the keys that something may be sealed
with. It is made by the first keys that the database meets; other keys, or the lack of one of these, are refused ever
after. The key that sealed the word is the active one: what is sealed from now on is sealed with it, by every process.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from totrinn.app.errors import SealBroken, TotrinnError
from totrinn.app.ports import Store, Unit
from totrinn.crypto.sealing import KeyVault, key_of

_KEY = "check value of the keys"
_WORD = "totrinn"


class KeysWrong(TotrinnError):
    """These are not the keys that the database was made with; nothing is served with them."""

    code = "keys_wrong"

    def __init__(self) -> None:
        super().__init__(
            "these keys are not the ones that this database was made with, or one of them is missing:"
            " put the right ones back; nobody's second factor works without them"
        )


@dataclass(frozen=True, slots=True)
class KeysOfDatabase:
    """What the database says of its keys: the active one, and all that something may be sealed with."""

    active: str
    in_use: tuple[str, ...]


def check_keys(store: Store, vault: KeyVault) -> None:
    """Raises `KeysWrong` unless the vault holds the keys of this database; a database that has met none takes these.

    The vault then seals with the database's active key.
    """
    with store.reading() as unit:
        value = unit.installation.read(_KEY)
    if not value:
        value = _plant(store, vault)
    follow(value, vault)


def keys_of_database(unit: Unit) -> KeysOfDatabase:
    """What the database says of its keys. Raises `KeysWrong` when that cannot be read."""
    return _read(unit.installation.read(_KEY) or "")


def check_value_of(unit: Unit) -> str:
    """The check value as it stands there."""
    return unit.installation.read(_KEY) or ""


def follow(value: str, vault: KeyVault) -> None:
    """Has the vault seal with the key that this check value says. Raises `KeysWrong` unless they fit each other."""
    stated = _read(value)
    if not vault.use(stated.active) or not set(stated.in_use) <= set(vault.key_ids) or not _fits(value, vault):
        raise KeysWrong


def keys_fit(store: Store, vault: KeyVault) -> bool:
    """Whether the vault holds the keys of this database, as far as its check value tells; nothing is written."""
    with store.reading() as unit:
        value = check_value_of(unit)
    try:
        follow(value, vault)
    except KeysWrong:
        return False
    return True


def make_active(unit: Unit, vault: KeyVault, id_: str) -> None:
    """Has the database say that this key is the active one; the others stay in use. Raises `KeysWrong`."""
    stated = _read(unit.installation.lock(_KEY))
    follow(unit.installation.read(_KEY) or "", vault)
    if not vault.use(id_):
        raise KeysWrong
    unit.installation.write(_KEY, _check_value(vault, {*stated.in_use, stated.active, id_}))


def retire(unit: Unit, vault: KeyVault, id_: str) -> None:
    """Has the database say that nothing is sealed with this key. Raises `KeysWrong` for the active or oldest one."""
    stated = _read(unit.installation.lock(_KEY))
    if id_ in (stated.active, vault.digesting):
        raise KeysWrong
    unit.installation.write(_KEY, _check_value(vault, {*stated.in_use} - {id_}))


def begin_anew(unit: Unit, vault: KeyVault) -> None:
    """Takes these keys for the database's own, whatever it knew before: everything sealed has been thrown away."""
    unit.installation.lock(_KEY)
    unit.installation.write(_KEY, _check_value(vault, (vault.active,)))


def _plant(store: Store, vault: KeyVault) -> str:
    with store.writing() as unit:
        value = unit.installation.lock(_KEY)
        if not value:
            value = _check_value(vault, (vault.active,))
            unit.installation.write(_KEY, value)
    return value


def _check_value(vault: KeyVault, in_use: Iterable[str]) -> str:
    sealed = base64.b64encode(vault.seal(_WORD.encode(), _KEY)).decode("ascii")
    return f"{sealed} {vault.digest(_WORD, _KEY).hex()} {' '.join(sorted(in_use))}"


def _read(value: str) -> KeysOfDatabase:
    """Check values that know no ids were made when there was one key to seal with, the one that sealed them."""
    sealed, _, more = value.partition(" ")
    try:
        active = key_of(base64.b64decode(sealed, validate=True))
    except (binascii.Error, ValueError):
        active = ""
    if not active:
        raise KeysWrong
    return KeysOfDatabase(active, tuple(more.split()[1:]) or (active,))


def _fits(value: str, vault: KeyVault) -> bool:
    sealed, _, more = value.partition(" ")
    digest = more.partition(" ")[0]
    try:
        opened = vault.open(base64.b64decode(sealed, validate=True), _KEY)
    except (SealBroken, binascii.Error):
        return False
    same_digest = hmac.compare_digest(vault.digest(_WORD, _KEY).hex().encode(), digest.encode())
    return opened == _WORD.encode() and same_digest
