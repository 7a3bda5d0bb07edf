"""Who is in office, and who administers an organization. Returns rows; decides nothing.

In office is who works there and is stopped neither there nor altogether. The rules count them by
the same words (``policy.queries``); a test keeps both shapes equal.
"""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from renkei.people.models import PractitionerRole

_STOPPED = ", ".join(f"'{one}'" for one in PractitionerRole.STOPPED)
# Whether a role goes on and is not stopped, itself alone; asks for the moment.
IN_OFFICE: Final = f"""{{role}}.ended_at IS NULL
    AND ({{role}}.until IS NULL OR {{role}}.until > %s)
    AND {{role}}.restriction NOT IN ({_STOPPED})"""
# Whether a role is an administrator's in office, of a role and its account; asks for the moment.
ADMINISTERS: Final = f"{{role}}.administrator AND {IN_OFFICE} AND {{account}}.suspended_at IS NULL"


def in_office(now: datetime) -> QuerySet[PractitionerRole]:
    """The roles of people who are in office, for organizations that take part."""
    found = PractitionerRole.objects.filter(
        PractitionerRole.working(now),
        account__suspended_at=None,
        organization__suspended_at=None,
        organization__left_on=None,
    )
    return found.exclude(restriction__in=PractitionerRole.STOPPED)


def administrators(now: datetime) -> QuerySet[PractitionerRole]:
    """The roles of administrators who are in office, of every organization."""
    found = PractitionerRole.objects.filter(
        PractitionerRole.working(now), administrator=True, account__suspended_at=None
    )
    return found.exclude(restriction__in=PractitionerRole.STOPPED)
