"""Applications, their hosts and their secrets, on each kind of database."""

from dataclasses import replace
from datetime import timedelta

from tests.storage.examples import NOW, digest, new_id
from totrinn.app.applications.records import Agreement, Application, ClientAuthentication, SigningAlgorithm
from totrinn.storage import Database

_AGREED = Agreement(
    name="Åsgard",
    redirect_uris=("https://app.example.no/cb", "no.example.app:/cb"),
    logout_uris=("https://app.example.no/bye",),
    back_channel="https://app.example.no/logout",
    events="https://app.example.no/events",
    home="https://app.example.no/",
    authentication=ClientAuthentication.PRIVATE_KEY,
    keys='{"keys": []}',
    signing=SigningAlgorithm.EDDSA,
    requires_pushed=True,
    hosts=("a.example.no", "b.example.no:8443"),
)


def _application(agreement: Agreement = _AGREED) -> Application:
    return Application(new_id(), agreement, is_enabled=True, revision=1, created_at=NOW)


def test_what_was_agreed_comes_back(database: Database) -> None:
    """By id, by host and on the list, which is in alphabetical order."""
    first, second = _application(), _application(Agreement(name="Zeta"))
    with database.writing() as unit:
        unit.applications.add(first)
        unit.applications.add(second)
    with database.reading() as unit:
        assert unit.applications.find(first.id) == first
        assert unit.applications.find_by_host("b.example.no:8443") == first
        assert unit.applications.find_by_host("c.example.no") is None
        for _ in range(3):  # the first time it is made ready, then it comes another way
            assert unit.applications.all() == (second, first)


def test_a_change_holds_only_at_the_expected_revision(database: Database) -> None:
    """Of two who change the same revision one is told that somebody else has."""
    application = _application()
    changed = replace(application, agreement=replace(_AGREED, name="Ny", hosts=("c.example.no",)))
    with database.writing() as unit:
        unit.applications.add(application)
        assert unit.applications.save(changed, expected_revision=1)
        assert not unit.applications.save(application, expected_revision=1)
        assert unit.applications.find(application.id) == replace(changed, revision=2)
        assert unit.applications.find_by_host("a.example.no") is None


def test_a_host_is_taken_by_one_application(database: Database) -> None:
    """The others are told which of their hosts are somebody else's."""
    application = _application()
    with database.writing() as unit:
        unit.applications.add(application)
        asked = ("a.example.no", "z.example.no")
        assert unit.applications.taken_hosts(asked, besides=new_id()) == ("a.example.no",)
        assert unit.applications.taken_hosts(asked, besides=application.id) == ()


def test_secrets_end_and_are_nobody_elses(database: Database) -> None:
    """An earlier secret lives as long as it was given; another application's is worth nothing; removal ends them."""
    one, other = _application(), _application(Agreement(name="Other"))
    later = NOW + timedelta(hours=1)
    with database.writing() as unit:
        unit.applications.add(one)
        unit.applications.add(other)
        unit.applications.add_secret(one.id, digest("old"), NOW)
        unit.applications.end_secrets(one.id, at=later)
        unit.applications.add_secret(one.id, digest("new"), NOW)
        assert unit.applications.has_secret(one.id, digest("old"), NOW)
        assert not unit.applications.has_secret(one.id, digest("old"), later)
        assert unit.applications.has_secret(one.id, digest("new"), later)
        assert not unit.applications.has_secret(other.id, digest("new"), NOW)
        unit.applications.end_secrets(one.id, at=later + timedelta(days=1))
        assert not unit.applications.has_secret(one.id, digest("old"), later), "an end is never put off"
        assert unit.applications.remove(one.id)
        assert not unit.applications.remove(one.id)
        assert not unit.applications.has_secret(one.id, digest("new"), NOW)


def test_switching_off_keeps_all_else(database: Database) -> None:
    """What was agreed stands when it is switched on again."""
    application = _application()
    with database.writing() as unit:
        unit.applications.add(application)
        unit.applications.set_enabled(application.id, is_enabled=False)
        assert unit.applications.find(application.id) == replace(application, is_enabled=False)
