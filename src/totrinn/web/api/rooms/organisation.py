"""The organisation: name, language, time zone, and how many have a second factor."""

from msgspec import UNSET

from totrinn.app.administering import save_settings
from totrinn.app.records import Organisation
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.rooms.answers import adoption, wrongs
from totrinn.web.api.shapes import Adoption, OrganisationChange, OrganisationShape
from totrinn.web.typed_settings import known_zones, name_problem


def read(call: Call) -> Done:
    """The organisation."""
    return Done(_shape(call.organisation))


def change(call: Call) -> Done | Problem:
    """Changes what is named."""
    before, sent = call.organisation, call.body
    name = before.name if sent.name is UNSET else sent.name.strip()
    language = before.language if sent.language is UNSET else sent.language
    time_zone = before.time_zone if sent.time_zone is UNSET else sent.time_zone
    problems = {}
    if said := name_problem(call.ask.language, name):
        problems["/name"] = said
    if time_zone not in known_zones():
        problems["/time_zone"] = call.ask.language.say("Choose one of the time zones.")
    if problems:
        return wrongs(problems)
    save_settings(call.services, call.visitor, call.caller, name=name, language=language, time_zone=time_zone)
    with call.services.store.reading() as unit:
        return Done(_shape(unit.organisations.find(before.id) or before))


def count(call: Call) -> Done:
    """How many have a second factor."""
    with call.services.store.reading() as unit:
        return Done(adoption(unit.members.counts(call.organisation.id)))


def _shape(organisation: Organisation) -> OrganisationShape:
    return OrganisationShape(
        slug=organisation.slug,
        name=organisation.name,
        language=organisation.language,
        time_zone=organisation.time_zone,
        created_at=organisation.created_at,
    )


_PATH = "/organisations/{slug}"

ENDPOINTS = (
    Endpoint("GET", _PATH, Right.SEE_SETTINGS, "Name, language and time zone.", read, answer=OrganisationShape),
    Endpoint(
        "PATCH",
        _PATH,
        Right.CHANGE_SETTINGS,
        "Changes name, language or time zone.",
        change,
        body=OrganisationChange,
        answer=OrganisationShape,
    ),
    Endpoint("GET", f"{_PATH}/adoption", Right.SEE_MEMBERS, "How many have a second factor.", count, answer=Adoption),
)
