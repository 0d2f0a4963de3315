"""Whether these keys are the database's own, found out at the start and not at somebody's sign-in (R90, R94).

The database keeps a check value: a sealed word and a keyed digest. It is made by the first keys that the database
meets; other keys are refused ever after.
"""

import base64
import binascii
import hmac

from totrinn.app.errors import SealBroken, TotrinnError
from totrinn.app.ports import Store, Vault

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


def check_keys(store: Store, vault: Vault) -> None:
    """Raises `KeysWrong` unless the vault holds the keys of this database; a database that has met none takes these."""
    with store.reading() as unit:
        value = unit.installation.read(_KEY)
    if not value:
        value = _plant(store, vault)
    if not _fits(value, vault):
        raise KeysWrong


def keys_fit(store: Store, vault: Vault) -> bool:
    """Whether the vault holds the keys of this database, as far as its check value tells; nothing is written."""
    with store.reading() as unit:
        value = unit.installation.read(_KEY)
    return bool(value) and _fits(value or "", vault)


def renew_check_value(store: Store, vault: Vault) -> None:
    """Makes the check value anew with the newest key, after everything else has been. Raises `KeysWrong`."""
    check_keys(store, vault)
    with store.writing() as unit:
        unit.installation.write(_KEY, _check_value(vault))


def _plant(store: Store, vault: Vault) -> str:
    with store.writing() as unit:
        value = unit.installation.lock(_KEY)
        if not value:
            value = _check_value(vault)
            unit.installation.write(_KEY, value)
    return value


def _check_value(vault: Vault) -> str:
    sealed = base64.b64encode(vault.seal(_WORD.encode(), _KEY)).decode("ascii")
    return f"{sealed} {vault.digest(_WORD, _KEY).hex()}"


def _fits(value: str, vault: Vault) -> bool:
    sealed, _, digest = value.partition(" ")
    try:
        opened = vault.open(base64.b64decode(sealed, validate=True), _KEY)
    except (SealBroken, binascii.Error):
        return False
    same_digest = hmac.compare_digest(vault.digest(_WORD, _KEY).hex().encode(), digest.encode())
    return opened == _WORD.encode() and same_digest
