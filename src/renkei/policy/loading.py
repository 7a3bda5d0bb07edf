"""Loading a standing: one query per kind of thing.

Within a use case the rows that could end the standing are locked first, so that what was judged
still holds at commit.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, execute, id_of, row
from renkei.kernel.errors import SignedOut, Unknown
from renkei.policy.standing import (
    Actor,
    Asked,
    Colleague,
    ConsentFacts,
    Membership,
    Message,
    On,
    Standing,
    What,
    Where,
    Who,
)
from renkei.region import parameters

_WHO = """
    s.account_id, a.region_id, a.suspended_at, a.password_changed_at, a.acknowledged_id,
    rg.policy_id, s.role_id, r.organization_id, r.administrator, r.profession, o.suspended_at,
    op.id, s.until, a.language"""
_FROM_WHO = """
    FROM people_session s
    JOIN people_account a ON a.id = s.account_id
    JOIN region_region rg ON rg.id = a.region_id
    LEFT JOIN people_practitionerrole r ON r.id = s.role_id AND r.ended_at IS NULL
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_operatorrole op ON op.account_id = a.id AND op.ended_at IS NULL"""
_WHERE_WHO = " WHERE s.session_key = %s AND s.until > %s"
_WHO_WIDTH = 14

_GROUP = """,
    g.id, g.kind, g.organization_id, g.key_id, g.last_seq, g.closed_at, g.patient_id,
    m.id, m.role_id, mr.organization_id, m.manager, m.read_seq, mr.ended_at, mo.suspended_at,
    c.state, c.declined, c.original_kept_by_id, c.copy_given_on"""
_JOIN_MEMBER = """
    LEFT JOIN group_member m ON m.group_id = g.id AND m.account_id = a.id AND m.ended_at IS NULL
    LEFT JOIN people_practitionerrole mr ON mr.id = m.role_id
    LEFT JOIN people_organization mo ON mo.id = mr.organization_id
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL"""
_FROM_GROUP = " JOIN group_group g ON g.id = %s AND g.region_id = a.region_id" + _JOIN_MEMBER
_GROUP_WIDTH = 18

_PATIENT = """,
    p.id, p.organization_id, c.state, c.declined, c.original_kept_by_id, c.copy_given_on"""
_FROM_PATIENT = """
    JOIN patient_patient p ON p.id = %s
    JOIN people_organization po ON po.id = p.organization_id AND po.region_id = a.region_id
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL"""

_MESSAGE = ", t.id, t.seq, t.sender_id, t.event, t.withdrawn_at, t.version"
_FROM_MESSAGE = (
    " JOIN communication_communication t ON t.id = %s"
    " JOIN group_group g ON g.id = t.group_id AND g.region_id = a.region_id" + _JOIN_MEMBER
)

_COLLEAGUE = """,
    cr.account_id, cr.id, cr.organization_id, cr.ended_at,
    COALESCE(ca.suspended_at, co.suspended_at), cr.administrator,
    (SELECT COUNT(*) FROM people_practitionerrole x JOIN people_account xa ON xa.id = x.account_id
      WHERE x.organization_id = cr.organization_id AND x.administrator AND x.ended_at IS NULL
        AND xa.suspended_at IS NULL),
    cr.profession"""
_COLLEAGUE_WIDTH = 8
_JOIN_COLLEAGUE = (
    " JOIN people_account ca ON ca.id = cr.account_id AND ca.region_id = a.region_id"
    " JOIN people_organization co ON co.id = cr.organization_id"
)
_FROM_INVITEE = _FROM_GROUP + " JOIN people_practitionerrole cr ON cr.id = %s" + _JOIN_COLLEAGUE

_INVITATION = """,
    i.id, i.state, i.expires_at, i.invited_by_id, i.accepted_at, i.approved_at"""
_FROM_INVITATION = (
    " JOIN group_invitation i ON i.id = %s"
    " JOIN group_group g ON g.id = i.group_id AND g.region_id = a.region_id"
    + _JOIN_MEMBER
    + " JOIN people_practitionerrole cr ON cr.id = i.role_id"
    + _JOIN_COLLEAGUE
)
_FROM_MEMBER = (
    " JOIN group_member tm ON tm.id = %s AND tm.ended_at IS NULL"
    " JOIN group_group g ON g.id = tm.group_id AND g.region_id = a.region_id"
    + _JOIN_MEMBER
    + " JOIN people_practitionerrole cr ON cr.id = tm.role_id"
    + _JOIN_COLLEAGUE
)

Row = tuple[Any, ...]


def _who(found: Row, session: str) -> Who:
    policy = as_uuid(found[5])
    longest = timedelta(days=parameters.of(policy)["password_max_age_days"])
    due = found[3] + longest // timedelta(microseconds=1) if found[3] is not None else 0
    now_us = clock.to_us(clock.now())
    return Who(
        account=as_uuid(found[0]),
        region=as_uuid(found[1]),
        session=session,
        role=as_uuid(found[6]) if found[7] is not None else None,
        organization=as_uuid(found[7]) if found[10] is None else None,
        profession=found[9] or "",
        administrator=bool(found[8]) and found[10] is None,
        operator=found[11] is not None,
        active=found[2] is None,
        acknowledged=policy is None or as_uuid(found[4]) == policy,
        password_fresh=due > now_us,
        language=found[13],
        until=min(found[12], due) if due > now_us else found[12],
    )


def _consent(found: Row) -> ConsentFacts | None:
    if found[0] is None:
        return None
    return ConsentFacts(found[0], found[1], found[2] is not None, found[3] is not None)


def _where(found: Row) -> Where:
    member = None
    if found[7] is not None:
        member = Membership(
            id=id_of(found[7]),
            role=id_of(found[8]),
            organization=id_of(found[9]),
            manager=bool(found[10]),
            read_seq=found[11],
            in_office=found[12] is None and found[13] is None,
        )
    return Where(
        group=as_uuid(found[0]),
        kind=found[1],
        organization=id_of(found[2]),
        key=as_uuid(found[3]),
        last_seq=found[4],
        open=found[5] is None,
        patient=as_uuid(found[6]),
        member=member,
        consent=_consent(found[14:18]),
    )


def _where_patient(found: Row) -> Where:
    return Where(
        patient=as_uuid(found[0]),
        organization=id_of(found[1]),
        consent=_consent(found[2:6]),
    )


def _message(found: Row) -> What:
    return What(
        message=Message(
            id=id_of(found[0]),
            seq=found[1],
            sender=id_of(found[2]),
            event=found[3],
            withdrawn=found[4] is not None,
            version=found[5],
        )
    )


def _colleague(found: Row) -> Colleague:
    return Colleague(
        account=id_of(found[0]),
        role=id_of(found[1]),
        organization=id_of(found[2]),
        in_office=found[3] is None and found[4] is None,
        administrator=bool(found[5]),
        administrators=found[6],
        profession=found[7],
    )


def _invitation(found: Row) -> Asked:
    return Asked(
        id=id_of(found[0]),
        open=found[1] == "open" and found[2] > clock.to_us(clock.now()),
        invited_by=id_of(found[3]),
        accepted=found[4] is not None,
        approved=found[5] is not None,
    )


def _query(columns: str, tables: str) -> str:
    return f"SELECT {_WHO}{columns} {_FROM_WHO}{tables}{_WHERE_WHO}"


_G = _WHO_WIDTH + _GROUP_WIDTH  # where the columns of the thing in question begin
_QUERIES = {
    "region": _query("", ""),
    "organization": _query(
        ", tor.id", " JOIN people_organization tor ON tor.id = %s AND tor.region_id = a.region_id"
    ),
    "patient": _query(_PATIENT, _FROM_PATIENT),
    "group": _query(_GROUP, _FROM_GROUP),
    "communication": _query(_GROUP + _MESSAGE, _FROM_MESSAGE),
    "invitee": _query(_GROUP + _COLLEAGUE, _FROM_INVITEE),
    "invitation": _query(_GROUP + _COLLEAGUE + _INVITATION, _FROM_INVITATION),
    "member": _query(_GROUP + _COLLEAGUE + ", tm.id", _FROM_MEMBER),
}
_BUILD: dict[str, Callable[[Who, Row], Standing]] = {
    "region": lambda who, found: Standing(who),
    "organization": lambda who, found: Standing(
        who, what=What(target_organization=as_uuid(found[_WHO_WIDTH]))
    ),
    "patient": lambda who, found: Standing(who, _where_patient(found[_WHO_WIDTH:])),
    "group": lambda who, found: Standing(who, _where(found[_WHO_WIDTH:])),
    "communication": lambda who, found: Standing(
        who, _where(found[_WHO_WIDTH:]), _message(found[_G:])
    ),
    "invitee": lambda who, found: Standing(
        who, _where(found[_WHO_WIDTH:]), What(colleague=_colleague(found[_G:]))
    ),
    "invitation": lambda who, found: Standing(
        who,
        _where(found[_WHO_WIDTH:]),
        What(
            colleague=_colleague(found[_G:]), invitation=_invitation(found[_G + _COLLEAGUE_WIDTH :])
        ),
    ),
    "member": lambda who, found: Standing(
        who,
        _where(found[_WHO_WIDTH:]),
        What(colleague=_colleague(found[_G:]), member=as_uuid(found[_G + _COLLEAGUE_WIDTH])),
    ),
}

# On PostgreSQL: what a change takes before it looks, so that nobody ends the standing meanwhile.
_LOCKS = {
    "patient": "SELECT 1 FROM patient_patient WHERE id = %s FOR UPDATE",
    "group": "SELECT 1 FROM group_group WHERE id = %s FOR UPDATE",
    "invitee": "SELECT 1 FROM group_group WHERE id = %s FOR UPDATE",
    "communication": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM communication_communication WHERE id = %s) FOR UPDATE",
    "invitation": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM group_invitation WHERE id = %s) FOR UPDATE",
    "member": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM group_member WHERE id = %s) FOR UPDATE",
}
# One person's changes wait for each other: with FOR SHARE two of them that both go on to change the
# account would hold each other up for good.
_LOCK_WHO = (
    "SELECT 1 FROM people_session s JOIN people_account a ON a.id = s.account_id"
    " WHERE s.session_key = %s FOR NO KEY UPDATE"
)


def load(actor: Actor, kind: str, on: On = None, *, lock: bool = False) -> Standing:
    """The standing of ``actor`` to the thing ``on`` of this kind, in one query.

    Args:
        kind: a key of ``LOADS``.
        on: the id of the thing; for "invitee" the group and the role; None for "region".
        lock: take the rows that could end the standing; only within a transaction.

    Raises:
        SignedOut: the session is not there or has ended.
        Unknown: there is no such thing in the person's region.
    """
    if actor.system:
        return _of_system(actor.system, kind, on)
    ids = on if isinstance(on, tuple) else (() if on is None else (on,))
    if lock and connection.vendor == "postgresql":
        execute(_LOCK_WHO, [actor.session])
        if kind in _LOCKS:
            execute(_LOCKS[kind], [ids[0]])
    parameters_of_query = [one.hex for one in ids]
    now_us = clock.to_us(clock.now())
    found = row(_QUERIES[kind], [*parameters_of_query, actor.session, now_us])
    if found is None:
        if kind == "region" or row(_QUERIES["region"], [actor.session, now_us]) is None:
            raise SignedOut
        raise Unknown(kind)
    return _BUILD[kind](_who(found, actor.session), found)


_SYSTEM_GROUP = """
    SELECT g.id, g.kind, g.organization_id, g.key_id, g.last_seq, g.closed_at, g.patient_id,
      NULL, NULL, NULL, NULL, NULL, NULL, NULL,
      c.state, c.declined, c.original_kept_by_id, c.copy_given_on
    FROM group_group g
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL
    WHERE g.id = %s"""
_SYSTEM_PATIENT = """
    SELECT p.id, p.organization_id, c.state, c.declined, c.original_kept_by_id, c.copy_given_on
    FROM patient_patient p
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE p.id = %s"""


def _of_system(name: str, kind: str, on: On) -> Standing:
    """The standing of the system itself: nobody's, but of the thing it acts on."""
    who = Who(account=None, region=None, system=name)
    if kind == "organization" and isinstance(on, UUID):
        return Standing(who, what=What(target_organization=on))
    if kind not in ("group", "patient") or not isinstance(on, UUID):
        return Standing(who)
    found = row(_SYSTEM_GROUP if kind == "group" else _SYSTEM_PATIENT, [on.hex])
    if found is None:
        raise Unknown(kind)
    return Standing(who, _where(found) if kind == "group" else _where_patient(found))
