"""`/log`: what has happened in the organisation, newest first, a page at a time."""

from itertools import groupby
from urllib.parse import urlencode

from starlette.responses import Response

from totrinn.app.ports import Unit
from totrinn.app.records import LoggedEvent, LogPage
from totrinn.core.events import Kind
from totrinn.core.roles import Right
from totrinn.web import dates
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.event_sentences import event_text, event_tone, kind_name
from totrinn.web.routing import Page

_ON_A_PAGE = 50
_LONGEST_QUERY = 100
_LONGEST_MARK = 37


def show(ask: Ask) -> Response:
    """The log of the session's organisation; `before` is the mark to go on from."""
    kind = ask.query.get("kind", "")
    kind = kind if kind in set(Kind) else ""
    query = ask.query.get("q", "").strip()[:_LONGEST_QUERY]
    before = ask.query.get("before", "")[:_LONGEST_MARK] or None
    with ask.services.store.reading() as unit:
        found = page_of_log(unit, ask.me.organisation.id, kind=kind, query=query, before=before, limit=_ON_A_PAGE)
    older = urlencode({"kind": kind, "q": query, "before": found.go_on}) if found.go_on else ""
    return ask.page(
        "log.html",
        nav="log",
        days=_days(ask, found.events),
        kinds=[{"value": one.value, "label": kind_name(ask.language, one)} for one in Kind],
        kind=kind,
        q=query,
        older_url=f"/log?{older}" if older else None,
        seal=None,
    )


def page_of_log(unit: Unit, organisation_id: str, *, kind: str, query: str, before: str | None, limit: int) -> LogPage:
    """The newest events, or the newest that have the words of the query, and what to go on from."""
    if query:
        return unit.log.search(organisation_id, query=query, kind=kind, before=before, limit=limit)
    events = unit.log.of_organisation(organisation_id, kind=kind, before=before, limit=limit + 1)
    shown = events[:limit]
    return LogPage(shown, shown[-1].id if len(events) > limit else None)


def _days(ask: Ask, events: tuple[LoggedEvent, ...]) -> list[dict[str, object]]:
    zone = dates.zone(ask.me.organisation.time_zone)
    days = []
    for _, on_day in groupby(events, key=lambda event: event.at.astimezone(zone).date()):
        rows = list(on_day)
        days.append({"date": rows[0].at, "events": [_row(ask, event) for event in rows]})
    return days


def _row(ask: Ask, event: LoggedEvent) -> dict[str, object]:
    text, details = event_text(ask.language, event, zone=ask.me.organisation.time_zone)
    return {
        "text": text,
        "details": details,
        "at": event.at,
        "actor": event.actor_name,
        "kind": event.kind,
        "tone": event_tone(event.kind),
    }


PAGES = (Page("/log", with_right(Right.READ_LOG), get=show),)
