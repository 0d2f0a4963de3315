"""The form of an application: what was typed, the agreement that it amounts to, and what is wrong with it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from totrinn.app.applications.addresses import is_host, is_page, is_redirect_uri
from totrinn.app.applications.records import Agreement, ClientAuthentication, SigningAlgorithm
from totrinn.app.applications.registering import ApplicationObstacle
from totrinn.web.languages import Language
from totrinn.web.sso_forms import Reading, read_name

Choice = TypeVar("Choice", bound=StrEnum)

_LONGEST_KEYS = 20_000
_LONGEST_SHOWN = 200
_ON = "on"


def fields_of(agreement: Agreement) -> dict[str, object]:
    """The form as it is when nothing has been typed."""
    return {
        "name": agreement.name,
        "home": agreement.home,
        "redirect_uris": "\n".join(agreement.redirect_uris),
        "logout_uris": "\n".join(agreement.logout_uris),
        "back_channel": agreement.back_channel,
        "events": agreement.events,
        "authentication": agreement.authentication.value,
        "public_keys": agreement.keys,
        "signing": agreement.signing.value,
        "requires_pushed": agreement.requires_pushed,
        "hosts": "\n".join(agreement.hosts),
    }


def typed_fields(sent: Mapping[str, str]) -> dict[str, object]:
    """The form as it was typed, to be shown again."""
    return {
        name: sent.get(name) == _ON if isinstance(value, bool) else sent.get(name, "")[:_LONGEST_KEYS]
        for name, value in fields_of(Agreement("")).items()
    }


def read_agreement(language: Language, sent: Mapping[str, str]) -> tuple[Agreement, dict[str, str]]:
    """What is wanted, and a sentence for each field that is wrong."""
    reading = Reading(language, sent)
    name = read_name(reading)
    authentication = _choice(reading, "authentication", ClientAuthentication)
    takes_keys = authentication is ClientAuthentication.PRIVATE_KEY
    agreement = Agreement(
        name=name,
        redirect_uris=_addresses(reading, "redirect_uris", is_redirect_uri),
        logout_uris=_addresses(reading, "logout_uris", is_page),
        back_channel=_address(reading, "back_channel"),
        events=_address(reading, "events"),
        home=_address(reading, "home"),
        authentication=authentication,
        keys=_keys(reading) if takes_keys else "",
        signing=_choice(reading, "signing", SigningAlgorithm),
        requires_pushed=reading.is_on("requires_pushed"),
        hosts=_hosts(reading),
    )
    if not (agreement.redirect_uris or agreement.hosts or agreement.home or reading.errors):
        reading.errors["redirect_uris"] = language.say("Write at least one address to come back to.")
    return agreement, reading.errors


def words_of(language: Language, obstacle: ApplicationObstacle) -> dict[str, str]:
    """Why it was not done, at the field where it can be put right."""
    say = language.say
    someone_else = say("Someone else has changed this in the meantime. This is how it is now; yours was not saved.")
    found = {
        ApplicationObstacle.SOMEONE_ELSE: ("form", someone_else),
        ApplicationObstacle.BAD_ADDRESS: ("redirect_uris", say("One of the addresses cannot be used.")),
        ApplicationObstacle.BAD_HOST: ("hosts", say("One of the host names cannot be used.")),
        ApplicationObstacle.HOST_TAKEN: ("hosts", say("Another application has one of these host names.")),
        ApplicationObstacle.NO_KEYS: (
            "public_keys",
            say("Paste a key set (JWKS) with public keys only: RSA of at least 2048 bits, or elliptic curves."),
        ),
        ApplicationObstacle.NO_SECRET: (
            "form",
            say("This application has no secret: it proves itself in another way."),
        ),
    }
    field, text = found[obstacle]
    return {field: text}


def _addresses(reading: Reading, name: str, is_right: Callable[[str], bool]) -> tuple[str, ...]:
    found = reading.lines(name)
    for address in found:
        if name not in reading.errors and not is_right(address):
            reading.errors[name] = _wrong_address(reading.language, address)
    return found


def _address(reading: Reading, name: str) -> str:
    address = reading.text(name)
    if address and name not in reading.errors and not is_page(address):
        reading.errors[name] = _wrong_address(reading.language, address)
    return address


def _wrong_address(language: Language, address: str) -> str:
    shown = address[:_LONGEST_SHOWN]
    if address.startswith("http://"):
        return language.say(
            "%(address)s begins with http://. Only addresses on a developer’s own machine may.", address=shown
        )
    return language.say(
        "%(address)s is not a whole address. It begins with https://, and has no # and no user name.", address=shown
    )


def _hosts(reading: Reading) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(host.lower() for host in reading.lines("hosts")))
    for host in found:
        if "hosts" not in reading.errors and not is_host(host):
            reading.errors["hosts"] = reading.language.say(
                "%(host)s is not a host name. Write it without https:// and without a path.", host=host[:_LONGEST_SHOWN]
            )
    return found


def _keys(reading: Reading) -> str:
    text = reading.sent.get("public_keys", "").strip()
    if len(text) > _LONGEST_KEYS:
        reading.errors["public_keys"] = reading.language.say("This is too long.")
    return text


def _choice(reading: Reading, name: str, choices: type[Choice]) -> Choice:
    """One of those that there are; left out, the usual one."""
    usual = next(iter(choices))
    chosen = reading.sent.get(name, usual.value)
    if chosen in set(choices):
        return choices(chosen)
    reading.errors[name] = reading.language.say("Choose one of these.")
    return usual
