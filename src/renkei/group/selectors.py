"""Which groups, members and invitations. Returns rows; decides nothing beyond ``visible_to``."""

from collections.abc import Collection
from uuid import UUID

from renkei.kernel.database import as_uuid, rows

# The list-shaped twin of the rule "group.see": current member in office, and either of the
# managing organization or with the patient's consent in order (A6). A test keeps them equal.
VISIBLE = """
    m.account_id = %s AND m.ended_at IS NULL AND mr.ended_at IS NULL AND mo.suspended_at IS NULL
    AND (mr.organization_id = g.organization_id
      OR c.state IN ('exempt_before', 'exempt_life')
      OR (c.state = 'given' AND c.original_kept_by_id IS NOT NULL AND c.copy_given_on IS NOT NULL
        AND ',' || c.declined || ',' NOT LIKE '%%,1,%%'
        AND ',' || c.declined || ',' NOT LIKE '%%,2,%%'
        AND ',' || c.declined || ',' NOT LIKE '%%,5,%%'))"""
FROM_VISIBLE = """
    FROM group_member m
    JOIN group_group g ON g.id = m.group_id
    JOIN people_practitionerrole mr ON mr.id = m.role_id
    JOIN people_organization mo ON mo.id = mr.organization_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL"""


def visible_to(account: UUID) -> list[UUID]:
    """The ids of the groups whose content the person may see now."""
    found = rows(f"SELECT g.id {FROM_VISIBLE} WHERE {VISIBLE}", [account.hex])
    return [group for one in found if (group := as_uuid(one[0])) is not None]


def visible_positions(account: UUID) -> dict[UUID, int]:
    """The groups whose content the person may see now, each with its newest entry's number."""
    found = rows(f"SELECT g.id, g.last_seq {FROM_VISIBLE} WHERE {VISIBLE}", [account.hex])
    return {group: one[1] for one in found if (group := as_uuid(one[0])) is not None}


def positions_of(groups: Collection[UUID]) -> dict[UUID, int]:
    """The number of the newest entry of each of these groups."""
    if not groups:
        return {}
    places = ", ".join(["%s"] * len(groups))
    found = rows(
        f"SELECT id, last_seq FROM group_group WHERE id IN ({places})",
        [group.hex for group in groups],
    )
    return {group: one[1] for one in found if (group := as_uuid(one[0])) is not None}


def cursors(group: UUID) -> dict[UUID, int]:
    """How far each of today's members has read, by account."""
    found = rows(
        "SELECT account_id, read_seq FROM group_member WHERE group_id = %s AND ended_at IS NULL",
        [group.hex],
    )
    return {account: one[1] for one in found if (account := as_uuid(one[0])) is not None}
