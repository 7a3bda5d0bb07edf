"""With whom one is connected, who asks, and whom one could ask (A13.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from renkei.group.shell import GroupLine, Shell, shell
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import id_of, rows
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.selectors import IN_OFFICE
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for an answer."""

    id: UUID
    face: Face  # who asks, or who is asked
    at: datetime
    mine: bool  # the person asked


@dataclass(frozen=True, slots=True)
class Somebody:
    """A colleague whom one could ask."""

    face: Face
    state: str  # "", "connected", "asked", "asks", "blocked"


@dataclass(frozen=True, slots=True)
class Connections:
    """All that one has with single colleagues."""

    lines: list[GroupLine]  # the groups of two, by the other's name
    waiting: list[Waiting]
    others: dict[UUID, Face]  # the other of each group of two
    blocked: list[Face]  # by the person; nobody learns who blocked them
    shell: Shell


_WAITING = f"""
    SELECT {COLUMNS}, c.id, c.asked_at, c.asker_id FROM group_connection c
    JOIN people_practitionerrole r
      ON r.id = CASE WHEN c.asker_id = %s THEN c.asked_role_id ELSE c.asker_role_id END
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE c.state = 'asked' AND (c.asker_id = %s OR c.asked_id = %s) AND NOT EXISTS (
      SELECT 1 FROM group_block b WHERE b.lifted_at IS NULL AND b.by_id = %s AND b.of_id = a.id)
    ORDER BY c.asked_at"""
_OTHERS = f"""
    SELECT {COLUMNS}, m.group_id FROM group_member me
    JOIN group_group g ON g.id = me.group_id AND g.kind = 'direct'
    JOIN group_member m ON m.group_id = g.id AND m.account_id <> me.account_id
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE me.account_id = %s AND me.ended_at IS NULL"""
_BLOCKED = f"""
    SELECT {COLUMNS} FROM group_block b
    JOIN people_account a ON a.id = b.of_id
    LEFT JOIN people_practitionerrole r ON r.id = (
      SELECT x.id FROM people_practitionerrole x WHERE x.account_id = a.id
      ORDER BY x.ended_at IS NOT NULL, x.started_at, x.id LIMIT 1)
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE b.by_id = %s AND b.lifted_at IS NULL ORDER BY b.at"""


@disclosure("connection.see", on="region")
def see_connections(standing: Standing) -> Connections:
    """The people one writes to, with what is unread; requests; whom one has blocked."""
    assert standing.who.account is not None
    me, around = standing.who.account.hex, shell(standing)
    return Connections(
        lines=[line for line in around.groups if line.kind == "direct"],
        waiting=[_waiting(one, me) for one in rows(_WAITING, [me, me, me, me])],
        others={id_of(one[WIDTH]): face(one[:WIDTH]) for one in rows(_OTHERS, [me])},
        blocked=[face(one) for one in rows(_BLOCKED, [me])],
        shell=around,
    )


def _waiting(found: tuple[Any, ...], me: str) -> Waiting:
    connection, at, asker = found[WIDTH:]
    return Waiting(id_of(connection), face(found[:WIDTH]), from_us(at), id_of(asker).hex == me)


_PEOPLE = f"""
    SELECT {COLUMNS},
      (SELECT CASE WHEN c.state = 'connected' THEN 'connected'
          WHEN c.asker_id = %s THEN 'asked' ELSE 'asks' END
        FROM group_connection c WHERE c.state IN ('asked', 'connected')
          AND (c.asker_id = %s AND c.asked_id = a.id OR c.asked_id = %s AND c.asker_id = a.id)),
      (SELECT COUNT(*) FROM group_block b
        WHERE b.by_id = %s AND b.of_id = a.id AND b.lifted_at IS NULL)
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE o.region_id = %s AND a.id <> %s AND {IN_OFFICE.format(role="r")}
      AND a.suspended_at IS NULL AND o.suspended_at IS NULL AND o.left_on IS NULL
      AND o.approved_on IS NOT NULL"""


@disclosure("connection.see", on="region")
def see_colleagues(standing: Standing) -> tuple[list[Somebody], Shell]:
    """Everybody who works in the region today, by kana."""
    who = standing.who
    assert who.account is not None and who.region is not None
    me = who.account.hex
    asked = [me, me, me, me, who.region.hex, me, clock.to_us(clock.now())]
    people = [
        Somebody(face(one[:WIDTH]), "blocked" if one[WIDTH + 1] else one[WIDTH] or "")
        for one in rows(_PEOPLE, asked)
    ]
    return sorted(people, key=lambda one: one.face.kana), shell(standing)
