"""Free groups to find, and what is read of one before joining; what the public page names (A12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.models import About
from renkei.group.shell import Shell, shell
from renkei.kernel import vault
from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.damage import readable
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.japanese import sort_key
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.rules import Can
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class FreeLine:
    """A free group in the list, by what it is for."""

    id: UUID
    about: About
    organization: str  # founding
    entry: str
    members: int
    mine: bool
    asked: bool  # the person waits for a manager's answer
    listing: str


@dataclass(frozen=True, slots=True)
class FreeGroups:
    """The free groups that the person can find."""

    lines: list[FreeLine]
    shell: Shell


_INSIDE = """
    (SELECT COUNT(*) FROM group_member m WHERE m.group_id = g.id AND m.ended_at IS NULL)"""
_LINE = f"""
    SELECT g.id, g.key_id, g.about_sealed, o.name, g.entry, {_INSIDE},
      (SELECT COUNT(*) FROM group_member x WHERE x.group_id = g.id AND x.account_id = %s
        AND x.ended_at IS NULL),
      (SELECT COUNT(*) FROM group_joinrequest q WHERE q.group_id = g.id AND q.account_id = %s
        AND q.state = 'open'), g.listing
    FROM group_group g JOIN people_organization o ON o.id = g.organization_id
    WHERE g.kind = 'free' AND g.closed_at IS NULL AND """


def _line(found: tuple[Any, ...]) -> FreeLine:
    group = id_of(found[0])
    return FreeLine(
        id=group,
        about=open_about(group, id_of(found[1]), found[2]),
        organization=found[3],
        entry=found[4],
        members=found[5],
        mine=bool(found[6]),
        asked=bool(found[7]),
        listing=found[8],
    )


def _lines(standing: Standing, condition: str) -> list[FreeLine]:
    """Those of the person's region that fulfil a condition, which may ask for the person."""
    who = standing.who
    assert who.account is not None and who.region is not None
    me = [who.account.hex]
    asked = [*me, *me, who.region.hex, *me * condition.count("%s")]
    found = rows(f"{_LINE}g.region_id = %s AND {condition}", asked)
    vault.warm(as_uuid(one[1]) for one in found)
    return sorted((_line(one) for one in found), key=lambda one: sort_key(one.about.name))


@disclosure("group.find", on="region")
def see_free_groups(standing: Standing) -> FreeGroups:
    """Every free group that can be found, and one's own; those by invitation stand in no list.

    Those in the archive stand there.
    """
    mine = (
        "EXISTS (SELECT 1 FROM group_member y WHERE y.group_id = g.id AND y.account_id = %s"
        " AND y.ended_at IS NULL)"
    )
    lines = _lines(standing, f"g.archived_at IS NULL AND (g.entry <> 'invitation' OR {mine})")
    return FreeGroups(lines, shell(standing))


@disclosure("group.found", on="region")
def see_founding(standing: Standing) -> Shell:
    """The frame of the page on which one is opened."""
    return shell(standing)


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who asks to be let in."""

    id: UUID
    face: Face
    words: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class FreePage:
    """What a free group is for, for who thinks of joining and for who keeps it."""

    id: UUID
    about: About
    organization: str
    entry: str
    listing: str
    open: bool
    members: int
    managers: list[Face]
    mine: bool
    asked: bool
    approval: bool  # the person's administrator has still to approve
    wishes: list[Wish]  # for those who may answer them
    gone: bool  # no manager is in office
    can: Can
    shell: Shell


_APPROVAL = """
    SELECT 1 FROM group_invitation i WHERE i.group_id = %s AND i.account_id = %s
      AND i.state = 'open' AND i.accepted_at IS NOT NULL AND i.expires_at > %s"""
_MANAGERS = f"""
    SELECT {COLUMNS} FROM group_member m
    JOIN people_practitionerrole r ON r.id = m.role_id
    JOIN people_account a ON a.id = m.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE m.group_id = %s AND m.manager AND m.ended_at IS NULL AND r.ended_at IS NULL
    ORDER BY m.joined_at"""
_WISHES = f"""
    SELECT {COLUMNS}, q.id, q.key_id, q.words, q.asked_at FROM group_joinrequest q
    JOIN people_practitionerrole r ON r.id = q.role_id
    JOIN people_account a ON a.id = q.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE q.group_id = %s AND q.state = 'open' ORDER BY q.asked_at"""


def _wish(found: tuple[Any, ...]) -> Wish:
    request, key, words, asked_at = found[WIDTH:]
    place = f"group.JoinRequest/{id_of(request).hex}/words"
    said = readable(id_of(key), words, about=place) if words else ""
    return Wish(id_of(request), face(found[:WIDTH]), said, from_us(asked_at))


def _free_page(standing: Standing) -> FreePage:
    where, me = standing.where, standing.who.account
    assert where is not None and where.group is not None and me is not None
    found = row(
        _LINE.replace("AND g.closed_at IS NULL", "") + "g.id = %s",
        [me.hex, me.hex, where.group.hex],
    )
    assert found is not None
    line, can = _line(found), Can(standing, "group")
    admits = "group.admit" in can
    return FreePage(
        id=line.id,
        about=line.about,
        organization=line.organization,
        entry=line.entry,
        listing=line.listing,
        open=where.open,
        members=line.members,
        managers=[face(one) for one in rows(_MANAGERS, [where.group.hex])],
        mine=line.mine,
        asked=line.asked,
        approval=row(_APPROVAL, [where.group.hex, me.hex, to_us(now())]) is not None,
        wishes=[_wish(one) for one in rows(_WISHES, [where.group.hex])] if admits else [],
        gone=not where.attended,
        can=can,
        shell=shell(standing),
    )


@disclosure("group.read_about", on="group")
def see_about(standing: Standing) -> FreePage:
    """What the group is for and how it is used, before joining (A12.4)."""
    return _free_page(standing)


@disclosure("group.describe", on="group")
def see_description(standing: Standing) -> FreePage:
    """The same for who keeps it: to say it anew, to answer requests."""
    return _free_page(standing)


@disclosure("group.take_over", on="group")
def see_abandoned(standing: Standing) -> FreePage:
    """A group whose managers are gone, before its founding organization's administrator (A5.1)."""
    return _free_page(standing)


@disclosure("listing.see", on="region")
def see_listings(standing: Standing) -> FreeGroups:
    """Free groups that asked to be named on the public page, and those that are (A19.2)."""
    return FreeGroups(_lines(standing, "g.listing <> ''"), shell(standing))


@dataclass(frozen=True, slots=True)
class PublicGroup:
    """A free group as residents read of it: no member's name."""

    name: str
    purpose: str
    organization: str


def public_groups() -> list[PublicGroup]:
    """The free groups that asked to stand on the public page, as the operator agreed (A19.2)."""
    found = rows(
        "SELECT g.id, g.key_id, g.about_sealed, o.name FROM group_group g"
        " JOIN people_organization o ON o.id = g.organization_id"
        " WHERE g.kind = 'free' AND g.listing = 'listed' AND g.closed_at IS NULL"
        " AND g.archived_at IS NULL"
        " ORDER BY g.opened_at",
        [],
    )
    lines = []
    for group, key, sealed, organization in found:
        about = open_about(id_of(group), id_of(key), sealed)
        lines.append(PublicGroup(about.name, about.purpose, organization))
    return lines
