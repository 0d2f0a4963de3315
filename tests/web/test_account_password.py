"""Changing one's own password: what it takes, which ones are refused, and what ends with the old one."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident, now
from tests.web.own_account import NEW_PASSWORD, NEXT_CODE, at_second_step, is_dead, mails, password_lets_in, set_up
from totrinn.app.records import LinkPurpose, OneTimeLink
from totrinn.core.policy import Requirement
from totrinn.crypto import Argon2Passwords

PAGE = "/account/password"


@pytest.fixture
def ola(house: House) -> Resident:
    """A user without a second factor."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("ola.nordmann@fjordly.no", "fjordly", name="Ola Nordmann")


@pytest.fixture
def eva(house: House, ola: Resident) -> Resident:
    """A user with a second factor."""
    return house.person("eva@fjordly.no", "fjordly", factor=True)


def opened(house: House, resident: Resident) -> Browser:
    """The person's browser, with the form open."""
    browser = house.sign_in(resident)
    assert browser.get(PAGE).status == 200
    return browser


@pytest.mark.row("R7", "R53", "R30", "R92")
def test_the_password_is_changed_with_the_current_one(house: House, ola: Resident) -> None:
    """One stays signed in under a new cookie, is told by mail, and only the new password counts from then on."""
    browser = opened(house, ola)
    old = browser.cookie()
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD)
    assert (answer.status, answer.location) == (303, "/account?said=password")
    assert "The password has been changed" in browser.get(answer.location).words
    assert browser.cookie() != old
    assert is_dead(house, old)
    assert mails(house) == ["password_changed"]
    assert house.kinds("fjordly")[0] == "person:password:changed"
    assert not password_lets_in(house, ola)
    assert password_lets_in(house, ola, NEW_PASSWORD)


@pytest.mark.row("R7", "R92")
@pytest.mark.parametrize("typed", ["", "wrong password", PASSWORD.upper(), f"{PASSWORD} ", "x" * 1025])
def test_without_the_current_password_nothing_changes(house: House, ola: Resident, typed: str) -> None:
    """A browser that was left open is not enough; nothing that was typed comes back."""
    browser = opened(house, ola)
    answer = browser.post(PAGE, password=typed, new_password=NEW_PASSWORD)
    assert answer.status == 422
    assert ("The password is wrong" if typed else "Type your password") in answer.words
    assert NEW_PASSWORD not in answer.text
    assert not typed.strip() or f'value="{typed}' not in answer.text
    assert password_lets_in(house, ola)
    assert browser.get("/account").status == 200


@pytest.mark.row("R13", "R92")
def test_wrong_passwords_are_counted_and_stand_in_the_log(house: House, ola: Resident) -> None:
    """From the fifth on one has to wait, even with the right one, and the organisation can see that it was tried."""
    browser = opened(house, ola)
    for _ in range(5):
        assert browser.post(PAGE, password="wrong", new_password=NEW_PASSWORD).status == 422
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert "Too many failed attempts" in answer.words
    assert house.kinds("fjordly").count("session:proof:refused") == 6


@pytest.mark.row("R58", "R57")
def test_all_that_the_old_password_opened_ends(house: House, eva: Resident, clock: time_machine.Traveller) -> None:
    """Other sessions, sign-ins under way, and links that were handed out before."""
    other = house.sign_in(eva)
    clock.shift(timedelta(seconds=31))
    browser = opened(house, eva)
    under_way = at_second_step(house, eva)
    token = house.services.random.token()
    link = OneTimeLink("link", LinkPurpose.CHOOSE_PASSWORD, None, eva.id, None, now(), now() + timedelta(hours=1))
    with house.services.store.writing() as unit:
        unit.links.add(house.services.digest(token), link)
    assert house.browser().get(f"/password/{token}").status == 200
    clock.shift(timedelta(seconds=31))
    assert browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD).status == 303
    assert is_dead(house, other.cookie())
    assert under_way.get("/login/two-factor").location == "/login?said=late"
    assert under_way.get("/").location.startswith("/login")
    assert house.browser().get(f"/password/{token}").status == 410


@pytest.mark.row("R1")
@pytest.mark.parametrize(
    ("has_factor", "typed", "is_taken"),
    [
        (True, "blåveis", False),
        (True, "blåveis7", True),
        (False, "hestehov og blå", True),
        (False, "hestehov og bl", False),
        (False, "blåveis7", False),
    ],
)
def test_the_shortest_password(
    house: House, ola: Resident, eva: Resident, has_factor: bool, typed: str, is_taken: bool
) -> None:
    """8 characters beside a second factor, 15 where the password is the only one; counted as people count them."""
    browser = opened(house, eva if has_factor else ola)
    assert f"At least {8 if has_factor else 15} characters" in browser.last.words
    answer = browser.post(PAGE, password=PASSWORD, new_password=typed)
    assert answer.status == (303 if is_taken else 422)
    assert is_taken or "The password is too short" in answer.words


@pytest.mark.row("R1")
def test_eight_characters_do_where_a_second_factor_is_required(house: House, ola: Resident) -> None:
    """Even from a date that is still to come: until then nobody needs two rules."""
    organisation = house.stored("fjordly")
    with house.services.store.writing() as unit:
        unit.organisations.take_requirement(
            organisation.id, Requirement(now(), now() + timedelta(days=7)), by=None, expected_revision=1
        )
    browser = opened(house, ola)
    assert browser.post(PAGE, password=PASSWORD, new_password="blåveis7").status == 303


@pytest.mark.row("R1")
@pytest.mark.parametrize("accepted", [True, False])
def test_fifteen_are_needed_for_as_long_as_one_organisation_requires_no_second_factor(
    house: House, ola: Resident, accepted: bool
) -> None:
    """There the password is the only factor; and an invitation alone, which anybody may send, shortens nothing."""
    house.organisation("nordly", requirement=Requirement(now()))
    house.join(ola, "nordly", accepted=accepted)
    browser = house.sign_in(ola, organisation="fjordly")
    assert "At least 15 characters" in browser.get(PAGE).words
    assert browser.post(PAGE, password=PASSWORD, new_password="blåveis7").status == 422


@pytest.mark.row("R5", "R6")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("password1", "easy to guess: it stands on lists"),
        ("QWERTYUIOP", "easy to guess: it stands on lists"),
        ("aaaaaaaaaaaa", "easy to guess: it stands on lists"),
        ("Fjordly 2026!", "made of a name"),
        ("jobadmin123", "made of a name"),
        ("eva@fjordly.no", "made of a name"),
        ("blåveis\x07 og hestehov", "cannot be typed"),
        ("x" * 1025, "too long"),
    ],
)
def test_passwords_that_anybody_would_guess_are_refused(house: House, eva: Resident, typed: str, said: str) -> None:
    """With the reason; the old one stays, and nothing that was typed comes back."""
    browser = opened(house, eva)
    answer = browser.post(PAGE, password=PASSWORD, new_password=typed)
    assert answer.status == 422
    assert said in answer.words
    assert PASSWORD not in answer.text
    assert typed == eva.email or typed not in answer.text
    assert password_lets_in(house, eva)


@pytest.mark.row("R2", "R3", "R4")
@pytest.mark.parametrize(
    ("chosen", "others"),
    [
        ("  kråke & 🪿 på tur, i 1 000 år  ", ["kråke & 🪿 på tur, i 1 000 år", "  Kråke & 🪿 på tur, i 1 000 år  "]),
        ("å" * 40 + "bcdefgh" * 20 + "9", ["å" * 40 + "bcdefgh" * 20 + "8", "å" * 40 + "bcdefgh" * 20]),
        ("Re\u0301sume\u0301 uten aksenter", ["Resume uten aksenter"]),
    ],
)
def test_any_long_password_is_taken_as_it_is(house: House, ola: Resident, chosen: str, others: list[str]) -> None:
    """Spaces, emoji and 180 characters count, to the last one; the same letters composed otherwise are the same."""
    browser = opened(house, ola)
    assert browser.post(PAGE, password=PASSWORD, new_password=chosen).status == 303
    for other in others:
        assert not password_lets_in(house, ola, other)
    assert password_lets_in(house, ola, chosen)


def test_composed_and_decomposed_letters_are_the_same_password(house: House, ola: Resident) -> None:
    """What one keyboard sends as one sign, another sends as two."""
    browser = opened(house, ola)
    assert browser.post(PAGE, password=PASSWORD, new_password="Re\u0301sume\u0301 uten aksenter").status == 303
    assert password_lets_in(house, ola, "R\u00e9sum\u00e9 uten aksenter")


@pytest.mark.row("R2")
@pytest.mark.parametrize(
    ("current", "new", "status"), [(PASSWORD, 1024 * 1024, 413), (PASSWORD, 60_000, 422), (None, 20, 422)]
)
def test_giant_passwords_are_refused_without_hashing(
    house: House, ola: Resident, monkeypatch: pytest.MonkeyPatch, current: str | None, new: int, status: int
) -> None:
    """A mebibyte, or a form that is refused anyway, costs no hash."""
    browser = opened(house, ola)

    def refuse(*_: object) -> bool:
        raise AssertionError("a hash was computed")

    for name in ("hash", "verify"):
        monkeypatch.setattr(Argon2Passwords, name, refuse)
    answer = browser.post(PAGE, password=current or "x" * 30_000, new_password="x" * new)
    assert answer.status == status


@pytest.mark.row("R7", "R29")
def test_a_stale_second_factor_is_asked_for(house: House, eva: Resident, clock: time_machine.Traveller) -> None:
    """After 20 minutes the password alone does not change the password."""
    browser = opened(house, eva)
    assert 'name="code"' not in browser.last.text
    clock.shift(timedelta(minutes=21))
    assert 'name="code"' in browser.get(PAGE).text
    for code in (None, "", "000000", "12345"):
        answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code=code)
        assert answer.status == 422, answer.words
    assert password_lets_in(house, eva)
    clock.shift(timedelta(minutes=1))
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code=eva.code())
    assert answer.location == "/account?said=password", answer.words


@pytest.mark.row("R7", "R16")
def test_a_code_that_was_used_does_not_change_the_password(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """A code counts once, also here."""
    browser = opened(house, eva)
    clock.shift(timedelta(minutes=21))
    used = eva.code()
    assert house.sign_in(eva).cookie()
    browser.get(PAGE)
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code=used)
    assert answer.status == 422
    assert "already been used" in answer.words


@pytest.mark.row("R7", "R32")
def test_who_has_lost_the_phone_changes_the_password_with_a_recovery_code(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """The code counts once, and what is wrong with another one is said in its own words."""
    browser = house.sign_in(eva)
    clock.shift(NEXT_CODE)
    _, codes = set_up(browser)
    clock.shift(timedelta(minutes=21))
    assert "One-time code or recovery code" in browser.get(PAGE).words
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code="ABCD-" * 5 + "ABCD")
    assert "The recovery code does not match" in answer.words
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code=codes[0])
    assert answer.location == "/account?said=password", answer.words
    with house.services.store.reading() as unit:
        assert unit.factors.recovery_codes_left(eva.id) == 9


@pytest.mark.row("R13", "R29")
def test_guessing_codes_beside_the_right_password_has_an_end(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """The page says that one has to wait, and not that the password was wrong."""
    browser = opened(house, eva)
    clock.shift(timedelta(minutes=21))
    for _ in range(5):
        assert browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code="000000").status == 422
    answer = browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD, code=eva.code())
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert "Too many failed attempts. Wait 1 second" in answer.words
    assert 'aria-invalid="true"' not in answer.text
    assert password_lets_in(house, eva)


@pytest.mark.row("R62")
def test_a_form_from_before_the_change_is_too_old(house: House, ola: Resident) -> None:
    """Its token belonged to the old cookie."""
    browser = opened(house, ola)
    csrf = browser.last.hidden("csrf")
    browser.post(PAGE, password=PASSWORD, new_password=NEW_PASSWORD)
    answer = browser.post("/account/sessions/end-others", csrf=csrf)
    assert answer.status == 403
    assert "The page was too old" in answer.words
