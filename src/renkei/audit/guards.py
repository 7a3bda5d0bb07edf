"""Triggers by which the database itself keeps the audit trail append-only.

They are made anew after every migration, because Django rebuilds SQLite tables by copying and
drops triggers on the way without a word.
"""

from django.db import connection

_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{what.lower()} BEFORE {what} ON audit_auditevent"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for what in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$ LANGUAGE plpgsql",
    "CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit_auditevent"
    " FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit_auditevent"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
]


def install() -> None:
    """Put the triggers in place; safe to run again."""
    with connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def missing() -> list[str]:
    """The names of triggers that should be there and are not."""
    if connection.vendor == "postgresql":
        wanted = {"audit_no_change", "audit_no_truncate"}
        sql = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    else:
        wanted = {"audit_no_update", "audit_no_delete"}
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(wanted - {name for (name,) in cursor.fetchall()})
