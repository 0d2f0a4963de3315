"""Every table, save those that SSO alone needs (`sso_tables`).

What is secret stands here sealed, or as a digest; nothing can be used by who reads a dump. `docs/decisions` tells why
times are integers. Migrations make the tables; a test keeps them equal to both files.
"""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from totrinn.app.records import LinkPurpose, MailKind
from totrinn.core.policy import Method
from totrinn.core.roles import Role
from totrinn.core.signin import State
from totrinn.storage.columns import Choice, Details, Exact, Instant, Text, Words

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_order", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("password_hash", Text),
    Column("password_changed_at", Instant),
    Column("language", Text),
    Column("version", sa.Integer, nullable=False),
    Column("is_active", sa.Boolean, nullable=False),
    Column("must_enrol", sa.Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_order", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("is_vendor", sa.Boolean, nullable=False),
    Column("is_active", sa.Boolean, nullable=False),
    Column("required_since", Instant),
    Column("required_from", Instant),
    Column("required_always", sa.Boolean, nullable=False),
    Column("revision", sa.Integer, nullable=False),
    Column("available_since", Instant),
    Column("available_by", Text),
    Column("required_by", Text),
    Column("created_at", Instant, nullable=False),
    Column("passwords_closed", sa.Boolean, nullable=False, server_default=sa.false()),
    Index(None, "name_order", "id"),
)

GOVERNS = "role IN ('global_administrator', 'vendor')"
"""Who governs an organisation, in the words of the index."""

membership = Table(
    "membership",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    # No cascade: whoever deletes a person must first remove the memberships, which are counted.
    Column("person_id", Text, ForeignKey("person.id"), nullable=False, index=True),
    Column("role", Choice(Role), nullable=False),
    # A random number of 40 bits: the sum over a set of members tells the set from another of the same size.
    Column("tag", sa.BigInteger, nullable=False),
    # As what this member stands in the tally; empty for invitations and the disabled, who do not count.
    Column("counted_as", Text),
    # The person's, repeated so that an index can hand out a page of members by name.
    Column("name_order", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("last_used_at", Instant),
    # Since when the organisation's directory keeps them out. They are not accepted meanwhile, and so no member to
    # anything that asks; whether they were is remembered until they return.
    Column("inactive_since", Instant),
    Column("was_accepted", sa.Boolean, nullable=False, server_default=sa.false()),
    # Where password sign-in is closed for those whom SSO governs, this member keeps it.
    Column("keeps_password", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("organisation_id", "person_id"),
    Index(None, "organisation_id", "name_order", "person_id"),
    Index(None, "organisation_id", "counted_as", "name_order", "person_id"),
    Index(
        "ix_membership_keepers",
        "organisation_id",
        "name_order",
        "person_id",
        sqlite_where=sa.text("keeps_password = 1"),
        postgresql_where=sa.text("keeps_password"),
    ),
    Index(
        "ix_membership_governors",
        "organisation_id",
        "name_order",
        "person_id",
        sqlite_where=sa.text(GOVERNS),
        postgresql_where=sa.text(GOVERNS),
    ),
)

# The words of a person's name and address, once from each of them on: `kari nordmann`, `nordmann kari`. Whoever was
# ever a member stands here, since the organisation's log tells of them.
name_word = Table(
    "name_word",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("words", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "person_id", "organisation_id"),
    sqlite_with_rowid=False,
)

# How many members of each kind an organisation has: a million members are counted by reading one row.
tally = Table(
    "tally",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("missing", sa.BigInteger, nullable=False),
    Column("has", sa.BigInteger, nullable=False),
    Column("sso", sa.BigInteger, nullable=False),
    # The sum of the tags of those who lack a factor.
    Column("missing_tags", sa.BigInteger, nullable=False),
    # Invitations and the disabled, who stand on the list and do not count.
    Column("others", sa.BigInteger, nullable=False, server_default="0"),
)

authenticator = Table(
    "authenticator",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("sealed_secret", sa.LargeBinary, nullable=False),
    Column("last_step", sa.BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("issuer", Text, nullable=False, server_default=""),
)

spent_step = Table(
    "spent_step",
    metadata,
    Column("authenticator_id", Text, ForeignKey("authenticator.id", ondelete="CASCADE"), primary_key=True),
    Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
)

signin = Table(
    "signin",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisation.id")),
    Column("person_version", sa.Integer, nullable=False),
    Column("state", Choice(State), nullable=False),
    Column("method", Choice(Method), nullable=False),
    Column("proven_at", Instant, nullable=False),
    Column("factor_at", Instant),
    Column("sso_organisation", Text),
    Column("sso_identity", Text),
    Column("sso_evidence", sa.Boolean),
    Column("sso_authenticated_at", Instant),
    Column("sso_session", Exact),
    Column("sso_ends_at", Instant),
    Column("amr", Words, nullable=False),
    Column("pending_secret", sa.LargeBinary),
    Column("pending_expires_at", Instant),
    Column("next", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)


def _index_of_those_with(column: str) -> Index:
    """Sessions by password, which have nothing there, cost nothing there."""
    some = sa.text(f"{column} IS NOT NULL")
    return Index(f"ix_session_{column}", column, sqlite_where=some, postgresql_where=some)


# No foreign key to the link of a session through SSO: when that has gone, the session must be found, and refused.
session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("person_version", sa.Integer, nullable=False),
    Column("method", Choice(Method), nullable=False),
    Column("proven_at", Instant, nullable=False),
    Column("factor_at", Instant),
    Column("sso_organisation", Text),
    Column("sso_identity", Text),
    Column("sso_evidence", sa.Boolean),
    Column("sso_authenticated_at", Instant),
    Column("sso_session", Exact),
    Column("sso_ends_at", Instant),
    Column("amr", Words, nullable=False),
    Column("pending_secret", sa.LargeBinary),
    Column("pending_expires_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("browser", Text, nullable=False),
    Column("address", Text, nullable=False),
    _index_of_those_with("sso_identity"),
    _index_of_those_with("sso_session"),
)

throttle = Table(
    "throttle",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", sa.Integer, nullable=False),
    Column("last_at", Instant),
)

address_failure = Table(
    "address_failure",
    metadata,
    Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    Column("address", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "address", "at"),
)

device = Table(
    "device",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("used_at", Instant, nullable=False),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    # Purpose, organisation and person in one: there is one live link of each kind, so a newer one replaces it.
    Column("place", Text, nullable=False, unique=True),
    Column("purpose", Choice(LinkPurpose), nullable=False),
    Column("organisation_id", Text, ForeignKey("organisation.id")),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), index=True),
    Column("role", Choice(Role)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    # A confirmation follows its session to a new id, when the person proves themselves again, and ends with it.
    Column(
        "session_id",
        Text,
        ForeignKey("session.id", ondelete="CASCADE", onupdate="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("wish_on", sa.Boolean, nullable=False),
    Column("wish_from", Instant),
    Column("revision", sa.Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

BY_OTHERS = "(person_id IS NULL OR actor <> person_id)"
"""What somebody did that is not about themselves, in the words of the index."""


def _index_of_events(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


# The log refers to persons and organisations by id without foreign keys: it outlives them. Triggers refuse every change
# of a row but the one that puts it into a sealed batch.
event = Table(
    "event",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("organisation_id", Text),
    Column("person_id", Text),
    Column("detail", Details, nullable=False),
    Column("batch", sa.Integer),
    Index(None, "organisation_id", "id"),
    Index(None, "person_id", "id"),
    Index(None, "organisation_id", "kind", "id"),
    Index(None, "organisation_id", "address", "id"),
    _index_of_events("ix_event_sealed", "organisation_id", "batch", where="batch IS NOT NULL"),
    _index_of_events("ix_event_unsealed", "id", where="batch IS NULL"),
    _index_of_events("ix_event_by_others", "organisation_id", "actor", "id", where=BY_OTHERS),
)

seal = Table(
    "seal",
    metadata,
    # Empty for the chain of those events that belong to no organisation.
    Column("organisation_id", Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    Column("first_event", Text, nullable=False),
    Column("last_event", Text, nullable=False),
    Column("count", sa.Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sealed_at", Instant, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Choice(MailKind), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("content", Details, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("person_id", Text),
    Column("sent_at", Instant),
)

installation = Table(
    "installation",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# The processes that serve. Who reads `seen_at` judges whether they still live.
node = Table(
    "node",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("key_ids", Words, nullable=False),
    Column("active_key", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
