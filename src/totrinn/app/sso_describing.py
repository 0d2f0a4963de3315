"""What is told of a connection to whoever asks from outside: our side of it to the provider, a name to its people."""

from dataclasses import dataclass

from totrinn.app.errors import NotFound
from totrinn.app.judging import Actor
from totrinn.app.ports import Services
from totrinn.app.records import Organisation
from totrinn.app.sso_parties import party_of, usable_connection


@dataclass(frozen=True, slots=True)
class OurSide:
    """The addresses under which a connection's provider knows us; paths, to be put behind the base address."""

    callback: str
    acs: str
    metadata: str
    backchannel_logout: str
    single_logout: str
    login: str


def our_side(connection_id: str) -> OurSide:
    """The addresses of a connection."""
    begin = f"/sso/{connection_id}"
    return OurSide(
        callback=f"{begin}/callback",
        acs=f"{begin}/acs",
        metadata=f"{begin}/metadata",
        backchannel_logout=f"{begin}/backchannel-logout",
        single_logout=f"{begin}/slo",
        login=f"{begin}/login",
    )


def describe_us(services: Services, connection_id: str) -> tuple[str, bytes]:
    """(content type, document) for the provider, also before the connection is switched on. Raises `NotFound`."""
    with services.store.reading() as unit:
        connection = unit.connections.find(connection_id)
    if connection is None:
        raise NotFound(connection_id)
    return services.providers.describe(party_of(services, connection))


def way_of(services: Services, actor: Actor) -> str:
    """The connection by which somebody came through SSO; empty for everybody else."""
    sso = actor.live.session.proof.sso
    if sso is None:
        return ""
    with services.store.reading() as unit:
        links = unit.identities.of_person(actor.person.id, actor.organisation.id)
    return next((link.connection_id for link in links if link.id == sso.identity), "")


def organisation_behind(services: Services, connection_id: str) -> Organisation | None:
    """The organisation whose people sign in by this connection; None when nobody can."""
    with services.store.reading() as unit:
        try:
            connection = usable_connection(unit, connection_id)
        except NotFound:
            return None
        return unit.organisations.find(connection.organisation_id)
