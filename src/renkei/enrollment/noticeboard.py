"""Who has opened and confirmed which notice, per organization; nobody can mute one (A18)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from renkei.enrollment.models import NoticeReading
from renkei.kernel import vault
from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.database import as_uuid, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import sort_key
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import disclosure, own_record
from renkei.region.audience import audience
from renkei.region.models import Notice
from renkei.region.notices import NoticeLine, one_of


@dataclass(frozen=True, slots=True)
class Reader:
    """One person who is addressed, and how far they are."""

    face: Face
    opened_at: datetime | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """An organization with its readers, those who have not read it first."""

    id: UUID
    name: str
    readers: list[Reader]

    @property
    def opened(self) -> int:
        """How many have opened it, or confirmed it unopened from the home page."""
        return sum(bool(one.opened_at or one.confirmed_at) for one in self.readers)

    @property
    def confirmed(self) -> int:
        """How many have confirmed it."""
        return sum(bool(one.confirmed_at) for one in self.readers)


@dataclass(frozen=True, slots=True)
class Readers:
    """A notice and who has read it."""

    notice: NoticeLine
    places: list[Place]

    @property
    def people(self) -> int:
        """Everybody who is addressed and shown here."""
        return sum(len(one.readers) for one in self.places)


_READERS: Final = f"""
    SELECT {COLUMNS}, r.administrator, n.at, k.at
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN enrollment_noticereading n ON n.account_id = a.id AND n.notice_id = %s
    LEFT JOIN enrollment_noticeacknowledgement k ON k.account_id = a.id AND k.notice_id = %s
    WHERE o.region_id = %s AND r.ended_at IS NULL AND (r.until IS NULL OR r.until > %s)
      AND a.suspended_at IS NULL
      AND o.suspended_at IS NULL ORDER BY o.kana, o.id"""


@disclosure("notice.readers", on="region")
def see_readers(standing: Standing, notice: UUID) -> Readers:
    """Who has read a notice: the operator sees every organization, an administrator their own.

    Raises:
        Unknown: there is no such notice here, or it addresses nobody of theirs.
    """
    who = standing.who
    line = _published(standing, notice)
    places = [
        one
        for one in _places(standing, line)
        if who.operator or (who.administrator and one.id == who.organization)
    ]
    if not places and not who.operator:
        raise Unknown("notice")
    return Readers(line, places)


def _published(standing: Standing, notice: UUID) -> NoticeLine:
    """The notice, withdrawn or not, for the operator; for an administrator one that is shown."""
    if not standing.who.operator:
        return one_of(standing, notice)
    assert standing.who.region is not None
    here = Notice.objects.filter(pk=notice, region_id=standing.who.region)
    found = here.exclude(published_at=None).first()
    if found is None:
        raise Unknown("notice")
    if found.withdrawn_at is None:
        return one_of(standing, notice)
    return NoticeLine(
        id=found.id,
        title=found.title,
        body=found.body,
        published_at=found.published_at,
        acknowledge=found.acknowledge,
        confirmed_at=None,
        audience=audience(found.audience),
        withdrawn_at=found.withdrawn_at,
    )


def _places(standing: Standing, line: NoticeLine) -> Iterator[Place]:
    assert standing.who.region is not None
    ids = [line.id.hex, line.id.hex, standing.who.region.hex, to_us(now())]
    found = rows(_READERS, ids)
    vault.warm(as_uuid(one[1]) for one in found)
    by_place: dict[UUID, list[Reader]] = defaultdict(list)
    names: dict[UUID, str] = {}
    for one in found:
        who = face(one[:WIDTH])
        administrator, opened, confirmed = one[WIDTH:]
        assert who.organization_id is not None
        if line.audience.holds(who.organization_id, who.profession, bool(administrator)):
            names[who.organization_id] = who.organization
            reader = Reader(who, from_us(opened), from_us(confirmed))
            by_place[who.organization_id].append(reader)
    for place, readers in by_place.items():
        readers.sort(key=lambda one: (bool(one.confirmed_at), sort_key(one.face.kana)))
        yield Place(place, names[place], readers)


def open_notice(actor: Actor, on: On, notice: UUID) -> NoticeLine:
    """One notice, as its reader sees it; the first opening is recorded.

    Raises:
        Unknown: there is no such notice here, or not for this person.
    """
    line, standing, first = _open(actor, on, notice)
    if first and standing.who.account is not None:
        with own_record(standing, "notice.read", f"Notice/{notice.hex}") as change:
            _, new = NoticeReading.objects.get_or_create(
                account_id=standing.who.account, notice_id=notice, defaults={"at": change.now}
            )
            change.silent = not new
    return line


@disclosure("home.see", on="region")
def _open(standing: Standing, notice: UUID) -> tuple[NoticeLine, Standing, bool]:
    line = one_of(standing, notice)
    known = NoticeReading.objects.filter(account=standing.who.account, notice=notice)
    return line, standing, not known.exists()
