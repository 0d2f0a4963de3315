"""docs/operate/key-rotation.md: keys are renewed while people are in, and given up when they are lost."""

from tests.operate.building import begun, begun_on_nodes
from tests.operate.following import place
from tests.operate.page import read

PAGE = read("key-rotation.md")


def test_keys_are_renewed_and_nobody_notices() -> None:
    """On one machine and on several; sessions go on, authenticators too; an old key goes; lost keys let nobody in."""
    with place("key-rotation.md") as here:
        person, browser = begun(here)
        here.follow(PAGE, "On one machine")
        here.follow(PAGE, "On one machine")
        here.follow(PAGE, "Delete an old key")
        assert browser.is_in()
        person.sign_in(here.browser_beside("login"))
        here.network["login"].run("rm /srv/totrinn/keys/*.key")
        here.follow(PAGE, "The keys are lost")
        assert not browser.is_in()
        person.enrol_anew(here.browser_beside("login"))
        other, elsewhere = begun_on_nodes(here)
        here.follow(PAGE, "On several nodes")
        assert elsewhere.is_in()
        other.sign_in(here.browser_beside("node2"))
        here.all_done(PAGE)
