"""Brings the catalogues up to what the code and the pages say, and checks that none lags behind.

extract   prints every message as a template
update    merges the messages into the catalogues; what is no longer said goes
compile   writes the .mo files that the running program reads
check     names each message that some language lacks, and fails if there is one
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "src" / "totrinn"
LOCALES: Final = SOURCES / "web" / "locale"
DOMAIN: Final = "totrinn"

LANGUAGES: Final = ("nb", "nn", "en")
SOURCE_LANGUAGE: Final = "en"

METHODS: Final = [
    ("**/static/**", "ignore"),
    ("sso/**", "ignore"),
    ("**.py", "python"),
    ("web/templates/**.html", "jinja2"),
]
# `silent` off: a page that cannot be read is an error here, not a page without messages.
OPTIONS: Final = {"web/templates/**.html": {"silent": "false", "trimmed": "true", "newstyle_gettext": "true"}}
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    # `Language.say` and `Language.count`: how the code says what pages show.
    "say": None,
    "count": (1, 2),
}
COMMENT_TAGS: Final = ("Translators:",)
# What stands between `%` and the name of a placeholder, and the letter after it.
PLACEHOLDER: Final = re.compile(r"(?<!%)(?:%%)*%\((\w+)\)([#0\- +]*\d*(?:\.\d+)?[a-zA-Z])?")
LINE_LENGTH: Final = 110


def main() -> None:
    parser = argparse.ArgumentParser(description="The translations of Totrinn.")
    parser.add_argument("action", choices=("extract", "update", "compile", "check"))
    action = parser.parse_args().action
    if action == "extract":
        sys.stdout.write(as_text(extracted()))
    elif action == "update":
        update()
    elif action == "compile":
        compile_all()
    else:
        sys.exit(check())


# What is said -----------------------------------------------------------------------------------------------


def extracted() -> Catalog:
    """Every message of the code and the pages, without a translation."""
    template = Catalog(domain=DOMAIN, charset="utf-8")
    found = extract_from_dir(
        SOURCES, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=COMMENT_TAGS, strip_comment_tags=False
    )
    for file, line, words, comments, context in found:
        template.add(words, locations=[(file, line)], auto_comments=comments, context=context)
    return template


def messages(catalogue: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without its header, which is kept as one with an empty id."""
    return (message for message in catalogue if message.id)


# Catalogues as files ----------------------------------------------------------------------------------------


def path_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def load(language: str) -> Catalog:
    """The catalogue of a language; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


def as_text(catalogue: Catalog) -> str:
    """The catalogue sorted, without places and times, so that a change of it shows only what is new."""
    header = ['msgid ""', 'msgstr ""', '"MIME-Version: 1.0\\n"']
    if catalogue.locale is not None:
        header += [f'"Language: {catalogue.locale}\\n"', f'"Plural-Forms: {catalogue.plural_forms}\\n"']
    header += ['"Content-Type: text/plain; charset=utf-8\\n"', '"Content-Transfer-Encoding: 8bit\\n"', "", ""]
    body = BytesIO()
    write_po(
        body,
        catalogue,
        width=LINE_LENGTH,
        no_location=True,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
    )
    return "\n".join(header) + body.getvalue().decode().strip("\n") + "\n"


# What can be done -------------------------------------------------------------------------------------------


def update() -> None:
    template = extracted()
    for language in LANGUAGES:
        catalogue = load(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        for message in catalogue.obsolete.values():
            print(f"{language}: no longer said: {shown(message)}")
        if language == SOURCE_LANGUAGE:
            fill_in(messages(catalogue))
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_text(as_text(catalogue), encoding="utf-8")


def fill_in(untranslated: Iterable[Message]) -> None:
    """Let each message that has no translation be its own."""
    for message in untranslated:
        if not any(forms(message)):
            message.string = message.id


def compile_all() -> None:
    for language in LANGUAGES:
        if path_of(language).exists():
            with path_of(language).with_suffix(".mo").open("wb") as file:
                write_mo(file, load(language))


def check() -> int:
    """Say what is wrong with each catalogue; 1 if anything is, else 0."""
    template = extracted()
    faults = [f"{language}: {fault}" for language in LANGUAGES for fault in faults_of(load(language), template)]
    for fault in faults:
        print(fault)
    if faults:
        print(f"{len(faults)} faults in the translations; `make update-translations` brings in new messages")
        return 1
    print(f"{len(list(messages(template)))} messages stand in {', '.join(LANGUAGES)}")
    return 0


# What may be wrong with a catalogue -------------------------------------------------------------------------


def faults_of(catalogue: Catalog, template: Catalog) -> Iterator[str]:
    """Everything that keeps `catalogue` from saying exactly what `template` asks for, in words."""
    for wanted in messages(template):
        found = catalogue.get(wanted.id, wanted.context)
        if found is None:
            yield f"missing: {shown(wanted)}"
        else:
            yield from faults_of_message(found, wanted, catalogue.num_plurals)
    for found in messages(catalogue):
        if template.get(found.id, found.context) is None:
            yield f"not said anywhere: {shown(found)}"
    for found in catalogue.obsolete.values():
        yield f"obsolete: {shown(found)}"


def faults_of_message(found: Message, wanted: Message, plurals: int) -> Iterator[str]:
    if found.fuzzy:
        yield f"fuzzy: {shown(wanted)}"
    if isinstance(wanted.id, str) != isinstance(found.id, str):
        yield f"plural in one place only: {shown(wanted)}"
        return
    translations = forms(found)
    if not any(translations):
        yield f"not translated: {shown(wanted)}"
        return
    expected = 1 if isinstance(wanted.id, str) else plurals
    if len(translations) != expected or not all(translations):
        yield f"plural forms missing: {shown(wanted)}"
        return
    if not same_placeholders(wanted.id, translations):
        yield f"other placeholders than the message: {shown(wanted)}"


def same_placeholders(original: str | tuple[str, ...] | list[str], translations: tuple[str, ...]) -> bool:
    """Each translation fills in what its original does; the first plural form may be like either original."""
    if isinstance(original, str):
        return placeholders(translations[0]) == placeholders(original)
    one, many = (placeholders(form) for form in original)
    first, *others = (placeholders(form) for form in translations)
    return first in (one, many) and all(other == many for other in others)


def placeholders(text: str) -> set[tuple[str, str]]:
    return set(PLACEHOLDER.findall(text))


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def shown(message: Message) -> str:
    words = message.id if isinstance(message.id, str) else " / ".join(message.id)
    return f"{words!r} ({message.context})" if message.context else repr(words)


if __name__ == "__main__":
    main()
