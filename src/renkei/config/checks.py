"""What refuses a start that would be unsafe."""

from typing import Any

from django.core.checks import Error, register
from django.db import connection

from renkei.audit import guards


@register("database")
def audit_is_guarded(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The database itself keeps what is append-only so."""
    if "audit_auditevent" not in connection.introspection.table_names():
        return []
    return [
        Error(f"What is append-only is not guarded: trigger {name} is missing.", id="renkei.E001")
        for name in guards.missing()
    ]
