"""Triggers by which the database itself keeps what was written down append-only.

The audit trail, and what was done about an incident. They are made anew after every migration,
because Django rebuilds SQLite tables by copying and drops triggers on the way without a word.
"""

from typing import Final

from django.db import connection

from renkei.kernel.database import on_postgresql

GUARDED: Final = {"audit": "audit_auditevent", "incident": "incident_entry"}
"""The tables that are only ever added to, by the beginning of their triggers' names."""

_REFUSE: Final = (
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger AS"
    " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql"
)


def _sqlite(name: str, table: str) -> dict[str, str]:
    """The triggers of a table, by name."""
    return {
        f"{name}_no_{what.lower()}": f"BEFORE {what} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for what in ("UPDATE", "DELETE")
    }


def _postgresql(name: str, table: str) -> dict[str, str]:
    """The triggers of a table, by name."""
    return {
        f"{name}_no_change": f"BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        f"{name}_no_truncate": f"BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    }


def _wanted() -> dict[str, str]:
    """Every trigger by name, of the tables that have been made so far."""
    triggers = _postgresql if on_postgresql() else _sqlite
    made = set(connection.introspection.table_names())
    found: dict[str, str] = {}
    for name, table in GUARDED.items():
        found |= triggers(name, table) if table in made else {}
    return found


def install() -> None:
    """Put the triggers in place; safe to run again."""
    make = "CREATE OR REPLACE TRIGGER" if on_postgresql() else "CREATE TRIGGER IF NOT EXISTS"
    with connection.cursor() as cursor:
        if on_postgresql():
            cursor.execute(_REFUSE)
        for name, what in _wanted().items():
            cursor.execute(f"{make} {name} {what}")


def missing() -> list[str]:
    """The names of triggers that should be there and are not."""
    if on_postgresql():
        sql = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(set(_wanted()) - {name for (name,) in cursor.fetchall()})
