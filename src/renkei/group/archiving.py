"""Groups that rest: read, not written, out of the daily lists, and brought back (A11.6, N2.1).

Nothing moves there by itself. Managers are asked, and may say "not yet".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext_noop

from renkei.group.about import open_about
from renkei.group.membership import REASON_LENGTH, checked_reason, group_of, say
from renkei.group.models import Group, Invitation
from renkei.group.selectors import FROM_VISIBLE, VISIBLE, reaching
from renkei.group.shell import GroupLine, Shell, shell
from renkei.kernel import clock, vault
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text, sort_key
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity, Patient
from renkei.policy.rules import may
from renkei.policy.standing import Standing, What, Where, Who
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.edition import edition_of

NOT_YET: Final = timedelta(days=30)  # after which it is proposed again
PROPOSED: Final = ("patient", "family", "free")  # kinds of groups that are proposed when quiet
OF_GROUPS: Final = ("death", "quiet", "charter")  # what home says of a group, and not of a patient


@use_case("group.archive", on="group")
def archive_group(change: Change, *, reason: str = "") -> None:
    """Move the group to the archive; a word about why is welcome, and not asked for (A11.6)."""
    group = group_of(change)
    change.about("Group", group.id)
    put_away(change, group, clean_text(reason).strip()[:REASON_LENGTH])


def put_away(change: Change, group: Group, words: str) -> None:
    """Archive a group that is locked: nobody writes or joins, and it leaves the daily lists."""
    say(change, group, "archived", subject=None, text=words)
    group.archived_at, group.asked_again_at = change.now, None
    group.save(update_fields=["archived_at", "asked_again_at"])
    group.invitations.filter(state=Invitation.State.OPEN).update(
        state=Invitation.State.TAKEN_BACK, closed_at=change.now
    )
    change.end_standings(group=group.id)


@use_case("group.bring_back", on="group")
def bring_back_group(change: Change, *, reason: str) -> None:
    """Bring the group back from the archive, with a reason; what was ended stays ended (A11.6).

    Raises:
        Problem: no reason was given.
    """
    group = group_of(change)
    change.about("Group", group.id)
    cleaned = checked_reason(reason)
    group.archived_at, group.asked_again_at = None, change.now + NOT_YET
    group.save(update_fields=["archived_at", "asked_again_at"])
    say(change, group, "back", subject=None, text=cleaned)
    change.end_standings(group=group.id)


@use_case("group.put_off", on="group")
def put_off_archiving(change: Change) -> None:
    """Not yet: the group stays where it is, and nobody is asked for a while (A11.6, N2.1)."""
    group = group_of(change)
    if group.closed_at is not None:
        raise Problem(gettext_noop("This group has been ended. Members can still read."))
    group.asked_again_at = change.now + NOT_YET
    group.save(update_fields=["asked_again_at"])
    change.about("Group", group.id, again=group.asked_again_at.date().isoformat())


# ── What home asks ───────────────────────────────────────────────────────────────────────────────


class Waiting(NamedTuple):
    """Something about the life of a group or patient that waits for somebody."""

    kind: str  # quiet · death · charter · hand_over · same_asked · hand_asked · same
    id: UUID | None
    identity: Identity | None
    number: int = 0
    since: datetime | None = None
    organization: str = ""


# Each part gives: a word, whose, since when, how many, an organization, and a sealed identity.
_GROUPS = """
    SELECT CASE WHEN p.deceased_at IS NOT NULL THEN 'death' ELSE 'quiet' END AS word, g.id AS thing,
      COALESCE(p.deceased_at, t.posted_at, g.opened_at) AS since, 0 AS number, '' AS place,
      CAST(NULL AS uuid) AS whose, CAST(NULL AS uuid) AS key_id,
      CAST(NULL AS bytea) AS sealed
    FROM group_member m JOIN group_group g ON g.id = m.group_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    LEFT JOIN communication_communication t ON t.group_id = g.id AND t.seq = g.last_seq
    WHERE m.account_id = %s AND m.ended_at IS NULL AND m.manager
      AND (g.asked_again_at IS NULL OR g.asked_again_at <= %s)
      AND (p.deceased_at IS NOT NULL OR COALESCE(t.posted_at, g.opened_at) <= %s)"""
_CHARTERS = """
    SELECT 'charter', c.group_id, c.written_at, 0, '',
      CAST(NULL AS uuid), CAST(NULL AS uuid), CAST(NULL AS bytea)
    FROM group_member m JOIN group_charter c ON c.group_id = m.group_id AND c.ended_at IS NULL
    JOIN group_group g ON g.id = c.group_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    WHERE m.account_id = %s AND m.ended_at IS NULL AND p.deceased_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM group_charterreading r
        WHERE r.charter_id = c.id AND r.account_id = m.account_id)"""
_TO_TAKE_OVER = """
    SELECT 'hand_over', h.id, h.proposed_at, 0, o.name, p.id, p.key_id, p.identity_sealed
    FROM patient_handover h JOIN patient_patient p ON p.id = h.patient_id
    JOIN people_organization o ON o.id = h.source_id
    WHERE h.target_id = %s AND h.state = 'open' AND p.organization_id = h.source_id"""
_ANSWERED = """
    SELECT CASE WHEN h.state = 'accepted' THEN 'taken_over' ELSE 'not_taken' END, h.id,
      h.answered_at, 0, o.name, p.id, p.key_id, p.identity_sealed
    FROM patient_handover h JOIN patient_patient p ON p.id = h.patient_id
    JOIN people_organization o ON o.id = h.target_id
    WHERE h.source_id = %s AND h.proposed_by_id = %s AND h.state IN ('accepted', 'declined')
      AND h.answered_at > %s"""
_ALIKE = """
    SELECT * FROM (SELECT CASE WHEN s.handing_id = p.id THEN 'hand_asked' ELSE 'same_asked' END,
      p.id AS thing, s.asked_at, 0, '', p.id AS whose, p.key_id, p.identity_sealed
    FROM patient_sameperson s
    JOIN patient_patient p ON p.id IN (s.one_id, s.other_id)
    WHERE s.region_id = %s AND s.asked_at IS NOT NULL AND s.closed_at IS NULL
      AND p.organization_id = %s AND (s.handing_id = p.id
        OR CASE WHEN p.id = s.one_id THEN s.one_answer ELSE s.other_answer END = '')
      AND NOT EXISTS (SELECT 1 FROM patient_handover h
        WHERE h.patient_id = p.id AND h.state = 'open') ORDER BY p.id, s.id) y"""
_OF_OPERATOR = """
    SELECT * FROM (SELECT 'same' AS word, CAST(NULL AS uuid) AS thing, MAX(s.noticed_at) AS since,
      COUNT(*) AS number, '' AS place,
      CAST(NULL AS uuid) AS whose, CAST(NULL AS uuid) AS key_id, CAST(NULL AS bytea) AS sealed
    FROM patient_sameperson s
    JOIN patient_patient p ON p.id = s.one_id JOIN patient_patient q ON q.id = s.other_id
    WHERE s.region_id = %s AND s.closed_at IS NULL AND p.organization_id <> q.organization_id
      AND (s.asked_at IS NULL OR (s.handing_id IS NULL
        AND s.one_answer = 'same' AND s.other_answer = 'same'))) x WHERE x.number > 0"""
_TOLD_FOR: Final = timedelta(days=14)  # how long home says what became of a proposal


def _parts(standing: Standing, lines: Sequence[GroupLine]) -> Iterator[tuple[str, list[Any]]]:
    who, now = standing.who, clock.now()
    assert who.account is not None
    if any(one.manager for one in lines):
        before = clock.to_us(now - timedelta(days=_quiet_days(who)))
        yield _GROUPS, [who.account.hex, clock.to_us(now), before]
    if lines:
        yield _CHARTERS, [who.account.hex]
    own = who.organization
    if own and may(Standing(who, what=What(target_organization=own)), "hand_over.list"):
        yield _TO_TAKE_OVER, [own.hex]
        yield _ANSWERED, [own.hex, who.account.hex, clock.to_us(now - _TOLD_FOR)]
        if who.region and may(Standing(who, Where(organization=own)), "same_person.answer"):
            yield _ALIKE, [who.region.hex, own.hex]
    if who.region and may(standing, "same_person.list"):
        yield _OF_OPERATOR, [who.region.hex]


def _quiet_days(who: Who) -> int:
    assert who.region is not None
    return int(parameters.of(edition_of(who.region))["quiet_days"])


def waiting_for(standing: Standing, lines: Sequence[GroupLine]) -> list[Waiting]:
    """What waits for the person, in one query; of groups, those among ``lines``."""
    parts = list(_parts(standing, lines))
    if not parts:
        return []
    asked = " UNION ALL ".join(sql for sql, _ in parts)
    found = rows(asked, [one for _, ids in parts for one in ids])
    if not found:
        return []
    running = {one.id: one for one in lines if not one.closed and one.kind in PROPOSED}
    waiting = []
    for word, thing, since, number, place, whose, key, sealed in found:
        about, identity = as_uuid(thing), None
        if word in OF_GROUPS:
            if about not in running:
                continue
            identity = running[about].identity
        elif whose is not None:
            identity = open_identity(id_of(whose), id_of(key), sealed)
        waiting.append(Waiting(word, about, identity, number, from_us(since), place))
    return waiting


# ── The archive ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Archived:
    """A group in the archive, or a patient whose group is there."""

    group: UUID | None  # the person reads it
    patient: UUID | None  # the person keeps the record
    kind: str
    identity: Identity | None
    at: datetime
    deceased: bool
    title: str = ""  # of a free group its name


@dataclass(frozen=True, slots=True)
class Archive:
    """What rests: groups one is in, and other patients whose record one keeps."""

    groups: list[Archived]
    records: list[Archived]
    shell: Shell


_ARCHIVED = f"""
    SELECT g.id, g.kind, g.archived_at, p.id, p.key_id, p.identity_sealed, p.deceased_at,
      g.key_id, g.about_sealed
    {FROM_VISIBLE} WHERE {VISIBLE} AND g.archived_at IS NOT NULL"""


def _archived(found: tuple[Any, ...]) -> Archived:
    group, patient, key = id_of(found[0]), as_uuid(found[3]), as_uuid(found[4])
    return Archived(
        group=group,
        patient=None,
        kind=found[1],
        identity=open_identity(patient, key, found[5]) if patient and key else None,
        at=from_us(found[2]),
        deceased=found[6] is not None,
        title=open_about(group, id_of(found[7]), found[8]).name if found[8] else "",
    )


def _order(one: Archived) -> str:
    return sort_key(one.identity.kana if one.identity else one.title)


@disclosure("home.see", on="region")
def see_archive(standing: Standing) -> Archive:
    """The archive of one person: found by its members, and by who keeps the record (A11.6)."""
    who = standing.who
    found = rows(_ARCHIVED, reaching(who.reach))
    vault.warm(as_uuid(one[at]) for one in found for at in (4, 7))
    groups = [_archived(one) for one in found]
    records: list[Archived] = []
    own = who.organization
    if own and may(Standing(who, Where(organization=own)), "patient.see"):
        known = {patient for one in found if (patient := as_uuid(one[3]))}
        resting = Patient.objects.filter(
            organization=own, groups__kind="patient", groups__archived_at__isnull=False
        ).exclude(pk__in=known)
        records = [
            Archived(
                None,
                one.id,
                "patient",
                open_identity(one.id, one.key_id, one.identity_sealed),
                one.archived_at,
                one.deceased_at is not None,
            )
            for one in resting.annotate(archived_at=Max("groups__archived_at"))
        ]
    return Archive(sorted(groups, key=_order), sorted(records, key=_order), shell(standing))
