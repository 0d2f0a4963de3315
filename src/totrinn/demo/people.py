"""Who there is in the demonstration, and where they belong. All of it is made up."""

from dataclasses import dataclass

from totrinn.core.roles import Role

VENDOR = "vendor"
FJORDLY = "fjordly"
NORDLYS = "nordlys"
HAVRE = "havre-bakeri"
NORDLYS_DOMAIN = "nordlys.example"


@dataclass(frozen=True, slots=True)
class DemoOrganisation:
    """A customer's organisation."""

    slug: str
    name: str
    language: str
    is_available: bool = False


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person with a role in one organisation."""

    key: str
    name: str
    email: str
    organisation: str
    role: Role
    enrolled: bool = False
    """Sets up a second factor before the visitor comes."""
    also: str = ""
    """Another organisation that they are a user of."""
    is_registered: bool = True
    """False: without a password, and a member from the first sign-in through SSO on."""
    amr: tuple[str, ...] = ("pwd", "mfa")
    """How they prove themselves to their organisation's own sign-in service, if it has one (RFC 8176)."""


VENDOR_NAME = "Jobadmin support"
SUPPORT = "support@jobadmin.example"

ORGANISATIONS = (
    DemoOrganisation(FJORDLY, "Fjordly AS", "nb", is_available=True),
    DemoOrganisation(NORDLYS, "Nordlys kommune", "nn"),
    DemoOrganisation(HAVRE, "Havre Bakeri", "nb"),
)

PEOPLE = (
    DemoPerson("staff", "Tor-Arne Myhre", "tor-arne@jobadmin.example", VENDOR, Role.VENDOR, enrolled=True),
    DemoPerson("kari", "Kari Fjeldstad", "kari@fjordly.example", FJORDLY, Role.GLOBAL_ADMINISTRATOR),
    DemoPerson("thomas", "Thomas Nguyen", "thomas@fjordly.example", FJORDLY, Role.ADMINISTRATOR),
    DemoPerson("ingrid", "Ingrid Solheim", "ingrid@fjordly.example", FJORDLY, Role.USER, enrolled=True),
    DemoPerson("amina", "Amina Yusuf", "amina@fjordly.example", FJORDLY, Role.USER, enrolled=True, also=HAVRE),
    DemoPerson("tore", "Tore Lien", "tore@fjordly.example", FJORDLY, Role.USER),
    DemoPerson("sunniva", "Sunniva Eikeland", "sunniva@fjordly.example", FJORDLY, Role.USER),
    DemoPerson("marit", "Marit Haugen", "marit@nordlys.example", NORDLYS, Role.GLOBAL_ADMINISTRATOR),
    DemoPerson("jon", "Jon Dalen", "jon@nordlys.example", NORDLYS, Role.USER, enrolled=True),
    DemoPerson("aase", "Åse Bakken", "aase@nordlys.example", NORDLYS, Role.USER),
    DemoPerson(
        "sivert", "Sivert Moen", "sivert@nordlys.example", NORDLYS, Role.USER, is_registered=False, amr=("pwd",)
    ),
    DemoPerson("nils", "Nils Havre", "nils@havre.example", HAVRE, Role.GLOBAL_ADMINISTRATOR),
    DemoPerson("berit", "Berit Kvam", "berit@havre.example", HAVRE, Role.USER),
)


def organisation(slug: str) -> DemoOrganisation:
    """The customer's organisation with this slug."""
    return next(organisation for organisation in ORGANISATIONS if organisation.slug == slug)


def person(key: str) -> DemoPerson:
    """The person with this key."""
    return next(person for person in PEOPLE if person.key == key)
