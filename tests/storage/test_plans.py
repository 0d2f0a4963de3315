"""No page and no sign-in reads more than it shows: every statement that they make is held against that, among 20 000.

The statements are those that the real application makes while it is asked, each explained where it is executed.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from bench.browsing import Person
from bench.crowd import EVERYBODY, RARE, Crowd, Size, person_id
from bench.filling import fill
from bench.furnishing import add_person, created
from bench.hashing import PASSWORD, hashed
from bench.journeys import code_now
from tests.storage import plans
from tests.storage.plans import Watch
from tests.web.house import Browser
from totrinn.bootstrap import Installation, application
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.storage import log_search, members, name_words
from totrinn.storage.tables import membership, person

SIZE = Size(20_000, 2_000)
# One row for each organisation, which only the vendor's staff see summed up and searched.
OF_CUSTOMERS = frozenset({"organisation", "tally"})
NONE: frozenset[str] = frozenset()
MEMBER = f"/members/{person_id(4321)}"
PAGES = (
    "/",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/account/recovery-codes",
    "/choose-organisation",
    "/settings/basic",
    "/settings/sso/new",
    MEMBER,
    "/members",
    f"/members?after={person_id(4321)}",
    f"/members?before={person_id(4321)}",
    "/members?filter=missing",
    f"/members?filter=has&after={person_id(4321)}",
    "/members?filter=sso",
    "/members?q=kar",
    "/members?q=kari",
    f"/members?q=kari&after={person_id(4321)}.1",
    "/members?q=hansen+kari",
    "/members?q=kari+ole",
    f"/members?q={RARE.split()[0]}",
    "/members?q=qqqq",
    "/members?q=@org7.example",
    "/members?q=hansen&filter=missing",
    "/log",
    "/log?kind=organisation:requirement:turned_on",
    "/log?kind=signin:code:refused",
    f"/log?q={RARE.split()[0]}",
    "/log?q=kari",
    "/log?q=qqqq",
    "/log?q=198.51.17.5",
    "/log?q=kari&kind=signin:code:refused",
)
PAGES_OF_STAFF = (
    "/vendor",
    "/vendor?page=3",
    "/vendor?q=fjell",
    "/vendor?q=qqqq",
    "/vendor?filter=required",
    f"/vendor/organisations/{EVERYBODY}",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A full installation, and those who ask."""

    installation: Installation
    served: Any
    administrators: list[Person]
    """Each signs in once: their code is spent then."""
    staff: Person
    user: Person

    def sign_in(self, who: Person) -> Browser:
        """A browser in which they have signed in, with password and code."""
        browser = Browser(self.served)
        browser.get("/login")
        assert browser.post("/login", email=who.email, password=PASSWORD).location == "/login/two-factor"
        browser.get("/login/two-factor")
        assert browser.post("/login/two-factor", code=code_now(who)).status == 303
        return browser


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Filled once for each database."""
    folder = tmp_path_factory.mktemp(f"crowd-{request.param}")
    address = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        address = server.url(server.create_database())
    with created(folder, address) as installation:
        fill(installation.settings.database, Crowd(SIZE))
        yield _place(installation)


def _place(installation: Installation) -> Place:
    services, now, encoded = installation.services, Crowd(SIZE).made_at, hashed().decode()
    with services.store.writing() as unit:
        everybody, vendor = (unit.organisations.find_by_slug(slug) for slug in (EVERYBODY, "vendor"))
        assert everybody is not None
        assert vendor is not None
        role = Role.GLOBAL_ADMINISTRATOR
        administrators = [
            add_person(services, unit, everybody, f"styrer{at}@alle.example", role, encoded, now) for at in range(3)
        ]
        staff = add_person(services, unit, vendor, "hjelper@vendor.example", Role.VENDOR, encoded, now)
        user = add_person(services, unit, everybody, "bruker@alle.example", Role.USER, encoded, now)
        assert unit.organisations.take_requirement(everybody.id, Requirement(), by=None, expected_revision=1)
    return Place(installation, application(installation), administrators, staff, user)


@pytest.fixture
def watch(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Notes every statement; searches look at little, so that looking at more shows."""
    for module, name in ((name_words, "LOOKED_AT"), (log_search, "LOOKED_AT"), (name_words, "_FEW"), (members, "_FEW")):
        monkeypatch.setattr(module, name, plans.LOOKED_AT)
    watch = Watch()
    with watch.watching(place.installation.database.engines):
        yield watch


def judged(watch: Watch, spared: frozenset[str] = NONE) -> list[str]:
    """What is wrong with the statements that were noted, of which there are some."""
    assert watch.plans
    return [fault for plan in watch.plans for fault in plan.faults(spared)]


def test_no_page_reads_more_than_it_shows(place: Place, watch: Watch) -> None:
    """Members, their list filtered, searched and opened deep inside, the log likewise, settings and own account."""
    browser = place.sign_in(place.administrators.pop())
    for path in PAGES:
        watch.asked = path
        assert browser.get(path).status in (200, 303), path
    assert "\n\n".join(judged(watch)) == ""


def test_the_vendors_pages_read_organisations_only(place: Place, watch: Watch) -> None:
    """The sums over all customers take a row of each; nothing there reads their members."""
    browser = place.sign_in(place.staff)
    for path in PAGES_OF_STAFF:
        watch.asked = path
        assert browser.get(path).status == 200, path
    assert "\n\n".join(judged(watch, OF_CUSTOMERS)) == ""


def test_no_sign_in_reads_more_than_one_person_has(place: Place, watch: Watch) -> None:
    """With password and code, wrong ones before, and signing out again."""
    watch.asked = "sign-in"
    browser = Browser(place.served)
    browser.get("/login")
    browser.post("/login", email=place.user.email, password="wrong")
    browser.post("/login", email="nobody@alle.example", password="wrong")
    browser.post("/login", email=place.user.email, password=PASSWORD)
    browser.get("/login/two-factor")
    browser.post("/login/two-factor", code="000000")
    browser.get("/login/two-factor")
    assert browser.post("/login/two-factor", code=code_now(place.user)).location == "/"
    browser.get("/")
    assert browser.post("/logout").status == 303
    assert "\n\n".join(judged(watch)) == ""


def test_turning_the_requirement_on_reads_one_row(place: Place, watch: Watch) -> None:
    """Asking for it, seeing whom it hits, confirming it, and turning it off again."""
    browser = place.sign_in(place.administrators.pop())
    for wish in ({"require_two_factor": "on"}, {}):
        watch.asked = f"requirement: {wish}"
        browser.get("/settings/basic")
        page = browser.post("/settings/basic", name="Alle", language="nb", time_zone="Europe/Oslo", **wish)
        assert page.status == 200
        answer = browser.post("/settings/basic/confirm", confirmation=page.hidden("confirmation"))
        assert answer.status == 303
    assert "\n\n".join(judged(watch)) == ""


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (sa.select(person.c.id).where(person.c.search.contains("qqqq")), "scans person"),
        (sa.select(person.c.id).where(person.c.version > 1).limit(1), "scans person"),
        (
            sa.select(membership.c.id)
            .where(membership.c.organisation_id == "01900000-0000-7000-8000-000000000000")
            .order_by(membership.c.tag)
            .limit(10),
            "sorts",
        ),
        (
            sa.select(membership.c.id)
            .where(membership.c.organisation_id == "01900000-0000-7000-8000-000000000000")
            .order_by(membership.c.name_order, membership.c.person_id)
            .limit(10)
            .offset(15_000),
            "reads",
        ),
    ],
    ids=["by a part of a word", "without an index", "in another order", "deep inside by counting"],
)
def test_a_bad_statement_is_found(place: Place, watch: Watch, statement: sa.Select[Any], fault: str) -> None:
    """The check can fail: each kind of bad statement is called by its name."""
    with closing(place.installation.database.engines.reading.connect()) as connection:
        connection.execute(statement).all()
    assert any(re.search(f": {fault}", each) for each in judged(watch))


def test_a_page_with_a_bad_statement_is_found(place: Place, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only by itself, but where a page makes it."""
    bad = sa.select(person.c.id).where(person.c.search.contains("qqqq"))
    monkeypatch.setattr(members, "_GOVERNORS", bad)
    browser = place.sign_in(place.administrators.pop())
    watch.plans.clear()
    browser.get("/settings/basic")
    assert judged(watch)
