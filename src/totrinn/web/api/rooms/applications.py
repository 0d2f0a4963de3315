"""The vendor's applications: read by who may, registered and changed by a person who has just proven themselves."""

import json
from collections.abc import Callable

from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.applications.registering import (
    ApplicationObstacle,
    Registered,
    Registrar,
    by_staff,
    known,
    wrong_places,
)
from totrinn.app.own_factors import StaleProof
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import expected_revision, plain, stale_problem, wrongs
from totrinn.web.api.shapes import Switch
from totrinn.web.api.vendor_shapes import ApplicationList, ApplicationMade, ApplicationShape, ApplicationWanted

_CODES = {
    ApplicationObstacle.SOMEONE_ELSE: Code.CHANGED_MEANWHILE,
    ApplicationObstacle.HOST_TAKEN: Code.HOST_TAKEN,
    ApplicationObstacle.NO_SECRET: Code.NO_SECRET,
}


def list_them(call: Call) -> Done:
    """All applications, by name."""
    with call.services.store.reading() as unit:
        return Done(ApplicationList([_shape(one) for one in unit.applications.all()]))


def read(call: Call) -> Done:
    """One application, with its revision as ETag."""
    with call.services.store.reading() as unit:
        found = known(unit, call.named("id"))
    return Done(_shape(found), etag=str(found.revision))


def register(call: Call) -> Done | Problem:
    """Registers an application."""
    return _agreed(call, lambda agreement: registering.register(call.services, _registrar(call), agreement))


def change(call: Call) -> Done | Problem:
    """Stores what is now agreed, at the revision that `If-Match` names."""
    revision = expected_revision(call)
    if isinstance(revision, Problem):
        return revision

    def changed(agreement: Agreement) -> Registered | StaleProof | ApplicationObstacle:
        return registering.change(
            call.services, _registrar(call), call.named("id"), agreement, expected_revision=revision
        )

    return _agreed(call, changed)


def renew_secret(call: Call) -> Done | Problem:
    """Makes a new secret; the earlier ones live on for a day."""
    return _made(registering.renew_secret(call.services, _registrar(call), call.named("id")))


def switch(call: Call) -> Done | Problem:
    """Switches it on or off."""
    outcome = registering.switch(call.services, _registrar(call), call.named("id"), is_enabled=call.body.is_enabled)
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Done(_shape(outcome))


def remove(call: Call) -> Done | Problem:
    """Deletes it."""
    outcome = registering.remove(call.services, _registrar(call), call.named("id"))
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Done()


def _registrar(call: Call) -> Registrar:
    return by_staff(call.visitor, call.person)


def _agreed(call: Call, act: Callable[[Agreement], Registered | StaleProof | ApplicationObstacle]) -> Done | Problem:
    sent, say = call.body, call.ask.language.say
    agreement = Agreement(
        name=plain(sent.name),
        redirect_uris=sent.redirect_uris,
        logout_uris=sent.logout_uris,
        back_channel=sent.back_channel,
        events=sent.events,
        home=sent.home,
        authentication=sent.authentication,
        keys="" if sent.keys is None else json.dumps(sent.keys),
        signing=sent.signing,
        requires_pushed=sent.requires_pushed,
        hosts=sent.hosts,
    )
    words = {
        ApplicationObstacle.BAD_ADDRESS: say("An address must be https, or on this machine."),
        ApplicationObstacle.BAD_HOST: say("A host name is written in lower case, without a path."),
        ApplicationObstacle.NO_KEYS: say("There must be a set of public keys."),
    }
    problems = {place: words[obstacle] for place, obstacle in wrong_places(call.services, agreement)}
    if not agreement.name or not agreement.name.isprintable():
        problems["/name"] = say("Type a name of at most 100 characters.")
    return wrongs(problems) if problems else _made(act(agreement))


def _made(outcome: Registered | StaleProof | ApplicationObstacle) -> Done | Problem:
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if isinstance(outcome, Registered):
        return Done(ApplicationMade(_shape(outcome.application), outcome.secret))
    return Problem(_CODES[outcome])


def _shape(application: Application) -> ApplicationShape:
    agreed = application.agreement
    return ApplicationShape(
        id=application.id,
        name=agreed.name,
        redirect_uris=list(agreed.redirect_uris),
        logout_uris=list(agreed.logout_uris),
        back_channel=agreed.back_channel,
        events=agreed.events,
        home=agreed.home,
        authentication=agreed.authentication,
        keys=json.loads(agreed.keys) if agreed.keys else None,
        signing=agreed.signing,
        requires_pushed=agreed.requires_pushed,
        hosts=list(agreed.hosts),
        is_enabled=application.is_enabled,
        revision=application.revision,
        created_at=application.created_at,
    )


_ALL = "/vendor/applications"
_ONE = f"{_ALL}/{{id}}"
_SEE, _RUN = Right.SEE_APPLICATIONS, Right.RUN_APPLICATIONS
_FRESH = (Code.FRESH_PROOF,)

ENDPOINTS = (
    Endpoint("GET", _ALL, _SEE, "The applications.", list_them, answer=ApplicationList),
    Endpoint(
        "POST",
        _ALL,
        _RUN,
        "Registers an application.",
        register,
        body=ApplicationWanted,
        answer=ApplicationMade,
        status=201,
        problems=(Code.HOST_TAKEN, *_FRESH),
        answers_once=True,
    ),
    Endpoint("GET", _ONE, _SEE, "One application; its revision is the ETag.", read, answer=ApplicationShape),
    Endpoint(
        "PUT",
        _ONE,
        _RUN,
        "Stores what is now agreed, at the revision that `If-Match` names.",
        change,
        body=ApplicationWanted,
        answer=ApplicationMade,
        problems=(Code.CHANGED_MEANWHILE, Code.NO_REVISION, Code.HOST_TAKEN, *_FRESH),
    ),
    Endpoint(
        "PATCH",
        _ONE,
        _RUN,
        "Switches an application on or off.",
        switch,
        body=Switch,
        answer=ApplicationShape,
        problems=_FRESH,
    ),
    Endpoint("DELETE", _ONE, _RUN, "Deletes an application.", remove, problems=_FRESH),
    Endpoint(
        "POST",
        f"{_ONE}/secret",
        _RUN,
        "Makes a new secret; the earlier ones live on for a day.",
        renew_secret,
        answer=ApplicationMade,
        status=201,
        problems=(Code.NO_SECRET, *_FRESH),
        answers_once=True,
    ),
)
