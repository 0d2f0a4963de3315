"""docs/settings.md names every setting, and none that there is not."""

from tests.docs.reading import DOCS, code_lines, documents, name_of, rows
from totrinn import config

PAGE = DOCS / "settings.md"
WITH_A_FILE = {f"{variable.name}_FILE" for variable in config.VARIABLES if variable.is_secret}
OF_TESTS = {"TOTRINN_PICTURES"}
KNOWN = {variable.name for variable in config.VARIABLES} | WITH_A_FILE | OF_TESTS


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    """The table and the program know the same settings, in the same order."""
    assert [row[0].strip("`") for row in rows(PAGE)] == [variable.name for variable in config.VARIABLES]


def test_defaults_are_those_of_the_program() -> None:
    """The table gives the default that the program has."""
    told = {row[0].strip("`"): row[2].strip("`") for row in rows(PAGE)}
    assert told == {variable.name: variable.default or "–" for variable in config.VARIABLES}


def test_secrets_are_marked() -> None:
    """The table says which settings may stand in a file."""
    told = {row[0].strip("`") for row in rows(PAGE) if row[3] == "yes"}
    assert told == {variable.name for variable in config.VARIABLES if variable.is_secret}


def test_no_document_names_a_setting_that_there_is_not() -> None:
    """Every `TOTRINN_…` in every document is a setting."""
    for document in documents():
        for line in code_lines(document):
            for word in line.replace("=", " ").split():
                if word.startswith("TOTRINN_") and word.rstrip("…") != "TOTRINN_":
                    assert word in KNOWN, f"{name_of(document)}: {word}"
