"""What the demonstration says on the screen: whom one can be, and where everything is. The address comes last."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from totrinn.demo.people import (
    FJORDLY,
    HAVRE,
    NORDLYS,
    NORDLYS_DOMAIN,
    ORGANISATIONS,
    PEOPLE,
    VENDOR,
    VENDOR_NAME,
    DemoPerson,
)
from totrinn.demo.provider import PATH

HEADINGS = {
    FJORDLY: "two-factor is available: turn it on by hand, as Kari",
    NORDLYS: "two-factor is required since the story; whoever comes through SSO is not disturbed",
    HAVRE: "two-factor has not been made available",
    VENDOR: "the vendor, who makes it available",
}
NO_PASSWORD = "none: through SSO only"


def opening(folder: Path) -> str:
    """Before the story."""
    return f"Totrinn’s demo. Everything in {folder} is made anew at each start.\n\nThe story, over HTTP:"


def closing(base_url: str, jobadmin: str, passwords: Mapping[str, str], *, taken: int | None) -> str:
    """After the story; `jobadmin` is where the application is, `taken` the port that was wanted and was not free."""
    lines = ["", *_people(passwords), ""]
    lines += [f"Jobadmin      {jobadmin}                  an application that people sign in to here"]
    lines += [f"SSO           {base_url}/login/sso        for every address @{NORDLYS_DOMAIN}"]
    lines += [f"Its provider  {base_url}{PATH}    Nordlys kommune’s own sign-in service; it asks for no password"]
    lines += [f"The phone     {base_url}/demo/phone       an authenticator app; those with a second factor are on it"]
    lines += [f"The mailbox   {base_url}/demo/mailbox     every mail that would have been sent"]
    if taken is not None:
        lines += ["", f"Port {taken} was taken, so this is the next free one."]
    lines += ["", "Open this, sign in as anybody above; Ctrl-C ends the demo:", base_url]
    return "\n".join(lines)


def _people(passwords: Mapping[str, str]) -> Iterator[str]:
    names = {organisation.slug: organisation.name for organisation in ORGANISATIONS} | {VENDOR: VENDOR_NAME}
    width = {
        "name": max(len(person.name) for person in PEOPLE),
        "role": max(len(_role(person)) for person in PEOPLE),
        "email": max(len(person.email) for person in PEOPLE),
        "password": max(len(password) for password in passwords.values()),
    }
    for slug, heading in HEADINGS.items():
        yield f"{names[slug]}: {heading}"
        for person in PEOPLE:
            if person.organisation == slug:
                row = (
                    f"  {person.name:<{width['name']}}  {_role(person):<{width['role']}}"
                    f"  {person.email:<{width['email']}}  {passwords.get(person.key, NO_PASSWORD):<{width['password']}}"
                    f"  {_state(person, names)}"
                )
                yield row.rstrip()


def _role(person: DemoPerson) -> str:
    return "vendor’s staff" if person.organisation == VENDOR else person.role.value.replace("_", " ")


def _state(person: DemoPerson, names: Mapping[str, str]) -> str:
    words = ["has a second factor"] if person.enrolled else []
    if person.organisation == NORDLYS and person.is_registered:
        words += ["SSO leads in, too" if person.enrolled else "SSO leads in, the password alone to enrolment"]
    words += [f"also at {names[person.also]}"] if person.also else []
    return ", ".join(words)
