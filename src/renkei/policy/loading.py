"""Loading a standing: one query per kind of thing.

Within a use case the rows that could end the standing are locked first, so that what was judged
still holds at commit.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, execute, id_of, on_postgresql, row
from renkei.kernel.errors import SignedOut, Unknown
from renkei.people.selectors import ADMINISTERS
from renkei.policy.standing import (
    Actor,
    Asked,
    Attached,
    Colleague,
    ConsentFacts,
    Declared,
    Drafted,
    Filed,
    Handing,
    Happened,
    Joined,
    Listed,
    Membership,
    Message,
    On,
    Requested,
    Standing,
    Taken,
    ToDo,
    What,
    Where,
    Who,
    Wished,
)
from renkei.policy.who import (
    COLUMNS,
    CONDITION,
    STOPPED,
    TABLES,
    WIDTH,
    Row,
    arguments,
    joined,
    joining,
    usable,
    who,
    working,
)

# Whether there still is who a group without a patient cannot do without: of a free group a manager
# in office, of a direct one the other of the two. Of other groups it is not asked.
_ATTENDED = """
    CASE WHEN g.kind IN ('free', 'direct') THEN EXISTS (
      SELECT 1 FROM group_member x
      JOIN people_practitionerrole xr ON xr.id = x.role_id
      JOIN people_organization xo ON xo.id = xr.organization_id
      JOIN people_account xa ON xa.id = x.account_id
      WHERE x.group_id = g.id AND x.ended_at IS NULL AND xr.ended_at IS NULL
        AND (xr.until IS NULL OR xr.until > %s) AND xr.restriction NOT IN ('suspended', 'banned')
        AND xo.suspended_at IS NULL AND xo.left_on IS NULL AND xa.suspended_at IS NULL
        AND CASE WHEN g.kind = 'free' THEN x.manager ELSE x.account_id <> a.id END) END"""
_CONSENT = "c.state, c.declined, c.original_kept_by_id, c.copy_given_on IS NOT NULL"
_GROUP = f""",
    g.id, g.kind, g.organization_id, g.key_id, g.last_seq,
    COALESCE(g.closed_at, g.archived_at), g.patient_id,
    m.id, m.role_id, mr.organization_id, m.manager, m.read_seq, mr.ended_at,
    (mo.suspended_at IS NOT NULL OR mo.left_on IS NOT NULL), mr.restriction, dm.usable_until,
    {_CONSENT},
    {joining("mo", "mr")}, mr.until,
    m.relation, {_ATTENDED}, g.archived_at, mr.profession, g.entry, g.listing, g.erase_at"""
_JOIN_MEMBER = """
    LEFT JOIN group_member m ON m.group_id = g.id AND m.account_id = a.id AND m.ended_at IS NULL
    LEFT JOIN people_practitionerrole mr ON mr.id = m.role_id
    LEFT JOIN people_organization mo ON mo.id = mr.organization_id
    LEFT JOIN device_listing dm
      ON dm.device_id = s.device_id AND dm.organization_id = mr.organization_id
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL"""
_FROM_GROUP = " JOIN group_group g ON g.id = %s AND g.region_id = a.region_id" + _JOIN_MEMBER
_GROUP_WIDTH = 33

_PATIENT = f""",
    p.id, p.organization_id, {_CONSENT}, p.erase_at"""
_FROM_PATIENT = """
    JOIN patient_patient p ON p.id = %s
    JOIN people_organization po ON po.id = p.organization_id AND po.region_id = a.region_id
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL"""

_MESSAGE = ", t.id, t.seq, t.sender_id, t.event, t.withdrawn_at, t.version, t.importance"
_MESSAGE_WIDTH = 7
_FROM_MESSAGE = (
    " JOIN communication_communication t ON t.id = %s"
    " JOIN group_group g ON g.id = t.group_id AND g.region_id = a.region_id" + _JOIN_MEMBER
)

_TASK = ", tk.id, tk.account_id, tk.made_by_id, tk.state"
_FROM_TASK = (
    " JOIN communication_task tk ON tk.id = %s"
    " JOIN communication_communication t ON t.id = tk.communication_id"
    " JOIN group_group g ON g.id = t.group_id AND g.region_id = a.region_id" + _JOIN_MEMBER
)

_ATTACHMENT = ", f.id, f.author_id, f.communication_id, t.withdrawn_at, f.state"
_FROM_ATTACHMENT = (
    " JOIN communication_attachment f ON f.id = %s"
    " JOIN group_group g ON g.id = f.group_id AND g.region_id = a.region_id"
    " LEFT JOIN communication_communication t ON t.id = f.communication_id" + _JOIN_MEMBER
)

# How many administrators an organization has; asks for the moment.
_ADMINISTRATORS = f"""
    (SELECT COUNT(*) FROM people_practitionerrole x JOIN people_account xa ON xa.id = x.account_id
      WHERE x.organization_id = {{}} AND {ADMINISTERS.format(role="x", account="xa")})"""
_COLLEAGUE = f""",
    cr.account_id, cr.id, cr.organization_id, cr.ended_at,
    (ca.suspended_at IS NOT NULL OR co.suspended_at IS NOT NULL OR co.left_on IS NOT NULL),
    cr.administrator,
    {_ADMINISTRATORS.format("cr.organization_id")},
    cr.profession, cr.restriction, cr.until"""
_COLLEAGUE_WIDTH = 10
# Works elsewhere, or is to: as the roster says of an organization that the operator has approved.
_ACCOUNT = """,
    (SELECT COUNT(*) FROM people_practitionerrole y
      WHERE y.account_id = ca.id AND y.administrator AND y.ended_at IS NULL),
    (SELECT COUNT(*) FROM people_practitionerrole y
      WHERE y.account_id = ca.id AND y.organization_id <> cr.organization_id
        AND y.ended_at IS NULL)
    + (SELECT COUNT(*) FROM people_registration y
      JOIN people_operatorrole yo ON yo.account_id = y.made_by AND yo.ended_at IS NULL
      WHERE y.account_id = ca.id AND y.organization_id <> cr.organization_id AND y.answer = ''),
    (SELECT COUNT(*) FROM people_operatorrole y
      WHERE y.account_id = ca.id AND y.ended_at IS NULL)"""
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
_ITEMS = "(SELECT COUNT(*) FROM disclosure_reuseitem x WHERE x.request_id = ru.id AND {})"
_REUSE = f""",
    ru.id, ru.asked_by_id, ru.purpose, ru.state, ru.until, ru.manager_answer,
    {_ITEMS.format("x.author_id = a.id")},
    {_ITEMS.format("NOT x.from_elsewhere")},
    {_ITEMS.format("x.answer = 'yes'")}"""
_FROM_REUSE = (
    " JOIN disclosure_reuserequest ru ON ru.id = %s"
    " JOIN group_group g ON g.id = ru.group_id AND g.region_id = a.region_id" + _JOIN_MEMBER
)
_DISASTER = ", d.id, COALESCE(d.changed_by, d.declared_by)"
_FROM_DISASTER = (
    " JOIN region_disasteruse d ON d.id = %s AND d.region_id = a.region_id AND d.removed_at IS NULL"
)
# Whom the writer of the draft has just suspended still counts as a second person: else the writer
# would be alone whenever they wish. After a week the operator's work goes on without them.
OPERATORS = """
    (SELECT COUNT(*) FROM people_operatorrole y JOIN people_account ya ON ya.id = y.account_id
      WHERE ya.region_id = {region} AND y.ended_at IS NULL
        AND (ya.suspended_at IS NULL OR EXISTS (
          SELECT 1 FROM incident_stop st WHERE st.account_id = ya.id AND st.by_id = {writer}
            AND st.lifted_at IS NULL AND st.at > %s - 604800000000)))"""
_DRAFT = ", d.id, d.changed_by," + OPERATORS.format(region="a.region_id", writer="d.changed_by")
_FROM_DRAFT = " JOIN region_policydraft d ON d.id = %s AND d.region_id = a.region_id"
_FROM_STAFF = " JOIN people_practitionerrole cr ON cr.id = %s" + _JOIN_COLLEAGUE
# Who takes part without a role is nobody's colleague: patient and relatives, whom one can release.
_FROM_MEMBER = (
    " JOIN group_member tm ON tm.id = %s AND tm.ended_at IS NULL"
    " JOIN group_group g ON g.id = tm.group_id AND g.region_id = a.region_id"
    " AND (tm.role_id IS NOT NULL OR g.kind = 'family')"
    + _JOIN_MEMBER
    + " LEFT JOIN people_practitionerrole cr ON cr.id = tm.role_id"
    + _JOIN_COLLEAGUE.replace(" JOIN", " LEFT JOIN")
)


def _consent(found: Row) -> ConsentFacts | None:
    if found[0] is None:
        return None
    return ConsentFacts(found[0], found[1], found[2] is not None, bool(found[3]))


def _where(found: Row, one: Who | None = None) -> Where:
    member = None
    now = clock.to_us(clock.now())
    if found[7] is not None and found[8] is None and one is not None:
        member = _in_network(found, one) if found[1] == "network" else _in_family(found, one)
    elif found[7] is not None:
        member = Membership(
            id=id_of(found[7]),
            role=id_of(found[8]),
            organization=id_of(found[9]),
            manager=bool(found[10]),
            read_seq=found[11],
            in_office=found[12] is None
            and working(found[25], now)
            and not found[13]
            and found[14] not in STOPPED,
            joined=joined(found[20:25], one is not None and one.each_trains),
            read_only=found[14] == "read_only",
            device_fits=one is not None and one.device is not None and usable(found[15], now),
            profession=found[29],
        )
    return Where(
        group=as_uuid(found[0]),
        kind=found[1],
        organization=as_uuid(found[2]),
        key=as_uuid(found[3]),
        last_seq=found[4],
        open=found[5] is None and found[32] is None,
        archived=found[28] is not None,
        patient=as_uuid(found[6]),
        member=member,
        consent=_consent(found[16:20]),
        attended=found[27] is None or bool(found[27]),
        entry=found[30],
        listing=found[31],
        erase_at=found[32],
    )


def _in_network(found: Row, one: Who) -> Membership:
    """The place in the network group: that of who one acts for at the moment (A18)."""
    works = one.organization is not None
    return Membership(
        id=id_of(found[7]),
        role=one.role if works else None,
        organization=one.organization,
        manager=False,
        read_seq=found[11],
        in_office=works or one.operator,
        joined=one.joined if works else Joined(*[one.operator] * 4),
        read_only=works and one.read_only,
        device_fits=one.device_fits if works else one.operator,
    )


def _in_family(found: Row, one: Who) -> Membership:
    """The place of the patient or a relative; of no worth in a group of another kind (A11.5)."""
    here = one.in_family and found[1] == "family" and found[26] != ""
    return Membership(
        id=id_of(found[7]),
        role=None,
        organization=None,
        manager=False,
        read_seq=found[11],
        in_office=here,
        joined=Joined(*[here] * 4),
        device_fits=here,
        relation=found[26],
    )


def _where_patient(found: Row) -> Where:
    return Where(
        patient=as_uuid(found[0]),
        organization=id_of(found[1]),
        consent=_consent(found[2:6]),
        erase_at=found[6],
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
            importance=found[6],
        )
    )


def _task(found: Row) -> What:
    todo = found[_MESSAGE_WIDTH:]
    return replace(
        _message(found),
        task=ToDo(id_of(todo[0]), id_of(todo[1]), id_of(todo[2]), open=todo[3] == "open"),
    )


def _attachment(found: Row) -> What:
    return What(
        attachment=Attached(
            id=id_of(found[0]),
            author=id_of(found[1]),
            posted=found[2] is not None,
            withdrawn=found[3] is not None,
            ready=found[4] == "ready",
        )
    )


def _colleague(found: Row) -> Colleague:
    return Colleague(
        account=id_of(found[0]),
        role=id_of(found[1]),
        organization=id_of(found[2]),
        in_office=found[3] is None
        and working(found[9], clock.to_us(clock.now()))
        and not found[4]
        and found[8] not in STOPPED,
        administrator=bool(found[5]),
        administrators=found[6],
        profession=found[7],
    )


def _staff(found: Row) -> What:
    administers, elsewhere, operates = found[_COLLEAGUE_WIDTH : _COLLEAGUE_WIDTH + 3]
    return What(
        colleague=replace(
            _colleague(found),
            responsible=bool(administers or operates),
            elsewhere=bool(elsewhere or operates),
        )
    )


def _invitation(found: Row) -> Asked:
    return Asked(
        id=id_of(found[0]),
        open=found[1] == "open" and found[2] > clock.to_us(clock.now()),
        invited_by=id_of(found[3]),
        accepted=found[4] is not None,
        approved=found[5] is not None,
    )


_INCIDENT = """,
    ti.id, ti.organization_id, ti.kind, ti.severity, ti.account_id, ti.closed_at"""
_FROM_INCIDENT = " JOIN incident_incident ti ON ti.id = %s AND ti.region_id = a.region_id"


def _incident(found: Row) -> What:
    happened = Happened(
        id=id_of(found[0]),
        kind=found[2],
        severity=found[3],
        account=as_uuid(found[4]),
        open=found[5] is None,
    )
    return What(target_organization=as_uuid(found[1]), incident=happened)


_IN_LEDGER = " JOIN people_organization tor ON tor.id = {} AND tor.region_id = a.region_id"
_DEVICE = f""",
    td.id, td.organization_id, td.state, td.added_by_id,
    (SELECT COUNT(*) FROM device_device_users u
      WHERE u.device_id = td.id AND u.account_id = a.id),
    (SELECT COUNT(*) FROM device_listing l
      WHERE l.device_id = td.id AND l.organization_id = r.organization_id),
    {_ADMINISTRATORS.format("r.organization_id")},
    (SELECT COUNT(*) FROM device_device y WHERE y.organization_id = td.organization_id
      AND y.id <> td.id AND y.state IN ('in_use', 'lent')),
    {_ADMINISTRATORS.format("td.organization_id")},
    (SELECT COUNT(*) FROM people_practitionerrole z
      WHERE z.organization_id = td.organization_id AND z.account_id = td.added_by_id
        AND z.administrator AND z.ended_at IS NULL)"""
_FROM_DEVICE = " JOIN device_device td ON td.id = %s" + _IN_LEDGER.format("td.organization_id")
_TAKE_OUT = f""",
    tt.id, tt.organization_id, tt.account_id, tt.state,
    {_ADMINISTRATORS.format("tt.organization_id")} -
    {_ADMINISTRATORS.format("tt.organization_id AND x.account_id = tt.account_id")}"""
_FROM_TAKE_OUT = " JOIN device_takeout tt ON tt.id = %s" + _IN_LEDGER.format("tt.organization_id")


# A patient's paper belongs to the organization that manages the patient now (A4); one that belongs
# to none yet, such as an application, to the region under whose key it lies.
_PAPER = ", tp.id, tor.id, tp.kept_by"
_FROM_PAPER = """
    JOIN enrollment_paper tp ON tp.id = %s
    LEFT JOIN patient_patient tpp ON tpp.id = tp.patient_id
    LEFT JOIN people_organization tor ON tor.id = COALESCE(tpp.organization_id, tp.organization_id)
      AND tor.region_id = a.region_id"""
_OF_REGION = " AND (tor.id IS NOT NULL OR (tp.organization_id IS NULL AND tp.key_id = rg.key_id))"


# What it erases may have been handed over since it was asked for; who manages it now decides (A4).
_ERASURE = """, te.id, tor.id, te.asked_by_id,
    (SELECT COUNT(*) FROM people_practitionerrole x
      WHERE x.account_id = a.id AND x.organization_id = tor.id AND x.ended_at IS NULL)"""
_FROM_ERASURE = """
    JOIN disclosure_erasure te ON te.id = %s AND te.region_id = a.region_id
    LEFT JOIN group_group teg ON teg.id = te.group_id
    LEFT JOIN patient_patient tep ON tep.id = te.patient_id
    JOIN people_organization tor
      ON tor.id = COALESCE(teg.organization_id, tep.organization_id, te.organization_id)"""


def _erasure(found: Row) -> What:
    return What(
        target_organization=as_uuid(found[1]),
        erasure=Wished(id_of(found[0]), asked_by=id_of(found[2]), interested=bool(found[3])),
    )


def _paper(found: Row) -> What:
    filed = Filed(id=id_of(found[0]), kept_by=found[2])
    return What(target_organization=as_uuid(found[1]), paper=filed)


# Open as long as the patient is still the proposer's: what became of it meanwhile decides.
_HAND_OVER = _PATIENT + ", th.id, th.state, th.source_id, tor.id"
_FROM_HAND_OVER = f"""
    JOIN patient_handover th ON th.id = %s
    JOIN patient_patient p ON p.id = th.patient_id
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    {_IN_LEDGER.format("th.target_id")}"""


def _hand_over(found: Row) -> What:
    handing = Handing(id=id_of(found[7]), open=found[8] == "open" and found[9] == found[1])
    return What(target_organization=as_uuid(found[10]), hand_over=handing)


def _device(one: Who, found: Row) -> What:
    others, administrators, asked_by_one = found[7:10]
    listed = Listed(
        id=id_of(found[0]),
        state=found[2],
        own=as_uuid(found[3]) == one.account or bool(found[4]),
        asked_here=bool(found[5]),
        sole_administrator=found[6] == 1,
        for_operator=found[2] == "pending"
        and (not others or (administrators == 1 and bool(asked_by_one))),
    )
    return What(target_organization=as_uuid(found[1]), device=listed)


def _take_out(found: Row) -> What:
    taken = Taken(
        id=id_of(found[0]), account=id_of(found[2]), state=found[3], for_operator=found[4] == 0
    )
    return What(target_organization=as_uuid(found[1]), take_out=taken)


def _reuse(found: Row) -> What:
    purpose, manager = found[2], found[5]
    return What(
        reuse=Requested(
            id=id_of(found[0]),
            asked_by=id_of(found[1]),
            purpose=purpose,
            state=found[3],
            in_time=found[4] > clock.to_us(clock.now()),
            wrote=bool(found[6]),
            from_elsewhere=not found[7],
            permitted=bool(found[8]) and (purpose != "outside" or manager == "yes"),
        )
    )


def _query(columns: str, tables: str) -> str:
    return f"SELECT {COLUMNS}{columns} {TABLES}{tables}{CONDITION}"


_G = WIDTH + _GROUP_WIDTH  # where the columns of the thing in question begin
_QUERIES = {
    "region": _query("", ""),
    "organization": _query(
        ", tor.id", " JOIN people_organization tor ON tor.id = %s AND tor.region_id = a.region_id"
    ),
    "patient": _query(_PATIENT, _FROM_PATIENT),
    "group": _query(_GROUP, _FROM_GROUP),
    "communication": _query(_GROUP + _MESSAGE, _FROM_MESSAGE),
    "task": _query(_GROUP + _MESSAGE + _TASK, _FROM_TASK),
    "attachment": _query(_GROUP + _ATTACHMENT, _FROM_ATTACHMENT),
    "invitee": _query(_GROUP + _COLLEAGUE, _FROM_INVITEE),
    "invitation": _query(_GROUP + _COLLEAGUE + _INVITATION, _FROM_INVITATION),
    "member": _query(_GROUP + _COLLEAGUE + ", tm.id", _FROM_MEMBER),
    "incident": _query(_INCIDENT, _FROM_INCIDENT),
    "person": _query(
        ", ta.id", " JOIN people_account ta ON ta.id = %s AND ta.region_id = a.region_id"
    ),
    "device": _query(_DEVICE, _FROM_DEVICE),
    "take_out": _query(_TAKE_OUT, _FROM_TAKE_OUT),
    "disaster": _query(_DISASTER, _FROM_DISASTER),
    "draft": _query(_DRAFT, _FROM_DRAFT),
    "reuse": _query(_GROUP + _REUSE, _FROM_REUSE),
    "staff": _query(_COLLEAGUE + _ACCOUNT, _FROM_STAFF),
    "paper": _query(_PAPER, _FROM_PAPER) + _OF_REGION,
    "erasure": _query(_ERASURE, _FROM_ERASURE),
    "hand_over": _query(_HAND_OVER, _FROM_HAND_OVER),
}
_MOMENTS = {  # how often a kind's columns ask for the moment, before anything else is asked
    **dict.fromkeys(("group", "communication", "task", "attachment", "reuse"), _GROUP.count("%s")),
    **dict.fromkeys(("invitee", "invitation", "member"), (_GROUP + _COLLEAGUE).count("%s")),
    "staff": _COLLEAGUE.count("%s"),
    "device": _DEVICE.count("%s"),
    "take_out": _TAKE_OUT.count("%s"),
    "draft": _DRAFT.count("%s"),
}
_BUILD: dict[str, Callable[[Who, Row], Standing]] = {
    "region": lambda one, found: Standing(one),
    "organization": lambda one, found: Standing(
        one, what=What(target_organization=as_uuid(found[WIDTH]))
    ),
    "patient": lambda one, found: Standing(one, _where_patient(found[WIDTH:])),
    "group": lambda one, found: Standing(one, _where(found[WIDTH:], one)),
    "communication": lambda one, found: Standing(
        one, _where(found[WIDTH:], one), _message(found[_G:])
    ),
    "task": lambda one, found: Standing(one, _where(found[WIDTH:], one), _task(found[_G:])),
    "attachment": lambda one, found: Standing(
        one, _where(found[WIDTH:], one), _attachment(found[_G:])
    ),
    "invitee": lambda one, found: Standing(
        one, _where(found[WIDTH:], one), What(colleague=_colleague(found[_G:]))
    ),
    "invitation": lambda one, found: Standing(
        one,
        _where(found[WIDTH:], one),
        What(
            colleague=_colleague(found[_G:]), invitation=_invitation(found[_G + _COLLEAGUE_WIDTH :])
        ),
    ),
    "member": lambda one, found: Standing(
        one,
        _where(found[WIDTH:], one),
        What(
            colleague=_colleague(found[_G:]) if found[_G + 1] is not None else None,
            member=as_uuid(found[_G + _COLLEAGUE_WIDTH]),
        ),
    ),
    "incident": lambda one, found: Standing(one, what=_incident(found[WIDTH:])),
    "person": lambda one, found: Standing(one, what=What(person=as_uuid(found[WIDTH]))),
    "device": lambda one, found: Standing(one, what=_device(one, found[WIDTH:])),
    "take_out": lambda one, found: Standing(one, what=_take_out(found[WIDTH:])),
    "disaster": lambda one, found: Standing(
        one, what=What(disaster=Declared(id_of(found[WIDTH]), id_of(found[WIDTH + 1])))
    ),
    "draft": lambda one, found: Standing(
        one,
        what=What(draft=Drafted(id_of(found[WIDTH]), id_of(found[WIDTH + 1]), found[WIDTH + 2])),
    ),
    "reuse": lambda one, found: Standing(one, _where(found[WIDTH:], one), _reuse(found[_G:])),
    "staff": lambda one, found: Standing(one, what=_staff(found[WIDTH:])),
    "paper": lambda one, found: Standing(one, what=_paper(found[WIDTH:])),
    "erasure": lambda one, found: Standing(one, what=_erasure(found[WIDTH:])),
    "hand_over": lambda one, found: Standing(
        one, _where_patient(found[WIDTH:]), _hand_over(found[WIDTH:])
    ),
}

# On PostgreSQL: what a change takes before it looks, so that nobody ends the standing meanwhile.
_LOCKS = {
    "patient": "SELECT 1 FROM patient_patient WHERE id = %s FOR UPDATE",
    "group": "SELECT 1 FROM group_group WHERE id = %s FOR UPDATE",
    "invitee": "SELECT 1 FROM group_group WHERE id = %s FOR UPDATE",
    "communication": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM communication_communication WHERE id = %s) FOR UPDATE",
    "task": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM communication_task WHERE id = %s) FOR UPDATE",
    "attachment": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM communication_attachment WHERE id = %s) FOR UPDATE",
    "invitation": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM group_invitation WHERE id = %s) FOR UPDATE",
    "member": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM group_member WHERE id = %s) FOR UPDATE",
    "reuse": "SELECT 1 FROM group_group WHERE id ="
    " (SELECT group_id FROM disclosure_reuserequest WHERE id = %s) FOR UPDATE",
    "hand_over": "SELECT 1 FROM patient_patient WHERE id ="
    " (SELECT patient_id FROM patient_handover WHERE id = %s) FOR UPDATE",
    "device": "SELECT 1 FROM device_device WHERE id = %s FOR UPDATE",
    "take_out": "SELECT 1 FROM device_takeout WHERE id = %s FOR UPDATE",
    "incident": "SELECT 1 FROM incident_incident WHERE id = %s FOR UPDATE",
    "paper": "SELECT 1 FROM enrollment_paper WHERE id = %s FOR UPDATE",
    "erasure": "SELECT 1 FROM disclosure_erasure WHERE id = %s FOR UPDATE",
    "staff": "SELECT 1 FROM people_practitionerrole WHERE id = %s FOR NO KEY UPDATE",
    "disaster": "SELECT 1 FROM region_disasteruse WHERE id = %s FOR UPDATE",
    "draft": "SELECT 1 FROM region_policydraft WHERE id = %s FOR UPDATE",
}
# What the person does at this moment is done before they are stopped, or is refused. Their account
# and the actor's are taken in the order of their ids: of two people who act on each other at once,
# one waits.
_LOCK_BOTH = {
    kind: "SELECT 1 FROM people_account WHERE id IN ("
    f"(SELECT account_id FROM people_session WHERE session_key = %s), {other})"
    " ORDER BY id FOR NO KEY UPDATE"
    for kind, other in {
        "person": "%s",
        "staff": "(SELECT account_id FROM people_practitionerrole WHERE id = %s)",
    }.items()
}
# One person's changes wait for each other: with FOR SHARE two of them that both go on to change the
# account would hold each other up for good. The account is taken before the session, as whoever
# ends another session of the same person does.
_LOCK_WHO = """
    WITH a AS (
      SELECT id FROM people_account
      WHERE id = (SELECT account_id FROM people_session WHERE session_key = %s)
      FOR NO KEY UPDATE)
    SELECT 1 FROM people_session s JOIN a ON a.id = s.account_id
    WHERE s.session_key = %s FOR NO KEY UPDATE OF s"""


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
    if lock and on_postgresql():
        if kind in _LOCK_BOTH:
            execute(_LOCK_BOTH[kind], [actor.session, ids[0]])
        execute(_LOCK_WHO, [actor.session, actor.session])
        if kind in _LOCKS:
            execute(_LOCKS[kind], [ids[0]])
    parameters_of_query = [one.hex for one in ids]
    asked = arguments(actor.session, clock.now())
    moments = asked[1:2] * _MOMENTS.get(kind, 0)
    found = row(_QUERIES[kind], [*moments, *parameters_of_query, *asked])
    if found is None:
        if kind == "region" or row(_QUERIES["region"], asked) is None:
            raise SignedOut
        raise Unknown(kind)
    return _BUILD[kind](who(found, actor), found)


_SYSTEM_GROUP = f"""
    SELECT g.id, g.kind, g.organization_id, g.key_id, g.last_seq,
      COALESCE(g.closed_at, g.archived_at), g.patient_id,
      {", ".join(["NULL"] * 9)},
      {_CONSENT}, {", ".join(["NULL"] * 8)},
      g.archived_at, NULL, g.entry, g.listing, g.erase_at
    FROM group_group g
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL
    WHERE g.id = %s"""
_SYSTEM_PATIENT = f"""
    SELECT p.id, p.organization_id, {_CONSENT}, p.erase_at
    FROM patient_patient p
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE p.id = %s"""


def _of_system(name: str, kind: str, on: On) -> Standing:
    """The standing of the system itself: nobody's, but of the thing it acts on."""
    system = Who(account=None, region=None, system=name)
    if kind == "organization" and isinstance(on, UUID):
        return Standing(system, what=What(target_organization=on))
    if kind == "erasure" and isinstance(on, UUID):
        return Standing(system, what=What(erasure=Wished(on, UUID(int=0))))
    if kind not in ("group", "patient") or not isinstance(on, UUID):
        return Standing(system)
    found = row(_SYSTEM_GROUP if kind == "group" else _SYSTEM_PATIENT, [on.hex])
    if found is None:
        raise Unknown(kind)
    return Standing(system, _where(found) if kind == "group" else _where_patient(found))
