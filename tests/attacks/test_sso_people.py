"""Whom a provider may speak for: members of its own organisation, by addresses that are proven, and nobody else."""

import pytest

from tests.attacks.house import OPERATOR, House
from totrinn.app import operating, owning_domains
from totrinn.app.connecting import ConnectionObstacle, Draft, add_by_operator
from totrinn.app.identity_providers import OidcSettings
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation with a connection and a proven domain."""
    house.organisation("nordlys")
    return house.connection("nordlys", "nordlys.test")


@pytest.mark.row("R78")
@pytest.mark.parametrize(
    ("email", "more"),
    [
        ("ola@fjordly.test", {}),
        ("ase@sub.nordlys.test", {}),
        ("ase@nordlys.test.evil.test", {}),
        ("ase@xnordlys.test", {}),
        ("ase@nordlys.test", {"email_verified": False}),
        ("", {}),
        ("ola@fjordly.test,ase@nordlys.test", {}),
        ("ola@fjordly.test\u2028@nordlys.test", {}),
        ("åse@nordlys.test", {}),
    ],
)
def test_an_address_that_is_not_proven_makes_nobody(
    house: House, nordlys: str, email: str, more: dict[str, object]
) -> None:
    """Of a foreign domain, of one that looks alike, unverified, missing, malformed: refused, and nothing is made."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    before = _people(house)
    browser = house.browser()
    answer = browser.sign_in_by_sso(nordlys, "somebody", email, **more)
    assert answer.status_code == 403
    assert not browser.is_in()
    assert _people(house) == before


@pytest.mark.row("R78")
def test_a_domain_that_is_only_claimed_proves_nothing(house: House) -> None:
    """Until the record is there, or the vendor vouches, nobody is linked or made by it, and it leads nowhere."""
    house.organisation("nordlys")
    connection = house.connection("nordlys")
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
    assert organisation is not None
    owning_domains.add_by_operator(house.services, house.visitor(), OPERATOR, "nordlys", "nordlys.test", connection)
    assert house.browser().submit("/login/sso", email="ase@nordlys.test").status_code == 422
    assert house.browser().sign_in_by_sso(connection, "ase", "ase@nordlys.test").status_code == 403


@pytest.mark.row("R78")
def test_a_person_of_another_organisation_is_never_taken(house: House, nordlys: str) -> None:
    """Even with a proven domain: an account that is no member here is not linked, and no session of it is opened."""
    house.organisation("fjordly")
    victim = house.person("victim@nordlys.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.browser()
    answer = browser.sign_in_by_sso(nordlys, "victim", "VICTIM@nordlys.test")
    assert answer.status_code == 403
    assert not browser.is_in()
    with house.database.reading() as unit:
        assert unit.identities.of_person(victim) == ()
        assert [m.organisation.slug for m in unit.members.of_person(victim)] == ["fjordly"]


@pytest.mark.row("R78")
def test_an_offer_alone_makes_no_member(house: House, nordlys: str) -> None:
    """Whoever has been offered a membership accepts it with their own credentials, not by the provider's word."""
    house.organisation("fjordly")
    victim = house.person("victim@nordlys.test", "fjordly")
    _offer(house, victim)
    assert house.browser().sign_in_by_sso(nordlys, "victim", "victim@nordlys.test").status_code == 403
    with house.database.reading() as unit:
        assert unit.identities.of_person(victim) == ()


@pytest.mark.row("R78")
def test_an_address_given_to_somebody_else_opens_no_old_account(house: House, nordlys: str) -> None:
    """A second subject with the address of the first is somebody else, whom an administrator must let in."""
    house.browser().sign_in_by_sso(nordlys, "first", "ase@nordlys.test")
    browser = house.browser()
    answer = browser.sign_in_by_sso(nordlys, "second", "ase@nordlys.test")
    assert answer.status_code == 403
    assert "linked_to_another" in answer.text
    assert not browser.is_in()


@pytest.mark.row("R49", "R84")
def test_whoever_was_removed_stays_out_until_they_are_asked_again(house: House, nordlys: str) -> None:
    """The first sign-in makes a member once; after a removal it takes a new offer, and then coming is enough."""
    house.browser().sign_in_by_sso(nordlys, "ase", "ase@nordlys.test")
    with house.database.writing() as unit:
        person = unit.people.find_by_email("ase@nordlys.test")
        organisation = unit.organisations.find_by_slug("nordlys")
        assert person is not None
        assert organisation is not None
        assert unit.members.remove(organisation.id, person.id)
    browser = house.browser()
    assert browser.sign_in_by_sso(nordlys, "ase", "ase@nordlys.test").status_code == 403
    _offer(house, person.id)
    assert browser.sign_in_by_sso(nordlys, "ase", "ase@nordlys.test").headers["location"] == "/"


@pytest.mark.row("R78")
def test_nobody_is_made_where_the_organisation_does_not_want_it(house: House) -> None:
    """Whoever is a member already is linked; whoever is not is told so."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", rules=SsoRules(creates_members=False))
    house.person("ase@nordlys.test", "nordlys")
    assert house.browser().sign_in_by_sso(connection, "ase", "ase@nordlys.test").headers["location"] == "/"
    assert house.browser().sign_in_by_sso(connection, "new", "new@nordlys.test").status_code == 403


@pytest.mark.row("R30", "R78")
def test_a_link_is_told_to_the_person_and_stands_in_the_log(house: House, nordlys: str) -> None:
    """Whoever had an account before reads of the link in their mail; the organisation reads of it in its log."""
    house.person("ase@nordlys.test", "nordlys")
    house.browser().sign_in_by_sso(nordlys, "ase", "ase@nordlys.test")
    with house.database.reading() as unit:
        mails = [(mail.kind, mail.recipient) for mail in unit.outbox.newest(limit=10)]
        organisation = unit.organisations.find_by_slug("nordlys")
        assert organisation is not None
        kinds = [e.kind for e in unit.log.of_organisation(organisation.id, kind="", before=None, limit=50)]
    assert ("sso_linked", "ase@nordlys.test") in mails
    assert "person:sso:linked" in kinds


@pytest.mark.row("R51", "R77")
def test_the_vendors_own_organisation_has_no_sso(house: House) -> None:
    """Its staff always need a second factor of their own: no connection can be added, and none would let anybody in."""
    visitor = house.visitor()
    operating.create_organisation(house.services, visitor, OPERATOR, name="Vendor", slug="vendor", is_vendor=True)
    draft = Draft("x", OidcSettings("https://provider.example", "x"), SsoRules())
    made = add_by_operator(house.services, visitor, OPERATOR, "vendor", draft)
    assert made is ConnectionObstacle.VENDORS_OWN


def _people(house: House) -> int:
    with house.database.engines.reading.connect() as reading:
        return int(reading.exec_driver_sql("SELECT count(*) FROM person").scalar() or 0)


def _offer(house: House, person_id: str) -> None:
    visitor = house.visitor()
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
        assert organisation is not None
        new_id = house.services.random.id(visitor.now)
        assert unit.members.add(new_id, organisation.id, person_id, Role.USER, now=visitor.now, accepted_at=None)
