"""Invitations to groups: one's own to answer, those of one's staff to approve (A5.2)."""

from collections.abc import Iterator
from typing import Final

from renkei.group.to_do.task import Task
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, rows
from renkei.people.faces import COLUMNS, WIDTH, face
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Standing

CANDIDATES: Final = 50  # invitations looked at for approval
_OPEN = """i.state = 'open' AND i.expires_at > %s AND g.closed_at IS NULL
    AND g.archived_at IS NULL AND g.erase_at IS NULL AND r.ended_at IS NULL"""
_TO_ANSWER = f"""
    SELECT i.id, o.name, i.expires_at
    FROM group_invitation i
    JOIN group_group g ON g.id = i.group_id
    JOIN people_organization o ON o.id = g.organization_id
    JOIN people_practitionerrole r ON r.id = i.role_id
    WHERE {_OPEN} AND i.account_id = %s AND i.accepted_at IS NULL
    ORDER BY i.expires_at"""
_TO_APPROVE = f"""
    SELECT {COLUMNS}, i.id, go.name, i.expires_at
    FROM group_invitation i
    JOIN group_group g ON g.id = i.group_id
    JOIN people_organization go ON go.id = g.organization_id
    JOIN people_practitionerrole r ON r.id = i.role_id
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE {_OPEN} AND r.organization_id = %s AND i.approved_at IS NULL
    ORDER BY i.expires_at LIMIT {CANDIDATES}"""


def to_answer(standing: Standing, now: int) -> Iterator[Task]:
    """Those that wait for the person's own answer."""
    assert standing.who.account is not None
    for found in rows(_TO_ANSWER, [now, standing.who.account.hex]):
        yield Task("answer", as_uuid(found[0]), organization=found[1], until=from_us(found[2]))


def to_approve(standing: Standing, now: int) -> Iterator[Task]:
    """Invitations of one's own staff; the rule itself says which of them one may approve."""
    who = standing.who
    if not who.administrator or who.organization is None:
        return
    for found in rows(_TO_APPROVE, [now, who.organization.hex]):
        invitation, organization, until = found[WIDTH:]
        invited = as_uuid(invitation)
        if may(load(who.actor, "invitation", invited), "invitation.approve"):
            yield Task(
                "approve",
                invited,
                organization=organization,
                face=face(found[:WIDTH]),
                until=from_us(until),
            )
