"""The story of the help page: one organisation that begins to require two-factor, told in one language."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.browser.chromium import Desk
from tests.browser.installation import Installation
from tests.browser.phone import AuthenticatorApp
from tests.browser.visits import Camera, Visit, no_camera
from tests.browser.words import Words

ORGANISATION = "Fjordly AS"
SLUG = "fjordly"
KARI = "kari.fjeldstad@fjordly.example"
THOMAS = "thomas.nguyen@fjordly.example"
INGRID = "ingrid.solheim@fjordly.example"
SUNNIVA = "sunniva.eikeland@fjordly.example"
JONAS = "jonas.berg@fjordly.example"
SUPPORT = "stine.dahl@jobbnorge.example"

PEOPLE = (
    (KARI, "global_administrator", "Kari Fjeldstad"),
    (THOMAS, "administrator", "Thomas Nguyen"),
    (INGRID, "user", "Ingrid Solheim"),
    (SUNNIVA, "user", "Sunniva Eikeland"),
    (JONAS, "user", "Jonas Berg"),
)
_SCREEN = (1280, 1000)


@dataclass
class Story:
    """Who takes part, and where."""

    house: Installation
    desk: Desk
    words: Words
    camera: Camera = no_camera
    apps: dict[str, AuthenticatorApp] = field(default_factory=dict)

    def begin(self) -> None:
        """The organisation and its people, as they were before."""
        self.house.organisation(ORGANISATION, SLUG, language=self.words.code, available=False)
        with ThreadPoolExecutor(2) as hands:
            making = [hands.submit(self.house.vendor, SUPPORT, name="Stine Dahl")]
            making += [hands.submit(self.house.user, email, SLUG, role, name=name) for email, role, name in PEOPLE]
            for made in making:
                made.result()

    def visit(self) -> Visit:
        """Somebody sits down at a browser."""
        return Visit(self.desk.sit_down(self.house.address, language=self.words.code, size=_SCREEN), self.words)

    def signed_in(self, email: str) -> Visit:
        """Somebody sits down at a browser and signs in."""
        visit = self.visit()
        visit.sign_in(email, self.apps.get(email))
        return visit
