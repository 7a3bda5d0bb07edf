"""ホーム: what there is to do, what is unread, what the operator has to say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from renkei.group.disclosures import (
    GroupLine,
    Newest,
    Shell,
    newest_of,
    open_identity,
    shell,
)
from renkei.kernel import clock, vault
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, execute, for_update, id_of, rows
from renkei.patient.models import Identity
from renkei.people.disclosures import password_state
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor, On, Standing, Where
from renkei.policy.use_case import disclosure, own_record
from renkei.region.disclosures import NoticeLine, notices

SHOWN: Final = 20  # unread groups on the page; the rest stand in the list of patients
CANDIDATES: Final = 50  # invitations looked at for approval
CONSENTS: Final = 5  # patients without consent named one by one
PASSWORD_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, about whom, until when."""

    kind: str  # answer · approve · consent · copy · seek · consents · password · photo · kana
    id: UUID | None = None
    organization: str = ""
    face: Face | None = None
    identity: Identity | None = None
    until: datetime | date | None = None
    count: int = 0
    mine: bool = True  # False if somebody else has to do it and the person can only ask


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


_OPEN = "i.state = 'open' AND i.expires_at > %s AND g.closed_at IS NULL AND r.ended_at IS NULL"
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
      AND NOT EXISTS (SELECT 1 FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL)
    ORDER BY p.registered_at DESC"""
_NEWEST = """
    SELECT g.id, t.id, g.key_id, t.version, t.text, t.event, t.importance, t.withdrawn_at,
      t.sent_at, ta.id, ta.key_id, ta.profile_sealed, t.seq, m.id, m.previewed_seq
    FROM group_group g
    JOIN group_member m ON m.group_id = g.id AND m.account_id = %s AND m.ended_at IS NULL
    JOIN communication_communication t ON t.group_id = g.id AND t.seq = g.last_seq
    JOIN people_account ta ON ta.id = t.sender_id
    WHERE g.id IN ({}) ORDER BY t.posted_at DESC LIMIT {}"""


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
        if may(load(Actor(who.session), "invitation", invited), "invitation.approve"):
            yield Task(
                "approve",
                invited,
                organization=organization,
                face=face(found[:WIDTH]),
                until=from_us(until),
            )


def _consent_kind(state: str | None) -> str:
    if state is None:
        return "consent"
    return "copy" if state == "given" else "seek"


def _consents(standing: Standing, groups: list[GroupLine]) -> list[Task]:
    """Patients whose consent is missing or incomplete, for those who see to it (A6, F3)."""
    who = standing.who
    managed = {line.patient: line.id for line in groups if line.manager and line.patient}
    own = who.organization.hex if who.administrator and who.organization else None
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
        until=date.fromisoformat(seek_by) if isinstance(seek_by, str) else seek_by,
        mine=mine,
    )


def _about_oneself(standing: Standing, me: Face) -> Iterator[Task]:
    """The password that ends soon (A14.3); face and reading still missing (N3.5)."""
    state = password_state(standing)
    if state.until and state.until - clock.now() <= timedelta(days=PASSWORD_DAYS):
        yield Task("password", until=state.until, count=state.days_left)
    if not me.kana:
        yield Task("kana")
    if not me.photo:
        yield Task("photo")


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


def see_home(actor: Actor, on: On) -> Home:
    """Everything on ホーム; the number of queries does not grow with the number of groups.

    Whose first words stand there for the first time is recorded before this returns.
    """
    home, standing, new = _home(actor, on)
    if new:
        _record(standing, new)
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
    now = clock.to_us(clock.now())
    tasks: list[Task] = [
        *_to_answer(standing, now),
        *_to_approve(standing, now),
        *_consents(standing, around.groups),
        *_about_oneself(standing, around.me.face),
    ]
    home = Home(
        shell=around,
        tasks=tasks,
        unread=unread,
        unread_groups=sum(line.unread > 0 for line in around.groups),
        notices=notices(standing),
    )
    return home, standing, new
