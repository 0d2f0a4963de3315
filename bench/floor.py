"""The bare floor: the least work that the same five requests take on uvicorn and sqlite3, as one raw ASGI application.

Rows in SQLite with the same durability, opaque cookies that are stored as digests, sealed secrets, a guard against
replay, the hash in a thread. No template, framework, form token, throttle, log, role, organisation or language: what
Totrinn costs beyond this is what those cost. `python -m bench.floor FILE PORT` serves.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl import exceptions, pwhash

from bench.browsing import Person
from bench.hashing import hashed

_KEY = b"k" * 32
_NONCE_BYTES = 12
_LIFETIME = 3600
_TABLES = """
CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT UNIQUE, hash BLOB, secret BLOB, step INTEGER);
CREATE TABLE ticket (digest BLOB PRIMARY KEY, person INTEGER, kind TEXT, expires INTEGER) WITHOUT ROWID;
"""
_FIND = """
SELECT person.id, email, secret, step FROM ticket JOIN person ON person.id = ticket.person
WHERE digest = ? AND kind = ? AND expires > ?
"""
_PAGE = b"<!doctype html><title>Sign in</title><form method=post><input name=%s><button>Sign in</button></form>"
_HTML = [(b"content-type", b"text/html; charset=utf-8")]

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def furnish(file: Path, count: int) -> list[Person]:
    """Makes the floor's database with so many persons."""
    persons = [Person(f"user{number}@fjordly.test", secrets.token_bytes(20)) for number in range(count)]
    database, cipher, encoded = _opened(file), AESGCM(_KEY), hashed()
    database.executescript(_TABLES)
    database.execute("BEGIN")
    for number, person in enumerate(persons):
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, person.secret, str(number).encode())
        database.execute("INSERT INTO person VALUES (?, ?, ?, ?, 0)", (number, person.email, encoded, sealed))
    database.execute("COMMIT")
    database.close()
    return persons


class Floor:
    """The application."""

    def __init__(self, file: Path) -> None:
        self._database = _opened(file)
        self._cipher = AESGCM(_KEY)
        self._threads = ThreadPoolExecutor(os.cpu_count())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request."""
        cookies = _cookies(scope["headers"])
        if scope["method"] == "POST":
            form = parse_qs((await receive())["body"].decode())
            if scope["path"] == "/login":
                status, headers, body = await self._password(form["email"][0], form["password"][0])
            else:
                status, headers, body = self._code(cookies.get("ticket", ""), form["code"][0])
        elif scope["path"] == "/":
            status, headers, body = self._first_page(cookies.get("session", ""))
        else:
            status, headers, body = 200, _HTML, _PAGE % (b"email" if scope["path"] == "/login" else b"code")
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _password(self, email: str, password: str) -> Answer:
        row = self._database.execute("SELECT id, hash FROM person WHERE email = ?", (email,)).fetchone()
        loop = asyncio.get_running_loop()
        if row is None or not await loop.run_in_executor(self._threads, _fits, row[1], password.encode()):
            return 422, [], b""
        return _onward(b"/login/two-factor", b"ticket", self._ticket(row[0], "ticket"))

    def _code(self, ticket: str, typed: str) -> Answer:
        digest, now = _digest(ticket), int(time.time())
        row = self._database.execute(_FIND, (digest, "ticket", now)).fetchone()
        if row is None:
            return 422, [], b""
        person, _, sealed, last = row
        secret = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], str(person).encode())
        steps = [now // 30, now // 30 - 1, now // 30 + 1]
        step = next((step for step in steps if hmac.compare_digest(_code_at(secret, step), typed)), 0)
        if step <= last:
            return 422, [], b""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("UPDATE person SET step = ? WHERE id = ? AND step < ?", (step, person, step))
        self._database.execute("DELETE FROM ticket WHERE digest = ?", (digest,))
        session = self._ticket(person, "session")
        self._database.execute("COMMIT")
        return _onward(b"/", b"session", session)

    def _first_page(self, session: str) -> Answer:
        row = self._database.execute(_FIND, (_digest(session), "session", int(time.time()))).fetchone()
        if row is None:
            return 303, [(b"location", b"/login")], b""
        return 200, _HTML, f"<!doctype html><title>{row[1]}</title>".encode()

    def _ticket(self, person: int, kind: str) -> str:
        token = secrets.token_urlsafe(32)
        values = (_digest(token), person, kind, int(time.time()) + _LIFETIME)
        self._database.execute("INSERT INTO ticket VALUES (?, ?, ?, ?)", values)
        return token


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    return database


def _cookies(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    line = next((value.decode() for name, value in headers if name == b"cookie"), "")
    return {name: value for name, _, value in (pair.partition("=") for pair in line.split("; "))}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _code_at(secret: bytes, step: int) -> str:
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def _fits(encoded: bytes, password: bytes) -> bool:
    try:
        return pwhash.verify(encoded, password)
    except exceptions.InvalidkeyError:
        return False


def _onward(path: bytes, cookie: bytes, token: str) -> Answer:
    value = b"%s=%s; Path=/; HttpOnly; SameSite=Lax" % (cookie, token.encode())
    return 303, [(b"location", path), (b"set-cookie", value)], b""


def main() -> None:
    """Serves the file on the port that were given."""
    file, port = sys.argv[1:]
    uvicorn.run(Floor(Path(file)), port=int(port), access_log=False, log_level="warning", lifespan="off", ws="none")


if __name__ == "__main__":
    main()
