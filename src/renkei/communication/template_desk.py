"""The forms of one's organization (ひな形): its administrator adds, changes, hides and shows them.

An edition of the organization stands for its own staff in the place of the one that comes with
Renkei; taking it away brings that one back. Nothing of a patient stands in a form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.models import Kind, Template
from renkei.communication.templates import (
    EVERYBODY,
    GROUPS,
    RELATIVES,
    TYPES,
    Field,
    Form,
    form_of,
    given,
)
from renkei.kernel.damage import DAMAGE
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import digest
from renkei.people.faces import name_by
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

MOST: Final = 50  # forms of one organization
MOST_FIELDS: Final = 20  # of one form
OFFERED_TYPES: Final = tuple(one for one in TYPES if one not in ("photo", "vitals"))
_WITH_OPTIONS = ("choice", "multi")


@dataclass(frozen=True, slots=True)
class Kept:
    """A form as the administrator sees it."""

    form: Form
    edition: bool  # the organization's edition of one that comes with Renkei
    hidden: bool
    changed_at: datetime | None = None
    changed_by: str = ""


def _target(standing: Standing) -> UUID:
    place = standing.what.target_organization
    assert place is not None
    return place


@disclosure("templates.see", on="organization")
def see_forms(standing: Standing) -> list[Kept]:
    """Every form of the organization: its own first, then those that come with Renkei."""
    found = list(Template.objects.filter(organization=_target(standing)).order_by("pk"))
    editions = {one.base: one for one in found if one.base}
    own = [_kept(one) for one in found if not one.base]
    return [*own, *(_kept(editions.get(key), form) for key, form in given().items())]


def _kept(one: Template | None, base: Form | None = None) -> Kept:
    if one is None:
        assert base is not None
        return Kept(base, edition=False, hidden=False)
    form = base
    if one.content is not None:
        try:
            form = form_of(one.base or one.pk.hex, one.unseal("content"), own=True)
        except DAMAGE:
            form = base or form_of(one.pk.hex, {"professions": (), "groups": (), "fields": ()})
    assert form is not None
    edition = bool(one.base) and one.content is not None
    return Kept(form, edition, one.hidden, one.changed_at, name_by(one.changed_by_id))


@disclosure("templates.see", on="organization")
def see_form(standing: Standing, *, key: str) -> Kept:
    """One form, to be changed.

    Raises:
        Unknown: there is none under this key.
    """
    one = _stored(_target(standing), key)
    if one is None and key not in given():
        raise Unknown("template")
    return _kept(one, given().get(key))


def _stored(organization: UUID, key: str) -> Template | None:
    """What the organization has under a key: its edition of a given one, or one of its own."""
    mine = Template.objects.filter(organization=organization)
    if key in given():
        return mine.filter(base=key).first()
    try:
        return mine.filter(pk=UUID(key), base="").first()
    except ValueError:
        return None


def _begin(change: Change, key: str) -> Template:
    """The row of a form, new if there is none yet.

    Raises:
        Unknown: there is no such form.
    """
    place = _target(change.standing)
    change.stream = f"organization:{place.hex}"
    organization = Organization.objects.select_related("region").get(pk=place)
    if key and (found := _stored(place, key)) is not None:
        change.about("Template", found.pk, base=found.base)
        return found
    if key and key not in given():
        raise Unknown("template")
    if Template.objects.filter(organization=place, base="").count() >= MOST and not key:
        raise Problem(gettext_noop("There are %(n)s forms already. Please change one."), n=MOST)
    one = Template(id=uuid7(), organization_id=place, base=key, key_id=organization.region.key_id)
    change.about("Template", one.pk, base=key)
    return one


@use_case("templates.change", on="organization")
def keep_form(
    change: Change,
    *,
    key: str = "",
    title: str,
    hint: str,
    kind: str,
    groups: Sequence[str],
    professions: Sequence[str],
    fields: Sequence[Mapping[str, Any]],
) -> str:
    """Add a form, or set the organization's own wording of one; its key.

    Args:
        key: of the form that is changed; empty for a new one.
        fields: each with ``label``, ``type``, ``required``, ``options`` and ``example``.

    Raises:
        Problem: something is missing, or is nothing that a form can ask.
        Unknown: there is no such form.
    """
    one = _begin(change, key)
    base = given().get(key)
    content: dict[str, Any] = {
        "title": _line(title, 40),
        "hint": _line(hint, 120),
        "kind": kind if kind in Kind.values else Kind.REPORT.value,
        "groups": [group for group in GROUPS if group in groups],
        "professions": [word for word in _professions() if word in professions],
        "fields": _fields(fields, base),
    }
    if not content["title"]:
        raise Problem(gettext_noop("Please write a title."), field="title")
    if not content["groups"]:
        raise Problem(gettext_noop("Please choose where it is offered."), field="groups")
    if not content["professions"]:
        content["professions"] = [EVERYBODY]
    if not any(field["type"] != "vitals" for field in content["fields"]):
        raise Problem(gettext_noop("Please let it ask for one thing at least."), field="fields")
    one.seal("content", content)
    one.hidden = False
    _save(change, one)
    return one.base or one.pk.hex


def _professions() -> tuple[str, ...]:
    return (EVERYBODY, *PractitionerRole.PROFESSIONS, RELATIVES)


def _line(text: str, most: int) -> str:
    return " ".join(clean_text(text).split())[:most]


def _fields(rows: Sequence[Mapping[str, Any]], base: Form | None) -> list[dict[str, Any]]:
    """The fields as they are kept. What cannot be set here (a photo) stays where it was."""
    kept: list[dict[str, Any]] = []
    names = {one.label: one.name for one in base.fields} if base else {}
    for row in rows[:MOST_FIELDS]:
        label = _line(row["label"], 40)
        if not label:
            continue
        if row["type"] not in OFFERED_TYPES:
            raise Problem(gettext_noop("Please choose what kind of answer it is."), field="fields")
        given_options = row["options"] if row["type"] in _WITH_OPTIONS else ()
        options = list(dict.fromkeys(filter(None, (_line(one, 40) for one in given_options))))
        if row["type"] in _WITH_OPTIONS and len(options) < 2:
            raise Problem(
                gettext_noop("Please give “%(label)s” two answers at least."),
                field="fields",
                label=label,
            )
        kept.append(
            {
                "name": names.get(label, f"f{len(kept) + 1}"),
                "label": label,
                "type": row["type"],
                "required": bool(row["required"]),
                "options": options,
                "example": _line(row["example"], 80),
            }
        )
    kept += [_beside(one) for one in (base.fields if base else ()) if one.type not in OFFERED_TYPES]
    return kept


def _beside(one: Field) -> dict[str, Any]:
    return {"name": one.name, "label": one.label, "type": one.type}


@use_case("templates.change", on="organization")
def hide_form(change: Change, *, key: str, hidden: bool) -> None:
    """Offer a form to one's staff no more, or again.

    Raises:
        Unknown: there is no such form.
    """
    if not key:
        raise Unknown("template")
    one = _begin(change, key)
    if one.hidden == hidden:
        change.silent = True
        return
    one.hidden = hidden
    change.detail["hidden"] = hidden
    if not hidden and one.content is None:
        one.delete()
        return
    _save(change, one)


@use_case("templates.change", on="organization")
def remove_form(change: Change, *, key: str) -> None:
    """Take away a form of the organization's own; of its edition, the given one comes back.

    Raises:
        Unknown: there is no such form.
    """
    found = _stored(_target(change.standing), key)
    if found is None:
        raise Unknown("template")
    one = _begin(change, key)
    change.detail["removed"] = True
    one.delete()


def _save(change: Change, one: Template) -> None:
    one.changed_by_id, one.changed_at = change.account, change.now
    change.detail["sealed"] = digest(one.content) if one.content else None
    one.save()
