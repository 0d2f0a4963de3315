"""After a whole visit nothing that opens anything stands in the database, its journal, the log or the key files."""

import base64
import logging
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.attacks.house import OPERATOR, House, app_of, hidden
from totrinn.app import operating
from totrinn.core.roles import Role
from totrinn.serving.logs import JsonLines

OLA = "ola@fjordly.test"
HASH = "$argon2id$kanari"
FIRST, SECOND = "kanarifuglen i gruven sang", "kanarifuglen fløy sin vei"


def _visit(house: House) -> dict[str, str]:
    """Signs up, enrols, errs, proves anew, renews codes, changes the password; every secret met on the way, by name."""
    house.organisation("fjordly", required=True)
    link = operating.issue_setup_link(house.services, house.visitor(), OPERATOR, "fjordly")
    assert isinstance(link, operating.Link)
    secrets = {"first password": FIRST, "second password": SECOND, "set-up link": link.token}
    browser = house.browser()
    secrets["visit's token"] = hidden(browser.get("/login").text)["csrf"]
    browser.submit(f"/setup/{link.token}", email=OLA, name="Ola", password=FIRST)
    browser.sign_in(OLA, "kanarifuglen skrev feil her")
    secrets["wrong password"] = "kanarifuglen skrev feil her"
    browser.sign_in(OLA, FIRST)
    secrets["unfinished sign-in"] = browser.cookie("totrinn-signin") or ""
    browser.submit("/login/enrol")
    page = browser.get("/login/enrol")
    app = app_of(page.text)
    secrets["authenticator"] = app.secret
    shown = browser.send(page, "/login/enrol/confirm", code=app.now()).text
    secrets |= {f"recovery code {at}": code for at, code in enumerate(_recovery_codes(shown))}
    secrets["session"] = browser.cookie("totrinn") or ""
    secrets["device"] = browser.cookie("totrinn-device") or ""
    secrets["session's token"] = hidden(browser.get("/account").text)["csrf"]
    renewed = browser.submit("/account/recovery-codes").text
    secrets |= {f"renewed code {at}": code for at, code in enumerate(_recovery_codes(renewed))}
    browser.submit("/account/password", password=FIRST, new_password=SECOND)
    secrets["last session"] = browser.cookie("totrinn") or ""
    browser.get(f"/setup/{link.token}/beyond")
    browser.submit("/", "/logout")
    thief = house.browser()
    thief.sign_in(OLA, SECOND)
    thief.submit("/login/two-factor", recovery_code=_recovery_codes(renewed)[0])
    assert thief.is_in()
    assert len(secrets) == 31
    assert all(len(secret) >= 20 for secret in secrets.values()), secrets
    return secrets


def _recovery_codes(page: str) -> list[str]:
    return sorted(set(re.findall(r"\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b", page)))


def _spellings(name: str, secret: str) -> list[bytes]:
    found = [secret.encode(), secret.encode("utf-16-le"), base64.b64encode(secret.encode()).rstrip(b"=")]
    if name == "authenticator":
        found += [base64.b32decode(secret), base64.b32decode(secret).hex().encode(), secret.lower().encode()]
    if "code" in name:
        bare = secret.replace("-", "")
        found += [bare.encode(), bare.lower().encode(), base64.b32decode(bare), base64.b32decode(bare).hex().encode()]
    return found


@pytest.mark.row("R9")
@pytest.mark.row("R23")
@pytest.mark.row("R32")
@pytest.mark.row("R68")
@pytest.mark.row("R92")
def test_nothing_that_opens_anything_is_left_behind(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Passwords, authenticators, recovery codes, cookies, links: in no file, in no spelling, and in no log line."""
    with caplog.at_level(logging.DEBUG):
        secrets = _visit(house)
    lines = "\n".join(JsonLines().format(record) for record in caplog.records if record.name.startswith("totrinn"))
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert any(OLA.encode() in content for content in files)
    for name, secret in secrets.items():
        for spelt in _spellings(name, secret):
            assert not any(spelt in content for content in files), name
            assert spelt not in lines.encode(), name


@pytest.mark.row("R23")
@pytest.mark.row("R69")
def test_an_error_of_ours_tells_the_log_no_secret(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When storing fails half-way, neither the answer nor the log holds the password, its hash, or what was stored."""
    house.organisation("fjordly")
    person = house.person(OLA, "fjordly", Role.USER)
    browser = house.browser()
    browser.sign_in(OLA)
    with house.database.reading() as unit:
        found = unit.people.find(person)
    assert found is not None
    assert found.password_hash is not None
    monkeypatch.setattr("totrinn.storage.outbox.SqlOutbox.put", _put_wrongly)
    answer = browser.submit("/account/password", password="mild regn over fjorden", new_password=SECOND)
    assert answer.status_code == 500
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "request failed" in lines
    for secret in (SECOND, "mild regn over fjorden", found.password_hash, "$argon2", "kanari"):
        assert secret not in lines
        assert secret not in answer.text
    assert "sqlite" not in answer.text.lower()
    monkeypatch.undo()
    again = house.browser()
    again.sign_in(OLA, SECOND)
    assert not again.is_in()


def _put_wrongly(self: object, _mail: object) -> None:
    """A statement that the database refuses, with a password's hash among its values."""
    connection = self._connection  # type: ignore[attr-defined]
    connection.execute(text("INSERT INTO person (id, password_hash) VALUES ('x', :hash)"), {"hash": HASH})
