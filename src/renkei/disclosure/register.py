"""The register of what was asked to leave and left: facts, never a word of content (A16.b)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from renkei.disclosure.asking import last_day
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

MOST = 1000  # lines; older ones stand in the audit trail


@dataclass(frozen=True, slots=True)
class Line:
    """One request, as the administrators of both ends see it."""

    number: str
    asked_at: datetime
    asker: Face
    purpose: str
    word: str  # its state, or "over"
    refusal: str
    until: date
    items: int
    permitted: int
    files: int  # pictures and documents asked for with them
    files_permitted: int
    authors: tuple[str, ...]  # their organizations
    manager_answer: str
    openings: int
    opened_at: datetime | None  # the last time
    faxes: int
    outgoing: bool  # asked for by somebody of this organization


_LINES = f"""
    SELECT {COLUMNS}, ru.id, ru.number, ru.asked_at, ru.purpose, ru.state, ru.refusal, ru.until,
      ru.manager_answer, ru.organization_id,
      (SELECT COUNT(*) FROM disclosure_reuseitem x WHERE x.request_id = ru.id),
      (SELECT COUNT(*) FROM disclosure_reuseitem x
        WHERE x.request_id = ru.id AND x.answer = 'yes'),
      (SELECT COUNT(*) FROM disclosure_reusefile f
        JOIN disclosure_reuseitem x ON x.id = f.item_id WHERE x.request_id = ru.id),
      (SELECT COUNT(*) FROM disclosure_reusefile f
        JOIN disclosure_reuseitem x ON x.id = f.item_id
        WHERE x.request_id = ru.id AND x.answer = 'yes' AND f.refusal = ''),
      (SELECT COUNT(*) FROM disclosure_reuseopening x WHERE x.request_id = ru.id),
      (SELECT MAX(x.at) FROM disclosure_reuseopening x WHERE x.request_id = ru.id),
      (SELECT COUNT(*) FROM disclosure_fax x WHERE x.request_id = ru.id)
    FROM disclosure_reuserequest ru
    JOIN people_account a ON a.id = ru.asked_by_id
    JOIN people_organization o ON o.id = ru.organization_id
    LEFT JOIN people_practitionerrole r ON r.id = (SELECT x.id FROM people_practitionerrole x
      WHERE x.account_id = a.id AND x.organization_id = o.id ORDER BY x.started_at DESC, x.id
      LIMIT 1)
    WHERE ru.organization_id = %s OR EXISTS (SELECT 1 FROM disclosure_reuseitem x
      WHERE x.request_id = ru.id AND x.organization_id = %s)
    ORDER BY ru.asked_at DESC LIMIT {MOST}"""
_AUTHORS = """
    SELECT DISTINCT i.request_id, o.name FROM disclosure_reuseitem i
    JOIN people_organization o ON o.id = i.organization_id
    WHERE i.request_id IN (SELECT ru.id FROM disclosure_reuserequest ru
      WHERE ru.organization_id = %s OR EXISTS (SELECT 1 FROM disclosure_reuseitem x
        WHERE x.request_id = ru.id AND x.organization_id = %s))
    ORDER BY o.name"""


def _line(found: tuple[Any, ...], own: UUID, authors: tuple[str, ...]) -> Line:
    (_, number, asked_at, purpose, state, refusal, until, manager, organization, count, permitted,
     files, files_permitted, openings, opened, faxes) = found[WIDTH:]  # fmt: skip
    end = from_us(until)
    over = end <= clock.now() and state in ("waiting", "permitted")
    return Line(
        number=number,
        asked_at=from_us(asked_at),
        asker=face(found[:WIDTH]),
        purpose=purpose,
        word="over" if over else state,
        refusal=refusal,
        until=last_day(end),
        items=count,
        permitted=permitted,
        files=files,
        files_permitted=files_permitted,
        authors=authors,
        manager_answer=manager,
        openings=openings,
        opened_at=from_us(opened) if opened else None,
        faxes=faxes,
        outgoing=as_uuid(organization) == own,
    )


@disclosure("reuse.register", on="organization")
def see_register(standing: Standing) -> list[Line]:
    """What the organization's people asked for, and what was asked of them; the latest first."""
    own = standing.what.target_organization
    assert own is not None
    authors: dict[UUID, list[str]] = {}
    for request, name in rows(_AUTHORS, [own.hex] * 2):
        authors.setdefault(id_of(request), []).append(name)
    return [
        _line(one, own, tuple(authors.get(id_of(one[WIDTH]), ())))
        for one in rows(_LINES, [own.hex] * 2)
    ]
