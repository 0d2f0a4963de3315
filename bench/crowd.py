"""Rows for a great many people: one organisation that all belong to, and many more with some of them in each."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.hashing import hashed
from totrinn.core.identity import uuid7
from totrinn.storage.columns import microseconds, order_key
from totrinn.storage.name_words import turns_of
from totrinn.storage.searching import search_form, words_of

_NAMES = """
Anne Inger Kari Marit Ingrid Liv Eva Anna Maria Ida Hilde Berit Nina Astrid Bjørg Hanne Randi Solveig Silje Åse
Jan Per Bjørn Ole Lars Kjell Knut Arne Svein Thomas Hans Geir Tor Morten Terje Odd Erik Martin Andreas Øyvind
Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Johnsen Pettersen Eriksen
Sol Fjell Vest Øst Nord Lang Stor Lille Berg Dal Elv Skog Sand Stein Gran Furu Bjørk Eike Hassel Rogn
heim vik berg stad dal nes sund øy moen bakken rud haug land seth tveit
"""
_FIRST, _LAST, _FARMS, _ENDS = (_NAMES.split()[start:end] for start, end in ((0, 40), (40, 53), (53, 73), (73, 88)))
RARE = "Zebulon Xylander"
EVERYBODY = "alle"
"""The organisation that everybody belongs to."""
EVENTS_FOR_EACH = 1
SIGNED_IN_EVERY = 20
_ELSEWHERE_EVERY = 8
ENROLLED_OF_THREE = 2
_DAY = 86_400_000_000
_ORGANISATION = (
    "id slug name name_order search language time_zone is_vendor is_active required_always revision available_since "
    "created_at passwords_closed"
)
_PERSON = "id email name name_order search password_hash password_changed_at version is_active must_enrol created_at"
_SESSION = (
    "id digest person_id organisation_id person_version method proven_at factor_at amr created_at last_seen browser "
    "address"
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are."""

    persons: int
    organisations: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """The rows of each table, made as they are asked for."""

    size: Size
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    encoded: str = field(default_factory=lambda: hashed().decode())

    @property
    def now(self) -> int:
        """When it was made, in microseconds."""
        return microseconds(self.made_at)

    def tables(self) -> dict[str, tuple[str, Iterator[Row]]]:
        """(columns, rows) by table, in the order in which they can be filled."""
        return {
            "organisation": (_ORGANISATION, self._organisations()),
            "person": (_PERSON, self._persons()),
            "membership": (
                "id organisation_id person_id role tag counted_as name_order created_at accepted_at keeps_password",
                self._memberships(),
            ),
            "name_word": ("organisation_id words person_id", self._words()),
            "authenticator": ("id person_id kind sealed_secret last_step created_at", self._authenticators()),
            "session": (_SESSION, self._sessions()),
            "event": (
                "id kind at actor address browser organisation_id person_id detail batch",
                self._events(),
            ),
        }

    def email(self, number: int) -> str:
        """The address of the person with this number."""
        return f"{'.'.join(_name(number).lower().split())}{number}@org{number % self.size.organisations}.example"

    def is_enrolled(self, number: int) -> bool:
        """Whether this person has a factor."""
        return number % 3 < ENROLLED_OF_THREE

    def _organisations(self) -> Iterator[Row]:
        names = [(EVERYBODY, "Alle sammen AS"), *(
            (f"org{number}", f"{_FARMS[number % 20]}{_ENDS[number // 20 % 15]} {number}")
            for number in range(self.size.organisations)
        )]  # fmt: skip
        for number, (slug, name) in enumerate(names):
            search = search_form(words_of(f"{name} {slug}"))
            available = self.now if number % 3 else None
            yield (
                organisation_id(number), slug, name, order_key(name), search, "nb", "Europe/Oslo", False, True, False,
                1, available if number else self.now, self.now, False,
            )  # fmt: skip

    def _persons(self) -> Iterator[Row]:
        for number in range(self.size.persons):
            name, email = _name(number), self.email(number)
            search = search_form(words_of(f"{name} {email}"))
            yield (
                person_id(number), email, name, order_key(name), search, self.encoded, self.now, 1, True, False,
                self.now,
            )  # fmt: skip

    def _places(self) -> Iterator[tuple[int, int]]:
        """(person, organisation) of every membership."""
        for number in range(self.size.persons):
            yield number, 0
            if number < self.size.organisations or number % _ELSEWHERE_EVERY == 0:
                yield number, 1 + number % self.size.organisations

    def _memberships(self) -> Iterator[Row]:
        for number, where in self._places():
            role = "global_administrator" if number < self.size.organisations and where else "user"
            state = "has" if self.is_enrolled(number) else "missing"
            yield (
                f"{person_id(number)}-{min(where, 1)}", organisation_id(where), person_id(number), role,
                secrets.randbits(40), state, order_key(_name(number)), self.now, self.now, False,
            )  # fmt: skip

    def _words(self) -> Iterator[Row]:
        for number, where in self._places():
            for words in turns_of(words_of(f"{_name(number)} {self.email(number)}")):
                yield organisation_id(where), words, person_id(number)

    def _authenticators(self) -> Iterator[Row]:
        for number in range(self.size.persons):
            if self.is_enrolled(number):
                # Nobody of the crowd signs in: their secrets open nothing.
                yield f"{person_id(number)}a", person_id(number), "totp", b"x" * 60, -1, self.now

    def _sessions(self) -> Iterator[Row]:
        for number in range(0, self.size.persons, SIGNED_IN_EVERY):
            # A tenth of them are over.
            at = self.now - 60 * _DAY if number % 10 == 0 and number // SIGNED_IN_EVERY % 10 == 0 else self.now
            yield (
                f"{person_id(number)}s", secrets.token_bytes(32), person_id(number), organisation_id(0), 1, "password",
                at, at, "pwd otp", at, at, "Firefox on Linux", "192.0.2.7",
            )  # fmt: skip

    def event_in_the_middle(self) -> str:
        """An id before which half of the events stand."""
        return uuid7((self.now - self.size.persons * EVENTS_FOR_EACH // 2 * 1_000_000 - _DAY) // 1000, 0)

    def _events(self) -> Iterator[Row]:
        count = self.size.persons * EVENTS_FOR_EACH
        for number in range(count):
            at = self.now - (count - number) * 1_000_000 - _DAY
            who = person_id(number * 7919 % self.size.persons)
            kind = _kind(number)
            address = f"198.51.{number * 31 % 100}.{number * 17 % 200}"
            batch = 1 if number < count * 49 // 50 else None
            yield (
                uuid7(at // 1000, number), kind, at, who, address,
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", organisation_id(0), who,
                '{"amr": "pwd otp"}', batch,
            )  # fmt: skip


def _kind(number: int) -> str:
    if number == 3:
        return "organisation:requirement:turned_on"
    return "signin:code:refused" if number % 20 == 0 else "signin:session:started"


def organisation_id(number: int) -> str:
    """The id of the organisation with this number; 0 is everybody's."""
    return f"01900000-0000-7000-8000-{number:012x}"


def person_id(number: int) -> str:
    """The id of the person with this number."""
    return f"01900000-0001-7000-8000-{number:012x}"


def _name(number: int) -> str:
    if number == 777:
        return RARE
    mixed = number * 2_654_435_761 % 4_294_967_296
    first = _FIRST[mixed % 40]
    last = _LAST[mixed // 40 % 13] if mixed // 520 % 2 else f"{_FARMS[mixed // 1040 % 20]}{_ENDS[mixed // 20800 % 15]}"
    return f"{first} {last}"
