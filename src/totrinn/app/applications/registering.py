"""The vendor registers applications and changes what is agreed with them; so does the operator.

Whoever changes an application's addresses says where proofs of sign-ins go. So every change by the vendor's staff asks
for a proof not older than 20 minutes (rule 13).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from totrinn.app.applications.addresses import is_host, is_page, is_redirect_uri
from totrinn.app.applications.records import TAKES_SECRET, Agreement, Application, ClientAuthentication
from totrinn.app.errors import NotFound
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.operating import log_of_installation
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.core.events import Kind, Source
from totrinn.core.roles import Right

OLD_SECRET_LIVES = timedelta(hours=24)
"""So long does an application's earlier secret go on when a new one is made, so that it can be exchanged in peace."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An application, and its secret, which is told this once; None where it has none."""

    application: Application
    secret: str | None


class ApplicationObstacle(StrEnum):
    """Why it was not done."""

    SOMEONE_ELSE = "someone_else"
    BAD_ADDRESS = "bad_address"
    """An address that is neither `https` nor on this machine, or has a fragment."""
    BAD_HOST = "bad_host"
    HOST_TAKEN = "host_taken"
    """Another application has a host of the same name."""
    NO_KEYS = "no_keys"
    """`private_key_jwt` without any key, or keys that are no JWK set of public keys."""
    NO_SECRET = "no_secret"
    """Its way of proving itself knows no secret."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who registers: the operator, or somebody of the vendor's staff, who is judged again within the transaction."""

    visitor: Visitor
    source: Source
    actor: Actor | None = None

    def stale(self, unit: Unit) -> StaleProof | None:
        """What must be proven again first. Raises `NotAdmitted`, `NotAllowed`."""
        if self.actor is None:
            return None
        current = acting(unit, self.actor, Right.RUN_APPLICATIONS, self.visitor.now)
        return stale_for_organisation(current.live, self.visitor)


def by_staff(visitor: Visitor, actor: Actor) -> Registrar:
    """Somebody of the vendor's staff, from a session."""
    return Registrar(visitor, visitor.source(actor.person.id), actor)


def register(
    services: Services, registrar: Registrar, agreement: Agreement
) -> Registered | StaleProof | ApplicationObstacle:
    """Adds an application, which may be used at once."""
    now = registrar.visitor.now
    application = Application(services.random.id(now), agreement, is_enabled=True, revision=1, created_at=now)
    with services.store.writing() as unit:
        obstacle = registrar.stale(unit) or obstacle_to(services, unit, agreement, besides=application.id)
        if obstacle is not None:
            return obstacle
        unit.applications.add(application)
        _log(unit, registrar, Kind.APPLICATION_ADDED, application)
        secret = _add_secret(services, unit, application, registrar) if _takes_secret(application) else None
        return Registered(application, secret)


def change(
    services: Services, registrar: Registrar, application_id: str, agreement: Agreement, *, expected_revision: int
) -> Registered | StaleProof | ApplicationObstacle:
    """Stores what is now agreed; a secret is made where there is a need of a first one. Raises `NotFound`."""
    with services.store.writing() as unit:
        stale = registrar.stale(unit)
        if stale is not None:
            return stale
        before = known(unit, application_id)
        wanted = replace(before, agreement=agreement, revision=before.revision + 1)
        obstacle = obstacle_to(services, unit, agreement, besides=application_id)
        if obstacle is not None:
            return obstacle
        if not unit.applications.save(wanted, expected_revision=expected_revision):
            return ApplicationObstacle.SOMEONE_ELSE
        _log(unit, registrar, Kind.APPLICATION_CHANGED, wanted)
        if _takes_secret(wanted) and not _takes_secret(before):
            return Registered(wanted, _add_secret(services, unit, wanted, registrar))
        if not _takes_secret(wanted):
            unit.applications.end_secrets(wanted.id, at=registrar.visitor.now)
        return Registered(wanted, None)


def renew_secret(
    services: Services, registrar: Registrar, application_id: str
) -> Registered | StaleProof | ApplicationObstacle:
    """Makes a new secret; those that there are live on for a day. Raises `NotFound`."""
    with services.store.writing() as unit:
        stale = registrar.stale(unit)
        if stale is not None:
            return stale
        application = known(unit, application_id)
        if not _takes_secret(application):
            return ApplicationObstacle.NO_SECRET
        unit.applications.end_secrets(application.id, at=registrar.visitor.now + OLD_SECRET_LIVES)
        _log(unit, registrar, Kind.APPLICATION_SECRET_RENEWED, application)
        return Registered(application, _add_secret(services, unit, application, registrar))


def switch(
    services: Services, registrar: Registrar, application_id: str, *, is_enabled: bool
) -> Application | StaleProof:
    """Switches it on, or off: then nobody is signed in to it any more. Raises `NotFound`."""

    def switched(unit: Unit, application: Application) -> Application:
        unit.applications.set_enabled(application.id, is_enabled=is_enabled)
        if not is_enabled:
            unit.grants.end_of_application(application.id, registrar.visitor.now)
        kind = Kind.APPLICATION_ON if is_enabled else Kind.APPLICATION_OFF
        _log(unit, registrar, kind, application)
        return replace(application, is_enabled=is_enabled)

    return _changed(services, registrar, application_id, switched)


def remove(services: Services, registrar: Registrar, application_id: str) -> Application | StaleProof:
    """Deletes it with all that it was given. Raises `NotFound`."""

    def removed(unit: Unit, application: Application) -> Application:
        unit.applications.remove(application.id)
        _log(unit, registrar, Kind.APPLICATION_REMOVED, application)
        return application

    return _changed(services, registrar, application_id, removed)


def known(unit: Unit, application_id: str) -> Application:
    """The application. Raises `NotFound`."""
    application = unit.applications.find(application_id)
    if application is None:
        raise NotFound(application_id)
    return application


def _changed(
    services: Services, registrar: Registrar, application_id: str, act: Callable[[Unit, Application], Application]
) -> Application | StaleProof:
    with services.store.writing() as unit:
        stale = registrar.stale(unit)
        return stale if stale is not None else act(unit, known(unit, application_id))


def obstacle_to(services: Services, unit: Unit, agreed: Agreement, *, besides: str) -> ApplicationObstacle | None:
    """Why this cannot be agreed on with the application `besides`; None when it can."""
    wrong = next(wrong_places(services, agreed), None)
    if wrong is not None:
        return wrong[1]
    if agreed.hosts and unit.applications.taken_hosts(agreed.hosts, besides=besides):
        return ApplicationObstacle.HOST_TAKEN
    return None


def wrong_places(services: Services, agreed: Agreement) -> Iterator[tuple[str, ApplicationObstacle]]:
    """What cannot be agreed on whoever else there is: each place, as a JSON pointer (RFC 6901), and why."""
    for name, is_right in (("redirect_uris", is_redirect_uri), ("logout_uris", is_page)):
        for number, address in enumerate(getattr(agreed, name)):
            if not is_right(address):
                yield f"/{name}/{number}", ApplicationObstacle.BAD_ADDRESS
    for name in ("back_channel", "events", "home"):
        if getattr(agreed, name) and not is_page(getattr(agreed, name)):
            yield f"/{name}", ApplicationObstacle.BAD_ADDRESS
    for number, host in enumerate(agreed.hosts):
        if not is_host(host):
            yield f"/hosts/{number}", ApplicationObstacle.BAD_HOST
    if agreed.authentication is ClientAuthentication.PRIVATE_KEY and not services.openid.is_key_set(agreed.keys):
        yield "/keys", ApplicationObstacle.NO_KEYS


def _takes_secret(application: Application) -> bool:
    """Whether it proves itself by a secret; one that stands behind the gate alone proves nothing, and needs none."""
    agreed = application.agreement
    return agreed.authentication in TAKES_SECRET and bool(agreed.redirect_uris)


def _add_secret(services: Services, unit: Unit, application: Application, registrar: Registrar) -> str:
    secret = services.random.token()
    unit.applications.add_secret(application.id, services.digest(secret), registrar.visitor.now)
    return secret


def _log(unit: Unit, registrar: Registrar, kind: Kind, application: Application) -> None:
    detail = {"application": application.id, "name": application.name}
    log_of_installation(unit, registrar.visitor, registrar.source, kind, **detail)
