"""Loading a standing: one query per kind of thing.

Within a use case the rows that could end the standing are locked first, so that what was judged
still holds at commit.
"""

from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import execute, on_postgresql, row
from renkei.kernel.errors import SignedOut, Unknown
from renkei.policy.building import BUILD, where, where_patient
from renkei.policy.queries import MOMENTS, QUERIES, SYSTEM_GROUP, SYSTEM_PATIENT
from renkei.policy.standing import Actor, On, Standing, What, Who, Wished
from renkei.policy.who import arguments, who

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
        kind: a key of ``QUERIES``.
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
    moments = asked[1:2] * MOMENTS.get(kind, 0)
    found = row(QUERIES[kind], [*moments, *parameters_of_query, *asked])
    if found is None:
        if kind == "region" or row(QUERIES["region"], asked) is None:
            raise SignedOut
        raise Unknown(kind)
    return BUILD[kind](who(found, actor), found)


def _of_system(name: str, kind: str, on: On) -> Standing:
    """The standing of the system itself: nobody's, but of the thing it acts on."""
    system = Who(account=None, region=None, system=name)
    if kind == "organization" and isinstance(on, UUID):
        return Standing(system, what=What(target_organization=on))
    if kind == "erasure" and isinstance(on, UUID):
        return Standing(system, what=What(erasure=Wished(on, UUID(int=0))))
    if kind not in ("group", "patient") or not isinstance(on, UUID):
        return Standing(system)
    found = row(SYSTEM_GROUP if kind == "group" else SYSTEM_PATIENT, [on.hex])
    if found is None:
        raise Unknown(kind)
    return Standing(system, where(found) if kind == "group" else where_patient(found))
