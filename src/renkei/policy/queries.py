"""What is asked of the database for a standing: one query for each kind of thing.

The columns of who asks come first (``policy.who``), then those of the group, then those of the
thing in question; ``policy.building`` reads them in this order.
"""

from renkei.people.selectors import ADMINISTERS, IN_OFFICE
from renkei.policy.who import COLUMNS, CONDITION, TABLES, joining

# Whether there still is who a group without a patient cannot do without: of a free group a manager
# in office, of a direct one the other of the two. Of other groups it is not asked.
_ATTENDED = f"""
    CASE WHEN g.kind IN ('free', 'direct') THEN EXISTS (
      SELECT 1 FROM group_member x
      JOIN people_practitionerrole xr ON xr.id = x.role_id
      JOIN people_organization xo ON xo.id = xr.organization_id
      JOIN people_account xa ON xa.id = x.account_id
      WHERE x.group_id = g.id AND x.ended_at IS NULL AND {IN_OFFICE.format(role="xr")}
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
GROUP_WIDTH = 33

_PATIENT = f""",
    p.id, p.organization_id, {_CONSENT}, p.erase_at"""
_FROM_PATIENT = """
    JOIN patient_patient p ON p.id = %s
    JOIN people_organization po ON po.id = p.organization_id AND po.region_id = a.region_id
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL"""

_MESSAGE = ", t.id, t.seq, t.sender_id, t.event, t.withdrawn_at, t.version, t.importance"
MESSAGE_WIDTH = 7
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
COLLEAGUE_WIDTH = 10
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

_INCIDENT = """,
    ti.id, ti.organization_id, ti.kind, ti.severity, ti.account_id, ti.closed_at"""
_FROM_INCIDENT = " JOIN incident_incident ti ON ti.id = %s AND ti.region_id = a.region_id"

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

# Open as long as the patient is still the proposer's: what became of it meanwhile decides.
_HAND_OVER = _PATIENT + ", th.id, th.state, th.source_id, tor.id"
_FROM_HAND_OVER = f"""
    JOIN patient_handover th ON th.id = %s
    JOIN patient_patient p ON p.id = th.patient_id
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    {_IN_LEDGER.format("th.target_id")}"""


def _query(columns: str, tables: str) -> str:
    return f"SELECT {COLUMNS}{columns} {TABLES}{tables}{CONDITION}"


QUERIES = {
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
MOMENTS = {  # how often a kind's columns ask for the moment, before anything else is asked
    **dict.fromkeys(("group", "communication", "task", "attachment", "reuse"), _GROUP.count("%s")),
    **dict.fromkeys(("invitee", "invitation", "member"), (_GROUP + _COLLEAGUE).count("%s")),
    "staff": _COLLEAGUE.count("%s"),
    "device": _DEVICE.count("%s"),
    "take_out": _TAKE_OUT.count("%s"),
    "draft": _DRAFT.count("%s"),
}

SYSTEM_GROUP = f"""
    SELECT g.id, g.kind, g.organization_id, g.key_id, g.last_seq,
      COALESCE(g.closed_at, g.archived_at), g.patient_id,
      {", ".join(["NULL"] * 9)},
      {_CONSENT}, {", ".join(["NULL"] * 8)},
      g.archived_at, NULL, g.entry, g.listing, g.erase_at
    FROM group_group g
    LEFT JOIN patient_consent c ON c.patient_id = g.patient_id AND c.ended_at IS NULL
    WHERE g.id = %s"""
SYSTEM_PATIENT = f"""
    SELECT p.id, p.organization_id, {_CONSENT}, p.erase_at
    FROM patient_patient p
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE p.id = %s"""
