"""ホーム: what there is to do, what is unread, what the operator has to say."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError

from renkei.communication import log
from renkei.communication.asking_again import First, first_for
from renkei.communication.selectors import unread_mentions
from renkei.enrollment.joining import Place, unfinished
from renkei.group.shell import GroupLine, Shell, shell
from renkei.group.to_do import password
from renkei.group.to_do.everything import everything
from renkei.group.to_do.task import Task
from renkei.incident.overview import Stopped, own_stop
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import as_uuid, execute, for_update, id_of, rows
from renkei.people.faces import open_profile
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import disclosure, note_openings, own_record
from renkei.region.notices import NoticeLine, notices
from renkei.safety.tasks import Due
from renkei.safety.tasks import tasks as disaster_tasks
from renkei.training.cards import Page
from renkei.training.hints import hint_for

SHOWN: Final = 20  # unread groups on the page; the rest stand in the list of patients
FIRST_WORDS: Final = 60  # characters of the newest entry


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest entry of a group, for a list."""

    sender: str
    text: str  # first words; empty for events and withdrawn messages
    event: str
    importance: str
    withdrawn: bool
    sent_at: Any  # aware datetime


Unread = list[tuple[GroupLine, Newest | None]]


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
    unread: Unread  # latest first, at most ``SHOWN``
    unread_groups: int
    notices: list[NoticeLine]
    stopped: Stopped | None  # what one's organization, or the operator, keeps one from
    joining: list[Place]  # where something is missing before patients' data opens (A3, A9)
    disaster: list[Due]  # what a disaster use gives the person to do, before all else
    first: Sequence[tuple[GroupLine, First]] = ()  # what matters and was not read in time
    meant: Mapping[UUID, int] = field(default_factory=dict)  # unread messages that mean one
    hint: Page | None = None  # points to note of a role that the person has not seen yet (A10)


_MOVED = """
    SELECT m.group_id, t.posted_at FROM group_member m
    JOIN group_group g ON g.id = m.group_id AND g.last_seq > m.read_seq
    JOIN communication_communication t ON t.group_id = g.id AND t.seq = g.last_seq
    WHERE m.account_id = %s AND m.ended_at IS NULL"""
_NEWEST = """
    SELECT g.id, t.id, g.key_id, t.version, t.text,
      CASE WHEN t.withdrawn_by_id <> t.sender_id THEN 'hidden' ELSE t.event END,
      t.importance, t.withdrawn_at,
      t.sent_at, ta.id, ta.key_id, ta.profile_sealed, t.seq, m.id, m.previewed_seq
    FROM group_group g
    JOIN group_member m ON m.group_id = g.id AND m.account_id = %s AND m.ended_at IS NULL
    JOIN communication_communication t ON t.group_id = g.id AND t.seq = g.last_seq
    JOIN people_account ta ON ta.id = t.sender_id
    WHERE g.id IN ({}) ORDER BY t.posted_at DESC"""


def see_home(actor: Actor, on: On) -> Home:
    """Everything on ホーム; the number of queries does not grow with the number of groups.

    Whose first words stand there for the first time is recorded before this returns, and of which
    groups tasks are shown. Where that cannot be, because the disk is full or locked, the words are
    left out, and the rest is shown.
    """
    home, standing, new = _home(actor, on)
    if new:
        try:
            _record(standing, new)
        except DatabaseError:
            unrecorded = {one.group for one in new}
            shown = [(line, None if line.id in unrecorded else one) for line, one in home.unread]
            home = replace(home, unread=shown)
    if told := [f"Group/{one.id.hex}" for one in home.tasks if one.words and one.id]:
        try:
            note_openings(standing, "tasks", dict.fromkeys(told))
        except DatabaseError:
            home = replace(home, tasks=[replace(one, words="") for one in home.tasks])
    if any(task.kind == "password" for task in home.tasks):
        with suppress(DatabaseError):  # then it is shown once more
            password.note_shown(standing)
    return home


@disclosure("home.see", on="region")
def _home(standing: Standing) -> tuple[Home, Standing, list[Preview]]:
    around = shell(standing)
    unread, new = _unread(around.me.face.account, around.groups)
    news = {line.id: line for line in around.groups if line.unread > 0 and not line.closed}
    home = Home(
        shell=around,
        tasks=everything(standing, around),
        unread=unread,
        unread_groups=sum(line.unread > 0 for line in around.groups),
        notices=notices(standing),
        stopped=own_stop(standing.who),
        joining=unfinished(standing.who),
        disaster=_disaster(standing, around),
        first=[
            (news[one.group], one)
            for one in first_for(standing, {one for one in news if not news[one].deceased})
        ],
        meant=unread_mentions(around.me.face.account, news),
        hint=hint_for(standing.who, manages=any(line.manager for line in around.groups)),
    )
    return home, standing, new


def _unread(account: UUID, lines: list[GroupLine]) -> tuple[Unread, list[Preview]]:
    """The groups with news, latest first, each with its newest entry; whose words are new."""
    waiting = {line.id: line for line in lines if line.unread > 0}
    moved = [one for one in rows(_MOVED, [account.hex]) if id_of(one[0]) in waiting]
    latest = sorted(moved, key=itemgetter(1), reverse=True)[:SHOWN]
    if not latest:
        return [], []
    places = ", ".join(["%s"] * len(latest))
    found = rows(_NEWEST.format(places), [account.hex, *(one[0] for one in latest)])
    vault.warm(as_uuid(one[at]) for one in found for at in (2, 10))
    shown: Unread = []
    new = []
    for one in found:
        group, member, seq = as_uuid(one[0]), as_uuid(one[13]), one[12]
        assert group is not None and member is not None
        newest = _newest_of(one[1:12])
        shown.append((waiting[group], newest))
        if newest is not None and newest.text and seq > one[14]:
            new.append(Preview(member, group, seq))
    return shown, new


def _newest_of(found: tuple[Any, ...]) -> Newest | None:
    """The newest entry of a group from its columns, in the order of ``_NEWEST``."""
    message, key, sender, sender_key = (as_uuid(found[at]) for at in (0, 1, 8, 9))
    if message is None or key is None or sender is None or sender_key is None:
        return None
    withdrawn, event = found[6] is not None, found[4]
    text = "" if withdrawn or event else _first_words(key, message, found[2], found[3])
    return Newest(
        sender=open_profile(sender, sender_key, found[10])["name"],
        text=text,
        event=event,
        importance=found[5],
        withdrawn=withdrawn,
        sent_at=from_us(found[7]),
    )


def _first_words(key: UUID, message: UUID, version: int, sealed: bytes) -> str:
    try:
        return log.unseal(key, message, version, sealed)[:FIRST_WORDS]
    except DAMAGE as found:
        return sentence(found)


def _disaster(standing: Standing, around: Shell) -> list[Due]:
    """What a disaster use gives the person to do."""
    open_ones = [
        one
        for one in around.groups
        if one.kind == "patient" and not one.closed and not one.deceased
    ]
    patients = {one.patient for one in open_ones if one.patient}
    return list(disaster_tasks(standing, around.band, patients))


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
