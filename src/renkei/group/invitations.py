"""What is shown of an invitation: to the invited person, to their administrator, to the inviter.

Nobody who is not in the group yet learns the patient's name here: initials stand for it (N3.2).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.members import MemberLine, members
from renkei.group.models import About
from renkei.group.shell import Shell, shell
from renkei.group.ways_in import approval_in_free_groups
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.damage import readable
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.japanese import initials
from renkei.patient.identity import open_identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.selectors import ADMINISTERS
from renkei.policy.facts import administers_colleague, consent_for_sharing, invited_them, is_oneself
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """One invitation as those concerned see it before anybody has joined."""

    id: UUID
    state: str  # "open", "expired", "joined", "declined", "refused" or "taken_back"
    initials: str  # of the patient; empty of a free group
    about: About | None  # of a free group alone: what it is for, before joining (A12.4)
    organization: str
    role_in_care: str
    manager: bool
    invited: Face
    inviter: Face
    approved_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    approved_at: datetime | None
    closed_at: datetime | None
    reason: str  # why declined, refused or taken back
    members: list[MemberLine]  # none once it is answered: then there is nothing left to judge
    approvers: list[str]  # administrators of the invited person's organization who may approve
    approval: bool  # the invited person's administrator has to approve (A8.4)
    consent: bool  # the patient agreed to sharing and the papers are in order
    group: UUID | None  # for those who may open it
    manages: bool  # the person manages the group's members
    mine: bool  # the person is the invited one
    administers: bool  # the person is an administrator of the invited person's organization
    own: bool  # the person sent it
    can: frozenset[str]
    shell: Shell


_RULES = [name for name, rule in RULES.items() if rule.needs <= LOADS["invitation"]]
_PAGE = f"""
    SELECT {COLUMNS}, i.state, i.expires_at, i.role_in_care, i.manager, i.invited_at,
      i.accepted_at, i.approved_at, i.closed_at, i.reason, i.key_id, g.id, go.id, go.name,
      p.id, p.key_id, p.identity_sealed, i.invited_by_id, i.approved_by_id, r.id, g.key_id,
      g.about_sealed
    FROM group_invitation i
    JOIN group_group g ON g.id = i.group_id
    JOIN people_organization go ON go.id = g.organization_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    JOIN people_practitionerrole r ON r.id = i.role_id
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE i.id = %s"""
# Whoever invites does so for the managing organization; into a free group for any (A12.3).
_INVITER = f"""
    SELECT {COLUMNS} FROM people_account a
    LEFT JOIN people_practitionerrole r ON r.account_id = a.id {{}}
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE a.id = %s ORDER BY r.started_at DESC LIMIT 1"""
_APPROVERS = f"""
    SELECT {COLUMNS} FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE r.organization_id = %s AND {ADMINISTERS.format(role="r", account="a")}"""


def _person(organization: UUID | None, account: Any) -> Face | None:
    """Somebody as who they are for an organization; for None, for any of theirs."""
    if not account:
        return None
    works = "AND r.organization_id = %s" if organization else ""
    asked = [organization.hex] if organization else []
    found = row(_INVITER.format(works), [*asked, id_of(account).hex])
    return face(found) if found else None


def _approvers(standing: Standing) -> list[str]:
    """Who can approve: the administrators of the invited person's organization the rule allows."""
    colleague, asked = standing.what.colleague, standing.what.invitation
    assert colleague is not None and asked is not None
    names = []
    ids = [colleague.organization.hex, clock.to_us(clock.now())]
    for one in map(face, rows(_APPROVERS, ids)):
        who = replace(
            standing.who,
            account=one.account,
            organization=colleague.organization,
            administrator=True,
            acknowledged=True,
            password_fresh=True,
        )
        as_them = replace(
            standing, who=who, what=replace(standing.what, invitation=replace(asked, open=True))
        )
        if may(as_them, "invitation.approve"):
            names.append(one.name)
    return sorted(names)


def _reason(invitation: UUID, key: Any, sealed: Any) -> str:
    place = f"group.Invitation/{invitation.hex}/reason"
    return "" if sealed is None else readable(id_of(key), sealed, about=place)


@disclosure("invitation.see", on="invitation")
def see_invitation(standing: Standing) -> InvitationPage:
    """What one has to know to judge whether the invited person belongs in the group (N3.2)."""
    where, asked = standing.where, standing.what.invitation
    assert where is not None and where.group is not None and asked is not None
    found = row(_PAGE, [asked.id.hex])
    assert found is not None
    rest = found[WIDTH:]
    managing = id_of(rest[11])
    patient = as_uuid(rest[13])
    identity = open_identity(patient, id_of(rest[14]), rest[15]) if patient else None
    expired = rest[0] == "open" and not asked.open
    approver = _person(id_of(found[6]), rest[17])
    inviter = _person(managing if patient else None, rest[16])
    assert inviter is not None
    frame = shell(standing)
    return InvitationPage(
        id=asked.id,
        state="expired" if expired else rest[0],
        initials=initials(identity.name, identity.kana) if identity else "",
        about=open_about(where.group, id_of(rest[19]), rest[20]) if rest[20] else None,
        organization=rest[12],
        role_in_care=rest[2],
        manager=bool(rest[3]),
        invited=face(found[:WIDTH]),
        inviter=inviter,
        approved_by=approver.name if approver else "",
        invited_at=from_us(rest[4]),
        expires_at=from_us(rest[1]),
        accepted_at=from_us(rest[5]),
        approved_at=from_us(rest[6]),
        closed_at=from_us(rest[7]),
        reason=_reason(asked.id, rest[9], rest[8]),
        members=members(where.group, where.kind)
        if patient and (asked.open or may(standing, "group.manage"))
        else [],
        approvers=_approvers(standing),
        approval=patient is not None or approval_in_free_groups(standing),
        consent=consent_for_sharing(standing),
        group=where.group if any(line.id == where.group for line in frame.groups) else None,
        manages=may(standing, "group.manage"),
        mine=is_oneself(standing),
        administers=administers_colleague(standing),
        own=invited_them(standing),
        can=frozenset(name for name in _RULES if may(standing, name)),
        shell=frame,
    )
