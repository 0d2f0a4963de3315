"""docs/operate/backup-and-restore.md: a backup is made every night, and put back on another machine."""

from tests.operate.building import EMBEDDED, begun, begun_on_one_node
from tests.operate.following import place
from tests.operate.page import read

PAGE = read("backup-and-restore.md")
WITH_POSTGRESQL, INTO_POSTGRESQL = "With PostgreSQL", "Restore into PostgreSQL"


def test_a_restored_installation_lets_people_in_with_their_authenticator() -> None:
    """On a machine that had nothing but the program; sessions and spent codes of before are worth nothing there."""
    with place("backup-and-restore.md") as here:
        here.let_in_by_ssh("login", "vault", "spare")
        person, browser = begun(here)
        here.follow(PAGE, "The key that opens them", "A backup every night")
        assert person.app is not None
        spent = person.app.at(person.last_step * 30)
        here.follow(EMBEDDED, "Install", on="spare")
        here.follow(PAGE, "Restore")
        here.network["login"].stop()
        there = here.browser_beside("spare")
        there.http.cookies = browser.http.cookies
        assert not there.is_in()
        there = here.browser_beside("spare")
        person.type_password(there)
        there.submit("/login/two-factor", code=spent)
        assert not there.is_in()
        person.types_none_of_this_minute()
        person.sign_in(here.browser_beside("spare"))
        assert "✗" not in here.network["spare"].run("totrinn doctor")
        assert {step.section for step in PAGE.steps if not here.has_done(PAGE, step)} == {
            WITH_POSTGRESQL,
            INTO_POSTGRESQL,
        }


def test_a_backup_of_a_node_goes_into_another_database() -> None:
    """Likewise: what comes alive there is what was backed up, for its own people."""
    with place("backup-and-restore.md") as here:
        person = begun_on_one_node(here)
        here.network["login"].run("mkdir /etc/totrinn")
        here.let_in_by_ssh("login", "vault", "node1", "spare")
        here.follow(PAGE, "The key that opens them", WITH_POSTGRESQL)
        here.follow(EMBEDDED, "Install", on="spare")
        here.follow(PAGE, INTO_POSTGRESQL)
        here.network["node1"].stop()
        person.types_none_of_this_minute()
        person.sign_in(here.browser_beside("spare"))
