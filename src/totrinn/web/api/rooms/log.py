"""The organisation's log, the newest first."""

from totrinn.app.records import LoggedEvent
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint
from totrinn.web.api.shapes import EventList, EventShape, EventsWanted, Named
from totrinn.web.event_sentences import event_text
from totrinn.web.pages.log import page_of_log


def read(call: Call) -> Done:
    """A page of the log."""
    wanted = call.query
    kind = "" if wanted.kind is None else wanted.kind.value
    with call.services.store.reading() as unit:
        found = page_of_log(
            unit,
            call.organisation.id,
            kind=kind,
            query=wanted.q.strip(),
            before=wanted.cursor,
            limit=wanted.limit,
        )
    return Done(EventList([_shape(call, event) for event in found.events], found.go_on))


def _shape(call: Call, event: LoggedEvent) -> EventShape:
    text, _ = event_text(call.ask.language, event, zone=call.organisation.time_zone)
    return EventShape(
        id=event.id,
        kind=event.kind,
        at=event.at,
        text=text,
        actor=event.actor,
        actor_name=event.actor_name,
        person=None if event.person_id is None else Named(event.person_id, event.person_name),
        address=event.address,
        browser=event.browser,
        detail=event.detail,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/organisations/{slug}/log",
        Right.READ_LOG,
        "What has happened, the newest first.",
        read,
        query=EventsWanted,
        answer=EventList,
    ),
)
