"""What people are shown of requests to reuse: the form, one request, and all of one's own (A16)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from renkei.communication.attachments import Item as Attachment
from renkei.communication.entries import Entry, entries
from renkei.communication.reading import record_reading
from renkei.disclosure.asking import last_day
from renkei.disclosure.enclosing import Enclosed
from renkei.disclosure.items import Item, items, wish_of
from renkei.disclosure.models import ReuseRequest
from renkei.group.head import Head, head
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.facts import agreed_to_reuse
from renkei.policy.rules import may
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure
from renkei.region import parameters
from renkei.region.models import Region

PURPOSES = tuple(ReuseRequest.Purpose.values)


@dataclass(frozen=True, slots=True)
class Asking:
    """The form: what was chosen, and what may be asked for it."""

    head: Head
    entries: list[Entry]
    authors: list[Face]
    declined: frozenset[str]  # purposes the patient did not agree to
    latest: date
    new: bool  # something of it was not disclosed to the person before

    @property
    def files(self) -> list[Attachment]:
        """What goes with these messages, in their order."""
        return [file for one in self.entries for file in one.attachments]


@disclosure("reuse.ask", on="group")
def _asking(standing: Standing, *, messages: Collection[UUID]) -> Asking:
    where = standing.where
    assert where is not None and where.group is not None and where.member is not None
    top = head(standing)
    found: list[Entry] = []
    if messages:
        places = ", ".join(["%s"] * len(messages))
        seqs = rows(
            "SELECT seq FROM communication_communication WHERE group_id = %s AND event = ''"
            f" AND withdrawn_at IS NULL AND id IN ({places}) ORDER BY seq",
            [where.group.hex, *(one.hex for one in messages)],
        )
        for (seq,) in seqs:
            found += entries(where.group, seq, seq, top.members)
    assert standing.who.region is not None
    region = Region.objects.get(pk=standing.who.region)
    days = int(parameters.of(region.edition)["reuse_days"])
    read = where.member.read_seq
    return Asking(
        head=top,
        entries=found,
        authors=list({one.sender.account: one.sender for one in found}.values()),
        declined=frozenset(one for one in PURPOSES if not agreed_to_reuse(where, one)),
        latest=clock.today() + timedelta(days=days),
        new=any(one.seq > read for one in found),
    )


def see_asking(actor: Actor, group: UUID, *, messages: Collection[UUID]) -> Asking:
    """The form to ask with; messages that are not there (any more) are left out.

    What is disclosed for the first time is recorded before this returns, as on the timeline.
    """
    found = _asking(actor, group, messages=messages)
    if found.new:
        for one in found.entries:
            record_reading(actor, group, one.seq, one.seq)
    return found


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request, for who asked, for its authors and for the group's manager."""

    head: Head
    id: UUID
    number: str
    asker: Face
    purpose: str
    detail: str
    users: str
    agreed: str  # outside care: who agreed to this use of the pictures they are in
    agreed_how: str
    asked_at: datetime
    until: date
    word: str  # its state, or "over"
    refusal: str
    manager_answer: str
    manager: Face | None
    manager_at: datetime | None
    items: list[Item]
    mine: bool  # the person asked
    own: list[Item]  # what the person wrote of it
    openings: int
    can: frozenset[str]

    @property
    def waiting(self) -> list[Face]:
        """Authors who may still answer."""
        return list({one.author.account: one.author for one in self.items if one.waits}.values())

    @property
    def usable(self) -> int:
        """How many of its messages can stand in the copy."""
        return sum(one.usable for one in self.items)

    @property
    def undecided(self) -> int:
        """Outside care: permitted ones that nobody has gone through yet, words and pictures."""
        return sum(one.usable and not one.anonymous for one in self.items)

    @property
    def own_files(self) -> bool:
        """Whether pictures or files of the person's own are asked for, which they can let stay."""
        return any(file.refusal in ("", "words") for one in self.own for file in one.files)

    @property
    def going(self) -> int:
        """How many pictures and files stand in the copy."""
        return sum(len(one.going) for one in self.items)

    @property
    def films(self) -> list[Enclosed]:
        """Films of which some seconds may go, in the order of their messages."""
        usable = (one for one in self.items if one.usable)
        return [file for one in usable for file in one.files if file.film and not file.refusal]

    @property
    def answered(self) -> str:
        """What the person, as an author, has said; empty while they have not."""
        return next((one.answer for one in self.own), "")


_RULES = (
    "reuse.permit", "reuse.decline", "reuse.permit_outside", "reuse.decline_outside",
    "reuse.anonymise", "reuse.cut", "reuse.open", "reuse.withdraw", "fax.print",
)  # fmt: skip


@disclosure("reuse.see", on="reuse", opens="reuse")
def see_request(standing: Standing) -> RequestView:
    """One request with the messages it is about, and what the person may do with it."""
    asked = standing.what.reuse
    assert asked is not None and standing.who.account is not None
    request = ReuseRequest.objects.get(pk=asked.id)
    wish, found = wish_of(request), items(request.id)
    people = _faces([request.asked_by_id, request.manager_id])
    return RequestView(
        head=head(standing),
        id=request.id,
        number=request.number,
        asker=people[request.asked_by_id],
        purpose=request.purpose,
        detail=wish.detail,
        users=wish.users,
        agreed=wish.agreed,
        agreed_how=wish.agreed_how,
        asked_at=request.asked_at,
        until=last_day(request.until),
        word=request.state if asked.in_time or request.state == "refused" else "over",
        refusal=request.refusal,
        manager_answer=request.manager_answer,
        manager=people.get(request.manager_id) if request.manager_id else None,
        manager_at=request.manager_at,
        items=found,
        mine=asked.asked_by == standing.who.account,
        own=[one for one in found if one.author.account == standing.who.account],
        openings=request.openings.count(),
        can=frozenset(one for one in _RULES if may(standing, one)),
    )


_PEOPLE = f"""
    SELECT {COLUMNS} FROM people_account a
    LEFT JOIN people_practitionerrole r ON r.id = (SELECT x.id FROM people_practitionerrole x
      WHERE x.account_id = a.id AND x.ended_at IS NULL ORDER BY x.started_at, x.id LIMIT 1)
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE a.id IN ({{}})"""


def _faces(accounts: Collection[UUID | None]) -> dict[UUID, Face]:
    wanted = [one.hex for one in accounts if one is not None]
    found = rows(_PEOPLE.format(", ".join(["%s"] * len(wanted))), wanted)
    return {id_of(one[0]): face(one[:WIDTH]) for one in found}


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One request in a list of one's own: asked by oneself, or of oneself."""

    id: UUID
    number: str
    purpose: str
    word: str
    asked_at: datetime
    until: date
    asker: Face
    items: int  # of all; of what one wrote, where others asked
    answer: str  # one's own, as an author
    openings: int
    opened_at: datetime | None
    group: UUID
    identity: Identity | None  # only while one sees the group


_LIST = f"""
    SELECT {COLUMNS}, ru.id, ru.number, ru.purpose, ru.state, ru.asked_at, ru.until, ru.group_id,
      (SELECT COUNT(*) FROM disclosure_reuseitem x WHERE x.request_id = ru.id {{own}}),
      (SELECT MAX(x.answer) FROM disclosure_reuseitem x WHERE x.request_id = ru.id {{own}}),
      (SELECT COUNT(*) FROM disclosure_reuseopening x WHERE x.request_id = ru.id),
      (SELECT MAX(x.at) FROM disclosure_reuseopening x WHERE x.request_id = ru.id),
      p.id, p.key_id, p.identity_sealed
    FROM disclosure_reuserequest ru
    JOIN people_account a ON a.id = ru.asked_by_id
    JOIN people_organization o ON o.id = ru.organization_id
    LEFT JOIN people_practitionerrole r ON r.id = (SELECT x.id FROM people_practitionerrole x
      WHERE x.account_id = a.id AND x.organization_id = ru.organization_id
      ORDER BY x.ended_at DESC, x.id LIMIT 1)
    JOIN group_group g ON g.id = ru.group_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    WHERE {{which}} ORDER BY ru.asked_at DESC LIMIT 200"""
_MINE = _LIST.format(own="", which="ru.asked_by_id = %s")
_OF_ME = _LIST.format(
    own="AND x.author_id = %s",
    which="ru.asked_by_id <> %s AND EXISTS (SELECT 1 FROM disclosure_reuseitem x"
    " WHERE x.request_id = ru.id AND x.author_id = %s)",
)


def _line(found: tuple[Any, ...], visible: Collection[UUID]) -> OwnLine:
    (request, number, purpose, state, asked_at, until, group, count, answer, openings, opened,
     patient, key, sealed) = found[WIDTH:]  # fmt: skip
    place, end = id_of(group), from_us(until)
    over = end <= clock.now() and state != "refused"
    whose = as_uuid(patient)
    seen = whose is not None and place in visible
    return OwnLine(
        id=id_of(request),
        number=number,
        purpose=purpose,
        word="over" if over else state,
        asked_at=from_us(asked_at),
        until=last_day(end),
        asker=face(found[:WIDTH]),
        items=count,
        answer=answer or "",
        openings=openings,
        opened_at=from_us(opened) if opened else None,
        group=place,
        identity=open_identity(id_of(patient), id_of(key), sealed) if seen else None,
    )


@dataclass(frozen=True, slots=True)
class OwnRequests:
    """What one asked for, and what others asked of one; facts, without a word of content."""

    asked: list[OwnLine]
    of_me: list[OwnLine]


@disclosure("reuse.own", on="region")
def see_own_requests(standing: Standing, *, visible: Collection[UUID]) -> OwnRequests:
    """Both lists, the latest first.

    Args:
        visible: the groups the person sees at the moment: of the others no patient is named.
    """
    assert standing.who.account is not None
    me = standing.who.account.hex
    return OwnRequests(
        [_line(one, visible) for one in rows(_MINE, [me])],
        [_line(one, visible) for one in rows(_OF_ME, [me] * 4)],
    )
