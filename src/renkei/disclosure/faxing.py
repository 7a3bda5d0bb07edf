"""A permitted copy for a partner outside the network, as sheets for a fax machine (A15.5, A16.b).

What is set is printed and sent by hand: the cover asks who was called by mistake not to read on.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.disclosure.copying import Copy, copy_of, note_opening
from renkei.disclosure.items import items
from renkei.disclosure.models import Fax, ReuseRequest
from renkei.enrollment.printing import organization_values
from renkei.group.head import Head, head
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import id_of, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import PhoneFault, clean_text, normalise_phone
from renkei.kernel.sealed import about
from renkei.people.faces import name_by, open_profile
from renkei.people.models import Organization
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

LENGTH: Final = 100  # characters
REPLIES: Final = ("受け取ったら電話", "返信不要", "折り返しFAX")


@dataclass(frozen=True, slots=True)
class To:
    """To whom a fax goes. Everything here is sealed."""

    organization: str
    person: str
    number: str
    subject: str
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """All that is needed to set the sheets."""

    fax: UUID
    to: To
    copy: Copy
    sender: str
    values: dict[str, str]  # the sending organization's
    at: datetime


def _dialled(typed: str, again: str) -> str:
    """The number, typed twice.

    Raises:
        Problem: the two differ, or it is no number.
    """
    try:
        number, other = normalise_phone(typed), normalise_phone(again)
    except PhoneFault:
        raise Problem(
            gettext_noop("Please write 10 or 11 digits, for example 0000-00-1061."), field="number"
        ) from None
    if number.replace("-", "") != other.replace("-", ""):
        raise Problem(gettext_noop("The two numbers differ. Nothing was sent."), field="again")
    return number


@dataclass(frozen=True, slots=True)
class Faxing:
    """What the form to fax a copy shows."""

    head: Head
    request: UUID
    number: str
    items: int


@disclosure("fax.print", on="reuse")
def see_fax(standing: Standing) -> Faxing:
    """The form to fax a permitted copy."""
    asked = standing.what.reuse
    assert asked is not None
    request = ReuseRequest.objects.get(pk=asked.id)
    count = sum(one.usable for one in items(request.id))
    return Faxing(head(standing), request.id, request.number, count)


@use_case("fax.print", on="reuse")
def prepare_fax(change: Change, *, to: To, again: str, called: bool) -> Ready:
    """Note a fax, and give what stands on its sheets.

    Args:
        again: the number, typed a second time.
        called: the receiver was rung before, and stands at the machine.

    Raises:
        Problem: the numbers differ, nobody was rung, something is missing, or nothing of the copy
            can be used any more.
    """
    asked, who = change.standing.what.reuse, change.standing.who
    assert asked is not None
    cleaned = {name: clean_text(said).strip()[:LENGTH] for name, said in asdict(to).items()}
    for name in ("organization", "person", "subject"):
        if not cleaned[name]:
            raise Problem(gettext_noop("Please write this."), field=name)
    cleaned["number"] = _dialled(to.number, again)
    if cleaned["reply"] and cleaned["reply"] not in REPLIES:
        raise Problem(gettext_noop("Please choose one."), field="reply")
    if not called:
        raise Problem(gettext_noop("Please ring first, so that somebody stands at the machine."))
    request = ReuseRequest.objects.select_related(
        "group__patient", "group__organization", "organization"
    ).get(pk=asked.id)
    copy = copy_of(request, items(request.id), change.now)
    fax = _fax(change, request, cleaned, len(copy.parts))
    note_opening(change, request, "fax", len(copy.parts))
    change.about("ReuseRequest", request.id, fax=fax.id.hex, items=fax.items)
    return Ready(
        fax.id,
        To(**cleaned),
        copy,
        name_by(who.account),
        organization_values(request.organization),
        change.now,
    )


def _fax(change: Change, request: ReuseRequest, to: dict[str, str], count: int) -> Fax:
    organization: Organization = request.organization
    fax = Fax(
        id=uuid7(),
        key_id=organization.key_id,
        request=request,
        number=request.number,
        organization=organization,
        account_id=change.account,
        pages=0,
        items=count,
        at=change.now,
    )
    fax.seal("to_sealed", to)
    fax.save(force_insert=True)
    return fax


@use_case("fax.print", on="reuse")
def note_pages(change: Change, *, fax: UUID, pages: int) -> None:
    """How many pages the sheets came to; asked once, when they are set.

    Raises:
        Problem: it is not one's own fax of this copy, or its pages are known.
    """
    asked = change.standing.what.reuse
    assert asked is not None
    mine = Fax.objects.filter(pk=fax, request=asked.id, account=change.account, pages=0)
    change.about("ReuseRequest", asked.id, fax=fax.hex, pages=pages)
    if mine.update(pages=pages) != 1:
        raise Problem(gettext_noop("Please check once more."))


@dataclass(frozen=True, slots=True)
class FaxLine:
    """One fax in the register of the organization that sent it."""

    at: datetime
    by: str
    number: str  # of the permission
    to: To
    pages: int
    items: int


_FAXES = """
    SELECT f.id, f.key_id, f.to_sealed, f.at, f.number, f.pages, f.items,
      a.id, a.key_id, a.profile_sealed
    FROM disclosure_fax f JOIN people_account a ON a.id = f.account_id
    WHERE f.organization_id = %s ORDER BY f.at DESC LIMIT 500"""


@disclosure("reuse.register", on="organization")
def see_faxes(standing: Standing) -> list[FaxLine]:
    """To whom the organization's people sent what, by fax; the latest first."""
    own = standing.what.target_organization
    assert own is not None
    return [_line(one) for one in rows(_FAXES, [own.hex])]


def _line(found: tuple[Any, ...]) -> FaxLine:
    fax, key, sealed, at, number, pages, count, account, profile_key, profile = found
    try:
        place = about("disclosure.Fax", id_of(fax), "to_sealed")
        to = To(**vault.unseal_json(id_of(key), sealed, about=place))
    except DAMAGE as damage:
        to = To(sentence(damage), "", "", "")
    by = open_profile(id_of(account), id_of(profile_key), profile)["name"]
    return FaxLine(from_us(at), by, number, to, pages, count)
