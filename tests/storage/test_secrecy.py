"""What a thief of the database can read."""

import base64
import hashlib
import io
import itertools
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.sql import SQL, Identifier

from tests.storage.examples import (
    NOW,
    a_link,
    a_session,
    a_signin,
    add_member,
    add_organisation,
    an_authenticator,
    an_event,
    new_id,
)
from totrinn.app.ports import Services
from totrinn.core.enrolment import Pending
from totrinn.crypto import Argon2Passwords, KeyVault, SystemRandomness, check_keys
from totrinn.storage import Database
from totrinn.storage.tables import metadata

PASSWORD = "canary password: korrekt hest"
CODE = "ABCDEFGHIJKLMNOPQRSTUVWX"


def dump(database: Database, url: str) -> bytes:
    """Everything that lies on the disk (SQLite), or that a dump would hold (PostgreSQL)."""
    if url.startswith("sqlite"):
        with database.engines.writing.begin() as connection:
            connection.exec_driver_sql("SELECT 1")
        database.close()
        file = Path(sa.make_url(url).database or "")
        return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
    copied = io.BytesIO()
    with psycopg.connect(url) as plain, plain.cursor() as cursor:
        for table in metadata.tables:
            with cursor.copy(SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(table))) as copy:
                for block in copy:
                    copied.write(block)
    return copied.getvalue()


@pytest.mark.row("R9", "R23", "R32", "R72")
def test_nothing_secret_can_be_read(database: Database, url: str, tmp_path: Path) -> None:
    """Neither password, recovery code, cookies, links nor an authenticator's secret stand there in a plain form."""
    vault, random = KeyVault.create(tmp_path / "keys"), SystemRandomness()
    services = Services(database, Argon2Passwords(), vault, random, "Jobadmin", "Vendor")
    check_keys(database, vault)
    secret, pending = random.bytes(20), random.bytes(20)
    tokens = [random.token() for _ in range(3)]
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, password_hash=services.passwords.hash(PASSWORD))
        sealed = vault.seal(secret, f"authenticator {person.id}")
        unit.factors.add(an_authenticator(person.id, sealed_secret=sealed))
        unit.factors.replace_recovery_codes(person.id, [vault.digest(CODE, f"recovery code {person.id}")])
        waiting = Pending(vault.seal(pending, "pending"), NOW)
        unit.signins.add(services.digest(tokens[0]), a_signin(person.id, pending=waiting))
        unit.sessions.add(services.digest(tokens[1]), a_session(person.id, organisation.id))
        unit.links.add(services.digest(tokens[2]), a_link(id=new_id()))
        unit.log.write(an_event(detail={"canary": "the log was written"}))
    held = dump(database, url)
    assert b"the log was written" in held, "the dump holds what it should"
    assert sealed in held
    for word in (PASSWORD, CODE, *tokens):
        assert word.encode() not in held
    for word, fast in itertools.product((PASSWORD, CODE), ("md5", "sha1", "sha256", "sha512")):
        assert hashlib.new(fast, word.encode()).digest() not in held
        assert hashlib.new(fast, word.encode()).hexdigest().encode() not in held
    for hidden in (secret, pending):
        for form in (hidden, hidden.hex().encode(), base64.b32encode(hidden), base64.b64encode(hidden)):
            assert form.rstrip(b"=") not in held
