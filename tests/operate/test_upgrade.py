"""docs/operate/upgrade.md: the next version takes the place of this one, with its tables or with tables of its own."""

from tests.operate.building import begun, begun_on_nodes
from tests.operate.following import Place, place
from tests.operate.page import read

PAGE = read("upgrade.md")
NEXT_TABLES = """
revision = "9999"
down_revision = "{}"

def upgrade():
    from alembic import op
    op.execute("CREATE TABLE next_version (id INTEGER PRIMARY KEY)")
"""


def test_one_machine_changes_over_and_back() -> None:
    """Who is in stays in; what serves is the version that the page says."""
    with place("upgrade.md") as here:
        person, browser = begun(here)
        _comes_out(here, "login")
        assert "✗" not in here.follow(PAGE, "One machine")
        assert "0.2.0" in here.network["login"].run("totrinn --version")
        assert browser.is_in()
        here.follow(PAGE, "Going back")
        assert "0.2.0" not in here.network["login"].run("totrinn --version")
        assert browser.is_in()
        person.sign_in(here.browser_beside("login"))


def test_several_nodes_change_over_one_after_the_other_or_all_at_once() -> None:
    """With the same tables somebody serves at any time; with new ones the old version does not come back."""
    with place("upgrade.md") as here:
        person, browser = begun_on_nodes(here)
        for node in ("node1", "node2"):
            _comes_out(here, node)
        assert "totrinn migrate" not in here.follow(PAGE, "Several nodes")
        here.follow(PAGE, "The tables stay as they are")
        assert browser.is_in()
        for node in ("node1", "node2"):
            _has_new_tables(here, node)
        assert "totrinn migrate" in here.network["node1"].run("totrinn doctor || true")
        here.follow(PAGE, "There are new tables")
        assert browser.is_in()
        person.sign_in(here.browser_beside("node2"))
        here.network["node2"].run("ln -sfn totrinn-0.1.0 /opt/totrinn; ! systemctl restart totrinn")


def _comes_out(here: Place, host: str) -> None:
    """The next version is unpacked; it is this one under another number."""
    files = "/opt/totrinn-0.2.0/pyproject.toml /opt/totrinn-0.2.0/src/totrinn/__init__.py"
    here.network[host].run(f"sed -i -E 's/^(version|__version__) = .*/\\1 = \"0.2.0\"/' {files}")


def _has_new_tables(here: Place, host: str) -> None:
    versions = "/opt/totrinn-0.2.0/src/totrinn/storage/migrations/versions"
    last = here.network[host].run(f"ls {versions} | grep -E '^[0-9]' | tail -n 1").split("_")[0]
    here.network[host].write(f"{versions}/9999_next_version.py", NEXT_TABLES.format(last))
