"""Which groups, members and invitations. Returns rows; decides nothing beyond ``visible_to``."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from renkei.kernel.clock import now, to_us
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.people.selectors import IN_OFFICE

# The list-shaped twin of the rule "group.see": current member in office, on a device that the
# organization for which one is a member lets its people use (A8.2, A20), with all that joining asks
# (A3, A9), and either of the managing organization or with the patient's consent in order (A6).
# With the family only while the patient agrees that they are told (A11.5); patient and relatives
# take part without a role. Free and direct groups are about no patient (A12, A13); in the network
# group one takes part as who one acts for (A18). A test keeps them equal.
VISIBLE = f"""
    m.account_id = %s AND m.ended_at IS NULL AND (
    (m.role_id IS NULL AND (g.kind = 'network' AND %s = 1
      OR g.kind = 'family' AND m.relation <> '' AND %s = 1))
    OR {IN_OFFICE.format(role="mr")}
    AND mo.suspended_at IS NULL AND mo.left_on IS NULL
    AND mo.approved_on IS NOT NULL AND mo.pledged_on IS NOT NULL AND mr.pledged_on IS NOT NULL
    AND CASE WHEN %s = 1 OR mo.each_trains THEN mr.trained_on ELSE mo.trained_on END IS NOT NULL
    AND (dm.usable_until > %s OR %s = 1
      OR %s LIKE '%%' || REPLACE(CAST(mr.organization_id AS TEXT), '-', '') || '%%'))
    AND (g.kind IN ('free', 'direct', 'network')
      OR g.kind = 'patient' AND mr.organization_id = g.organization_id
      OR (g.kind = 'patient' OR ',' || c.declined || ',' NOT LIKE '%%,4,%%')
        AND (c.state IN ('exempt_before', 'exempt_life')
        OR c.state = 'given' AND c.original_kept_by_id IS NOT NULL AND c.copy_given_on IS NOT NULL
        AND ',' || c.declined || ',' NOT LIKE '%%,1,%%'
        AND ',' || c.declined || ',' NOT LIKE '%%,2,%%'
        AND ',' || c.declined || ',' NOT LIKE '%%,5,%%'))"""
FROM_VISIBLE = """
    FROM group_member m
    JOIN group_group g ON g.id = m.group_id
    LEFT JOIN people_practitionerrole mr ON mr.id = m.role_id
    LEFT JOIN people_organization mo ON mo.id = mr.organization_id
    LEFT JOIN device_listing dm ON dm.device_id = %s AND dm.organization_id = mr.organization_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL"""


# Account, device, whether any device will do, for which organizations alone it will, whether each
# person has to be trained, whether the network group and whether family groups are open to who has
# no role in them: a ``Who.reach``.
Reach = tuple[UUID | None, UUID | None, bool, Collection[UUID], bool, bool, bool]


def reaching(reach: Reach) -> list[Any]:
    """What ``FROM_VISIBLE`` and ``VISIBLE``, in this order, ask for."""
    account, device, anywhere, lifted, each_trains, in_network, in_family = reach
    moment = to_us(now())
    return [
        device.hex if device else None,
        account.hex if account else None,
        int(in_network),
        int(in_family),
        moment,
        int(each_trains),
        moment,
        int(anywhere),
        ",".join(one.hex for one in lifted),
    ]


def visible_to(reach: Reach) -> list[UUID]:
    """The ids of the groups whose content the person may see now, on this device."""
    return list(visible_positions(reach))


def visible_positions(reach: Reach) -> dict[UUID, int]:
    """The groups whose content the person may see now, each with its newest entry's number."""
    found = rows(f"SELECT g.id, g.last_seq {FROM_VISIBLE} WHERE {VISIBLE}", reaching(reach))
    return {id_of(one[0]): one[1] for one in found}


def visible_keys(reach: Reach) -> dict[UUID, tuple[UUID, int]]:
    """The groups whose content the person may see now: the key of each, and its newest entry."""
    found = rows(
        f"SELECT g.id, g.key_id, g.last_seq {FROM_VISIBLE} WHERE {VISIBLE}", reaching(reach)
    )
    return {id_of(one[0]): (id_of(one[1]), one[2]) for one in found}


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


def has_blocked(one: UUID | None, other: UUID) -> bool:
    """Whether the first has blocked the second; not whether they are blocked themselves (A13.1)."""
    if one is None:
        return False
    asked = "SELECT 1 FROM group_block WHERE by_id = %s AND of_id = %s AND lifted_at IS NULL"
    return bool(rows(asked, [one.hex, other.hex]))
