"""Which attributes a resource has, and what may be done with each: schemas, filters and changes read this one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LONGEST_TEXT = 256

Json = dict[str, Any]
"""A JSON object as it was read, or as it will be sent."""


class Type(StrEnum):
    """The types of RFC 7643 §2.3 that occur here."""

    STRING = "string"
    BOOLEAN = "boolean"
    DATE_TIME = "dateTime"
    REFERENCE = "reference"
    COMPLEX = "complex"


class Mutability(StrEnum):
    """RFC 7643 §7."""

    READ_WRITE = "readWrite"
    READ_ONLY = "readOnly"
    IMMUTABLE = "immutable"


@dataclass(frozen=True)
class Attribute:
    """One attribute, in the words of RFC 7643 §7."""

    name: str
    description: str
    type: Type = Type.STRING
    subs: tuple["Attribute", ...] = ()
    is_many: bool = False
    is_required: bool = False
    is_exact: bool = False
    """Whether letter case makes a difference."""
    mutability: Mutability = Mutability.READ_WRITE
    returned: str = "default"
    uniqueness: str = "none"
    canonical: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, "Attribute"]:
        """The sub-attributes, by their names in lower case."""
        return {sub.name.lower(): sub for sub in self.subs}


@dataclass(frozen=True)
class Schema:
    """The attributes of one kind of resource."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        """The attributes with those that all resources share, by their names in lower case."""
        return {each.name.lower(): each for each in (*COMMON, *self.attributes)}


def _read_only(name: str, description: str, kind: Type = Type.STRING, **more: Any) -> Attribute:
    return Attribute(name, description, kind, mutability=Mutability.READ_ONLY, **more)


_META = _read_only(
    "meta",
    "What the service says of the resource.",
    Type.COMPLEX,
    subs=(
        _read_only("resourceType", "The kind of resource.", is_exact=True),
        _read_only("created", "Since when it is here.", Type.DATE_TIME),
        _read_only("lastModified", "When it was last changed.", Type.DATE_TIME),
        _read_only("location", "Its address.", Type.REFERENCE, is_exact=True, references=("uri",)),
        _read_only("version", "Its ETag.", is_exact=True),
    ),
)
COMMON = (
    _read_only("id", "The service's own name for it.", is_exact=True, returned="always", uniqueness="server"),
    Attribute("externalId", "The directory's own name for it.", is_exact=True),
    _META,
    _read_only("schemas", "What it consists of.", is_many=True, is_exact=True, returned="always"),
)
"""What every resource has; schemas do not list it (RFC 7643 §3.1)."""

USERS = Schema(
    USER,
    "User",
    "A member of the organisation.",
    (
        Attribute(
            "userName",
            "The name by which the directory knows the person; unique in the organisation.",
            is_required=True,
            uniqueness="server",
        ),
        Attribute(
            "name",
            "The parts of the person's name.",
            Type.COMPLEX,
            subs=(
                Attribute("formatted", "The whole name."),
                Attribute("familyName", "The family name."),
                Attribute("givenName", "The given name."),
            ),
        ),
        Attribute("displayName", "The name that is shown."),
        Attribute(
            "emails",
            "E-mail addresses as the directory has them. The first sign-in address is taken from here, or from"
            " userName; after that it belongs to the person.",
            Type.COMPLEX,
            is_many=True,
            subs=(
                Attribute("value", "The address."),
                Attribute("type", "What it is for.", canonical=("work", "home", "other")),
                Attribute("primary", "Whether it is the one to use.", Type.BOOLEAN),
            ),
        ),
        # Required, as it cannot be taken away; who leaves it out at the beginning means yes.
        Attribute("active", "Whether the person may be here now.", Type.BOOLEAN, is_required=True),
        _read_only(
            "groups",
            "The groups that the person is in.",
            Type.COMPLEX,
            is_many=True,
            subs=(
                _read_only("value", "The group's id.", is_exact=True),
                _read_only("$ref", "The group's address.", Type.REFERENCE, is_exact=True, references=("Group",)),
                _read_only("display", "The group's name."),
            ),
        ),
        _read_only(
            "roles",
            "The person's role in the organisation, which another person gives.",
            Type.COMPLEX,
            is_many=True,
            subs=(_read_only("value", "The role."), _read_only("primary", "Always true.", Type.BOOLEAN)),
        ),
    ),
)

GROUPS = Schema(
    GROUP,
    "Group",
    "A group of the directory. It gives nobody any right here.",
    (
        Attribute("displayName", "Its name; unique in the organisation.", is_required=True, uniqueness="server"),
        Attribute(
            "members",
            "Who is in it.",
            Type.COMPLEX,
            is_many=True,
            subs=(
                Attribute("value", "The person's id.", is_exact=True, mutability=Mutability.IMMUTABLE),
                Attribute(
                    "$ref",
                    "The person's address.",
                    Type.REFERENCE,
                    is_exact=True,
                    mutability=Mutability.IMMUTABLE,
                    references=("User",),
                ),
                Attribute("type", "Always User.", mutability=Mutability.IMMUTABLE, canonical=("User",)),
            ),
        ),
    ),
)


def is_plain(text: str) -> bool:
    """Whether every database and every answer can hold the text: no NUL, no half of a letter."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def get(resource: Mapping[str, Any], name: str) -> Any:
    """The value under a name, whatever its letter case (RFC 7643 §2.1)."""
    if name in resource:
        return resource[name]
    lower = name.lower()
    return next((value for key, value in resource.items() if key.lower() == lower), None)
