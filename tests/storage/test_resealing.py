"""Sealing everything anew with another key: all of it, nothing overwritten, and whole wherever it is broken off."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.storage.examples import (
    NOW,
    a_session,
    a_signin,
    add_member,
    add_organisation,
    an_authenticator,
    an_event,
    new_id,
)
from tests.storage.held import held
from tests.storage.services import services_of
from tests.storage.sso_examples import add_connection, an_attempt
from totrinn.app import resealing
from totrinn.app.applications.grant_records import SigningKey
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.app.applications.signing_keys import signing_context
from totrinn.app.auditing import seal_log, verify_log
from totrinn.app.key_repositories import LIVES, Node, SealedPlace, SealedRow
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import totp_context
from totrinn.app.resealing import (
    ValuesBroken,
    finish_resealing,
    is_resealed,
    reseal,
    reseal_what_is_left,
    sealed_by_key,
)
from totrinn.app.sso_parties import challenge_context, key_context, secret_context
from totrinn.app.webhooks.keeping import webhook_context
from totrinn.app.webhooks.records import Webhook
from totrinn.core.enrolment import Pending
from totrinn.crypto import KeyVault, check_keys, make_active, write_new_key
from totrinn.storage import Database, sealed
from totrinn.storage.tables import metadata

pytestmark = pytest.mark.row("R90")

LATER = NOW + timedelta(minutes=1)
DIGESTS = {
    "access_token.digest",
    "api_request.key",
    "api_request.request",
    "api_token.digest",
    "application_secret.digest",
    "authorisation.digest",
    "authorisation_request.digest",
    "confirmation.digest",
    "device.digest",
    "gate_pass.digest",
    "gate_ticket.digest",
    "gate_ticket.start",
    "one_time_link.digest",
    "recovery_code.digest",
    "refresh_token.digest",
    "request_mark.digest",
    "session.digest",
    "signin.digest",
    "spent_assertion.jti",
    "spent_token.token",
    "sso_attempt.browser",
    "sso_attempt.digest",
    "token_confirmation.digest",
}
"""Columns of bytes that hold digests, which nothing opens."""

NO_SECRETS = {"api_request.answer", "face.picture"}
"""Columns of bytes that anybody may see who may ask for them; an answer that holds a secret is not kept."""


@pytest.fixture
def vault(tmp_path: Path) -> KeyVault:
    """A vault with one key."""
    return KeyVault.create(tmp_path / "keys")


@pytest.fixture
def services(database: Database, vault: KeyVault) -> Services:
    """An installation with something sealed in every place, and a sealed log."""
    services = services_of(database, vault)
    check_keys(database, vault)
    with database.writing() as unit:
        _fill(services, unit)
        unit.log.write(an_event())
    seal_log(services, LATER)
    return services


def _fill(services: Services, unit: Unit) -> None:
    seal = services.vault.seal
    organisation = add_organisation(unit)
    person = add_member(unit, organisation.id)
    pending = Pending(seal(b"pending", totp_context(person.id)), LATER)
    unit.signins.add(b"1" * 32, a_signin(person.id, pending=pending))
    unit.sessions.add(b"2" * 32, a_session(person.id, organisation.id, pending=pending))
    unit.factors.add(an_authenticator(person.id, sealed_secret=seal(b"secret", totp_context(person.id))))
    id_ = new_id()
    add_connection(
        unit,
        id=id_,
        sealed_secret=seal(b"client", secret_context(id_)),
        sealed_key=seal(b"key", key_context(id_)),
    )
    key = seal(b"private", signing_context("key"))
    unit.signing_keys.add(SigningKey("key", SigningAlgorithm.EDDSA, key, "{}", NOW, NOW))
    hook = seal(b"hook", webhook_context("hook"))
    unit.webhooks.add(Webhook("hook", organisation.id, "https://x.test/", frozenset(), hook, None, NOW))
    attempt = an_attempt(id_)
    challenge = seal(b"challenge", challenge_context(attempt.id))
    unit.attempts.add(b"3" * 32, replace(attempt, sealed_challenge=challenge))


def renew(database: Database, vault: KeyVault, keys: Path) -> str:
    """Makes another key the active one; its id."""
    key = write_new_key(keys)
    with database.writing() as unit:
        make_active(unit, vault, key.id)
    return key.id


def wait_for_nobody(_number: int) -> None:
    """Goes on at once."""


def test_every_column_that_holds_something_sealed_is_known(services: Services) -> None:
    """A column of bytes is a digest or is sealed anew; whoever adds one has to say which it is."""
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }
    assert columns == DIGESTS | NO_SECRETS | {place.value for place in SealedPlace}
    assert {place.value: str(column) for place, (column, _) in sealed._COLUMNS.items()} == {
        place.value: place.value for place in SealedPlace
    }
    assert set(resealing._CONTEXTS) == set(SealedPlace)


def test_nothing_is_left_of_the_old_key(
    services: Services, database: Database, vault: KeyVault, tmp_path: Path
) -> None:
    """Afterwards no value of any table names the old key but as one that is not retired, and all of it opens."""
    old, everything = vault.active.encode(), len(SealedPlace)
    assert sum(old in value for value in held(database)) > everything
    new = renew(database, vault, tmp_path / "keys")
    with database.reading() as unit:
        assert sealed_by_key(unit) == {old.decode(): everything}
    assert reseal(services, wait_for_nobody) == everything
    assert reseal(services, wait_for_nobody) == 0
    assert finish_resealing(services, LATER)
    naming = [value for value in held(database) if old in value]
    assert all(value == old or len(value.split()) > 2 for value in naming), "the check value names it, nothing else"
    (tmp_path / "keys" / f"{old.decode()}.key").rename(tmp_path / "aside")
    alone = services_of(database, KeyVault.load(tmp_path / "keys"))
    with database.writing() as unit:
        assert sealed_by_key(unit) == {new: everything}
        for place, context in resealing._CONTEXTS.items():
            (row,) = unit.sealed.some_not_by(place, "", after="", limit=2)
            assert alone.vault.open(row.sealed, context(row.bound_to))


def test_the_log_is_sound_with_the_new_key_and_can_be_continued(
    services: Services, database: Database, vault: KeyVault, tmp_path: Path
) -> None:
    """Its heads are signed anew: no signature of the old key is needed any more."""
    before = signatures(database)
    renew(database, vault, tmp_path / "keys")
    reseal(services, wait_for_nobody)
    assert finish_resealing(services, LATER)
    after = signatures(database)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    with database.writing() as unit:
        unit.log.write(an_event())
    seal_log(services, LATER + timedelta(minutes=1))
    assert verify_log(services).is_sound


def signatures(database: Database) -> dict[str, str]:
    """What is kept signed of the log."""
    with database.reading() as unit:
        return unit.installation.starting_with("log ")


def test_what_others_have_written_meanwhile_stays(services: Services, database: Database, vault: KeyVault) -> None:
    """A value is exchanged for another seal of itself only while it is the one that was read."""
    with database.writing() as unit:
        (row,) = unit.sealed.some_not_by(SealedPlace.AUTHENTICATOR, "", after="", limit=2)
        assert unit.sealed.replace(SealedPlace.AUTHENTICATOR, row, b"written by somebody else")
        assert not unit.sealed.replace(SealedPlace.AUTHENTICATOR, row, b"by us")
        (now,) = unit.sealed.some_not_by(SealedPlace.AUTHENTICATOR, "", after="", limit=2)
    assert now == SealedRow(row.id, row.bound_to, b"written by somebody else")


def test_what_cannot_be_opened_holds_nothing_else_up(
    services: Services, database: Database, vault: KeyVault, tmp_path: Path
) -> None:
    """It is left as it is, named with its owner and what mends it, and nobody takes the rotation for done."""
    with database.writing() as unit:
        (row,) = unit.sealed.some_not_by(SealedPlace.AUTHENTICATOR, "", after="", limit=2)
        unit.sealed.replace(SealedPlace.AUTHENTICATOR, row, row.sealed[:-1] + bytes((row.sealed[-1] ^ 1,)))
        person = unit.people.find(row.bound_to)
    old, new = vault.active, renew(database, vault, tmp_path / "keys")
    assert person is not None
    for _ in range(2):
        with pytest.raises(ValuesBroken, match=f"authenticator.sealed_secret of {person.email} .*reset-second-factor"):
            reseal(services, wait_for_nobody)
    assert not finish_resealing(services, LATER)
    with database.writing() as unit:
        assert sealed_by_key(unit) == {old: 1, new: len(SealedPlace) - 1}
        unit.factors.remove_all(row.bound_to)
    assert reseal(services, wait_for_nobody) == 0
    assert finish_resealing(services, LATER)


def test_broken_off_it_goes_on(
    services: Services, database: Database, vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two rows it may end: all opens with both keys, and the next pass does what is left."""
    monkeypatch.setattr(resealing, "AT_ONCE", 1)
    renew(database, vault, tmp_path / "keys")

    def end(_number: int) -> None:
        raise InterruptedError

    for _ in SealedPlace:
        with pytest.raises(InterruptedError):
            reseal(services, end)
    assert reseal_what_is_left(services, LATER, wait_for_nobody) == 0
    with database.reading() as unit:
        assert is_resealed(unit, vault.active)


def test_it_is_not_over_while_a_process_seals_with_the_old_key(
    services: Services, database: Database, vault: KeyVault, tmp_path: Path
) -> None:
    """One that has been heard of lately is waited for; one that has gone is not."""
    old = vault.active
    with database.writing() as unit:
        unit.nodes.report(Node("1", "node 1", "0", (old,), old, NOW, NOW))
    renew(database, vault, tmp_path / "keys")
    assert reseal(services, wait_for_nobody) == len(SealedPlace)
    assert not finish_resealing(services, NOW + LIVES - timedelta(seconds=1))
    assert finish_resealing(services, NOW + LIVES)
