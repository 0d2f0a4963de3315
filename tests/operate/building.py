"""Installations that stand before another page begins."""

import json
import re

from tests.operate.following import PERSON, STRANGER, Place
from tests.operate.page import read
from tests.operate.people import Browser, Person

EMBEDDED, POSTGRESQL = read("embedded.md"), read("postgresql.md")


def setup_link(printed: str) -> str:
    """The one-time link that a command has printed."""
    found = re.search(r"https://login\.example\.org/setup/\S+", printed)
    assert found is not None, printed
    return found[0]


def begun(here: Place, host: str = "login") -> tuple[Person, Browser]:
    """One machine that serves, without a proxy; the first of the vendor's staff, and the browser that lets them in."""
    printed = here.follow(EMBEDDED, "Install", "Begin", on=host)
    person, browser = Person("kari@example.org"), here.browser_beside(host)
    person.accept(browser, setup_link(printed))
    return person, browser


def begun_on_nodes(here: Place) -> tuple[Person, Browser]:
    """Two nodes over one database, without a balancer; and likewise."""
    here.let_in_by_ssh("node1", "node2")
    for node in ("node1", "node2"):
        here.follow(EMBEDDED, "Install", on=node)
    printed = here.follow(POSTGRESQL, "The database", "The nodes")
    person, browser = Person("ola@example.org"), here.browser_beside("node1")
    person.accept(browser, setup_link(printed))
    return person, browser


def sign_in_as_promised(here: Place, person: Person, host: str) -> None:
    """Through the proxy, by cookies for this name and https only; the log names who came, whatever they say of it."""
    browser = here.browser()
    person.sign_in(browser)
    cookies = [cookie for cookie in browser.http.cookies.jar if cookie.value]
    assert "__Host-totrinn" in {cookie.name for cookie in cookies}
    assert all(cookie.secure and cookie.name.startswith("__Host-") for cookie in cookies)
    liar = here.browser(STRANGER, **{"X-Forwarded-For": "192.0.2.200"})
    liar.submit("/login", email=person.email, password="er det dette?")
    events = [json.loads(line) for line in here.network[host].run("totrinn audit export").splitlines()]
    addresses = [event["address"] for event in events if event["address"]]
    assert addresses[-2:] == [PERSON.address, STRANGER.address], addresses


def begun_on_one_node(here: Place) -> Person:
    """The first node over the database, and the first of the vendor's staff."""
    here.follow(EMBEDDED, "Install", on="node1")
    here.follow(POSTGRESQL, "The database")
    here.network["node1"].write("/etc/totrinn/settings", POSTGRESQL.file("/etc/totrinn/settings"))
    printed = here.network["node1"].run("chmod 600 /etc/totrinn/settings; totrinn init; systemctl start totrinn")
    person = Person("ola@example.org")
    person.accept(here.browser_beside("node1"), setup_link(printed))
    return person
