"""Everything that is secret is used on a running program, and nothing of it comes out anywhere (R68, R69, R92)."""

import re
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.commands import PASSWORD, program
from tests.cli.conftest import House
from tests.cli.test_serving import Server, free_port, serving
from tests.secrecy.canaries import Canaries, WatchedBrowser
from tests.secrecy.provider import running_provider
from totrinn.demo.browser import Answer
from totrinn.demo.people import person
from totrinn.demo.phone import Account, read_key, step_of
from totrinn.demo.provider import PATH, Client, subject_of

MARIT, AASE = person("marit"), person("aase")
STAFF = "tor-arne@jobadmin.example"
WRONG = "kanarifugl & blåbær på tur"
EXPECTED = {
    "typed password", "typed code", "key of the installation", "client secret", "one-time link", "form token",
    "recovery code", "cookie", "secret of an app", "state", "nonce", "code of the provider",
}  # fmt: skip
LEAKY = """
import sys
from base64 import b64encode
from totrinn.web import routing
read = routing.read_form
async def leaking(request, **more):
    form = await read(request, **more)
    sys.stderr.write(b64encode(repr(form).encode()).decode() + "\\n")
    return form
routing.read_form = leaking
from totrinn.cli import main
main()
"""


class Story:
    """One installation, one running server, and all secrets that have been used."""

    def __init__(self, house: House, server: Server) -> None:
        self.house, self.server = house, server
        self.canaries = Canaries()
        self.browsers: list[WatchedBrowser] = []
        self.said = b""
        for file in (house.data / "keys").glob("*.key"):
            self.canaries.add("key of the installation", file.read_text().strip())

    def browser(self) -> WatchedBrowser:
        """One more."""
        self.browsers.append(WatchedBrowser(f"http://localhost:{self.server.port}", self.server.port, self.canaries))
        return self.browsers[-1]

    def command(self, *words: str, typed: str = "") -> str:
        """Runs a command; what it says beside its answer is looked at, too."""
        outcome = self.house.run(*words, typed=typed)
        self.said += outcome.err.encode()
        return outcome.out

    def sign_in(self, browser: WatchedBrowser, email: str, password: str) -> Answer:
        """Types address and password."""
        return browser.post(browser.visit("/login").form("/login"), email=email, password=password)

    def enrol(self, browser: WatchedBrowser, held: Answer) -> tuple[Account, str]:
        """Sets up an app; it, and the first recovery code."""
        window = browser.post(held.form("/login/enrol"))
        account = read_key(next(href for href in window.links() if href.startswith("otpauth:")))
        assert account is not None
        self.canaries.add("secret of an app", account.secret)
        form = window.form("/login/enrol/confirm")
        browser.post(form, code="135 790")
        shown = browser.post(form, code=account.code(step_of(datetime.now(UTC)) - 1))
        return account, re.findall(r"(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}", shown.text)[0]


@contextmanager
def story(house: House, **settings: str) -> Iterator[Story]:
    """Plays on a server whose log has everything in it that can be switched on."""
    with serving(house.data, TOTRINN_ACCESS_LOG="yes", TOTRINN_ALLOW_PRIVATE_ADDRESSES="yes", **settings) as server:
        told = Story(house, server)
        yield told
        _, err = server.end(signal.SIGTERM)
        told.said += err.encode()


def link_in(text: str) -> str:
    """The path of the one-time link that a command printed."""
    found = re.search(r"http://localhost:\d+(/(?:setup|password)/\S+)", text)
    assert found, text
    return found[1]


def begin(told: Story) -> None:
    """The vendor's first account by a link, its second factor, codes right and wrong, a recovery code."""
    link = link_in(told.command("setup-link"))
    told.canaries.add("one-time link", link.rpartition("/")[2])
    browser = told.browser()
    browser.post(browser.visit(link).form(link), email=STAFF, name="Tor-Arne", password=PASSWORD)
    browser.visit(link)
    told.sign_in(browser, STAFF, WRONG)
    app, recovery = told.enrol(browser, told.sign_in(browser, STAFF, PASSWORD))
    for code in ("975 310", "not a code", recovery, recovery, app.code(step_of(datetime.now(UTC)))):
        again = told.browser()
        asked = told.sign_in(again, STAFF, PASSWORD)
        again.post(asked.form("/login/two-factor"), code=code)


def require(told: Story) -> None:
    """A customer turns the requirement on, on the page that asks twice."""
    told.command("organisation", "create", "Nordlys kommune", "--slug", "nordlys")
    told.command("feature", "grant", "nordlys", "forced_two_factor", "--why", "asked")
    words = ("user", "create", MARIT.email, "--organisation", "nordlys", "--role", "global_administrator")
    told.command(*words, "--password-stdin", typed=PASSWORD + "\n")
    told.command(*words, "--password-stdin", typed="12345\n")
    browser = told.browser()
    told.sign_in(browser, MARIT.email, PASSWORD)
    form = browser.visit("/settings/basic").form("/settings/basic")
    preview = browser.post(form, require_two_factor="on")
    browser.post(preview.form("/settings/basic/confirm"))
    told.enrol(browser, browser.visit("/"))
    told.command("explain", MARIT.email, "--organisation", "nordlys")


def come_by_sso(told: Story, folder: Path) -> None:
    """A connection with a client secret; one sign-in that succeeds, and answers that nobody asked for."""
    port, secret = free_port(), secrets.token_urlsafe(24)
    told.canaries.add("client secret", secret)
    issuer = f"http://localhost:{port}{PATH}"
    words = ("--kind", "oidc", "--issuer", issuer, "--client-id", "totrinn", "--client-secret-stdin")
    settings = {"TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes", "TOTRINN_PORT": str(told.server.port)}
    made = told.house.run(
        "connection", "add", "nordlys", *words, "--domain", "nordlys.example", "--vouch", typed=secret, **settings
    )
    assert made.status == 0, made.err
    found = re.search(rf"http://localhost:{told.server.port}/sso/([^/\s]+)/callback", made.out)
    assert found, made.out
    way, back = f"/sso/{found[1]}/login", f"/sso/{found[1]}/callback"
    browser = told.browser()
    browser.get(way)
    client = Client("totrinn", secret, f"http://localhost:{told.server.port}{back}")
    with running_provider(folder / "provider", port, client):
        time.sleep(11)  # a provider that failed is left alone for ten seconds
        theirs = WatchedBrowser(f"http://localhost:{port}", port, told.canaries)
        page = theirs.get(_path(browser.get(way).location))
        returned = theirs._send("POST", f"{PATH}/authorize", _fields(page, subject_of(AASE)), "text/html")
        assert browser.visit(_path(returned.location)).path == "/"
        browser.visit(_path(returned.location))
    for code, state in (("kanarikode-uten-mening", "kanaritilstand-uten-mening"),):
        told.canaries.add("code of the provider", code)
        told.canaries.add("state", state)
        browser.visit(f"{back}?code={code}&state={state}")
    told.command("connection", "check", found[1])


def _path(location: str) -> str:
    url = urlsplit(location)
    return f"{url.path}?{url.query}"


def _fields(page: Answer, subject: str) -> dict[str, str]:
    return page.form(f"{PATH}/authorize").fields | {"person": subject}


def fail(told: Story) -> None:
    """A secret that cannot be opened, then a database without its tables: errors with everything in their hands."""
    browser = told.browser()
    asked = told.sign_in(browser, STAFF, PASSWORD)
    with sqlite3.connect(told.house.data / "totrinn.sqlite3", timeout=20) as database:
        database.execute("UPDATE authenticator SET sealed_secret = x'00'")
    assert browser.post(asked.form("/login/two-factor"), code="246 810").status == 500
    form = browser.visit("/login").form("/login")
    with sqlite3.connect(told.house.data / "totrinn.sqlite3", timeout=20) as database:
        database.execute("ALTER TABLE throttle RENAME TO gone")
    assert browser.post(form, email=STAFF, password=PASSWORD).status == 503
    assert told.browser().post(form, email=STAFF, password=WRONG).status in (403, 503)
    with sqlite3.connect(told.house.data / "totrinn.sqlite3", timeout=20) as database:
        database.execute("ALTER TABLE gone RENAME TO throttle")


@pytest.mark.row("R68", "R69", "R92")
@pytest.mark.timeout(300)
def test_nothing_secret_comes_out(house: House, tmp_path: Path) -> None:
    """Not in what program and commands say, nor in metrics, exports, refusals or the database, in whatever form."""
    metrics = free_port()
    with story(house, TOTRINN_METRICS=f"127.0.0.1:{metrics}") as told:
        begin(told)
        require(told)
        come_by_sso(told, tmp_path)
        fail(told)
        told.said += Server(told.server.process, metrics).get("/metrics")[2].encode()
        told.said += told.command("audit", "export").encode()
        refusals = [page for browser in told.browsers for page in browser.refusals]
    assert told.canaries.kinds() >= EXPECTED
    assert b"request failed" in told.said
    assert b"database unavailable" in told.said
    assert b"totrinn_signins_total" in told.said
    assert len(refusals) > 8
    assert told.canaries.found_in(told.said) == set()
    # A page that is shown again has its own address and forms in it, and the key that is being set up.
    own = ("form token", "one-time link", "secret of an app")
    assert told.canaries.found_in(b"".join(refusals), without=own) == set()
    stored = b"".join(file.read_bytes() for file in sorted(house.data.glob("totrinn.sqlite3*")))
    # Six digits stand in any file of some size.
    assert told.canaries.found_in(stored, without=("typed code",)) == set()


@pytest.mark.row("R69")
def test_a_program_that_leaks_is_found_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same search on a program that writes forms to its log, in base64: it finds what was typed."""
    monkeypatch.setattr("tests.cli.test_serving.PROGRAM", (sys.executable, "-c", LEAKY))
    with story(house) as told:
        told.sign_in(told.browser(), STAFF, WRONG)
    assert told.canaries.found_in(told.said) == {"typed password", "form token"}


@pytest.mark.row("R69")
@pytest.mark.parametrize("command", ["serve", "doctor", "init", "explain"])
def test_the_database_s_password_is_not_told(command: str, tmp_path: Path) -> None:
    """When the database does not answer, or the address is wrong, what is said says nothing of the password."""
    canaries = Canaries()
    canaries.add("password of the database", "kanari-på-pinne/7")
    more = ("kari@example.no", "--organisation", "nordlys") if command == "explain" else ()
    for address in ("postgresql://totrinn:kanari-p%C3%A5-pinne%2F7@127.0.0.1:1/x?connect_timeout=1",
                    "mysql://totrinn:kanari-p%C3%A5-pinne%2F7@127.0.0.1:1/x"):  # fmt: skip
        if command == "serve" and address.startswith("postgresql"):
            continue  # it waits for half a minute, and says the same
        outcome = program(command, *more, "--data", str(tmp_path), TOTRINN_DATABASE=address)
        assert outcome.status != 0
        assert canaries.found_in(f"{outcome.out}{outcome.err}".encode()) == set()
