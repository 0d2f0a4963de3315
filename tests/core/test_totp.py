"""One-time codes: what is right, once, at which time; against the RFCs and two other implementations."""

import base64
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from totrinn.core import totp
from totrinn.core.totp import Replayed, Right, Skewed, Wrong, check, code_at, provisioning_uri, step_at

RFC_SECRET = b"12345678901234567890"
SECRET = bytes(range(7, 27))
BASE32 = base64.b32encode(SECRET).decode()
NOW = datetime(2026, 11, 23, 12, 0, 10, tzinfo=UTC)
STEP = step_at(NOW)
NEVER = -1


def _code(distance: int) -> str:
    """What the phone shows so many steps from now."""
    return code_at(SECRET, STEP + distance)


def _check(code: str, *, last_step: int = NEVER, spent_steps: tuple[int, ...] = ()) -> totp.Outcome:
    return check(SECRET, code, now=NOW, last_step=last_step, spent_steps=spent_steps)


RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226)))
def test_codes_are_those_of_rfc_4226(counter: int, code: str) -> None:
    """The values of RFC 4226, appendix D, come out."""
    assert code_at(RFC_SECRET, counter) == code


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """The values of RFC 6238, appendix B (SHA-1), come out, cut to six digits."""
    assert code_at(RFC_SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == code[-6:]


@pytest.mark.row("R19")
def test_oathtool_shows_the_same_codes() -> None:
    """An authenticator that we did not write shows our codes for a hundred steps in a row."""
    program = shutil.which("oathtool")
    if program is None:
        assert not os.environ.get("CI"), "oathtool is missing; in CI nothing is skipped"
        pytest.skip("oathtool is not installed (apt install oathtool): codes were not compared with it")
    command = [program, "--totp", "--base32", "--window=99", f"--now={NOW:%Y-%m-%d %H:%M:%S} UTC", BASE32]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert shown == [_code(distance) for distance in range(100)]


def test_pyotp_shows_the_same_codes() -> None:
    """So does a second one, for a hundred steps from another day on."""
    other = pyotp.TOTP(BASE32)
    start = datetime(2031, 2, 3, tzinfo=UTC)
    times = [start + timedelta(seconds=30 * at) for at in range(100)]
    assert [other.at(time) for time in times] == [code_at(SECRET, step_at(time)) for time in times]


def test_a_code_keeps_its_leading_zeros() -> None:
    """A code is always six digits long."""
    assert {len(code_at(SECRET, step)) for step in range(200)} == {6}
    assert any(code_at(SECRET, step).startswith("0") for step in range(200))


@pytest.mark.row("R19")
@pytest.mark.parametrize("distance", [-1, 0, 1])
def test_a_code_counts_one_step_either_side(distance: int) -> None:
    """The code of this step, the one before and the one after are right, and the step is named."""
    assert _check(_code(distance)) == Right(STEP + distance)


@pytest.mark.row("R19")
@pytest.mark.parametrize("distance", [-3, -2, 2, 3])
def test_a_code_two_steps_off_is_refused(distance: int) -> None:
    """Two steps off is not right."""
    assert not isinstance(_check(_code(distance)), Right)


@pytest.mark.row("R16")
@pytest.mark.parametrize(("used", "typed"), [(0, 0), (1, 1), (1, 0), (0, -1), (1, -1), (-1, -1)])
def test_a_used_step_and_all_before_it_are_spent(used: int, typed: int) -> None:
    """The same step again, or one older than the last accepted, is a replay though its time has not passed."""
    assert _check(_code(typed), last_step=STEP + used) == Replayed()


@pytest.mark.row("R16")
@pytest.mark.parametrize(("used", "typed"), [(-1, 0), (-1, 1), (0, 1), (-5, -1)])
def test_a_later_step_than_the_last_used_counts(used: int, typed: int) -> None:
    """Having used one step does not spend the next."""
    assert _check(_code(typed), last_step=STEP + used) == Right(STEP + typed)


@pytest.mark.row("R18")
def test_the_code_that_confirmed_enrolment_is_spent() -> None:
    """The step taken at enrolment is the authenticator's last step from then on."""
    confirmed = _check(_code(0))
    assert isinstance(confirmed, Right)
    assert _check(_code(0), last_step=confirmed.step) == Replayed()


@pytest.mark.parametrize("distance", [2, 3, 17, 40])
def test_a_fast_phone_is_told_by_how_much(distance: int) -> None:
    """A code from the future within twenty minutes is named with the seconds that the phone is ahead."""
    assert _check(_code(distance)) == Skewed(distance * 30, STEP + distance)


@pytest.mark.parametrize("distance", [2, 3, 17, 40])
def test_a_slow_phone_is_told_by_how_much(distance: int) -> None:
    """A code from the past within twenty minutes is named with the seconds that the phone is behind."""
    assert _check(_code(-distance)) == Skewed(-distance * 30, STEP - distance)


@pytest.mark.parametrize("distance", [-1000, -41, 41, 1000])
def test_beyond_twenty_minutes_nothing_is_told(distance: int) -> None:
    """A code of any other time is wrong, and nothing more."""
    assert _check(_code(distance)) == Wrong()


@pytest.mark.row("R16", "R19")
def test_a_step_that_was_named_is_spent_when_its_time_comes() -> None:
    """To tell somebody that a code fits a later time does not tell them a code that will work then."""
    named = _check(_code(2))
    assert isinstance(named, Skewed)
    later = NOW + timedelta(seconds=named.seconds)
    for at in (later - timedelta(seconds=30), later, later + timedelta(seconds=30)):
        outcome = check(SECRET, _code(2), now=at, last_step=NEVER, spent_steps={named.step})
        assert outcome == Replayed()


def test_other_steps_than_the_named_one_still_count() -> None:
    """Once the clock is put right, the phone's next codes work."""
    assert _check(_code(0), spent_steps=(STEP + 2, STEP - 3)) == Right(STEP)


@pytest.mark.parametrize("code", ["", "12345", "1234567", _code(0)[:-1], _code(0) + "0", " " + _code(0)])
def test_anything_but_the_very_digits_is_wrong(code: str) -> None:
    """Nothing is cut, padded or trimmed at this depth."""
    assert _check(code) == Wrong()


def test_another_secret_shows_other_codes() -> None:
    """A code is right for its own authenticator only."""
    assert check(bytes(20), _code(0), now=NOW, last_step=NEVER) == Wrong()


@pytest.mark.row("R21")
def test_secrets_have_160_bits() -> None:
    """The length that RFC 4226 recommends."""
    assert totp.SECRET_BYTES * 8 == 160


@pytest.mark.row("R25")
@pytest.mark.parametrize("issuer", ["Jobadmin", "Ås & Sønner: jobb/admin?", "a#b%20c"])
def test_the_address_in_the_qr_code_says_secret_issuer_and_label(issuer: str) -> None:
    """Whatever the names contain, an app reads exactly them and the secret."""
    address = urlsplit(provisioning_uri(BASE32, issuer=issuer, label="kari+test@eksempel.no"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    issuer_read, _, label = address.path.removeprefix("/").partition(":")
    assert (unquote(issuer_read), unquote(label)) == (issuer, "kari+test@eksempel.no")
    query = parse_qs(address.query, strict_parsing=True)
    assert query == {"secret": [BASE32], "issuer": [issuer], "digits": ["6"], "period": ["30"]}


@pytest.mark.row("R25")
def test_pyotp_reads_the_address() -> None:
    """A second implementation makes the same authenticator of it."""
    read = pyotp.parse_uri(provisioning_uri(BASE32, issuer="Jobadmin", label="kari@eksempel.no"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.issuer, read.name) == (BASE32, "Jobadmin", "kari@eksempel.no")
    assert read.at(NOW) == _code(0)
