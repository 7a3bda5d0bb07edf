"""The pledge of confidentiality of a person (form 3): signed by nobody but themselves (A9, F2, P3).

It is signed on the screen under the words in force, or the organization records what it holds on
paper. Either way stands as a ``Pledge``; what the rules ask is the day on the role.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.models import Pledge
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text, wareki
from renkei.paperwork.parse import PLACE
from renkei.people.changes import role_of
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.form_texts import Wording, in_force
from renkei.region.wording import unmarked

FORM: Final = "form-3-staff-pledge"
ADDRESS_LENGTH: Final = 200  # characters
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ALIKE = str.maketrans("髙﨑濵濱邊邉齋齊斎澤德栁桒圡", "高崎浜浜辺辺斉斉斉沢徳柳桑土")


@dataclass(frozen=True, slots=True)
class ToSign:
    """The words as they are signed, and by whom."""

    role: UUID
    name: str
    profession: str
    organization: str
    text: str  # Markdown, filled in but for what is typed
    number: int
    pledged_on: date | None


def same_name(typed: str, known: str) -> bool:
    """Whether two ways of writing are one name: spaces, widths and variants of kanji aside."""
    return _plain(typed) == _plain(known) != ""


def _plain(name: str) -> str:
    bare = _VARIANTS.sub("", name).translate(_ALIKE)
    return "".join(unicodedata.normalize("NFKC", bare).split()).casefold()


def _role(standing: Standing) -> PractitionerRole:
    assert standing.what.colleague is not None
    roles = PractitionerRole.objects.select_related("account", "organization")
    return roles.get(pk=standing.what.colleague.role)


def _wording(role: PractitionerRole) -> Wording:
    return in_force(role.organization.region_id, FORM, clock.today())


def _filled(text: str, role: PractitionerRole) -> str:
    """The words with everything that is known; what is written by hand stays open."""
    words = {
        "organization.name": role.organization.name,
        "head_name": str(role.organization.unseal("head")),
        "date": wareki(clock.today()),
        "profession": role.profession,
    }
    return PLACE.sub(lambda place: unmarked(words.get(place[1], "＿＿＿＿＿＿")), text)


@disclosure("pledge.sign", on="staff")
def see_pledge(standing: Standing) -> ToSign:
    """The words one is to sign for one's own organization."""
    role = _role(standing)
    wording = _wording(role)
    return ToSign(
        role=role.id,
        name=role.account.profile.name,
        profession=role.profession,
        organization=role.organization.name,
        text=_filled(wording.text, role),
        number=wording.number,
        pledged_on=role.pledged_on,
    )


@use_case("pledge.sign", on="staff")
def sign_pledge(change: Change, *, name: str, address: str, number: int) -> UUID:
    """Sign form 3 oneself, by one's name under the words in force (A9).

    Args:
        number: the edition of the words that were shown.

    Raises:
        Problem: the name is not one's own, or the words have changed since.
    """
    role = role_of(change)
    wording = _wording(role)
    if wording.number != number:
        raise Problem(gettext_noop("The words have changed meanwhile. Please read them again."))
    if not same_name(name, role.account.profile.name):
        raise Problem(
            gettext_noop("Please write your name as it is registered: %(name)s"),
            field="name",
            name=role.account.profile.name,
        )
    signature = {
        "name": clean_text(name).strip(),
        "address": clean_text(address).strip()[:ADDRESS_LENGTH],
    }
    made = _made(change, role, Pledge.Way.SCREEN, clock.today(), number, signature)
    return _keep(change, role, made)


@use_case("pledge.record", on="staff")
def record_pledge(change: Change, *, way: str, signed_on: date) -> UUID:
    """Record what the organization holds: signed on paper, or one that it held already (A9, F2).

    Raises:
        Problem: no such way, or the day is yet to come.
    """
    role = role_of(change)
    if way not in (Pledge.Way.PAPER, Pledge.Way.HELD):
        raise Problem(gettext_noop("Please choose one."), field="way")
    if signed_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="signed_on")
    number = _wording(role).number if way == Pledge.Way.PAPER else None
    signature = {"name": role.account.profile.name, "address": ""}
    return _keep(change, role, _made(change, role, way, signed_on, number, signature))


def _keep(change: Change, role: PractitionerRole, pledge: Pledge) -> UUID:
    pledge.save(force_insert=True)
    role.pledged_on = pledge.signed_on
    role.save(update_fields=["pledged_on"])
    text, way = pledge.text_number, str(pledge.way)
    change.about("Pledge", pledge.id, account=role.account_id.hex, way=way, text=text)
    change.end_standings(account=role.account_id)
    return pledge.id


def hold_pledges(change: Change, roles: Iterable[PractitionerRole]) -> None:
    """Write down, inside anybody's use case, that the organization held these people's already."""
    Pledge.objects.bulk_create(
        _made(
            change,
            role,
            Pledge.Way.HELD,
            role.pledged_on,
            None,
            {"name": role.account.profile.name, "address": ""},
        )
        for role in roles
        if role.pledged_on is not None
    )


def _made(
    change: Change,
    role: PractitionerRole,
    way: str,
    signed_on: date,
    number: int | None,
    signature: dict[str, str],
) -> Pledge:
    pledge = Pledge(
        id=uuid7(),
        key_id=role.account.key_id,
        form=FORM,
        organization_id=role.organization_id,
        account_id=role.account_id,
        way=way,
        signed_on=signed_on,
        text_number=number,
        recorded_by=change.account,
        recorded_at=change.now,
    )
    pledge.seal("signature", signature)
    return pledge


@dataclass(frozen=True, slots=True)
class PledgeLine:
    """A pledge that stands: ``code`` of the paper is by the record ``Pledge/<hex>``."""

    id: UUID
    way: str
    signed_on: date
    number: int | None


@disclosure("staff.see_one", on="staff")
def pledges_of(standing: Standing) -> list[PledgeLine]:
    """The pledges of one of one's own staff for this organization, the newest first."""
    assert standing.what.colleague is not None
    found = Pledge.objects.filter(
        account=standing.what.colleague.account,
        organization=standing.what.colleague.organization,
    ).order_by("-recorded_at")
    return [PledgeLine(one.id, one.way, one.signed_on, one.text_number) for one in found]
