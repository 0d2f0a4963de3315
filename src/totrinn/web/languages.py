"""Which language to answer in, and its words: gettext catalogues read once, English as the source."""

from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from totrinn.web.cookies import Cookie

if TYPE_CHECKING:
    from totrinn.web.ask import Ask

CODES = ("nb", "nn", "en")
DEFAULT = "nb"
_ALIASES = {"nb": "nb", "no": "nb", "nn": "nn", "en": "en"}
_LOCALE = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """A language and its catalogue."""

    code: str
    catalogue: NullTranslations

    def say(self, message: str, **values: object) -> str:
        """The message in this language."""
        text = self.catalogue.gettext(message)
        return text % values if values else text

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """The message for this number."""
        return self.catalogue.ngettext(one, many, number) % {"num": number, **values}


@cache
def language(code: str) -> Language:
    """The language with this code."""
    with (_LOCALE / code / "LC_MESSAGES" / "totrinn.mo").open("rb") as file:
        return Language(code, GNUTranslations(file))


def negotiate(ask: "Ask") -> Language:
    """The person's setting, else the cookie of the switch, else what the browser asks for, else the organisation's.

    While a sign-in is unfinished the switch goes first: it was pressed just now, in this browser.
    """
    switched = ask.jar.get(Cookie.LANGUAGE)
    own = organisation = None
    if ask.actor is not None:
        own, organisation = ask.actor.person.language, ask.actor.organisation.language
    wishes = [own, switched, accepted(ask.headers.get("accept-language", "")), organisation]
    if ask.signin is not None:
        standing = ask.signin.standing
        wishes = [switched, standing.person.language, wishes[2]]
        wishes.append(standing.organisation.language if standing.organisation else None)
    return language(next((wish for wish in wishes if wish in CODES), DEFAULT))


def accepted(header: str) -> str | None:
    """The best of our languages in an `Accept-Language` header (RFC 9110 §12.5.4); None when it names none."""
    best, best_weight = None, 0.0
    for part in header.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        code = _ALIASES.get(tag.strip().lower().partition("-")[0])
        weight = _weight(parameters)
        if code and weight > best_weight:
            best, best_weight = code, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
