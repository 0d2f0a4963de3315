"""`/demo/phone` and `/demo/mailbox`: in the demonstration only, and for anybody who sits at this machine."""

from datetime import UTC, datetime

from starlette.responses import Response

from totrinn.demo.phone import PERIOD, Phone, step_of
from totrinn.mail import render
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page

_MOST_MAILS = 200


class DemoPages:
    """The two pages, with the phone that they show."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def pages(self) -> tuple[Page, ...]:
        """What the demonstration adds to the application."""
        return (
            Page("/demo/phone", ANYONE, get=self.show_phone, post=self.add_account),
            Page("/demo/phone/{id}/remove", ANYONE, post=self.remove_account),
            Page("/demo/mailbox", ANYONE, get=self.show_mailbox),
        )

    def show_phone(self, ask: Ask) -> Response:
        """The accounts with their codes."""
        return self._page(ask, 200)

    def add_account(self, ask: Ask) -> Response:
        """Adds the key that was pasted."""
        if self._phone.add(ask.form.get("key", ""), ask.form.get("label", "")) is None:
            say = ask.language.say
            return self._page(ask, 422, key=say("The key in groups of four, or the whole otpauth:// address"))
        return ask.go("/demo/phone")

    def remove_account(self, ask: Ask) -> Response:
        """Takes an account off the phone; nothing changes for the service that it was for."""
        self._phone.remove(ask.params["id"])
        return ask.go("/demo/phone")

    def show_mailbox(self, ask: Ask) -> Response:
        """Every mail that would have been sent, the newest first."""
        words = ask.query.get("q", "").strip()
        with ask.services.store.reading() as unit:
            stored = unit.outbox.newest(limit=_MOST_MAILS)
        mails = []
        for mail in stored:
            rendered = render(mail)
            if words.casefold() in f"{mail.recipient} {rendered.subject} {rendered.text}".casefold():
                mails.append(
                    {
                        "to": mail.recipient,
                        "subject": rendered.subject,
                        "text": rendered.text,
                        "at": mail.created_at,
                        "language": mail.language,
                    }
                )
        return ask.page("demo_mailbox.html", mails=mails, q=words)

    def _page(self, ask: Ask, status: int, **errors: str) -> Response:
        now = datetime.now(UTC)
        step = step_of(now)
        accounts = [
            {
                "id": account.id,
                "issuer": account.issuer,
                "label": account.label,
                "code": _in_halves(account.code(step)),
                "next_code": _in_halves(account.code(step + 1)),
                "left": PERIOD - int(now.timestamp()) % PERIOD,
            }
            for account in self._phone.accounts()
        ]
        return ask.page("demo_phone.html", status, accounts=accounts, errors=errors)


def _in_halves(code: str) -> str:
    return f"{code[:3]} {code[3:]}"
