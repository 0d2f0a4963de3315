"""Rooms in which each state of each page can be looked at: organisations in every position, people at every step."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from tests.browser.chromium import DESKTOP, Desk
from tests.browser.installation import Installation
from tests.browser.phone import AuthenticatorApp
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL, LANGUAGES, Words

REQUIRED, OFF, LOCKED, WITHDRAWN, DATED = "vestlia", "fjell", "dal", "tind", "vik"
_NAMES = {OFF: "Fjellgata Eiendomsforvaltning AS", LOCKED: "Dal kommune", WITHDRAWN: "Tind AS", DATED: "Vik AS"}
_OF_SEVERAL = f"flere@{OFF}.example"
_FREE = f"frivillig@{OFF}.example"
_SUPPORT = "stine.dahl@jobbnorge.example"
_LONG_NAME = "Anne-Grethe Administratorsen-Hammersborgstrand"


@dataclass
class Room:
    """One browser in which one person stays signed in, or nobody is."""

    visit: Visit
    email: str = ""
    app: AuthenticatorApp | None = None

    @property
    def page(self) -> Page:
        """The window."""
        return self.visit.page

    def at(self, path: str) -> Visit:
        """Opens the page, in the language of the round."""
        self.page.goto(path)
        words = self.visit.words
        if self.page.locator("html").get_attribute("lang") != words.code:
            self.visit.switch_language(words)
            self.page.goto(path)
        return self.visit


@dataclass
class Rooms:
    """All of them; `words` is the language of the round."""

    house: Installation
    desk: Desk
    boss: AuthenticatorApp
    words: Words = BOKMAAL
    rooms: dict[str, Room] = field(default_factory=dict)
    connection: str = ""
    """A connection of the organisation whose requirement is off; it leads to a provider that nobody asks."""
    client_id: str = ""
    """Of an application that nobody opens; whoever is to sign in to it is asked here."""

    def room(self, name: str) -> Visit:
        """Whoever stays in the room, who now reads the language of the round."""
        return self._enter(name).visit

    def at(self, name: str, path: str) -> Visit:
        """A page as whoever stays in the room sees it."""
        return self._enter(name).at(path)

    def unfinished(self, who: str, path: str) -> Visit:
        """A page in the middle of a sign-in; each language has a person of its own, who stays at that step."""
        email = f"{who}.{self.words.code}@{REQUIRED}.example"
        if email not in self.rooms:
            self.house.user(email, REQUIRED, name="Nils Nyland")
            self.rooms[email] = Room(self._sit_down(self.words), email)
            if who == "verifying":
                self._enrol(self.rooms[email])
        room = self.rooms[email]
        room.page.goto(path)
        if room.page.url.endswith("/login"):
            room.visit.type_password(email)
            expect(room.page.locator("h1").first).not_to_have_text(self.words.sign_in)
            room.page.goto(path)
        return room.visit

    def app(self, who: str) -> AuthenticatorApp:
        """The app of somebody in the middle of a sign-in."""
        app = self.rooms[f"{who}.{self.words.code}@{REQUIRED}.example"].app
        assert app is not None
        return app

    def furnish(self) -> None:
        """Makes the organisations, and seats everybody who stays."""
        self.rooms["stranger"] = Room(self._sit_down())
        self._seat("boss", f"sjef@{REQUIRED}.example", self.boss)
        with ThreadPoolExecutor(2) as hands:
            list(hands.map(self._found, _NAMES))
        for slug in _NAMES:
            self._seat(slug, f"sjef@{slug}.example")
        self._seat_at_vestlia("administrator")
        self._seat_at_vestlia("user")
        self._turn_on(WITHDRAWN)
        self.house.withdraw(WITHDRAWN)
        self._turn_on(DATED, date="01.12.2027")
        self._seat_somebody_of_several()
        self._seat_somebody_free()
        self._seat_support()
        self.connection = self._connect(OFF)
        self._register()

    def _register(self) -> None:
        """Two applications; without a home, they change nothing for those who go on."""
        addresses = ("--redirect-uri", "https://jobb.example/callback", "--back-channel", "https://jobb.example/ended")
        self.client_id = json.loads(self.house.run("application", "add", "Jobb", *addresses, "--json"))["client_id"]
        made = json.loads(self.house.run("application", "add", "Lønn", "--host", "lonn.example", "--json"))
        self.house.run("application", "disable", made["client_id"])

    def _connect(self, slug: str) -> str:
        about = ("--kind", "oidc", "--issuer", "https://id.fjell.example", "--client-id", "totrinn", "--name", "Fjell")
        proof = ("--client-secret-stdin", "--domain", f"{slug}.example", "--vouch", "--json")
        made = json.loads(self.house.run("connection", "add", slug, *about, *proof, typed="hemmelig\n"))
        self.house.run("domain", "add", slug, "ubekreftet.example")
        return str(made["id"])

    def _seat(self, name: str, email: str, app: AuthenticatorApp | None = None) -> Room:
        room = Room(self._sit_down(), email, app)
        room.visit.sign_in(email, app)
        self.rooms[name] = room
        return room

    def _found(self, slug: str) -> None:
        """Makes an organisation with its administrator; and the people who come in besides."""
        self.house.organisation(_NAMES[slug], slug, available=slug != LOCKED)
        self.house.user(f"sjef@{slug}.example", slug, "global_administrator", name="Bo Berg")
        if slug == OFF:
            self.house.user(_OF_SEVERAL, OFF, name="Flora Flere")
            self.house.user(_FREE, OFF, name="Frida Fri")
            self.house.invite(_OF_SEVERAL, REQUIRED)
        elif slug == LOCKED:
            self.house.vendor(_SUPPORT, name="Stine Dahl")
        elif slug == DATED:
            self.house.user(f"user@{REQUIRED}.example", REQUIRED, name="Ulla Ung")
            self.house.user(f"administrator@{REQUIRED}.example", REQUIRED, "administrator", name=_LONG_NAME)

    def _seat_at_vestlia(self, name: str) -> None:
        room = self._seat(name, f"{name}@{REQUIRED}.example")
        room.app = room.visit.enrol()
        room.visit.link(room.visit.words.onward).click()

    def _seat_somebody_of_several(self) -> None:
        room = self._seat("of several", _OF_SEVERAL)
        room.page.locator("form[action$=accept] button").click()

    def _seat_somebody_free(self) -> None:
        """Has a second factor, although nobody requires it."""
        room = self._seat("free", _FREE)
        visit = room.visit
        visit.page.goto("/account/second-factor")
        visit.button(visit.words.activate).click()
        visit.confirm_enrolment(visit.scan().code())
        expect(visit.heading(visit.words.active)).to_be_visible()

    def _seat_support(self) -> None:
        room = self._seat("support", _SUPPORT)
        room.app = room.visit.enrol()
        room.visit.link(room.visit.words.onward).click()

    def _turn_on(self, slug: str, date: str = "") -> None:
        visit = self.rooms[slug].visit
        visit.page.goto("/settings/basic")
        if date:
            visit.switch().check()
            visit.page.locator("#required_from").fill(date)
        visit.require()
        if not date:
            visit.enrol()
            visit.link(visit.words.onward).click()

    def _enrol(self, room: Room) -> None:
        room.visit.sign_in(room.email)
        room.app = room.visit.enrol()
        room.visit.link(room.visit.words.onward).click()
        room.visit.sign_out()

    def _enter(self, name: str) -> Room:
        room = self.rooms[name]
        room.visit.words = self.words
        return room

    def _sit_down(self, words: Words = BOKMAAL) -> Visit:
        return Visit(self.desk.sit_down(self.house.address, language=words.code, size=DESKTOP), LANGUAGES[words.code])
