"""What inviting needs to know: who could be asked, and whether the consent allows it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.head import Head, head
from renkei.group.models import About
from renkei.group.roster import GROUP, about_colleague
from renkei.group.shell import Shell, shell
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.patient.consents import consents_of, gap
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.selectors import IN_OFFICE
from renkei.policy.facts import consent_for_sharing
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the region who could be invited."""

    face: Face
    kind: str  # of their organization
    state: str  # "" or why not: "member", "invited", "self", "consent", "refused"
    manager: bool  # could be put in charge


@dataclass(frozen=True, slots=True)
class InviteDesk:
    """What inviting needs to know."""

    group: UUID
    patient: UUID | None  # None of a free group, as the next
    identity: Identity | None
    about: About | None  # of a free group alone
    organization: str
    shared: bool  # the consent is in order, so that other organizations can join
    gap: str
    can_record: bool  # the person may record the consent
    candidates: list[Candidate]  # by kana
    head: Head | None
    shell: Shell


_REGION = f"""
    SELECT {COLUMNS}, o.kind FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE o.region_id = %s AND {IN_OFFICE.format(role="r")}
      AND a.suspended_at IS NULL AND o.suspended_at IS NULL AND o.left_on IS NULL"""
_ASKED = """
    SELECT i.account_id FROM group_invitation i
    WHERE i.group_id = %s AND i.state = 'open' AND i.expires_at > %s"""
_INSIDE = "SELECT account_id FROM group_member WHERE group_id = %s AND ended_at IS NULL"


def _candidate(
    standing: Standing, found: tuple[Any, ...], inside: set[UUID], asked: set[UUID]
) -> Candidate:
    one = face(found[:WIDTH])
    where = standing.where
    assert where is not None
    own = one.organization_id == where.organization
    if one.account == standing.who.account:
        state = "self"
    elif one.account in inside:
        state = "member"
    elif one.account in asked:
        state = "invited"
    elif may(about_colleague(standing, one, in_office=True), "group.invite"):
        state = ""
    else:
        state = "refused" if own or consent_for_sharing(standing) else "consent"
    charge = may(about_colleague(standing, one, in_office=True), "group.invite_manager")
    return Candidate(one, found[WIDTH], state, charge)


@disclosure("group.manage", on="group")
def see_invite_desk(standing: Standing) -> InviteDesk:
    """Who can be invited, and whether the patient's consent allows it (A6, A8.4)."""
    where = standing.where
    assert where is not None and where.group is not None and standing.who.region is not None
    found = row(GROUP, [where.group.hex])
    assert found is not None
    patient = as_uuid(found[0])
    inside = {id_of(one[0]) for one in rows(_INSIDE, [where.group.hex])}
    now_us = clock.to_us(clock.now())
    asked = {id_of(one[0]) for one in rows(_ASKED, [where.group.hex, now_us])}
    people = [
        _candidate(standing, one, inside, asked)
        for one in rows(_REGION, [standing.who.region.hex, now_us])
    ]
    top = head(standing) if may(standing, "group.see") else None
    return InviteDesk(
        group=where.group,
        patient=patient,
        identity=open_identity(patient, id_of(found[1]), found[2]) if patient else None,
        about=open_about(where.group, id_of(found[6]), found[7]) if found[7] else None,
        organization=found[3],
        shared=patient is None or consent_for_sharing(standing),
        gap=gap(consents_of(patient)) if patient else "",
        can_record=may(Standing(standing.who, where), "consent.record"),
        candidates=sorted(people, key=lambda one: one.face.kana),
        head=top,
        shell=top.shell if top else shell(standing),
    )
