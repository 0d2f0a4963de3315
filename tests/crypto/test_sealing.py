"""Secrets at rest, keyed digests and signed values."""

import base64
import hashlib
import hmac
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from totrinn.app.errors import SealBroken
from totrinn.crypto import KeysMissing, KeysUnusable, KeyVault, write_new_key
from totrinn.crypto.keys import read_keys


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A place for keys."""
    return tmp_path / "keys"


@pytest.fixture
def vault(keys: Path) -> KeyVault:
    """A vault with one key."""
    return KeyVault.create(keys)


def text_of(keys: Path) -> str:
    """The keys of a directory in one text."""
    return "\n".join(f"{file.stem}:{file.read_text().strip()}" for file in keys.glob("*.key"))


@given(secret=st.binary(max_size=200), context=st.text(max_size=50))
def test_what_is_sealed_can_be_opened(secret: bytes, context: str) -> None:
    """Any secret comes back, in its own context."""
    vault = KeyVault.of_text(_TEXT)
    context = context.encode("utf-8", "replace").decode()
    assert vault.open(vault.seal(secret, context), context) == secret


@pytest.mark.row("R23", "R90")
def test_a_sealed_value_shows_nothing_and_is_never_the_same(vault: KeyVault) -> None:
    """The same secret is sealed differently each time, and does not stand in it."""
    sealed = {vault.seal(b"the same secret", "context") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(b"the same secret" in each for each in sealed)
    nonces = {each[2 + each[1] :][:12] for each in sealed}
    assert len(nonces) == 100


@pytest.mark.row("R90")
def test_a_sealed_value_opens_nowhere_else(vault: KeyVault, tmp_path: Path) -> None:
    """Another context, another key, or any changed bit is a broken seal."""
    sealed = vault.seal(b"secret", "person 1")
    for wrong in ("person 2", "", "person 1\0", "person"):
        with pytest.raises(SealBroken):
            vault.open(sealed, wrong)
    with pytest.raises(SealBroken):
        KeyVault.create(tmp_path / "other").open(sealed, "person 1")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            vault.open(bytes(changed), "person 1")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            vault.open(sealed[:length], "person 1")
    with pytest.raises(SealBroken):
        vault.open(sealed + b"\0", "person 1")


@pytest.mark.row("R90")
def test_the_sealed_form_is_what_the_documentation_says(vault: KeyVault, keys: Path) -> None:
    """An implementation of our own, from the description alone, opens it."""
    sealed = vault.seal(b"secret", "context")
    (key,) = read_keys(keys)
    assert sealed[0] == 1
    header, rest = sealed[: 2 + sealed[1]], sealed[2 + sealed[1] :]
    assert header[2:] == key.id.encode()
    cipher = AESGCM(hkdf(key.secret, b"totrinn", b"seal"))
    assert cipher.decrypt(rest[:12], rest[12:], header + b"context") == b"secret"


def test_the_derivation_is_that_of_rfc_5869() -> None:
    """Our second implementation of HKDF gives the RFC's first test vector."""
    output = hkdf(bytes([0x0B] * 22), bytes(range(13)), bytes(range(0xF0, 0xFA)), length=42)
    assert output.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")


@pytest.mark.row("R32")
def test_a_digest_is_keyed_and_has_a_purpose(vault: KeyVault, keys: Path, tmp_path: Path) -> None:
    """It is HMAC-SHA-256 under a key of its own; another purpose or another installation gives another digest."""
    (key,) = read_keys(keys)
    digest = vault.digest("ABCD", "recovery code")
    assert digest == hmac.digest(hkdf(key.secret, b"totrinn", b"digest recovery code"), b"ABCD", "sha256")
    others = [
        vault.digest("ABCD", "other"),
        vault.digest("ABCE", "recovery code"),
        KeyVault.create(tmp_path / "other").digest("ABCD", "recovery code"),
        hashlib.sha256(b"ABCD").digest(),
    ]
    assert digest not in others
    assert len(digest) == 32


@pytest.mark.row("R91")
def test_a_signed_value_is_ours_or_nothing(vault: KeyVault, tmp_path: Path) -> None:
    """Only the very value, for the very purpose, under our key, is given back."""
    for value in ("", "a", "a.b", "with spaces and æøå", "\ud800"):
        assert vault.signed_value(vault.sign(value, "visit"), "visit") == value
    signed = vault.sign("value", "visit")
    value, _, signature = signed.rpartition(".")
    forged = [
        "", ".", value, f"{value}.", f".{signature}", f"other.{signature}", f"{value}.{signature[:-1]}",
        f"{signed}=", signed + " ", signed.replace(".", ".\u00e9"), f"{value}.{'A' * 43}", signed.upper(),
    ]  # fmt: skip
    assert all(vault.signed_value(each, "visit") is None for each in forged)
    assert vault.signed_value(signed, "other purpose") is None
    assert KeyVault.create(tmp_path / "other").signed_value(signed, "visit") is None


@pytest.mark.row("R90")
def test_a_new_key_takes_over_without_anybody_noticing(vault: KeyVault, keys: Path) -> None:
    """What the old key sealed and signed still opens, digests stay, and new things are sealed by the new key."""
    sealed, signed, digest = vault.seal(b"secret", "c"), vault.sign("value", "p"), vault.digest("value", "p")
    key = write_new_key(keys)
    renewed = KeyVault.load(keys)
    assert renewed.open(sealed, "c") == b"secret"
    assert renewed.signed_value(signed, "p") == "value"
    assert renewed.digest("value", "p") == digest
    assert key.id.encode() in renewed.seal(b"secret", "c")
    with pytest.raises(SealBroken):
        vault.open(renewed.seal(b"secret", "c"), "c")


def test_keys_are_files_for_their_owner_only(vault: KeyVault, keys: Path) -> None:
    """The directory and the file are closed to others, and a vault with keys is never made anew."""
    (file,) = keys.iterdir()
    assert (keys.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    assert len(base64.b64decode(file.read_text())) == 32
    with pytest.raises(KeysUnusable, match="already"):
        KeyVault.create(keys)


@pytest.mark.row("R90", "R94")
def test_without_usable_keys_there_is_no_vault(vault: KeyVault, keys: Path, tmp_path: Path) -> None:
    """Missing, empty, truncated, exchanged, misnamed or readable by others: each is an error, and shows no secret."""
    with pytest.raises(KeysMissing):
        KeyVault.load(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeysMissing):
        KeyVault.load(tmp_path / "empty")
    (file,) = keys.iterdir()
    good, other = file.read_text(), base64.b64encode(os.urandom(32)).decode()
    for content in ("", good[:-6], other, good.replace("\n", "x"), "æøå", good + good):
        file.write_text(content)
        with pytest.raises(KeysUnusable) as refused:
            KeyVault.load(keys)
        assert not content.strip() or content.strip() not in str(refused.value)
    file.write_text(good)
    file.chmod(0o640)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        KeyVault.load(keys)
    file.chmod(0o600)
    file.rename(keys / "mine.key")
    with pytest.raises(KeysUnusable, match="no name of a key"):
        KeyVault.load(keys)


def test_keys_may_come_in_one_file(vault: KeyVault, keys: Path, tmp_path: Path) -> None:
    """The lines `id:base64` of all keys, in any order, with remarks, are as good as the directory."""
    write_new_key(keys)
    both = KeyVault.load(keys)
    lines = "\n".join(["# the keys", "", *reversed(text_of(keys).splitlines()), ""])
    (tmp_path / "keys file").write_text(lines)
    for same in (KeyVault.load(tmp_path / "keys file"), KeyVault.of_text(lines)):
        assert same.open(both.seal(b"secret", "c"), "c") == b"secret"
        assert same.digest("v", "p") == vault.digest("v", "p")
    (tmp_path / "keys file").write_text("# none")
    with pytest.raises(KeysMissing):
        KeyVault.load(tmp_path / "keys file")
    with pytest.raises(KeysMissing):
        KeyVault.of_text("# none")


@pytest.mark.row("R23")
def test_keys_show_nothing_of_themselves(vault: KeyVault, keys: Path) -> None:
    """Neither a key nor a vault says its secret when it is printed."""
    (key,) = read_keys(keys)
    for shown in (repr(key), str(key), repr(vault)):
        assert key.secret.hex() not in shown
        assert repr(key.secret) not in shown


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """RFC 5869 with SHA-256, written down once more."""
    pseudorandom = hmac.digest(salt, secret, "sha256")
    output, block, number = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(pseudorandom, block + info + bytes((number,)), "sha256")
        output += block
        number += 1
    return output[:length]


_SECRET = bytes(range(32))
_FINGERPRINT = hashlib.sha256(b"totrinn key id\0" + _SECRET).hexdigest()[:8]
_TEXT = f"0001-{_FINGERPRINT}:{base64.b64encode(_SECRET).decode()}"


@given(value=st.binary(max_size=300), purpose=st.text(max_size=20))
def test_what_is_enclosed_comes_back_for_its_purpose_alone(value: bytes, purpose: str) -> None:
    """Written in letters that stand in an address as they are; never twice the same."""
    vault = KeyVault.of_text(_TEXT)
    text = vault.enclose(value, purpose)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert vault.enclosed(text, purpose) == value
    assert vault.enclosed(text, f"{purpose}x") is None
    assert vault.enclose(value, purpose) != text


@given(text=st.text(max_size=200))
def test_nothing_else_is_taken_for_enclosed(text: str) -> None:
    """Whatever it is, it is refused, and nothing breaks."""
    assert KeyVault.of_text(_TEXT).enclosed(text, "purpose") is None


def test_an_enclosed_value_can_be_written_in_one_way_only(vault: KeyVault, tmp_path: Path) -> None:
    """Every sign counts, also the bits of the last one that carry nothing; another installation opens nothing."""
    for length in range(3):
        text = vault.enclose(b"x" * length, "purpose")
        signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"
        others = {f"{text[:at]}{sign}{text[at + 1 :]}" for at in range(len(text)) for sign in signs} - {text}
        others |= {f"{text}{more}" for more in ("=", "==", "A", "\n", " ")} | {text[:-1], f" {text}"}
        assert all(vault.enclosed(other, "purpose") is None for other in others)
        assert KeyVault.create(tmp_path / f"other{length}").enclosed(text, "purpose") is None


@pytest.mark.row("R90")
def test_what_was_enclosed_is_opened_after_a_rotation_and_by_others_that_have_the_key(keys: Path) -> None:
    """A process that has not seen the new key looks for it; one whose key is gone opens nothing."""
    vault = KeyVault.create(keys)
    old, behind = vault.enclose(b"value", "purpose"), KeyVault.load(keys)
    key = write_new_key(keys)
    assert vault.use(key.id)
    new = vault.enclose(b"value", "purpose")
    assert vault.enclosed(old, "purpose") == b"value"
    assert behind.look_again(at_once=True)
    assert behind.enclosed(new, "purpose") == b"value"
    assert KeyVault((key,)).enclosed(old, "purpose") is None
