"""Who takes part in a group, now or formerly."""

from typing import Any, NamedTuple
from uuid import UUID

from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.database import as_uuid, rows
from renkei.people.faces import COLUMNS, OR_OPERATOR, WIDTH, Face, face, open_profile
from renkei.people.selectors import IN_OFFICE


class MemberLine(NamedTuple):
    """A member of a group, now or formerly."""

    id: UUID
    face: Face
    role_in_care: str
    manager: bool
    appointed_by: str
    origin: str
    joined_at: Any
    ended_at: Any
    read_seq: int
    relation: str = ""  # "patient" or "relative" of a family group (A11.5)


_MEMBERS = f"""
    SELECT {COLUMNS}, m.id, m.role_in_care, m.manager, m.origin, m.joined_at, m.ended_at,
      m.read_seq, b.id, b.key_id, b.profile_sealed, m.relation
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_account b ON b.id = m.appointed_by_id
    WHERE m.group_id = %s"""
# In the network group everybody stands with the first of their roles, or as the operator's.
_EVERYBODY = f"""
    SELECT {OR_OPERATOR}, m.id, m.role_in_care, m.manager, m.origin, m.joined_at, m.ended_at,
      m.read_seq, NULL, NULL, NULL, ''
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id =
      (SELECT x.id FROM people_practitionerrole x
        JOIN people_organization xo ON xo.id = x.organization_id
        WHERE x.account_id = m.account_id AND {IN_OFFICE.format(role="x")}
          AND x.pledged_on IS NOT NULL
          AND xo.suspended_at IS NULL AND xo.left_on IS NULL AND xo.approved_on IS NOT NULL
        ORDER BY x.started_at, x.id LIMIT 1)
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_operatorrole op ON op.account_id = a.id AND op.ended_at IS NULL
    LEFT JOIN region_region rg ON rg.id = a.region_id AND op.id IS NOT NULL
    WHERE m.group_id = %s AND a.suspended_at IS NULL AND (r.id IS NOT NULL OR op.id IS NOT NULL)"""


def _member(found: tuple[Any, ...], names: dict[Any, str]) -> MemberLine:
    rest = found[WIDTH:]
    appointed_by = names.get(rest[7], "")
    if rest[7] is not None and not appointed_by:
        appointer, key = as_uuid(rest[7]), as_uuid(rest[8])
        assert appointer is not None and key is not None
        names[rest[7]] = appointed_by = open_profile(appointer, key, rest[9])["name"]
    member = as_uuid(rest[0])
    assert member is not None
    return MemberLine(
        member,
        face(found[:WIDTH]),
        rest[1],
        bool(rest[2]),
        appointed_by,
        rest[3],
        from_us(rest[4]),
        from_us(rest[5]) if rest[5] else None,
        rest[6],
        rest[10],
    )


def members(group: UUID, kind: str, *, former: bool = False) -> list[MemberLine]:
    """The members of a group in one query: current ones, or with the former too."""
    sql = _EVERYBODY if kind == "network" else _MEMBERS
    sql += "" if former else " AND m.ended_at IS NULL"
    names: dict[Any, str] = {}  # of those who appointed managers: mostly the same few
    moment = [to_us(now())] if kind == "network" else []
    lines = [_member(one, names) for one in rows(sql, [*moment, group.hex])]
    return sorted(
        lines, key=lambda line: (line.ended_at is not None, not line.manager, line.face.kana)
    )
