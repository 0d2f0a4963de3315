"""Beside a file, the database itself leaves a mark whenever something changes that checks of the gate rest on."""

from alembic import op

revision = "0015"
down_revision = "0014"

_FIRST = "INSERT INTO installation (key, value) VALUES ('gate_mark', lower(hex(randomblob(8))))"
_NEXT = "BEGIN UPDATE installation SET value = lower(hex(randomblob(8))) WHERE key = 'gate_mark'; END"

# The columns that are read. Of a session all but `last_seen`, which every minute changes.
_READ = {
    "gate_pass": "digest, host, application_id, session_id",
    "application_host": "host, application_id",
    "application": "id, is_enabled",
    "session": "id, digest, person_id, organisation_id, person_version, method, proven_at, factor_at, "
    "sso_organisation, sso_identity, sso_evidence, sso_authenticated_at, sso_session, sso_ends_at, amr, "
    "pending_secret, pending_expires_at, created_at, browser, address",
    "person": "id, email, name, password_hash, password_changed_at, language, version, is_active, must_enrol, "
    "created_at",
    "organisation": "id, slug, name, language, time_zone, is_vendor, is_active, required_since, required_from, "
    "required_always, revision, available_since, available_by, required_by, created_at, passwords_closed",
    "membership": "organisation_id, person_id, role, accepted_at, keeps_password",
    "authenticator": "id, person_id",
    "sso_identity": "id, connection_id, organisation_id, person_id",
    "connection": "id, is_enabled, demands_evidence",
}
# A new one of these is nothing that was read before: it has another key.
_NEW_ONES_ARE_OTHERS = {"gate_pass", "session", "person"}


def upgrade() -> None:
    """Leaves the first mark, and has the next ones left. On PostgreSQL every check is read anew."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(_FIRST)
    for table, columns in _READ.items():
        moments = [f"UPDATE OF {columns}", "DELETE", *([] if table in _NEW_ONES_ARE_OTHERS else ["INSERT"])]
        for moment in moments:
            name = f"gate_mark_{table}_{moment.partition(' ')[0].lower()}"
            op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON {table} FOR EACH ROW {_NEXT}")
