"""What is asked of an installation with a great many people: pages, searches, and the requirement turned on and off."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bench.browsing import Browser, Person, Unexpected
from bench.crowd import Crowd, person_id
from bench.journeys import TOTRINN

_HIDDEN = re.compile(rb'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')
_SETTINGS = {"name": "Alle sammen AS", "language": "nb", "time_zone": "Europe/Oslo"}


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask, by the crowd that it is asked of; what is needed for it is not measured."""

    prepared: Callable[[Browser, Person, Crowd], Callable[[], object]]
    is_for_staff: bool = False


def sign_in(browser: Browser, person: Person) -> None:
    """The whole way in."""
    for step in TOTRINN.values():
        step(browser, person)


def prove(browser: Browser, person: Person) -> None:
    """The way in, without the page that it leads to."""
    for step in list(TOTRINN.values())[:-1]:
        step(browser, person)


def _page(path: str, *, is_for_staff: bool = False) -> Question:
    """A page; `{person}`, `{event}` and `{page}` stand for those in the middle of all."""

    def prepared(browser: Browser, person: Person, crowd: Crowd) -> Callable[[], object]:
        filled = path.format(
            person=person_id(crowd.size.persons // 2),
            event=crowd.event_in_the_middle(),
            page=max(1, crowd.size.organisations // 100),
        )
        return lambda: browser.get(person, filled).expect(200)

    return Question(prepared, is_for_staff)


def _preview(browser: Browser, person: Person, _crowd: Crowd) -> Callable[[], object]:
    fields = _fields(browser.get(person, "/settings/basic").expect(200).body)
    wish = {} if _is_on(browser, person) else {"require_two_factor": "on"}
    return lambda: browser.post(person, "/settings/basic", **_SETTINGS, **fields, **wish).expect(200)


def _turning(browser: Browser, person: Person, crowd: Crowd) -> Callable[[], object]:
    """Once: on where it is off, and off where it is on; further times are refused, and cost the same."""
    windows = []
    for _ in range(5):
        windows.append(_fields(_preview(browser, person, crowd)().body))  # type: ignore[attr-defined]  # an Answer

    def confirm() -> None:
        answer = browser.post(person, "/settings/basic/confirm", **windows.pop())
        if answer.status not in (303, 409, 403):
            raise Unexpected(f"{answer.status}")

    return confirm


def _is_on(browser: Browser, person: Person) -> bool:
    body = browser.get(person, "/settings/basic").expect(200).body
    return re.search(rb'name="require_two_factor"[^>]*checked', body) is not None


def _fields(body: bytes) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in _HIDDEN.findall(body)}


QUESTIONS = {
    # First, as long as the administrator's sign-in is recent enough for it.
    "the preview of whom it hits": Question(_preview),
    "turning the requirement on or off": Question(_turning),
    "home, and the session's check": _page("/"),
    "own account": _page("/account"),
    "settings": _page("/settings/basic"),
    "members": _page("/members"),
    "members, deep inside": _page("/members?after={person}"),
    "members who have not enrolled": _page("/members?filter=missing"),
    "members by the beginning of a name": _page("/members?q=kar"),
    "members by a common name": _page("/members?q=kari"),
    "members by a common name, deep inside": _page("/members?q=hansen&after={person}.0"),
    "members by two common names": _page("/members?q=hansen+kari"),
    "members by two names that nobody has": _page("/members?q=kari+ole"),
    "members by a rare name": _page("/members?q=zebulon"),
    "members by a name that nobody has": _page("/members?q=qqqq"),
    "members by an address": _page("/members?q=zebulon.xylander777@org"),
    "members by the beginning of an address": _page("/members?q=kari.han"),
    "members by a domain": _page("/members?q=@org7.example"),
    "who has not enrolled, by a common name": _page("/members?filter=missing&q=kari"),
    "one member": _page("/members/{person}"),
    "log": _page("/log"),
    "log, deep inside": _page("/log?before={event}"),
    "log by a rare kind": _page("/log?kind=organisation:requirement:turned_on"),
    "log by a common kind": _page("/log?kind=signin:code:refused"),
    "log by a rare name": _page("/log?q=zebulon"),
    "log by a common name": _page("/log?q=kari"),
    "log by a name that nobody has": _page("/log?q=qqqq"),
    "log by a network address": _page("/log?q=198.51.17.5"),
    "log by a network": _page("/log?q=198.51"),
    "the vendor's organisations": _page("/vendor", is_for_staff=True),
    "the vendor's organisations, deep inside": _page("/vendor?page={page}", is_for_staff=True),
    "the vendor's organisations by a name": _page("/vendor?q=fjellvik", is_for_staff=True),
    "the vendor's organisations by no name": _page("/vendor?q=qqqq", is_for_staff=True),
}
