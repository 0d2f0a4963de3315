"""How pages look, on each kind of database."""

import hashlib

from tests.storage import examples
from totrinn.app.faces import Face, Logo, LogoKind
from totrinn.storage import Database

_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
_LOGO = Logo(LogoKind.PNG, hashlib.sha256(_PICTURE).hexdigest())


def test_a_face_comes_back_with_its_picture(database: Database) -> None:
    """Whoever has none has the empty one; a picture stays until it is dropped or replaced, and is nobody's then."""
    with database.writing() as unit:
        organisation = examples.add_organisation(unit)
        assert unit.faces.find(organisation.id) == unit.faces.of_vendor() == Face()
        face = Face("#0b5670", _LOGO, lets_others=False, revision=1, name="Søkerportalen")
        assert unit.faces.save(organisation.id, face, _PICTURE, expected_revision=0)
        assert unit.faces.find(organisation.id) == face
        assert unit.faces.picture(_LOGO.digest) == (LogoKind.PNG, _PICTURE)
        assert unit.faces.save(organisation.id, Face("#ff0000", _LOGO), None, expected_revision=1)
        assert unit.faces.picture(_LOGO.digest) == (LogoKind.PNG, _PICTURE)
        assert unit.faces.save(organisation.id, Face(), None, expected_revision=2)
        assert unit.faces.picture(_LOGO.digest) is None
        assert unit.faces.find(organisation.id) == Face(revision=3)


def test_a_change_holds_only_at_the_expected_revision(database: Database) -> None:
    """Of two who change the same one is told, at the first change, too."""
    with database.writing() as unit:
        organisation = examples.add_organisation(unit)
        assert not unit.faces.save(organisation.id, Face("#0b5670"), None, expected_revision=1)
        assert unit.faces.save(organisation.id, Face("#0b5670"), None, expected_revision=0)
        assert not unit.faces.save(organisation.id, Face("#ff0000"), None, expected_revision=0)
        assert unit.faces.find(organisation.id).accent == "#0b5670"
