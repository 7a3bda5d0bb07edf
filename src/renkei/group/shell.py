"""The frame of every signed-in page: the person, and the list of their groups with news."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.selectors import FROM_VISIBLE, VISIBLE, reaching
from renkei.kernel import vault
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.disclosures import Me, me
from renkei.people.faces import open_profile
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.disaster import Band, band


class GroupLine(NamedTuple):
    """A group in a list."""

    id: UUID
    kind: str
    patient: UUID | None
    identity: Identity | None
    unread: int
    last_seq: int
    manager: bool
    closed: bool
    title: str = ""  # of a free group its name, of a direct one that of the other
    deceased: bool = False  # the patient has died: nothing of theirs is asked for any more


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame of every signed-in page shows: the person, and their groups with news."""

    me: Me
    groups: list[GroupLine]
    band: Band | None = None  # a disaster use is in force

    @property
    def unread(self) -> int:
        """Unread entries in all groups together."""
        return sum([line.unread for line in self.groups])


_LINE = """g.id, g.kind, g.last_seq, g.closed_at, m.read_seq, m.manager,
    p.id, p.key_id, p.identity_sealed, p.deceased_at, g.key_id, g.about_sealed, da.id, da.key_id,
    da.profile_sealed"""
_OTHER = """
    LEFT JOIN group_member dm2 ON dm2.group_id = CASE WHEN g.kind = 'direct' THEN g.id END
      AND dm2.account_id <> m.account_id
    LEFT JOIN people_account da ON da.id = dm2.account_id"""


def _line(found: tuple[Any, ...]) -> GroupLine:
    patient, key = as_uuid(found[6]), as_uuid(found[7])
    identity = open_identity(patient, key, found[8]) if patient and key else None
    group = as_uuid(found[0])
    assert group is not None
    return GroupLine(
        group,
        found[1],
        patient,
        identity,
        found[2] - found[4],
        found[2],
        bool(found[5]),
        found[3] is not None,
        title="" if identity else _title(group, found),
        deceased=found[9] is not None,
    )


def _title(group: UUID, found: tuple[Any, ...]) -> str:
    """The name of a free group, or of the other of two; none for the network group."""
    if found[11] is not None:
        return open_about(group, id_of(found[10]), found[11]).name
    if found[12] is not None:
        return open_profile(id_of(found[12]), id_of(found[13]), found[14])["name"]
    return ""


def _place(line: GroupLine) -> tuple[str, str, bool]:
    """By kana; the group with a patient's family next to the patient's own (A11.5)."""
    kana = line.identity.kana if line.identity else line.title
    return kana, line.patient.hex if line.patient else "", line.kind == "family"


def shell(standing: Standing) -> Shell:
    """The frame of a page whose own rule has been asked already."""
    return Shell(me(standing), lines(standing, "g.archived_at IS NULL"), band(standing))


def lines(standing: Standing, which: str) -> list[GroupLine]:
    """The groups that the person may see now, of those a condition names, in the order of kana."""
    asked = f"SELECT {_LINE} {FROM_VISIBLE} {_OTHER} WHERE {VISIBLE} AND {which}"
    found = rows(asked, reaching(standing.who.reach))
    vault.warm(as_uuid(one[at]) for one in found for at in (7, 13))
    return sorted((_line(one) for one in found), key=_place)


def archived_lines(standing: Standing) -> list[GroupLine]:
    """The groups in the archive that the person may see now: in no daily list, and still found."""
    return lines(standing, "g.archived_at IS NOT NULL")


def every_line(standing: Standing, around: Shell) -> list[GroupLine]:
    """All groups that the person may see now: those of the frame, and those in the archive."""
    return [*around.groups, *archived_lines(standing)]


@disclosure("home.see", on="region")
def see_shell(standing: Standing) -> Shell:
    """The frame alone, for pages that show nothing else of a patient."""
    return shell(standing)
