"""What is written from code and tests is as they are now."""

from tests.docs.reading import ROOT
from tools import api_table, requirements_table, signin_diagram


def test_the_table_of_requirements_is_up_to_date() -> None:
    """Rows and tests stand beside each other as they are; else `tools/requirements_table.py` has to be run."""
    assert (ROOT / "docs" / "security" / "requirements.md").read_text(encoding="utf-8") == requirements_table.table()


def test_the_rows_are_r1_to_r98_each_once() -> None:
    """No requirement is lost, and none is there twice."""
    rows = [row.id for section in requirements_table.read_rows() for row in section.rows]
    assert rows == [f"R{number}" for number in range(1, 99)]


def test_a_row_that_cannot_be_tested_has_no_test() -> None:
    """Whoever builds what a row waited for takes away the reason why it was open."""
    rows = [row for section in requirements_table.read_rows() for row in section.rows]
    tested = requirements_table.tests_by_row({row.id for row in rows})
    assert [row.id for row in rows if row.open and row.id in tested] == []


def test_the_diagram_of_the_sign_in_is_up_to_date() -> None:
    """Diagram and table say what the code's table says; else `tools/signin_diagram.py` has to be run."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert signin_diagram.drawn(page) == page


def test_the_tables_of_the_api_are_up_to_date() -> None:
    """Endpoints, scopes and codes are those of the code; else `tools/api_table.py` has to be run."""
    page = (ROOT / "docs" / "applications" / "api.md").read_text(encoding="utf-8")
    assert api_table.written(page) == page
