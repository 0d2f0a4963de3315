"""Our own keys are strong, and read once."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from totrinn.sso.keys import load_key, new_key


@pytest.mark.row("R90")
def test_a_key_is_strong_and_loaded_once() -> None:
    """No two are alike."""
    der = new_key()
    assert load_key(der).key_size == 3072
    assert load_key(der) is load_key(der)
    assert new_key() != der


def test_anything_else_is_no_key() -> None:
    """A damaged store is told apart from a key of another type by nobody: both are errors."""
    other = ec.generate_private_key(ec.SECP256R1())
    for der in (b"", b"x", other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())):
        with pytest.raises(ValueError, match=r"\w"):
            load_key(der)
