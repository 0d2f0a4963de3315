"""How an organisation's pages look: its name, accent colour and logo, or the vendor's."""

from msgspec import UNSET

from totrinn.app.changing_faces import LARGEST_LOGO, FaceObstacle, Wanted, change_face
from totrinn.app.faces import Face
from totrinn.core.colours import hex_of, read_colour
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import expected_revision, wrong
from totrinn.web.api.webhook_shapes import FaceShape, FaceWanted

_LARGEST_BODY = LARGEST_LOGO * 4 // 3 + 4 * 1024
"""A picture of the largest size, in base64."""


def read(call: Call) -> Done:
    """What is chosen, with its revision as ETag."""
    with call.services.store.reading() as unit:
        face, vendors = unit.faces.find(call.organisation.id), unit.faces.of_vendor()
    return _done(face, is_let=call.organisation.is_vendor or vendors.lets_others)


def change(call: Call) -> Done | Problem:
    """Stores name, colour and logo."""
    revision, sent, say = expected_revision(call), call.body, call.ask.language.say
    if isinstance(revision, Problem):
        return revision
    colour = read_colour(sent.accent)
    wanted = Wanted(
        name=sent.name,
        accent="" if colour is None else hex_of(colour),
        picture=sent.logo or None,
        keeps_logo=sent.logo is UNSET,
        lets_others=sent.lets_others,
    )
    outcome = change_face(call.services, call.visitor, call.person, wanted, expected_revision=revision)
    if isinstance(outcome, Face):
        return _done(outcome, is_let=True)
    if outcome is FaceObstacle.NO_NAME:
        return wrong("/name", say("Use at most 40 letters, digits and other plain characters, and no colon."))
    if outcome in (FaceObstacle.NO_PICTURE, FaceObstacle.TOO_LARGE):
        return wrong("/logo", say("This is no picture of a kind that can be used: PNG, JPEG or WebP."))
    return Problem(Code.NOT_LET if outcome is FaceObstacle.NOT_LET else Code.CHANGED_MEANWHILE)


def _done(face: Face, *, is_let: bool) -> Done:
    logo = f"/face/{face.logo.digest}" if face.logo else None
    return Done(
        FaceShape(face.name, face.accent, logo, face.lets_others, is_let, face.revision), etag=str(face.revision)
    )


_PATH = "/organisations/{slug}/face"

ENDPOINTS = (
    Endpoint(
        "GET",
        _PATH,
        Right.CHANGE_FACE,
        "How the organisation’s pages look; its revision is the ETag.",
        read,
        answer=FaceShape,
    ),
    Endpoint(
        "PUT",
        _PATH,
        Right.CHANGE_FACE,
        "Stores name, accent colour and logo, at the revision that `If-Match` names.",
        change,
        body=FaceWanted,
        answer=FaceShape,
        problems=(Code.NO_REVISION, Code.CHANGED_MEANWHILE, Code.NOT_LET),
        largest_body=_LARGEST_BODY,
    ),
)
