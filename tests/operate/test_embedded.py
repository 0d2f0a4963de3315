"""docs/operate/embedded.md: what it says is done here, and then people sign in through the proxy."""

from tests.operate.building import setup_link, sign_in_as_promised
from tests.operate.following import place
from tests.operate.page import read
from tests.operate.people import Person

PAGE = read("embedded.md")
STAFF = "kari@example.org"


def test_one_machine_behind_nginx_and_behind_caddy() -> None:
    """Every command of the page runs, and behind either proxy people sign in as they should."""
    with place("embedded.md") as here:
        printed = here.follow(PAGE, "Install", "Begin", "Behind nginx", "Look whether it runs")
        person = Person(STAFF)
        person.accept(here.browser(), setup_link(printed))
        sign_in_as_promised(here, person, "login")
        here.network["login"].run("systemctl stop nginx")
        here.follow(PAGE, "Behind Caddy", "Look whether it runs")
        sign_in_as_promised(here, person, "login")
        here.all_done(PAGE)
