"""What each step does when it is carried out: a use case, which judges once more whether things are as they were."""

from collections.abc import Callable

from totrinn.app import connecting, enforcing, owning_domains
from totrinn.app.administering import save_settings_by_operator
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.applications.registering import ApplicationObstacle, Registered, Registrar, change, register, switch
from totrinn.app.connecting import ConnectionObstacle, Draft
from totrinn.app.declaring.plan import Done, NotDone, Operator
from totrinn.app.declaring.wanted import WantedApplication, WantedConnection, WantedOrganisation
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import OidcSettings, ProviderKind
from totrinn.app.operating import Obstacle
from totrinn.app.operating import create_organisation as create
from totrinn.app.own_factors import StaleProof
from totrinn.app.records import Organisation
from totrinn.app.sso_records import Connection
from totrinn.core.enforcement import Wish

CarryOut = Callable[[Operator], Done | NotDone]
NEW_SETTINGS = {"language": "nb", "time_zone": "Europe/Oslo"}
"""What a new organisation has, unless the file says otherwise."""


def settings_of(organisation: Organisation) -> dict[str, str]:
    """The settings that a file may declare."""
    return {"name": organisation.name, "language": organisation.language, "time_zone": organisation.time_zone}


def kind_of(draft: Draft) -> ProviderKind:
    """Which protocol it speaks."""
    return ProviderKind.OIDC if isinstance(draft.settings, OidcSettings) else ProviderKind.SAML


def create_organisation(wanted: WantedOrganisation) -> CarryOut:
    """Makes it; its settings follow."""

    def carry_out(operator: Operator) -> Done | NotDone:
        made = create(operator.services, operator.visitor, operator.source, name=wanted.name, slug=wanted.slug)
        return NotDone(made.value) if isinstance(made, Obstacle) else Done()

    return carry_out


def change_settings(slug: str, changed: dict[str, str]) -> CarryOut:
    """Sets what is another; the rest stays as it is then."""

    def carry_out(operator: Operator) -> Done | NotDone:
        save_settings_by_operator(operator.services, operator.source, slug, changed, now=operator.visitor.now)
        return Done()

    return carry_out


def set_available(slug: str, why: str, *, on: bool) -> CarryOut:
    """Makes the feature available, or withdraws it."""
    act = enforcing.make_available if on else enforcing.withdraw

    def carry_out(operator: Operator) -> Done | NotDone:
        act(operator.services, operator.source, slug, why=why, now=operator.visitor.now)
        return Done()

    return carry_out


def require(slug: str, wish: Wish, fingerprint: str) -> CarryOut:
    """Requires two-factor of exactly these people. Availability, granted a step before, has raised the revision."""

    def carry_out(operator: Operator) -> Done | NotDone:
        with operator.services.store.reading() as unit:
            organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            return NotDone("not_found")
        outcome = enforcing.require_by_operator(
            operator.services,
            operator.source,
            slug,
            wish,
            now=operator.visitor.now,
            revision=organisation.policy.revision,
            fingerprint=fingerprint,
        )
        return NotDone(outcome.refusal.value) if isinstance(outcome, enforcing.Refused) else Done()

    return carry_out


def require_of_nobody(slug: str, wish: Wish) -> CarryOut:
    """Requires two-factor of an organisation that was made a moment ago, and has no members."""

    def carry_out(operator: Operator) -> Done | NotDone:
        with operator.services.store.reading() as unit:
            organisation = unit.organisations.find_by_slug(slug)
            preview = unit.members.preview(organisation.id, "") if organisation else None
        if preview is None or preview.total:
            return NotDone("people_changed")
        return require(slug, wish, preview.fingerprint)(operator)

    return carry_out


def add_connection(slug: str, wanted: WantedConnection) -> CarryOut:
    """Adds it, switched on; and off again where that is wanted."""

    def carry_out(operator: Operator) -> Done | NotDone:
        services, visitor, source = operator.services, operator.visitor, operator.source
        made = connecting.add_by_operator(services, visitor, source, slug, wanted.draft)
        if isinstance(made, ConnectionObstacle):
            return NotDone(made.value)
        if not wanted.is_enabled:
            connecting.switch_off_by_operator(services, visitor, source, made.id)
        return Done()

    return carry_out


def change_connection(wanted: WantedConnection, found: Connection) -> CarryOut:
    """Changes what is agreed, if nobody has since; then it is switched as the file wants it."""

    def carry_out(operator: Operator) -> Done | NotDone:
        changed = connecting.change_by_operator(
            operator.services,
            operator.visitor,
            operator.source,
            found.id,
            wanted.draft,
            expected_revision=found.revision,
        )
        if isinstance(changed, ConnectionObstacle):
            return NotDone(changed.value)
        if changed.is_enabled != wanted.is_enabled:
            return switch_connection(found.id, on=wanted.is_enabled)(operator)
        return Done()

    return carry_out


def switch_connection(connection_id: str, *, on: bool) -> CarryOut:
    """Switches it on or off."""
    act = connecting.switch_on_by_operator if on else connecting.switch_off_by_operator

    def carry_out(operator: Operator) -> Done | NotDone:
        act(operator.services, operator.visitor, operator.source, connection_id)
        return Done()

    return carry_out


def lead_domain(slug: str, wanted: WantedConnection, domain: str) -> CarryOut:
    """Claims the domain for the organisation, leads it to the connection, vouches for it if that is wanted."""

    def carry_out(operator: Operator) -> Done | NotDone:
        services, visitor, source = operator.services, operator.visitor, operator.source
        with services.store.reading() as unit:
            organisation = unit.organisations.find_by_slug(slug)
            there = unit.connections.of_organisation(organisation.id) if organisation else ()
        connection = next((each for each in there if each.name == wanted.draft.name), None)
        if connection is None:
            return NotDone("not_found")
        led = owning_domains.add_by_operator(services, visitor, source, slug, domain, connection.id)
        if wanted.vouch and led.proven_at is None:
            owning_domains.vouch(services, visitor, source, slug, domain)
        return Done()

    return carry_out


def register_application(wanted: WantedApplication) -> CarryOut:
    """Registers it; its secret is told."""

    def carry_out(operator: Operator) -> Done | NotDone:
        registrar = Registrar(operator.visitor, operator.source)
        made = register(operator.services, registrar, wanted.agreement)
        if isinstance(made, Registered) and not wanted.is_enabled:
            switch(operator.services, registrar, made.application.id, is_enabled=False)
        return _told(made)

    return carry_out


def change_application(found: Application, agreement: Agreement) -> CarryOut:
    """Changes what is agreed, if nobody has since."""

    def carry_out(operator: Operator) -> Done | NotDone:
        registrar = Registrar(operator.visitor, operator.source)
        return _told(change(operator.services, registrar, found.id, agreement, expected_revision=found.revision))

    return carry_out


def switch_application(application_id: str, *, on: bool) -> CarryOut:
    """Switches it on or off."""

    def carry_out(operator: Operator) -> Done | NotDone:
        try:
            switch(operator.services, Registrar(operator.visitor, operator.source), application_id, is_enabled=on)
        except NotFound:
            return NotDone("not_found")
        return Done()

    return carry_out


def _told(outcome: Registered | StaleProof | ApplicationObstacle) -> Done | NotDone:
    if isinstance(outcome, Registered):
        return Done(outcome.secret)
    return NotDone(outcome.value if isinstance(outcome, ApplicationObstacle) else "stale_proof")
