"""Faces, and their pictures."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.faces import Face, Logo, LogoKind
from totrinn.app.operating import VENDOR_SLUG
from totrinn.storage.face_tables import face
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import organisation

_F = face.c
_FACE = select(_F.accent, _F.logo_kind, _F.logo_digest, _F.lets_others, _F.revision, _F.name)
_FIND = _FACE.where(is_which(_F.organisation_id))
_OF_VENDOR = _FACE.join(organisation, organisation.c.id == _F.organisation_id).where(is_which(organisation.c.slug))
_PICTURE = select(_F.logo_kind, _F.picture).where(is_which(_F.logo_digest)).limit(1)
_ADD = insert_once(face).on_conflict_do_nothing(index_elements=["organisation_id"]).returning(_F.organisation_id)
_SAVE = (
    update(face)
    .where(is_which(_F.organisation_id), _F.revision == bindparam("expected_revision"))
    .values(revision=_F.revision + 1)
)


class SqlFaces(Repository, ports.Faces):
    """Implements `ports.Faces`."""

    __slots__ = ()

    def find(self, organisation_id: str) -> Face:
        """The organisation's own; the empty one if it has none."""
        return _face_of(self._connection.execute(_FIND, {"which": organisation_id}).first())

    def of_vendor(self) -> Face:
        """The vendor's; the empty one if it has none."""
        return _face_of(self._connection.execute(_OF_VENDOR, {"which": VENDOR_SLUG}).first())

    def picture(self, digest: str) -> tuple[LogoKind, bytes] | None:
        """A picture that some face has now."""
        row = self._connection.execute(_PICTURE, {"which": digest}).first()
        return None if row is None else (row[0], bytes(row[1]))

    def save(self, organisation_id: str, face: Face, picture: bytes | None, *, expected_revision: int) -> bool:
        """Stores it by one statement that holds only at the expected revision; the first one is an insert."""
        values: dict[str, Any] = {
            "accent": face.accent,
            "logo_kind": face.logo.kind if face.logo else None,
            "logo_digest": face.logo.digest if face.logo else None,
            "lets_others": face.lets_others,
            "name": face.name,
        }
        if picture is not None or face.logo is None:
            values["picture"] = picture
        if expected_revision == 0 and self.find(organisation_id).revision == 0:
            first = {"organisation_id": organisation_id, "revision": 1, "picture": None, **values}
            return self._has_row(_ADD, first)
        which = {"which": organisation_id, "expected_revision": expected_revision}
        return self._change(_SAVE, {**which, **values}) == 1


def _face_of(row: Sequence[Any] | None) -> Face:
    if row is None:
        return Face()
    accent, kind, digest, lets_others, revision, name = row
    return Face(accent, Logo(kind, digest) if kind is not None else None, lets_others, revision, name)
