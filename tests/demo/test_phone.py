"""The demonstration's phone makes the codes that any authenticator app makes."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest

from totrinn.demo.phone import Phone, read_key, step_of

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
URI = "otpauth://totp/Jobadmin:kari@fjordly.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Jobadmin&digits=6"


@pytest.mark.parametrize(("time", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_rfc(time: int, code: str) -> None:
    """The vectors of RFC 6238, appendix B, in six digits."""
    account = read_key(RFC_SECRET)
    assert account is not None
    assert account.code(step_of(datetime.fromtimestamp(time, UTC))) == code


def test_codes_are_those_of_another_app() -> None:
    """A second implementation agrees, for keys of any length."""
    for length in (32, 40, 56):
        secret = pyotp.random_base32(length)
        account = read_key(secret)
        assert account is not None
        at = datetime(2026, 11, 24, 8, 14, tzinfo=UTC)
        assert account.code(step_of(at)) == pyotp.TOTP(secret).at(at)


def test_an_address_names_the_account() -> None:
    """The application and whose it is are read off it."""
    account = read_key(URI)
    assert account is not None
    assert (account.issuer, account.label, account.secret) == ("Jobadmin", "kari@fjordly.example", RFC_SECRET)


def test_a_key_may_be_pasted_as_it_is_shown() -> None:
    """Groups, small letters and line ends make no difference."""
    account = read_key(" gezd gnbv gy3t qojq GEZD-GNBV GY3T QOJQ\n", "Kari")
    assert account is not None
    assert (account.label, account.secret) == ("Kari", RFC_SECRET)


@pytest.mark.parametrize(
    "typed", ["", "hei", "GEZD", "0189 0189 0189 0189", "otpauth://totp/x", "https://x", "A" * 2000]
)
def test_what_is_no_key_is_refused(typed: str) -> None:
    """It is said, and nothing is added."""
    assert read_key(typed) is None


def test_accounts_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    """The newest first, each key once, in a file that others cannot read; and they can be taken off again."""
    phone = Phone(tmp_path / "phone.json")
    assert phone.accounts() == ()
    first, second = phone.add(pyotp.random_base32()), phone.add(URI)
    phone.add(URI)
    assert first is not None
    assert second is not None
    assert [account.secret for account in phone.accounts()] == [second.secret, first.secret]
    assert stat.S_IMODE((tmp_path / "phone.json").stat().st_mode) == 0o600
    phone.remove(first.id)
    assert [account.secret for account in Phone(tmp_path / "phone.json").accounts()] == [second.secret]
