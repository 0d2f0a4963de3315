"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Compared and sorted by code point on both databases.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_COLUMNS = "id, kind, at, actor, address, browser, organisation_id, person_id, detail"
_ON_SQLITE = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
_ON_POSTGRESQL = "EXECUTE FUNCTION refuse_change_of_log()"
_POSTGRESQL_FUNCTION = """
    CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$
"""


def upgrade() -> None:
    """Makes them."""
    _make_people_and_organisations()
    _make_factors()
    _make_signins()
    _make_sessions()
    _make_limits()
    _make_one_time_links()
    _make_log()
    _make_the_rest()
    _refuse_changes_of_the_log()


def _make_people_and_organisations() -> None:
    op.create_table(
        "person",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("email", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_order", _TEXT, nullable=False),
        sa.Column("search", _TEXT, nullable=False),
        sa.Column("password_hash", _TEXT),
        sa.Column("password_changed_at", sa.BigInteger()),
        sa.Column("language", _TEXT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("must_enrol", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("email", name="uq_person_email"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("slug", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_order", _TEXT, nullable=False),
        sa.Column("search", _TEXT, nullable=False),
        sa.Column("language", _TEXT, nullable=False),
        sa.Column("time_zone", _TEXT, nullable=False),
        sa.Column("is_vendor", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("required_since", sa.BigInteger()),
        sa.Column("required_from", sa.BigInteger()),
        sa.Column("required_always", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("available_since", sa.BigInteger()),
        sa.Column("available_by", _TEXT),
        sa.Column("required_by", _TEXT),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("slug", name="uq_organisation_slug"),
    )
    op.create_table(
        "membership",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tag", sa.BigInteger(), nullable=False),
        sa.Column("counted_as", _TEXT),
        sa.Column("name_order", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_membership_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_membership_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("organisation_id", "person_id", name="uq_membership_organisation_id_person_id"),
    )
    op.create_index(
        "ix_membership_organisation_id_counted_as_name_order_person_id",
        "membership",
        ["organisation_id", "counted_as", "name_order", "person_id"],
    )
    op.create_index(
        "ix_membership_organisation_id_name_order_person_id",
        "membership",
        ["organisation_id", "name_order", "person_id"],
    )
    op.create_index("ix_membership_person_id", "membership", ["person_id"])
    op.create_table(
        "tally",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("has", sa.BigInteger(), nullable=False),
        sa.Column("sso", sa.BigInteger(), nullable=False),
        sa.Column("missing_tags", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_tally_organisation_id"),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_tally"),
    )


def _make_factors() -> None:
    op.create_table(
        "authenticator",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_authenticator_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_authenticator"),
    )
    op.create_index("ix_authenticator_person_id", "authenticator", ["person_id"])
    op.create_table(
        "spent_step",
        sa.Column("authenticator_id", _TEXT, nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"], ["authenticator.id"], name="fk_spent_step_authenticator_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("authenticator_id", "step", name="pk_spent_step"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_recovery_code_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "digest", name="pk_recovery_code"),
    )


def _make_signins() -> None:
    op.create_table(
        "signin",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT),
        sa.Column("person_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=False),
        sa.Column("factor_at", sa.BigInteger()),
        sa.Column("sso_organisation", _TEXT),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("pending_secret", sa.LargeBinary()),
        sa.Column("pending_expires_at", sa.BigInteger()),
        sa.Column("next", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_signin_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_signin_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_signin"),
        sa.UniqueConstraint("digest", name="uq_signin_digest"),
    )
    op.create_index("ix_signin_person_id", "signin", ["person_id"])


def _make_sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("person_version", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=False),
        sa.Column("factor_at", sa.BigInteger()),
        sa.Column("sso_organisation", _TEXT),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("pending_secret", sa.LargeBinary()),
        sa.Column("pending_expires_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("browser", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_session_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("digest", name="uq_session_digest"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_table(
        "confirmation",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("wish_on", sa.Boolean(), nullable=False),
        sa.Column("wish_from", sa.BigInteger()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_confirmation_organisation_id"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_confirmation_session_id", onupdate="CASCADE", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_confirmation"),
        sa.UniqueConstraint("session_id", name="uq_confirmation_session_id"),
    )


def _make_limits() -> None:
    op.create_table(
        "throttle",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="pk_throttle"),
    )
    op.create_table(
        "address_failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address_failure"),
    )
    op.create_index("ix_address_failure_address_at", "address_failure", ["address", "at"])
    op.create_table(
        "device",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_device_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", "person_id", name="pk_device"),
    )
    op.create_index("ix_device_person_id", "device", ["person_id"])


def _make_one_time_links() -> None:
    op.create_table(
        "one_time_link",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("place", _TEXT, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("organisation_id", _TEXT),
        sa.Column("person_id", _TEXT),
        sa.Column("role", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_one_time_link_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_one_time_link_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_link"),
        sa.UniqueConstraint("digest", name="uq_one_time_link_digest"),
        sa.UniqueConstraint("place", name="uq_one_time_link_place"),
    )
    op.create_index("ix_one_time_link_person_id", "one_time_link", ["person_id"])


def _make_log() -> None:
    op.create_table(
        "event",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("browser", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT),
        sa.Column("person_id", _TEXT),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_organisation_id_batch", "event", ["organisation_id", "batch"])
    op.create_index("ix_event_organisation_id_id", "event", ["organisation_id", "id"])
    op.create_index("ix_event_person_id_id", "event", ["person_id", "id"])
    op.create_index(
        "ix_event_unsealed",
        "event",
        ["id"],
        sqlite_where=sa.text("batch IS NULL"),
        postgresql_where=sa.text("batch IS NULL"),
    )
    op.create_table(
        "seal",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_event", _TEXT, nullable=False),
        sa.Column("last_event", _TEXT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "number", name="pk_seal"),
    )


def _make_the_rest() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", _TEXT, nullable=False),
        sa.Column("language", _TEXT, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", _TEXT),
        sa.Column("sent_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "installation",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_installation"),
    )


def _refuse_changes_of_the_log() -> None:
    """An event is changed once, when it is put into a sealed batch; a seal never."""
    action = _ON_SQLITE
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL_FUNCTION)
        action = _ON_POSTGRESQL
    for name, moment in (
        ("event_keeps_its_words", f"UPDATE OF {_COLUMNS} ON event FOR EACH ROW"),
        ("event_keeps_its_batch", "UPDATE OF batch ON event FOR EACH ROW WHEN (OLD.batch IS NOT NULL)"),
        ("event_stays", "DELETE ON event FOR EACH ROW"),
        ("seal_keeps_its_words", "UPDATE ON seal FOR EACH ROW"),
        ("seal_stays", "DELETE ON seal FOR EACH ROW"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {moment} {action}")
