"""The vendor, or an organisation that the vendor lets, chooses how its pages look."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.faces import Face, Logo, kind_of, read_name
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.core.events import Event, Kind
from totrinn.core.roles import Right

LARGEST_LOGO = 100 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What it should become; without a picture the one that there is stays."""

    name: str
    accent: str
    picture: bytes | None
    keeps_logo: bool
    lets_others: bool


class FaceObstacle(StrEnum):
    """Why it was not done."""

    SOMEONE_ELSE = "someone_else"
    NO_NAME = "no_name"
    """It is too long, says nothing, or has something in it that cannot be shown."""
    NO_PICTURE = "no_picture"
    """It is neither PNG, JPEG nor WebP."""
    TOO_LARGE = "too_large"
    NOT_LET = "not_let"
    """The vendor lets no organisation have a face of its own."""


def change_face(
    services: Services, visitor: Visitor, actor: Actor, wanted: Wanted, *, expected_revision: int
) -> Face | FaceObstacle:
    """Stores the face of the actor's organisation."""
    name = read_name(wanted.name)
    if name is None:
        return FaceObstacle.NO_NAME
    kind = kind_of(wanted.picture) if wanted.picture else None
    if wanted.picture and len(wanted.picture) > LARGEST_LOGO:
        return FaceObstacle.TOO_LARGE
    if wanted.picture and kind is None:
        return FaceObstacle.NO_PICTURE
    with services.store.writing() as unit:
        organisation = acting(unit, actor, Right.CHANGE_FACE, visitor.now).organisation
        if not organisation.is_vendor and not unit.faces.of_vendor().lets_others:
            return FaceObstacle.NOT_LET
        before = unit.faces.find(organisation.id)
        logo = before.logo if wanted.keeps_logo else None
        if wanted.picture and kind is not None:
            logo = Logo(kind, hashlib.sha256(wanted.picture).hexdigest())
        face = Face(wanted.accent, logo, wanted.lets_others and organisation.is_vendor, before.revision + 1, name)
        if not unit.faces.save(organisation.id, face, wanted.picture or None, expected_revision=expected_revision):
            return FaceObstacle.SOMEONE_ELSE
        source = visitor.source(actor.person.id)
        detail = {"name": face.name, "accent": face.accent, "logo": face.logo.digest if face.logo else ""}
        unit.log.write(Event(Kind.FACE_CHANGED, visitor.now, source, organisation_id=organisation.id, detail=detail))
        return face
