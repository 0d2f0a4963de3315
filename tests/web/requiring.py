"""Proposing and confirming the requirement over HTTP, and what happens to it meanwhile."""

from datetime import datetime

from tests.web.house import Answer, Browser, House, now
from totrinn.core.policy import Requirement

FORM = {"name": "Fjordly AS", "language": "nb", "time_zone": "Europe/Oslo"}
ON = {**FORM, "require_two_factor": "on"}
CONFIRM = "/settings/basic/confirm"


def proposed(browser: Browser, **form: str) -> Answer:
    """The page with the window, after the form was saved."""
    browser.get("/settings/basic")
    answer = browser.post("/settings/basic", **(form or ON))
    assert answer.status == 200, answer.words
    assert answer.hidden("confirmation")
    return answer


def confirmation(browser: Browser, **form: str) -> str:
    """The token of a change that was just proposed."""
    return proposed(browser, **form).hidden("confirmation") or ""


def turned_on(house: House, slug: str = "fjordly", *, from_: datetime | None = None) -> None:
    """Requires two-factor behind everybody's back."""
    organisation = house.stored(slug)
    with house.services.store.writing() as unit:
        assert unit.organisations.take_requirement(
            organisation.id, Requirement(now(), from_), by=None, expected_revision=organisation.policy.revision
        )


def withdrawn(house: House, slug: str = "fjordly") -> None:
    """The vendor takes the feature back."""
    with house.services.store.writing() as unit:
        unit.organisations.set_available(house.stored(slug).id, None, None)
