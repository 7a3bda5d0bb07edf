"""ホーム: what there is to do, what is unread, what the operator has to say."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError

from renkei.backup.disclosures import concern
from renkei.communication.asking_again import First, first_for
from renkei.communication.selectors import unread_mentions
from renkei.communication.tasks import waiting_tasks
from renkei.device.waiting import waiting_for as waiting_for_devices
from renkei.disclosure.to_erase import waiting_for as waiting_for_erasing
from renkei.disclosure.waiting import waiting_for as waiting_for_reuse
from renkei.enrollment.joining import Place, unfinished
from renkei.enrollment.own_rules import waits_for_confirmation
from renkei.group.archiving import waiting_for as life
from renkei.group.disclosures import (
    GroupLine,
    Newest,
    Shell,
    newest_of,
    open_identity,
    shell,
)
from renkei.group.models import Group
from renkei.incident.desk import waiting_for
from renkei.incident.overview import Stopped, own_stop, unmanaged
from renkei.kernel import clock, vault
from renkei.kernel.clock import JAPAN, from_us
from renkei.kernel.database import as_day, as_uuid, execute, for_update, id_of, rows
from renkei.patient.models import Identity
from renkei.people.cards import has_card
from renkei.people.changes import changes_to_note
from renkei.people.disclosures import PasswordState, password_state
from renkei.people.faces import COLUMNS, WIDTH, Face, face, open_profile
from renkei.people.joining import asked_of
from renkei.people.models import PractitionerRole
from renkei.people.reminders import WARNINGS
from renkei.people.staff import resets_to_note
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor, On, Standing, What, Where, Who
from renkei.policy.use_case import disclosure, own_record
from renkei.region.notices import NoticeLine, notices
from renkei.review.waiting import waiting_for as waiting_for_review
from renkei.safety.tasks import Due
from renkei.safety.tasks import tasks as disaster_tasks
from renkei.training.cards import Page
from renkei.training.hints import hint_for
from renkei.training.waiting import waiting_for as waiting_for_training

SHOWN: Final = 20  # unread groups on the page; the rest stand in the list of patients
CANDIDATES: Final = 50  # invitations looked at for approval
CONSENTS: Final = 5  # patients without consent named one by one


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, about whom, until when."""

    # backup answer approve consent copy seek consents password card reset photo kana incident
    # unmanaged check own_out devices take_outs first registered pledge renamed leavings
    # two_addresses administrators network training training_staff rules reuse
    # family_off quiet death charter hand_over taken_over not_taken same_asked hand_asked same
    # review reviews reviews_late account_review account_review_left
    # abandoned wishes connections listings todo todo_left
    # erasures erasure returned
    kind: str
    id: UUID | None = None
    organization: str = ""
    face: Face | None = None
    identity: Identity | None = None
    until: datetime | date | None = None
    count: int = 0
    mine: bool = True  # False if somebody else has to do it and the person can only ask
    # about copies: kind and state of ``backup.judgement.Line``; a course's title; a group's kind
    what: str = ""
    code: str = ""  # of a course


@dataclass(frozen=True, slots=True)
class Preview:
    """A message whose first words home shows to a member for the first time."""

    member: UUID
    group: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Home:
    """The three blocks, and the frame around them."""

    shell: Shell
    tasks: list[Task]
    unread: list[tuple[GroupLine, Newest | None]]  # latest first, at most ``SHOWN``
    unread_groups: int
    notices: list[NoticeLine]
    stopped: Stopped | None  # what one's organization, or the operator, keeps one from
    joining: list[Place]  # where something is missing before patients' data opens (A3, A9)
    disaster: list[Due]  # what a disaster use gives the person to do, before all else
    first: Sequence[tuple[GroupLine, First]] = ()  # what matters and was not read in time
    meant: Mapping[UUID, int] = field(default_factory=dict)  # unread messages that mean one
    hint: Page | None = None  # points to note of a role that the person has not seen yet (A10)


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
_CONSENTS = """
    SELECT p.id, p.key_id, p.identity_sealed, c.state, c.seek_by, p.organization_id
    FROM patient_patient p
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE {}
      AND (c.id IS NULL OR (c.state = 'given'
            AND (c.copy_given_on IS NULL OR c.original_kept_by_id IS NULL))
        OR (c.state = 'exempt_life' AND c.seek_by <= %s))
      AND p.deceased_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL)
    ORDER BY p.registered_at DESC"""
_NEWEST = """
    SELECT g.id, t.id, g.key_id, t.version, t.text,
      CASE WHEN t.withdrawn_by_id <> t.sender_id THEN 'hidden' ELSE t.event END,
      t.importance, t.withdrawn_at,
      t.sent_at, ta.id, ta.key_id, ta.profile_sealed, t.seq, m.id, m.previewed_seq
    FROM group_group g
    JOIN group_member m ON m.group_id = g.id AND m.account_id = %s AND m.ended_at IS NULL
    JOIN communication_communication t ON t.group_id = g.id AND t.seq = g.last_seq
    JOIN people_account ta ON ta.id = t.sender_id
    WHERE g.id IN ({}) ORDER BY t.posted_at DESC LIMIT {}"""


def _copies(standing: Standing) -> Iterator[Task]:
    """Copies of the installation that are missing, old or broken, for the operator (A2)."""
    if may(standing, "backup.see") and (line := concern(standing)):
        yield Task("backup", what=f"{line.kind}_{line.state}")


def _network(standing: Standing) -> Iterator[Task]:
    """The region's network group, where the operator has none yet (A18)."""
    if (
        may(standing, "network.open")
        and not Group.objects.filter(region=standing.who.region, kind=Group.Kind.NETWORK).exists()
    ):
        yield Task("network")


def _to_answer(standing: Standing, now: int) -> Iterator[Task]:
    assert standing.who.account is not None
    for found in rows(_TO_ANSWER, [now, standing.who.account.hex]):
        yield Task("answer", as_uuid(found[0]), organization=found[1], until=from_us(found[2]))


def _to_approve(standing: Standing, now: int) -> Iterator[Task]:
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


def _resets(standing: Standing) -> Iterator[Task]:
    """Access of one's organization's people that somebody else made anew (A14.1)."""
    for one in resets_to_note(standing):
        yield Task("reset", one.link, organization=one.by, face=one.who, until=one.at)


def _consent_kind(state: str | None) -> str:
    if state is None:
        return "consent"
    return "copy" if state == "given" else "seek"


def _organization_to_see_to(who: Who) -> str | None:
    """The organization whose patients' consents the person may look through, on this device."""
    asked = Standing(who, what=What(target_organization=who.organization))
    return who.organization.hex if who.organization and may(asked, "organization.see") else None


def _consents(standing: Standing, groups: list[GroupLine]) -> list[Task]:
    """Patients whose consent is missing or incomplete, for those who see to it (A6, F3)."""
    who = standing.who
    managed = {line.patient: line.id for line in groups if line.manager and line.patient}
    own = _organization_to_see_to(who)
    if own is None and not managed:
        return []
    places = ", ".join(["%s"] * len(managed))
    among = [f"p.id IN ({places})"] * bool(managed) + ["p.organization_id = %s"] * bool(own)
    ids = [patient.hex for patient in managed] + ([own] if own else [])
    found = rows(_CONSENTS.format(f"({' OR '.join(among)})"), [*ids, clock.today().isoformat()])
    tasks = [_consent(standing, one, managed) for one in found[:CONSENTS]]
    if own and len(found) > CONSENTS:
        tasks.append(Task("consents", who.organization, count=len(found) - CONSENTS))
    return tasks


def _consent(standing: Standing, found: tuple[Any, ...], managed: dict[UUID, UUID]) -> Task:
    """What is missing of one patient's consent; whoever may not record it can only ask."""
    who = standing.who
    patient, key = as_uuid(found[0]), as_uuid(found[1])
    assert patient is not None and key is not None
    where = Where(organization=id_of(found[5]), patient=patient)
    mine = may(Standing(who, where), "consent.record")
    seek_by = found[4]
    return Task(
        _consent_kind(found[3]),
        patient if mine else managed.get(patient),
        identity=open_identity(patient, key, found[2]),
        until=as_day(seek_by),
        mine=mine,
    )


_ASKED_OF_ONE = """
    SELECT 'wishes', q.group_id, COUNT(*) FROM group_joinrequest q
    JOIN group_group g ON g.id = q.group_id AND g.closed_at IS NULL
    JOIN group_member m ON m.group_id = g.id AND m.account_id = %s AND m.manager
      AND m.ended_at IS NULL
    WHERE q.state = 'open' GROUP BY q.group_id
    UNION ALL
    SELECT 'connections', NULL, COUNT(*) FROM group_connection c
    WHERE c.asked_id = %s AND c.state = 'asked' AND NOT EXISTS (
      SELECT 1 FROM group_block b WHERE b.by_id = %s AND b.of_id = c.asker_id
        AND b.lifted_at IS NULL)"""
_LISTINGS = """
    SELECT COUNT(*) FROM group_group
    WHERE region_id = %s AND listing = 'asked' AND closed_at IS NULL"""


def _with_colleagues(who: Who) -> Iterator[Task]:
    """Who asks to be let into a free group (A12.3), or to be connected (A13.1)."""
    if who.account is None or who.organization is None:
        return
    for kind, group, count in rows(_ASKED_OF_ONE, [who.account.hex] * 3):
        if count:
            yield Task(kind, as_uuid(group), count=count)


def _listings(standing: Standing) -> Iterator[Task]:
    """Free groups that ask to be named on the public page, for the operator (A19.2)."""
    if may(standing, "listing.see") and standing.who.region is not None:
        ((count,),) = rows(_LISTINGS, [standing.who.region.hex])
        if count:
            yield Task("listings", count=count)


def _as_responsible(standing: Standing) -> Iterator[Task]:
    """Incidents to see to (N3.10, N3.11), and groups that nobody manages any more (N2.2)."""
    who = standing.who
    count, first, due, call_back = waiting_for(who)
    if count:
        yield Task("incident", first, until=due, count=count, mine=call_back)
    left, free = unmanaged(who)
    if left:
        yield Task("unmanaged", count=left)
    for group, name in free:
        yield Task("abandoned", group, what=name)


def _of_erasing(who: Who) -> Iterator[Task]:
    """Erasures to confirm, for the operator; a signed request to file, for who asked (A11.7)."""
    for one in waiting_for_erasing(who):
        yield Task(one.kind, one.first, organization=one.organization, count=one.count)


def _of_devices(who: Who) -> Iterator[Task]:
    """The device in one's hand, the ledger and what was taken out (A8.2, A14.6, A15.9)."""
    for word, count in waiting_for_devices(who):
        until = from_us(who.device_until) if word == "check" else None
        yield Task(word, who.device, until=until, count=count)


def _of_training(who: Who) -> Iterator[Task]:
    """Courses that are missing or end soon, of oneself and of one's staff (A9)."""
    for one in waiting_for_training(who):
        yield Task(one.kind, until=one.until, count=one.count, what=one.title, code=one.code)


def _of_reuse(standing: Standing, groups: list[GroupLine]) -> Iterator[Task]:
    """Who wants to use what one wrote, and what one may open oneself (A16)."""
    identities = {line.id: line.identity for line in groups}
    assert standing.who.account is not None
    for one in waiting_for_reuse(standing.who.account, set(identities)):
        yield Task(
            "reuse",
            one.request,
            organization=one.organization,
            identity=identities[one.group],
            what=one.word,
        )


TODOS: Final = 8  # groups with tasks named one by one


def _to_do(account: UUID, groups: list[GroupLine]) -> Iterator[Task]:
    """What one has to do in one's groups, and in those one manages what has nobody any more."""
    lines = {line.id: line for line in groups if not line.closed and not line.deceased}
    managed = [line.id for line in lines.values() if line.manager]
    for one in waiting_tasks(account, list(lines), managed)[:TODOS]:
        line = lines[one.group]
        yield Task(
            "todo" if one.mine else "todo_left",
            one.group,
            identity=line.identity,
            until=one.due,
            count=one.count,
            what=line.title,
        )


_FAMILY_OFF: Final = """
    SELECT g.id, p.id, p.key_id, p.identity_sealed FROM group_member m
    JOIN group_group g ON g.id = m.group_id
    JOIN patient_patient p ON p.id = g.patient_id
    JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE m.account_id = %s AND m.manager AND m.ended_at IS NULL AND g.kind = 'family'
      AND g.closed_at IS NULL AND g.archived_at IS NULL AND g.erase_at IS NULL
      AND ',' || c.declined || ',' LIKE %s
    ORDER BY g.opened_at"""


def _family_off(standing: Standing) -> Iterator[Task]:
    """Groups with the family that the patient does not want any more, for who manages them (P4).

    Nobody can read there, so the timeline tells nobody; relatives have to be told, and the group
    ended, unless the patient thinks better of it.
    """
    who = standing.who
    if who.account is None or who.family:
        return
    for found in rows(_FAMILY_OFF, [who.account.hex, "%,4,%"]):
        patient = id_of(found[1])
        identity = open_identity(patient, id_of(found[2]), found[3])
        yield Task("family_off", as_uuid(found[0]), identity=identity)


def _of_groups(standing: Standing, around: Shell) -> Iterator[Task]:
    """What waits about the life of groups and patients (A4, A11.6, A11.8, N2.1)."""
    for one in life(standing, around.groups):
        yield Task(
            one.kind,
            one.id,
            organization=one.organization,
            identity=one.identity,
            until=one.since,
            count=one.number,
        )


def _of_reviews(standing: Standing, groups: list[GroupLine]) -> Iterator[Task]:
    """Groups to go through, one's own people, and what is late with others (N1.2)."""
    manages = any(line.manager and not line.closed for line in groups)
    for one in waiting_for_review(standing, manages=manages):
        yield Task(
            one.kind, one.group, identity=one.identity, until=one.until, count=one.count,
            what=one.of,
        )  # fmt: skip


_RETURNED = """
    SELECT 1 FROM notification_preference WHERE account_id = %s AND returned_at IS NOT NULL"""


def _about_oneself(standing: Standing, me: Face) -> Iterator[Task]:
    """The password that ends soon (A14.3), own rules to read (A22), a card (A20), face (N3.5)."""
    state = password_state(standing)
    if _warned_today(state):
        yield Task("password", until=state.until, count=state.days_left)
    if waits_for_confirmation(standing):
        yield Task("rules")
    if rows(_RETURNED, [me.account.hex]):
        yield Task("returned")
    if standing.who.family:
        return
    if not has_card(me.account):
        yield Task("card")
    if not me.kana:
        yield Task("kana")
    if not me.photo:
        yield Task("photo")


_PROFILE = "SELECT key_id, profile_sealed FROM people_account WHERE id = %s"
_LEAVINGS = """
    SELECT COUNT(*) FROM people_practitionerrole
    WHERE organization_id = %s AND ended_at IS NULL AND until <= %s"""


def _as_staff(standing: Standing) -> Iterator[Task]:
    """Who says that one works for them, form 3 to sign (A9), a name that somebody corrected."""
    who = standing.who
    assert who.account is not None
    for one in asked_of(standing):
        kind = "two_addresses" if who.family else "registered"  # one works with another ID (A11.5)
        yield Task(kind, one.id, organization=one.organization, what=one.profession)
    if who.role is not None and who.organization is not None and not who.joined.pledged:
        role = PractitionerRole.objects.select_related("organization").get(pk=who.role)
        yield Task("pledge", role.id, organization=role.organization.name)
    ((key, sealed),) = rows(_PROFILE, [who.account.hex])
    if open_profile(who.account, id_of(key), sealed).get("corrected"):
        yield Task("renamed")


def _of_staff(standing: Standing) -> Iterator[Task]:
    """Leavings whose day is over (N3.7); changes of administrators, for the operator (A7)."""
    who = standing.who
    if who.administrator and who.organization is not None:
        ((count,),) = rows(_LEAVINGS, [who.organization.hex, clock.to_us(clock.now())])
        if count:
            yield Task("leavings", count=count)
    if who.operator and (told := changes_to_note(standing)):
        yield Task("administrators", count=len(told), organization=told[0].who.organization)


def _warning_since(state: PasswordState) -> datetime | None:
    """When the warning that is due now began to be due: 14, 7 or 1 days before the end."""
    if state.until is None:
        return None
    starts = (state.until - timedelta(days=days) for days in WARNINGS)
    return next((start for start in starts if start <= clock.now()), None)


def _warned_today(state: PasswordState) -> bool:
    """Whether to warn: on the first day on which the person sees each warning, not every day."""
    warned = state.warned_at
    today = warned is not None and warned.astimezone(JAPAN).date() == clock.today()
    return _warns_anew(state) or (today and _warning_since(state) is not None)


def _warns_anew(state: PasswordState) -> bool:
    since = _warning_since(state)
    return since is not None and (state.warned_at is None or state.warned_at < since)


def _note_warning(standing: Standing) -> None:
    """Take note of the first showing of a warning; nothing is written for the next ones."""
    assert standing.who.account is not None
    if _warns_anew(password_state(standing)):
        with own_record(standing, "home.see", f"Account/{standing.who.account.hex}") as change:
            change.silent = True
            execute(
                "UPDATE people_account SET password_warned_at = %s WHERE id = %s",
                [change.now_us, standing.who.account.hex],
            )


Unread = list[tuple[GroupLine, Newest | None]]


def _unread(account: UUID, lines: list[GroupLine]) -> tuple[Unread, list[Preview]]:
    """The groups with news, latest first, each with its newest entry; whose words are new."""
    waiting = {line.id: line for line in lines if line.unread > 0}
    if not waiting:
        return [], []
    places = ", ".join(["%s"] * len(waiting))
    ids = [account.hex, *(group.hex for group in waiting)]
    found = rows(_NEWEST.format(places, SHOWN), ids)
    vault.warm(as_uuid(one[at]) for one in found for at in (2, 10))
    shown: Unread = []
    new = []
    for one in found:
        group, member, seq = as_uuid(one[0]), as_uuid(one[13]), one[12]
        assert group is not None and member is not None
        newest = newest_of(one[1:12])
        shown.append((waiting[group], newest))
        if newest is not None and newest.text and seq > one[14]:
            new.append(Preview(member, group, seq))
    return shown, new


def _disaster(standing: Standing, around: Shell) -> list[Due]:
    """What a disaster use gives the person to do."""
    open_ones = [
        one
        for one in around.groups
        if one.kind == "patient" and not one.closed and not one.deceased
    ]
    patients = {one.patient for one in open_ones if one.patient}
    return list(disaster_tasks(standing, around.band, patients))


def see_home(actor: Actor, on: On) -> Home:
    """Everything on ホーム; the number of queries does not grow with the number of groups.

    Whose first words stand there for the first time is recorded before this returns. Where that
    cannot be, because the disk is full or locked, they are left out, and the rest is shown.
    """
    home, standing, new = _home(actor, on)
    if new:
        try:
            _record(standing, new)
        except DatabaseError:
            unrecorded = {one.group for one in new}
            shown = [(line, None if line.id in unrecorded else one) for line, one in home.unread]
            home = replace(home, unread=shown)
    if any(task.kind == "password" for task in home.tasks):
        with suppress(DatabaseError):  # then it is shown once more
            _note_warning(standing)
    return home


def _record(standing: Standing, new: list[Preview]) -> None:
    """One line in the reader's own stream, and one statement, for all groups together."""
    assert standing.who.account is not None
    with own_record(standing, "home.see", f"Account/{standing.who.account.hex}") as change:
        ids = [one.member.hex for one in new]
        places = ", ".join(["%s"] * len(ids))
        kept = {
            as_uuid(member): seq  # two windows of one person wait for each other here
            for member, seq in rows(
                f"SELECT id, previewed_seq FROM group_member WHERE id IN ({places}) ORDER BY id"
                + for_update("group_member"),
                ids,
            )
        }
        new = [one for one in new if one.seq > kept.get(one.member, one.seq)]
        change.silent = not new
        change.detail["previewed"] = [[one.group.hex, one.seq] for one in new]
        if new:
            _move(new)


def _move(new: list[Preview]) -> None:
    steps = " ".join(["WHEN id = %s THEN %s"] * len(new))
    places = ", ".join(["%s"] * len(new))
    execute(
        f"UPDATE group_member SET previewed_seq = CASE {steps} ELSE previewed_seq END"
        f" WHERE id IN ({places})",
        [part for one in new for part in (one.member.hex, one.seq)]
        + [one.member.hex for one in new],
    )


@disclosure("home.see", on="region")
def _home(standing: Standing) -> tuple[Home, Standing, list[Preview]]:
    around = shell(standing)
    unread, new = _unread(around.me.face.account, around.groups)
    news = {line.id: line for line in around.groups if line.unread > 0 and not line.closed}
    now = clock.to_us(clock.now())
    tasks: list[Task] = [
        *_copies(standing),
        *_network(standing),
        *_listings(standing),
        *_as_responsible(standing),
        *_of_erasing(standing.who),
        *_of_devices(standing.who),
        *_as_staff(standing),
        *_of_staff(standing),
        *_to_do(around.me.face.account, around.groups),
        *_to_answer(standing, now),
        *_to_approve(standing, now),
        *_of_reuse(standing, around.groups),
        *_with_colleagues(standing.who),
        *_resets(standing),
        *_of_training(standing.who),
        *_of_reviews(standing, around.groups),
        *_consents(standing, around.groups),
        *_family_off(standing),
        *_of_groups(standing, around),
        *_about_oneself(standing, around.me.face),
    ]
    home = Home(
        shell=around,
        tasks=tasks,
        unread=unread,
        unread_groups=sum(line.unread > 0 for line in around.groups),
        notices=notices(standing),
        stopped=own_stop(standing.who),
        joining=unfinished(standing.who),
        disaster=_disaster(standing, around),
        first=[
            (news[one.group], one)
            for one in first_for(standing, [line.id for line in news.values() if not line.deceased])
        ],
        meant=unread_mentions(around.me.face.account, list(news)),
        hint=hint_for(standing.who, manages=any(line.manager for line in around.groups)),
    )
    return home, standing, new
