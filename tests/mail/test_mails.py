"""Mails say what happened, when, from which browser, and what to do; in three languages, and nothing else gets in."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from totrinn import mail
from totrinn.app.records import Mail, MailKind
from totrinn.mail.rendering import template
from totrinn.mail.wording import browser_name, moment

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
VALUES = {
    "name": "Kari Fjeldstad",
    "application": "Jobadmin",
    "at": "2026-11-24T08:14:00+00:00",
    "time_zone": "Europe/Oslo",
    "browser": FIREFOX,
    "address": "192.0.2.1",
    "failures": "5",
    "connection": "Fjord ID",
}
EVERY = [(kind, language) for kind in MailKind for language in mail.LANGUAGES]
DONE_ELSEWHERE = {MailKind.FACTOR_RESET}
"""What an administrator does: it says nothing about the person's own browser."""


def outbox(kind: MailKind = MailKind.NEW_FACTOR, language: str = "nb", **values: str) -> Mail:
    """A row of the outbox."""
    return Mail(
        id="1",
        kind=kind,
        recipient="kari@fjordly.example",
        language=language,
        values=VALUES | values,
        created_at=datetime(2026, 11, 24, 8, 14, tzinfo=UTC),
    )


@pytest.mark.row("R30", "R31", "R97")
@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_language_has_every_mail(kind: MailKind, language: str) -> None:
    """Each mail says whom it is for, what it is about and when it happened."""
    rendered = mail.render(outbox(kind, language))
    when = "24 November 2026 at 09:14" if language == "en" else "24. november 2026 kl. 09.14"
    assert "Jobadmin" in rendered.subject
    assert "Kari Fjeldstad" in rendered.text
    assert when in rendered.text
    assert "support" in rendered.text
    assert ("Firefox" in rendered.text) is (kind not in DONE_ELSEWHERE)


@pytest.mark.parametrize("kind", MailKind)
def test_all_languages_say_the_same(kind: MailKind) -> None:
    """The same things are put in, and there are as many paragraphs, in each."""
    shapes = set()
    for language in mail.LANGUAGES:
        subject, text = template(kind, language)
        shapes.add(
            (
                frozenset(subject.get_identifiers()),
                frozenset(text.get_identifiers()),
                text.template.count("\n\n"),
            )
        )
    assert len(shapes) == 1


def test_there_is_no_text_that_nothing_uses() -> None:
    """One file for each kind, in each language."""
    folder = Path(mail.__file__).parent / "texts"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")}
    assert names == {f"{language}/{kind.value}.txt" for kind, language in EVERY}


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_no_mail_holds_a_link_or_a_secret(kind: MailKind, language: str) -> None:
    """Nobody learns to follow links in mails like these; the network address is nobody's business either."""
    rendered = mail.render(outbox(kind, language))
    text = rendered.subject + rendered.text
    assert re.search(r"https?:|www\.|otpauth|@", text) is None
    assert "192.0.2.1" not in text
    assert "$" not in text


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_words_are_the_products_words(kind: MailKind, language: str) -> None:
    """One word for each concept, no pleading, and nynorsk is nynorsk."""
    text = "\n".join(part.template for part in template(kind, language)).lower()
    foreign = {
        "nb": ("vennligst", "tofaktor", "2fa", "ikkje", "frå ", "verkar"),
        "nn": ("vennlegst", "vennligst", "tofaktor", "2fa", "ikke", " fra ", "noen", "bekreft", " en ", "engangskode"),
        "en": ("please", "2fa", "log in", "login"),
    }
    assert [word for word in foreign[language] if word in text] == []
    assert "!" not in text


@pytest.mark.row("R67")
@pytest.mark.parametrize("field", ["name", "application", "browser", "failures", "time_zone", "at", "connection"])
@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_nothing_that_is_put_in_can_add_a_line(kind: MailKind, language: str, field: str) -> None:
    """Neither a header nor a paragraph comes from a name, whatever it is."""
    plain = mail.render(outbox(kind, language))
    for bad in (
        "x\r\nBcc: a@b.example",
        "x\n\nSend us your password",
        "x\u2028y\u2029z\x85w\x0bv\x0cu\x00t",
        "x\u202ey",
    ):
        rendered = mail.render(outbox(kind, language, **{field: bad}))
        assert rendered.subject.isprintable()
        assert len(rendered.text.splitlines()) == len(plain.text.splitlines())
        assert not set(rendered.text) & set("\r\0\u202e\u2028\u2029\x85")


@pytest.mark.row("R67")
@pytest.mark.parametrize(
    "name",
    [
        "Log in at https://evil.example",
        "evil.example/login",
        "www.evil.example",
        "<b>Kari</b>",
        "call 55 55 55 55",
        "x" * 200,
        "a@b.example",
        "$application",
    ],
)
def test_a_name_that_is_no_name_is_left_out(name: str) -> None:
    """Whoever made the account could have written anything there."""
    rendered = mail.render(outbox(name=name))
    assert rendered.text.startswith("Hei,\n")
    assert name not in rendered.text


@pytest.mark.parametrize(("language", "quoted"), [("nb", "«Fjord ID»"), ("nn", "«Fjord ID»"), ("en", "“Fjord ID”")])
def test_a_link_names_the_sign_in_service(language: str, quoted: str) -> None:
    """The person sees through which of the organisation's connections somebody came in their name."""
    assert quoted in mail.render(outbox(MailKind.SSO_LINKED, language)).text


@pytest.mark.row("R67")
@pytest.mark.parametrize(
    "name", ["evil.example", "Fjord ID: call us", "<b>ID</b>", "https://evil.example", "x" * 100, ""]
)
def test_a_sign_in_service_with_a_name_like_an_address_is_not_named(name: str) -> None:
    """An administrator chose the name; the mail is whole without it."""
    text = mail.render(outbox(MailKind.SSO_LINKED, connection=name)).text
    assert "innloggingstjenesten hos organisasjonen din" in text
    assert not name or name not in text


@pytest.mark.parametrize(
    "name", ["Åse Bakken", "Tor-Arne Myhre", "Seán O’Brien", "Nguyễn Văn A", "李娜", "J. R. Hartley"]
)
def test_names_of_all_kinds_are_names(name: str) -> None:
    """People are called by their names."""
    assert mail.render(outbox(name=name)).text.startswith(f"Hei {name},\n")


def test_what_cannot_be_read_has_a_default() -> None:
    """An unknown language, zone, time or browser still makes a mail."""
    rendered = mail.render(outbox(language="se", time_zone="Mars/Base", at="some day", browser="\x00"))
    assert "24. november 2026 kl. 09.14" in rendered.text
    assert "ukjent nettleser" in rendered.text
    assert mail.render(outbox(at="2026-11-24T08:14:00")).text == mail.render(outbox()).text


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox på Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131 Safari/537.36 Edg/131", "Edge på Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131 Mobile Safari/537.36", "Chrome på Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18 Safari/604.1", "Safari på iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605.1.15", "Safari på macOS"),
        ("curl/8", "ukjent nettleser"),
        ("", "ukjent nettleser"),
    ],
)
def test_browsers_are_named_as_people_know_them(user_agent: str, name: str) -> None:
    """Only what the user agent plainly says, in our words."""
    assert browser_name(user_agent, "nb") == name


def test_times_are_written_out() -> None:
    """As each language writes them."""
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert moment(at, "nn") == "2. januar 2026 kl. 03.04"
    assert moment(at, "en") == "2 January 2026 at 03:04"
