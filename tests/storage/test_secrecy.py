"""What a thief of the database can read."""

import base64
import hashlib
import io
import itertools
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
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
from tests.storage.services import services_of
from tests.storage.sso_examples import add_connection, an_attempt
from totrinn.core.enrolment import Pending
from totrinn.crypto import KeyVault, SystemRandomness, check_keys
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
    services = services_of(database, vault)
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
    assert not readable(held, secret, pending)


def readable(held: bytes, *hidden: bytes) -> list[bytes]:
    """What stands there of that, in any of the usual forms."""
    forms = ((each, each.hex().encode(), base64.b32encode(each), base64.b64encode(each)) for each in hidden)
    return [form for form in itertools.chain(*forms) if form.rstrip(b"=") in held]


@pytest.mark.row("R23")
def test_nothing_that_we_share_with_a_provider_can_be_read(database: Database, url: str, tmp_path: Path) -> None:
    """Neither the client's secret, our private key, `state` and `nonce`, nor the id of a token that is spent."""
    vault, random = KeyVault.create(tmp_path / "keys"), SystemRandomness()
    services = services_of(database, vault)
    secret, token = random.token(), random.token()
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    state, nonce = random.token(), random.token()
    with database.writing() as unit:
        sealed_key = vault.seal(key, "key")
        connection = add_connection(
            unit, sealed_secret=vault.seal(secret.encode(), "secret"), sealed_key=sealed_key, name="canary"
        )
        attempt = an_attempt(connection.id, sealed_challenge=vault.seal(nonce.encode(), "challenge"))
        unit.attempts.add(services.digest(state), attempt)
        assert unit.spent.take(connection.id, token, NOW)
    held = dump(database, url)
    assert b"canary" in held
    assert sealed_key in held
    assert not readable(held, secret.encode(), token.encode(), state.encode(), nonce.encode())
    assert not readable(held, key, *(key[at : at + 32] for at in range(200, len(key), 64)))
