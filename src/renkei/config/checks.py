"""What refuses a start that would be unsafe."""

from typing import Any

from django.core.checks import Error, register

from renkei.audit import guards
from renkei.kernel.database import has_table


@register("database")
def audit_is_guarded(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The database itself keeps what is append-only so."""
    if not has_table("default", "audit_auditevent"):
        return []
    return [
        Error(f"What is append-only is not guarded: trigger {name} is missing.", id="renkei.E001")
        for name in guards.missing()
    ]
