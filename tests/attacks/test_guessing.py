# ruff: noqa: RUF001 - letters that look like others are what is tried here
"""Whoever guesses has a hundred tries in a row, whatever they mix: spellings, browsers, surfaces, organisations."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import PASSWORD, Browser, House, hidden
from totrinn.app.proving import address_throttle
from totrinn.core.throttle import LAST_FAILURE, Counter
from totrinn.crypto import Argon2Passwords

OLA = "ola@fjordly.test"
SPELLINGS = (
    "ola@fjordly.test",
    "OLA@FJORDLY.TEST",
    "  ola@fjordly.test\t",
    "ola@fjordly.test.",
    "Ola@ｆｊｏｒｄｌｙ.test",
    "ola@fjordly。test",
    "ola@Ｆjordly．TEST.",
)
NOBODY = (
    "öla@fjordly.test",
    "ｏｌａ@fjordly.test",
    "ola@fjordly.test@evil.test",
    "ola@fjordly.test,mallory@evil.test",
    "ola@fjordly.test\r\nBcc: mallory@evil.test",
    '"ola"@fjordly.test',
    "ola@",
    "@fjordly.test",
    "ola@xn--",
    "ola@" + "a" * 300,
    "ola@[127.0.0.1]",
)


def _failures(house: House, key: str) -> int:
    with house.database.reading() as unit:
        return unit.throttles.read(key).failures


def _person_id(house: House, email: str) -> str:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
    assert person is not None
    return person.id


def _member_of_two(house: House) -> Browser:
    """Somebody with a factor, signed in, who belongs to two organisations."""
    house.organisation("fjordly")
    house.organisation("annen")
    browser = house.enrolled(OLA, "fjordly")
    house.person(OLA, "annen")
    assert browser.is_in()
    return browser


@pytest.mark.row("R13")
def test_every_spelling_of_an_address_draws_on_one_counter(house: House) -> None:
    """Letter case, white space, a trailing dot, full-width letters: the sixth try waits, however it is spelt."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    stranger = house.browser()
    answers = [stranger.sign_in(spelling, "wrong wrong wrong").status_code for spelling in SPELLINGS]
    assert answers == [422] * 5 + [429] * 2
    assert stranger.sign_in(OLA).status_code == 429


@pytest.mark.row("R12")
def test_what_is_no_address_is_refused_and_reaches_nobody(house: House) -> None:
    """Several addresses, header lines, look-alike letters: refused before anything is looked up."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    browser = house.browser()
    for address in NOBODY:
        answer = browser.sign_in(address)
        assert answer.status_code == 422, address
        assert "bcc" not in str(answer.headers).lower()
    assert not browser.is_in()


@pytest.mark.row("R13")
@pytest.mark.row("R15")
def test_guesses_at_once_are_not_looked_at_beyond_the_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one try left, of twenty guesses sent at once one is looked at, and the counter ends at a hundred."""
    house.organisation("fjordly")
    house.person(OLA, "fjordly")
    key = address_throttle(house.services, OLA)
    with house.database.writing() as unit:
        unit.throttles.save(key, Counter(LAST_FAILURE - 1, datetime.now(UTC) - timedelta(hours=1)))
    looked_at: list[str] = []
    real = Argon2Passwords.verify
    lock = threading.Lock()

    def counted(self: Argon2Passwords, encoded: str | None, password: str) -> bool:
        with lock:
            looked_at.append(password)
        time.sleep(0.2)
        return real(self, encoded, password)

    monkeypatch.setattr(Argon2Passwords, "verify", counted)
    browsers = [house.browser() for _ in range(20)]
    pages = [browser.get("/login") for browser in browsers]

    def guess(at: int) -> int:
        return browsers[at].send(pages[at], "/login", email=OLA, password=f"guess number {at:02}").status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(guess, range(20)))
    assert len(looked_at) == 1
    assert sorted(answers) == [422] + [429] * 19
    assert _failures(house, key) == LAST_FAILURE


@pytest.mark.row("R12")
def test_one_hash_is_computed_whoever_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, known, without a password, disabled: each try costs one hash; a waiting or over-long one costs none."""
    house.organisation("fjordly")
    disabled = house.person("per@fjordly.test", "fjordly")
    house.person(OLA, "fjordly")
    with house.database.writing() as unit:
        unit.people.set_active(disabled, is_active=False)
    hashes: list[str | None] = []
    real = Argon2Passwords.verify

    def counted(self: Argon2Passwords, encoded: str | None, password: str) -> bool:
        hashes.append(encoded)
        return real(self, encoded, password)

    monkeypatch.setattr(Argon2Passwords, "verify", counted)
    bodies = set()
    for email in ("nobody@fjordly.test", OLA, "per@fjordly.test"):
        before = len(hashes)
        answer = house.browser().sign_in(email, "wrong wrong wrong")
        assert len(hashes) == before + 1, email
        assert answer.status_code == 422
        text = re.sub(r'name="csrf" value="\w+"', "", answer.text)
        bodies.add(text.replace(email, "…"))
    assert len(bodies) == 1
    before = len(hashes)
    assert house.browser().sign_in(OLA, "x" * 5000).status_code == 422
    assert len(hashes) == before


@pytest.mark.row("R13")
def test_changing_organisation_does_not_forgive_wrong_codes(house: House) -> None:
    """Whoever guesses codes in a live session cannot begin anew by going to another organisation and back."""
    browser = _member_of_two(house)
    key = f"factor:{_person_id(house, OLA)}"
    guesser = house.browser()
    guesser.sign_in(OLA)
    for code in ("000001", "000002", "000003"):
        guesser.submit("/login/two-factor", code=code)
    assert _failures(house, key) == 3
    browser.submit("/choose-organisation", organisation="annen")
    assert browser.is_in()
    assert _failures(house, key) == 3


@pytest.mark.row("R13")
@pytest.mark.row("R14")
def test_wrong_codes_count_together_on_every_surface(house: House, clock: Clock) -> None:
    """Sign-in, proving again, removal and the change of the password draw on one counter of codes."""
    house.organisation("fjordly")
    browser = house.enrolled(OLA, "fjordly")
    house.require("fjordly", on=False)
    key = f"factor:{_person_id(house, OLA)}"
    with house.database.reading() as unit:
        factor = unit.factors.of_person(_person_id(house, OLA))[0].id
    guesser = house.browser()
    guesser.sign_in(OLA)
    guesser.submit("/login/two-factor", code="000001")
    assert _failures(house, key) == 1
    browser.submit(f"/account/second-factor/{factor}/remove", code="000002")
    assert _failures(house, key) == 2
    clock.pass_by(minutes=21)
    browser.submit("/account/recovery-codes", password=PASSWORD, proof_code="000003")
    assert _failures(house, key) == 3
    browser.submit("/account/second-factor", password=PASSWORD, proof_code="000004")
    assert _failures(house, key) == 4
    changed = browser.submit(
        "/account/password", password=PASSWORD, new_password="en helt annen setning", code="000005"
    )
    assert changed.status_code == 422
    assert _failures(house, key) == 5
    again = browser.submit("/account/recovery-codes", password=PASSWORD, proof_code="000006")
    assert again.status_code == 429
    assert _failures(house, key) == 5


@pytest.mark.row("R16")
def test_a_code_used_on_one_surface_is_used_on_all(house: House, clock: Clock) -> None:
    """The code that signed in proves nothing again, removes nothing, changes no password; nor the other way round."""
    house.organisation("fjordly")
    house.enrolled(OLA, "fjordly")
    house.require("fjordly", on=False)
    app = house.apps[OLA]
    clock.pass_by(minutes=5)
    browser = house.browser()
    browser.sign_in(OLA)
    code = clock.code(app)
    assert browser.submit("/login/two-factor", code=code).status_code == 303
    with house.database.reading() as unit:
        factor = unit.factors.of_person(_person_id(house, OLA))[0].id
    assert browser.submit(f"/account/second-factor/{factor}/remove", code=code).status_code == 422
    change = {"password": PASSWORD, "new_password": "en helt annen setning", "code": code}
    assert browser.submit("/account/password", **change).status_code == 422
    with house.database.reading() as unit:
        assert len(unit.factors.of_person(_person_id(house, OLA))) == 1
    clock.pass_by(minutes=21)
    code = clock.code(app)
    assert browser.submit("/account/recovery-codes", password=PASSWORD, proof_code=code).status_code == 200
    other = house.browser()
    other.sign_in(OLA)
    assert other.submit("/login/two-factor", code=code).status_code == 422
    assert not other.is_in()


@pytest.mark.row("R16")
def test_a_code_that_was_named_ahead_of_its_time_is_spent(house: House, clock: Clock) -> None:
    """A code of the future, which the answer explains by the phone's clock, does not count when its time comes."""
    house.organisation("fjordly")
    house.enrolled(OLA, "fjordly")
    app = house.apps[OLA]
    clock.pass_by(minutes=5)
    early = clock.code(app, steps=10)
    browser = house.browser()
    browser.sign_in(OLA)
    assert browser.submit("/login/two-factor", code=early).status_code == 422
    clock.pass_by(seconds=300)
    late = house.browser()
    late.sign_in(OLA)
    assert late.submit("/login/two-factor", code=early).status_code == 422
    assert not late.is_in()


@pytest.mark.row("R36")
@pytest.mark.row("R16")
def test_a_clock_set_back_brings_no_old_code_to_life(house: House, clock: Clock) -> None:
    """When the server's clock goes back by an hour, a code that was used then is still used."""
    house.organisation("fjordly")
    house.enrolled(OLA, "fjordly")
    app = house.apps[OLA]
    clock.pass_by(minutes=90)
    browser = house.browser()
    browser.sign_in(OLA)
    code = clock.code(app)
    assert browser.submit("/login/two-factor", code=code).status_code == 303
    clock.pass_by(minutes=-60)
    thief = house.browser()
    thief.sign_in(OLA)
    for typed in (clock.code(app), code):
        assert thief.submit("/login/two-factor", code=typed).status_code in (422, 429)
    assert not thief.is_in()
    assert not browser.is_in()


@pytest.mark.row("R20")
@pytest.mark.row("R32")
def test_odd_spellings_of_codes_open_nothing_twice(house: House) -> None:
    """Codes with signs, other digits, of another length are refused; a recovery code counts once in any spelling."""
    house.organisation("fjordly", required=True)
    house.person(OLA, "fjordly")
    first = house.browser()
    first.sign_in(OLA)
    recovery = sorted(set(re.findall(r"\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b", first.enrol(OLA).text)))
    now = house.apps[OLA].now()
    thief = house.browser()
    thief.sign_in(OLA)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in now)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in now)
    odd = [f"+{now}", f"-{now}", f"{now}0", f"0{now}", now[:5], "1e5", "", arabic, wide, f"{now}\t", f"{now}\n"]
    for typed in [*odd, f"{now},{now}", "0x1234", "٣" * 6, f"{now}\u200b", f"{now}.0", "null", "[]"]:
        assert thief.submit("/login/two-factor", code=typed).status_code == 422, repr(typed)
    assert thief.submit("/login/two-factor", recovery_code=recovery[0][:-1]).status_code == 422
    spelt = recovery[0].lower().replace("-", "  ")
    assert thief.submit("/login/two-factor", recovery_code=spelt).status_code == 303
    assert thief.is_in()
    again = house.browser()
    again.sign_in(OLA)
    for typed in (recovery[0], recovery[0].replace("-", ""), recovery[0].lower()):
        assert again.submit("/login/two-factor", recovery_code=typed).status_code in (422, 429)
        assert again.submit("/login/two-factor", code=typed).status_code in (422, 429)
    assert not again.is_in()


@pytest.mark.row("R32")
def test_another_persons_recovery_code_is_worth_nothing(house: House) -> None:
    """The recovery codes of a colleague open only the colleague's account."""
    house.organisation("fjordly", required=True)
    house.person(OLA, "fjordly")
    house.person("mallory@fjordly.test", "fjordly")
    house.enrolled("kari@fjordly.test", "fjordly")
    mallory, ola = house.browser(), house.browser()
    mallory.sign_in("mallory@fjordly.test")
    own = re.findall(r"\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b", mallory.enrol("mallory@fjordly.test").text)
    ola.sign_in(OLA)
    ola.enrol(OLA)
    thief = house.browser()
    thief.sign_in(OLA)
    assert thief.submit("/login/two-factor", recovery_code=own[0]).status_code == 422
    assert thief.submit("/login/two-factor", code=house.apps["mallory@fjordly.test"].now()).status_code == 422
    assert not thief.is_in()


@pytest.mark.row("R19")
def test_a_form_that_is_long_on_its_way_does_not_keep_a_code_fresh(house: House, clock: Clock) -> None:
    """A code is judged when it has come, not by when the first bytes of its request came."""
    house.organisation("fjordly", required=True)
    house.enrolled(OLA, "fjordly")
    clock.pass_by(minutes=5)
    browser = house.browser()
    browser.sign_in(OLA)
    code = clock.code(house.apps[OLA])
    fields = urlencode({**hidden(browser.get("/login/two-factor").text), "code": code}).encode()

    def slowly() -> Iterator[bytes]:
        yield fields[:-1]
        time.sleep(0.5)
        clock.pass_by(minutes=2)
        yield fields[-1:]

    form = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(fields))}
    answer = browser.http.post("/login/two-factor", content=slowly(), headers=form)
    assert answer.status_code == 422
    assert not browser.is_in()
