"""The items of a request to reuse, opened: what was written, by whom, and what its author said.

For use cases and disclosures whose own rules have been asked already.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from renkei.communication.entries import open_text
from renkei.disclosure.enclosing import Enclosed, enclosed_of
from renkei.disclosure.models import ReuseRequest
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, readable, sentence
from renkei.kernel.database import id_of, rows
from renkei.kernel.sealed import about
from renkei.people.faces import COLUMNS, WIDTH, Face, face


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to use something for. Everything here is sealed."""

    detail: str
    users: str  # who will use it
    shift: int = 0  # outside care: by how many days every date of this extract is moved
    agreed: str = ""  # outside care: who agreed to this use of the pictures they are in
    agreed_how: str = ""


class Item(NamedTuple):
    """One message that was asked for."""

    id: UUID
    author: Face
    elsewhere: bool  # a document that came from another organization (A16.c)
    answer: str
    refusal: str
    beforehand: bool
    condition: str
    answered_at: datetime | None
    gone: bool  # the author is not in the group any more, so that nobody can answer
    message: UUID
    seq: int
    text: str  # as it stands now; empty when it was withdrawn
    damaged: bool
    sent_at: datetime
    corrected: bool
    withdrawn: bool
    extract: str | None  # outside care: what a person made of it; None before that
    files: tuple[Enclosed, ...]  # pictures and documents chosen with it; none once withdrawn

    @property
    def usable(self) -> bool:
        """Whether it may stand in a permitted copy: permitted, and not taken back since."""
        permitted = self.answer == "yes" and not self.elsewhere
        return permitted and not self.withdrawn and not self.damaged

    @property
    def going(self) -> tuple[Enclosed, ...]:
        """The pictures and documents that stand in a permitted copy with it."""
        return tuple(one for one in self.files if one.usable) if self.usable else ()

    @property
    def anonymous(self) -> bool:
        """Whether a person made an extract of it and went through each of its pictures."""
        return self.extract is not None and all(one.boxes is not None for one in self.going)

    @property
    def waits(self) -> bool:
        """Whether its author may still answer."""
        return self.answer in ("", "talk") and not self.gone


# Still here: a member of the group today, in a role and an organization that have not ended.
HERE = """EXISTS (SELECT 1 FROM group_member hm
      LEFT JOIN people_practitionerrole hr ON hr.id = hm.role_id
      LEFT JOIN people_organization ho ON ho.id = hr.organization_id
      WHERE hm.group_id = t.group_id AND hm.account_id = t.sender_id AND hm.ended_at IS NULL
        AND hr.ended_at IS NULL AND (hr.until IS NULL OR hr.until > %s)
        AND ho.left_on IS NULL)"""
_ITEMS = f"""
    SELECT {COLUMNS}, i.id, i.key_id, i.from_elsewhere, i.answer, i.refusal, i.beforehand,
      i.condition, i.answered_at, i.extract_sealed, t.id, t.seq, t.key_id, t.version, t.text,
      t.sent_at, t.corrected_at, t.withdrawn_at, {HERE}
    FROM disclosure_reuseitem i
    JOIN communication_communication t ON t.id = i.communication_id
    JOIN people_account a ON a.id = i.author_id
    LEFT JOIN people_practitionerrole r ON r.id = i.role_id
    LEFT JOIN people_organization o ON o.id = i.organization_id
    WHERE i.request_id = %s ORDER BY t.seq"""


def items(request: UUID) -> list[Item]:
    """The items of a request, in the order in which they were written."""
    now = clock.to_us(clock.now())
    enclosed = enclosed_of(request)
    return [_item(found, enclosed) for found in rows(_ITEMS, [now, request.hex])]


def _item(found: tuple[Any, ...], enclosed: dict[UUID, list[Enclosed]]) -> Item:
    (item, key, elsewhere, answer, refusal, beforehand, condition, answered_at, extract,
     message, seq, text_key, version, text, sent_at, corrected_at, withdrawn_at, here,
    ) = found[WIDTH:]  # fmt: skip
    of, sealed_by, withdrawn = id_of(item), id_of(key), withdrawn_at is not None
    words, damaged = ("", False)
    if not withdrawn:
        words, damaged = open_text(id_of(text_key), id_of(message), version, text)
    return Item(
        of,
        face(found[:WIDTH]),
        bool(elsewhere),
        answer,
        refusal,
        bool(beforehand),
        _opened(of, sealed_by, "condition", condition) or "",
        from_us(answered_at) if answered_at else None,
        not here and answer in ("", "talk"),
        id_of(message),
        seq,
        words,
        damaged,
        from_us(sent_at),
        corrected_at is not None,
        withdrawn,
        _opened(of, sealed_by, "extract_sealed", extract),
        () if withdrawn else tuple(enclosed.get(of, ())),
    )


def _opened(item: UUID, key: UUID, column: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    return readable(key, sealed, about=about("disclosure.ReuseItem", item, column))


def wish_of(request: ReuseRequest) -> Wish:
    """What it is asked for, unsealed; a sentence in its place if it does not open."""
    try:
        return Wish(**request.unseal("wish_sealed"))
    except DAMAGE as found:
        return Wish(sentence(found), "")


def shown_number(number: str) -> str:
    """A permission number as it stands on paper: ``ABCDE-FGHJK``."""
    return f"{number[:5]}-{number[5:]}"
