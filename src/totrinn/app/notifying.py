"""Telling a person by mail what happened to their account: written in the transaction of what it tells (R30, R31)."""

from totrinn.app.landing import Visitor
from totrinn.app.naming import product_name
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Mail, MailKind, Person


def tell(services: Services, unit: Unit, person: Person, kind: MailKind, visitor: Visitor, **values: str) -> None:
    """Puts a mail to the person's own address into the outbox, in the language that they have chosen."""
    memberships = unit.members.of_person(person.id)
    organisation = next((each.organisation for each in memberships if each.accepted_at is not None), None)
    language = person.language or (organisation.language if organisation else "nb")
    unit.outbox.put(
        Mail(
            id=services.random.id(visitor.now),
            kind=kind,
            recipient=person.email,
            language=language,
            values={
                "name": person.name,
                "application": product_name(services, unit),
                "at": visitor.now.isoformat(),
                "time_zone": organisation.time_zone if organisation else "Europe/Oslo",
                "browser": visitor.browser,
                "address": visitor.address,
                **values,
            },
            created_at=visitor.now,
            person_id=person.id,
        )
    )
