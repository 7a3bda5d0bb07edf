"""The anonymising editor: proposals for what may leave care, decided one by one (A16.d).

The originals stay where they are; what is made here is all that a copy outside care ever holds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.disclosure import anonymising
from renkei.disclosure.anonymising import Decision, Found, Known, Person
from renkei.disclosure.enclosing import Covered, Enclosed, keep_covered
from renkei.disclosure.items import Item, Wish, items, wish_of
from renkei.disclosure.models import ReuseItem, ReuseRequest
from renkei.disclosure.notation import comparable
from renkei.group.head import Head, head
from renkei.group.members import members
from renkei.kernel.clock import JAPAN
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.patient.models import UNKNOWN, Relative
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

BLANK: Final = "○○"  # in the place of a word that a person found by themselves
MOST: Final = 40  # such words


@dataclass(frozen=True, slots=True)
class Editing:
    """One message in the editor: as it was written, and what is proposed."""

    item: UUID
    profession: str  # all that is said of its author
    text: str
    found: tuple[Found, ...]
    extract: str | None  # what was made of it before
    files: tuple[Enclosed, ...] = ()  # pictures that go with it

    @property
    def pieces(self) -> list[tuple[str, Found | None]]:
        """The text in pieces: plain ones, and those to decide."""
        parts: list[tuple[str, Found | None]] = []
        at = 0
        for one in self.found:
            parts += [(self.text[at : one.start], None), (one.text, one)]
            at = one.end
        return [part for part in [*parts, (self.text[at:], None)] if part[0]]


@dataclass(frozen=True, slots=True)
class Editor:
    """The page: every permitted message of the request."""

    head: Head
    request: UUID
    number: str
    parts: list[Editing]


def _known(request: ReuseRequest, wish: Wish) -> Known:
    """Everybody and everything by which the group's patient could be recognised."""
    patient = request.group.patient
    people = [
        Person(one.face.name, one.face.kana, one.face.profession or "職員")
        for one in members(request.group_id, request.group.kind, former=True)
    ]
    around: list[str] = [
        one.face.organization for one in members(request.group_id, request.group.kind, former=True)
    ]
    if patient is None:
        return Known(tuple(people), tuple(sorted({*around} - {""})), shift=wish.shift)
    identity, basics = patient.identity, patient.basics
    relatives = [one.person for one in patient.related_persons.all()]
    people = [
        Person(identity.name, identity.kana, "A氏", strict=True),
        *(_relative(one) for one in relatives),
        *([Person(basics.physician_name, "", "主治医")] if basics.physician_name else []),
        *people,
    ]
    around += [basics.physician_organization, basics.nurse_station]
    phones = [phone for one in relatives for phone in one.phones]
    numbers = [identity.phone, identity.mobile, basics.insurer_number, *phones]
    return Known(
        people=tuple(people),
        organizations=tuple(sorted({*around} - {""})),
        addresses=(identity.address,) if identity.address else (),
        numbers=tuple(one for one in numbers if one),
        born=None if identity.born == UNKNOWN else identity.born,
        shift=wish.shift,
    )


def _relative(one: Relative) -> Person:
    return Person(one.name, one.kana, one.relationship or "家族", strict=True)


def _written(known: Known, item: Item) -> Known:
    on: date = item.sent_at.astimezone(JAPAN).date()
    return Known(
        known.people, known.organizations, known.addresses, known.numbers, known.born, on,
        known.shift,
    )  # fmt: skip


def _request(of: UUID) -> ReuseRequest:
    return ReuseRequest.objects.select_related("group__patient").get(pk=of)


@disclosure("reuse.anonymise", on="reuse", opens="anonymise")
def see_editor(standing: Standing) -> Editor:
    """What is proposed for every permitted message of the request.

    Raises:
        Tampered: what is known of the patient does not open, so that nothing could be found.
    """
    asked = standing.what.reuse
    assert asked is not None
    request = _request(asked.id)
    known = _known(request, wish_of(request))
    parts = [
        Editing(
            item=one.id,
            profession=one.author.profession,
            text=one.text,
            found=tuple(anonymising.find(one.text, _written(known, one))),
            extract=one.extract,
            files=one.going,
        )
        for one in items(request.id)
        if one.usable
    ]
    return Editor(head(standing), request.id, request.number, parts)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided about one message."""

    decisions: Mapping[str, Decision]  # by ``Found.key``
    words: tuple[str, ...] = ()  # found by the person: they are blanked wherever they stand


def made_of(part: Editing, decided: Decided) -> str:
    """The extract that these decisions make; undecided places keep what stands there."""
    whole = {
        one.key: decided.decisions.get(one.key, Decision(anonymising.LEAVE)) for one in part.found
    }
    extract = anonymising.applied(part.text, part.found, whole)
    for word in decided.words[:MOST]:
        extract = extract.replace(word, BLANK) if word else extract
    return extract


@use_case("reuse.anonymise", on="reuse")
def keep_extracts(
    change: Change,
    *,
    decided: Mapping[UUID, Decided],
    read_through: bool,
    covered: Mapping[UUID, Covered] | None = None,
) -> None:
    """Keep what a person made of every permitted message, and covered in its pictures.

    Args:
        decided: by the id of the item.
        covered: by the id of the picture; drawn by hand, for no program looks for faces.
        read_through: the person has read the whole and recognises nobody in it.

    Raises:
        Problem: something is undecided; a name, birth date, address or number that may never leave
            still stands there; in a picture nothing is covered; or nobody has read it through.
    """
    asked = change.standing.what.reuse
    assert asked is not None
    request = _request(asked.id)
    known = _known(request, wish_of(request))
    usable = [one for one in items(request.id) if one.usable]
    change.about("ReuseRequest", request.id)
    if not usable:
        raise Problem(gettext_noop("Nobody has permitted anything of it yet."))
    made = {one.id: _extract(one, _written(known, one), decided.get(one.id)) for one in usable}
    if not read_through:
        raise Problem(
            gettext_noop("Please read the whole once more, and say that nobody is recognised."),
            field="read",
        )
    pictures = [file for one in usable for file in one.going]
    boxes = keep_covered(pictures, covered or {}, change.account)
    for row in ReuseItem.objects.filter(pk__in=made):
        row.seal("extract_sealed", made[row.id])
        row.extracted_by_id = change.account
        row.save(update_fields=["extract_sealed", "extracted_by"])
    choices = Counter(one.choice for each in decided.values() for one in each.decisions.values())
    if pictures:
        change.detail |= {"files": len(pictures), "boxes": boxes}
    change.detail |= {"extracts": len(made)} | {
        word: choices[word] for word in ("take", "leave", "change") if choices[word]
    }


def _extract(item: Item, known: Known, decided: Decided | None) -> str:
    found = anonymising.find(item.text, known)
    decided = decided or Decided({})
    if left := anonymising.undecided(found, decided.decisions):
        raise Problem(
            gettext_noop("%(n)s places are not decided yet, or may not stay."), n=len(left)
        )
    cleaned = {
        key: Decision(one.choice, clean_text(one.text).strip())
        for key, one in decided.decisions.items()
    }
    words = tuple(clean_text(one).strip() for one in decided.words)
    part = Editing(item.id, "", item.text, tuple(found), None)
    extract = made_of(part, Decided(cleaned, words))
    if stays := anonymising.still_there(extract, known):
        raise Problem(gettext_noop("This may not stand in it: %(text)s"), text=stays[0].text)
    alone = item.going and not item.text.strip()  # a picture without words
    if comparable(extract).strip() == "" and not alone:
        raise Problem(gettext_noop("Nothing would be left of it."))
    return extract
