"""Organisations, and the vendor's list of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import MemberCounts, Organisation, OrganisationSummary
from totrinn.core.policy import Requirement
from totrinn.storage.columns import order_key
from totrinn.storage.counting import TALLY, counts_of
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.searching import asked_words, matching, search_form, words_of
from totrinn.storage.standing import ORGANISATION, found_organisation, organisation_of
from totrinn.storage.tables import organisation, tally

_O = organisation.c
_THIS = is_which(_O.id)

_FIND = select(*ORGANISATION).where(_THIS)
_FIND_BY_SLUG = select(*ORGANISATION).where(is_which(_O.slug))
_ADD = insert(organisation).on_conflict_do_nothing(index_elements=["slug"]).returning(_O.id)
_SET = update(organisation).where(_THIS)
_SAVE_SETTINGS = _SET
_SLUG_OF = select(_O.slug).where(_THIS)
_SET_AVAILABLE = _SET.values(revision=_O.revision + 1, available_since=bindparam("since"), available_by=bindparam("by"))
_TAKE_REQUIREMENT = _SET.where(_O.revision == bindparam("expected_revision")).values(
    revision=_O.revision + 1,
    required_since=bindparam("since"),
    required_from=bindparam("from"),
    required_always=bindparam("always"),
    required_by=bindparam("by"),
)
_TOTALS = select(*(func.coalesce(func.sum(number), 0) for number in (tally.c.missing, tally.c.has, tally.c.sso))).where(
    tally.c.organisation_id.not_in(select(_O.id).where(_O.is_vendor))
)
_SUMMARIES = (
    select(*TALLY, *ORGANISATION)
    .select_from(organisation.outerjoin(tally, tally.c.organisation_id == _O.id))
    .order_by(_O.name_order, _O.id)
)
_FILTERS: dict[str, tuple[ColumnElement[bool], ...]] = {
    "all": (),
    "available": (_O.available_since.is_not(None),),
    "unavailable": (_O.available_since.is_(None),),
    "required": (_O.required_since.is_not(None) | _O.required_always,),
}


class SqlOrganisations(Repository, ports.Organisations):
    """Implements `ports.Organisations`."""

    __slots__ = ()

    def find(self, organisation_id: str) -> Organisation | None:
        """The organisation with this id."""
        return self._one(_FIND, organisation_id)

    def find_by_slug(self, slug: str) -> Organisation | None:
        """The organisation with this slug."""
        return self._one(_FIND_BY_SLUG, slug)

    def add(self, organisation: Organisation) -> bool:
        """Adds the organisation; False when the slug is taken, as the unique constraint says."""
        return self._has_row(_ADD, _values(organisation))

    def save_settings(self, organisation_id: str, *, name: str, language: str, time_zone: str) -> None:
        """Name, language and time zone."""
        slug = self._connection.execute(_SLUG_OF, {"which": organisation_id}).scalar()
        if slug is not None:
            values = {"language": language, "time_zone": time_zone, **_named(name, slug)}
            self._change(_SAVE_SETTINGS, {"which": organisation_id, **values})

    def set_available(self, organisation_id: str, since: datetime | None, by: str | None) -> None:
        """Makes the feature available or withdraws it, and raises the policy's revision."""
        self._change(_SET_AVAILABLE, {"which": organisation_id, "since": since, "by": by})

    def take_requirement(
        self, organisation_id: str, requirement: Requirement, *, by: str | None, expected_revision: int
    ) -> bool:
        """Sets the requirement by one statement that holds only at the expected revision, which it raises."""
        values = {
            "which": organisation_id,
            "since": requirement.since,
            "from": requirement.from_,
            "always": requirement.always,
            "by": by,
            "expected_revision": expected_revision,
        }
        return self._change(_TAKE_REQUIREMENT, values) == 1

    def summaries(self, *, query: str, filter_: str, limit: int, offset: int) -> tuple[OrganisationSummary, ...]:
        """Customer organisations by name."""
        statement = _customers(_SUMMARIES, query, filter_).limit(limit).offset(offset)
        return tuple(
            OrganisationSummary(found_organisation(columns), counts_of((missing, has, sso)))
            for missing, has, sso, *columns in self._connection.execute(statement)
        )

    def count(self, *, query: str = "", filter_: str = "all") -> int:
        """How many customer organisations match."""
        statement = _customers(select(func.count()).select_from(organisation), query, filter_)
        return int(self._connection.execute(statement).scalar_one())

    def totals(self) -> MemberCounts:
        """Members of all customer organisations by state."""
        return counts_of(self._connection.execute(_TOTALS).one())

    def _one(self, statement: Select[Any], which: str) -> Organisation | None:
        row = self._connection.execute(statement, {"which": which}).first()
        return None if row is None else organisation_of(row)


def _customers(statement: Select[Any], query: str, filter_: str) -> Select[Any]:
    return statement.where(~_O.is_vendor, *_FILTERS[filter_], matching(_O.search, asked_words(query)))


def _named(name: str, slug: str) -> dict[str, str]:
    return {"name": name, "name_order": order_key(name), "search": search_form(words_of(f"{name} {slug}"))}


def _values(added: Organisation) -> dict[str, Any]:
    requirement = added.policy.requirement
    return {
        "id": added.id,
        "slug": added.slug,
        **_named(added.name, added.slug),
        "language": added.language,
        "time_zone": added.time_zone,
        "is_vendor": added.is_vendor,
        "is_active": added.is_active,
        "required_since": requirement.since,
        "required_from": requirement.from_,
        "required_always": requirement.always,
        "revision": added.policy.revision,
        "available_since": added.policy.available_since,
        "available_by": added.available_by,
        "required_by": added.required_by,
        "created_at": added.created_at,
        "passwords_closed": added.passwords_closed,
    }
