"""What a million people are found and counted by: words of names, all who stand on a list, events by what they tell.

What a word is stands here once more, as it was at this revision.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GOVERNS = "role IN ('global_administrator', 'vendor')"
_COUNT_OTHERS = """
    INSERT INTO tally (organisation_id, missing, has, sso, missing_tags, others)
    SELECT organisation_id, 0, 0, 0, 0, count(*) FROM membership WHERE counted_as IS NULL GROUP BY organisation_id
    ON CONFLICT (organisation_id) DO UPDATE SET others = excluded.others
"""
_ORGANISATIONS = "SELECT id, name, slug FROM organisation WHERE id > :last ORDER BY id LIMIT 1000"
_PERSONS = "SELECT id, name, email FROM person WHERE id > :last ORDER BY id LIMIT 1000"
_MEMBERS = """
    SELECT membership.id, organisation_id, person_id, search FROM membership JOIN person ON person.id = person_id
    WHERE membership.id > :last ORDER BY membership.id LIMIT 1000
"""
# Of whom a log tells, and who is no member any more.
_FORMER_MEMBERS = sa.text("""
    SELECT person.id, event.organisation_id, person.id, min(person.search)
    FROM event JOIN person ON person.id = person_id JOIN organisation ON organisation.id = event.organisation_id
    WHERE NOT EXISTS (
        SELECT 1 FROM membership AS m WHERE m.organisation_id = event.organisation_id AND m.person_id = person.id
    )
    GROUP BY person.id, event.organisation_id
""")
_ADD_WORDS = sa.text(
    "INSERT INTO name_word (organisation_id, words, person_id) VALUES (:organisation_id, :words, :person_id)"
)
_MOST_LETTERS = 400
_WORD = re.compile(r"[^\W_]+")


def upgrade() -> None:
    """Makes the table, the column and the indexes, and fills them from what is there."""
    op.create_table(
        "name_word",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_name_word_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_name_word_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "words", "person_id", name="pk_name_word"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_name_word_person_id_organisation_id", "name_word", ["person_id", "organisation_id"])
    op.add_column("tally", sa.Column("others", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_organisation_name_order_id", "organisation", ["name_order", "id"])
    op.execute(_COUNT_OTHERS)
    _index("ix_membership_governors", "membership", ["organisation_id", "name_order", "person_id"], where=_GOVERNS)
    _index_the_log()
    _write_words()


def _index_the_log() -> None:
    op.create_index("ix_event_organisation_id_kind_id", "event", ["organisation_id", "kind", "id"])
    op.create_index("ix_event_organisation_id_address_id", "event", ["organisation_id", "address", "id"])
    by_others = "(person_id IS NULL OR actor <> person_id)"
    _index("ix_event_by_others", "event", ["organisation_id", "actor", "id"], where=by_others)
    # Only events in batches are asked for by batch: a new event need not be entered.
    op.drop_index("ix_event_organisation_id_batch", "event")
    _index("ix_event_sealed", "event", ["organisation_id", "batch"], where="batch IS NOT NULL")


def _index(name: str, table: str, columns: list[str], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _write_words() -> None:
    for table, question in (("organisation", _ORGANISATIONS), ("person", _PERSONS)):
        of_one = sa.text(f"UPDATE {table} SET search = :search WHERE id = :id")  # noqa: S608  # names of ours
        for rows in _in_parts(question):
            found = [{"id": id_, "search": _search_form(f"{name} {more}")} for id_, name, more in rows]
            op.get_bind().execute(of_one, found)
    for rows in chain(_in_parts(_MEMBERS), [list(op.get_bind().execute(_FORMER_MEMBERS))]):
        words = [each for row in rows for each in _words_of_member(*row)]
        if words:
            op.get_bind().execute(_ADD_WORDS, words)


def _words_of_member(_place: str, organisation_id: str, person_id: str, search: str) -> Iterator[dict[str, str]]:
    for words in _turns_of(search.split()):
        yield {"organisation_id": organisation_id, "words": words, "person_id": person_id}


def _search_form(text: str) -> str:
    """The different words of a text that was cleaned when it was written; a space stands before each."""
    tokens = unicodedata.normalize("NFC", text[:_MOST_LETTERS].casefold()).split()
    words = dict.fromkeys(word for token in tokens for word in _WORD.findall(token) or (token,))
    return "".join(f" {word}" for word in words)


def _turns_of(words: Sequence[str]) -> list[str]:
    """The words from each of them on, those before it last."""
    return [" ".join((*words[at:], *words[:at])) for at in range(len(words))]


def _in_parts(question: str) -> Iterator[list[Any]]:
    """The rows of a question that goes on from the first column of the last row."""
    last = ""
    while rows := list(op.get_bind().execute(sa.text(question), {"last": last})):
        yield rows
        last = rows[-1][0]
