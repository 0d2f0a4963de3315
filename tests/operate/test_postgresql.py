"""docs/operate/postgresql.md: two nodes over one database, behind a balancer, as the page builds them."""

from tests.operate.building import EMBEDDED, begun, setup_link, sign_in_as_promised
from tests.operate.following import Place, place
from tests.operate.page import read
from tests.operate.people import Person

PAGE = read("postgresql.md")
MOVING, BACK = "From one machine to PostgreSQL", "Back to the one machine"
REMEMBERED_SECONDS = 2
"""So long the balancer leaves a node alone that did not answer it."""


def _built(here: Place) -> Person:
    """The page as far as the balancer, and the first of the vendor's staff."""
    here.let_in_by_ssh("node1", "node2")
    for node in ("node1", "node2"):
        here.follow(EMBEDDED, "Install", on=node)
    printed = here.follow(PAGE, "The database", "The nodes", "The load balancer")
    assert "✗" not in printed
    person = Person("kari@example.org")
    person.accept(here.browser(), setup_link(printed))
    return person


def test_several_nodes_over_one_database() -> None:
    """Whichever node stops, people stay signed in and others come in; also with PgBouncer in between."""
    with place("postgresql.md") as here:
        person = _built(here)
        browser = here.browser()
        person.type_password(browser)
        here.network["node1"].run("systemctl stop totrinn")
        browser.submit("/login/two-factor", code=person.code())
        assert browser.is_in()
        here.network["node1"].run(f"systemctl start totrinn; sleep {REMEMBERED_SECONDS}")
        here.network["node2"].run("systemctl stop totrinn")
        assert browser.is_in()
        sign_in_as_promised(here, person, "node1")
        here.follow(PAGE, "PgBouncer in between")
        assert here.browser_beside("node1").http.get("/health/ready").status_code == 200
        person.sign_in(here.browser_beside("node2"))
        assert {step.section for step in PAGE.steps if not here.has_done(PAGE, step)} == {MOVING, BACK}


def test_one_machine_moves_into_postgresql() -> None:
    """With everybody in it; the machine that it came from is not served by mistake."""
    with place("postgresql.md") as here:
        here.let_in_by_ssh("node1", "old")
        person, _ = begun(here, "old")
        here.follow(PAGE, "The database")
        here.follow(EMBEDDED, "Install", on="node1")
        here.network["node1"].write("/etc/totrinn/settings", PAGE.file("/etc/totrinn/settings"))
        assert "✗" not in here.follow(PAGE, MOVING)
        person.sign_in(here.browser_beside("node1"))
        assert "move" in here.network["old"].run("! systemctl start totrinn; journalctl -u totrinn")
        here.network["node1"].run("systemctl stop totrinn")
        here.follow(PAGE, BACK)
        person.types_none_of_this_minute()
        person.sign_in(here.browser_beside("old"))
