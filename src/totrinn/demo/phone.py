"""The phone of the demonstration: an authenticator app after RFC 6238, written apart from what checks its codes."""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import struct
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PERIOD = 30
_LEAST_SECRET = 10
_LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class Account:
    """One account on the phone. The secret is base32, as apps keep it."""

    id: str
    issuer: str
    label: str
    secret: str

    def code(self, step: int) -> str:
        """The code of a time step (RFC 4226 §5.3, RFC 6238 §4.2)."""
        digest = hmac.new(_bytes(self.secret), struct.pack(">Q", step), hashlib.sha1).digest()
        place = digest[-1] & 15
        (number,) = struct.unpack(">I", digest[place : place + 4])
        return f"{number % 2**31 % 1_000_000:06}"


def step_of(at: datetime) -> int:
    """The time step at a time."""
    return int(at.timestamp() // PERIOD)


class Phone:
    """The accounts, kept in a file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the newest first."""
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        return tuple(Account(**row) for row in rows)

    def add(self, key: str, label: str = "") -> Account | None:
        """Adds what was pasted, an `otpauth://` address or a key; None when it is neither."""
        account = read_key(key, label)
        if account is not None:
            with self._lock:
                others = [other for other in self.accounts() if other.secret != account.secret]
                self._write([account, *others])
        return account

    def remove(self, account_id: str) -> None:
        """Takes an account off the phone."""
        with self._lock:
            self._write([account for account in self.accounts() if account.id != account_id])

    def _write(self, accounts: list[Account]) -> None:
        new = self._file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump([asdict(account) for account in accounts], file)
        new.replace(self._file)


def read_key(typed: str, label: str = "") -> Account | None:
    """The account that an `otpauth://` address or a key in groups describes; None when it is neither."""
    typed = typed.strip()
    if len(typed) > _LONGEST_KEY:
        return None
    issuer, secret = "", typed
    if typed.lower().startswith("otpauth:"):
        url = urlsplit(typed)
        fields = parse_qs(url.query)
        issuer, _, name = unquote(url.path.lstrip("/")).rpartition(":")
        issuer = fields.get("issuer", [issuer])[0]
        secret = fields.get("secret", [""])[0]
        label = label or name
    secret = secret.replace(" ", "").replace("-", "").rstrip("=").upper()
    if len(_bytes(secret)) < _LEAST_SECRET:
        return None
    return Account(secrets.token_hex(4), issuer, label.strip() or "?", secret)


def _bytes(secret: str) -> bytes:
    try:
        return base64.b32decode(secret + "=" * (-len(secret) % 8))
    except (binascii.Error, ValueError):
        return b""
