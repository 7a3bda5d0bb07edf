"""ひな形: forms for the writing box, and the plain text that comes of what was filled in (N3.3).

Those that come with Renkei stand in ``texts/templates.toml``. An organization has its own beside
them, its edition in the place of one, or hides one (``template_desk``). A form is a help to write
and nothing else: what is posted is the text.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext_noop

from renkei.communication.mentions import FAMILY, Person, roles_of
from renkei.communication.models import Kind, Template
from renkei.group.head import Head, head
from renkei.group.members import MemberLine
from renkei.kernel import clock
from renkei.kernel.damage import DAMAGE
from renkei.kernel.errors import Problem, Unknown
from renkei.people.faces import OF_FAMILY
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.wording import TEXTS

TYPES: Final = {
    "text": gettext_noop("One line"),
    "longtext": gettext_noop("Several lines"),
    "choice": gettext_noop("One of several"),
    "multi": gettext_noop("Any of several"),
    "date": gettext_noop("Day"),
    "datetime": gettext_noop("Day and time"),
    "number": gettext_noop("Number"),
    "bool": gettext_noop("Yes or no"),
    "person": gettext_noop("Somebody of the team"),
    "photo": gettext_noop("Photo"),
    "vitals": gettext_noop("Vital signs"),
}
GROUPS: Final = ("patient", "family")  # the kinds of groups in which there are forms
EVERYBODY: Final = "*"
RELATIVES: Final = "患者・家族"
LONGEST: Final = 2_000  # characters of one field
_WEEKDAYS: Final = "月火水木金土日"
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,7}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a form asks for."""

    name: str
    label: str
    type: str
    required: bool = False
    options: tuple[str, ...] = ()
    example: str = ""
    to_do: bool = False  # a task made of the message is about this


@dataclass(frozen=True, slots=True)
class Form:
    """A form, as it is offered in the writing box."""

    key: str  # of the list in the file, or the digits of an organization's own
    title: str
    professions: tuple[str, ...]
    groups: tuple[str, ...]
    kind: str
    hint: str
    fields: tuple[Field, ...]
    title_en: str = ""
    own: bool = False  # of an organization, or its edition of one

    def named(self) -> str:
        """The title in the person's language, where there is one."""
        english = (translation.get_language() or "ja").startswith("en")
        return self.title_en if english and self.title_en else self.title

    def is_for(self, profession: str) -> bool:
        """Whether this profession is named in it."""
        return profession in self.professions

    def fits(self, kind: str, *, family: bool) -> bool:
        """Whether it is offered in this kind of group, to patient and relatives or the others."""
        return kind in self.groups and (RELATIVES in self.professions) == family


def form_of(key: str, content: Mapping[str, Any], *, own: bool = False) -> Form:
    """A form from what a file or a sealed column says of it."""
    facts = {name: content.get(name, "") for name in ("title", "title_en", "kind", "hint")}
    if facts["kind"] not in Kind.values:
        facts["kind"] = Kind.REPORT.value
    fields = [
        Field(**{**one, "options": tuple(one.get("options", ()))}) for one in content["fields"]
    ]
    return Form(
        key=key,
        professions=tuple(content["professions"]),
        groups=tuple(content["groups"]),
        fields=tuple(fields),
        own=own,
        **facts,
    )


@cache
def given() -> dict[str, Form]:
    """Those that come with Renkei, in the order of the file."""
    read = tomllib.loads((TEXTS / "templates.toml").read_text(encoding="utf-8"))
    return {one["id"]: form_of(one["id"], one) for one in read["template"]}


def of_organization(organization: UUID | None) -> dict[str, Form]:
    """The forms of an organization: those that come with Renkei, as it has changed them; its own.

    An edition stands under the key of what it stands in for, so that a draft finds it.
    """
    forms = dict(given())
    if organization is None:
        return forms
    for one in Template.objects.filter(organization=organization).order_by("changed_at", "pk"):
        key = one.base or one.pk.hex
        if one.hidden:
            forms.pop(key, None)
            continue
        try:
            forms[key] = form_of(key, one.unseal("content"), own=True)
        except DAMAGE:
            continue  # what stood there before is still there
    return forms


# ── For the writing box ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Offered:
    """The forms that are offered to a person in a group: those of their profession first."""

    head: Head
    mine: list[Form]
    others: list[Form]


def _forms(standing: Standing) -> tuple[dict[str, Form], str]:
    """Those offered here, and the profession in which one writes."""
    where = standing.where
    assert where is not None and where.member is not None
    family = bool(where.member.relation)
    offered = {
        key: form
        for key, form in of_organization(where.member.organization).items()
        if form.fits(where.kind, family=family)
    }
    return offered, RELATIVES if family else where.member.profession


@disclosure("communication.send", on="group")
def see_templates(standing: Standing) -> Offered:
    """Which forms there are."""
    forms, profession = _forms(standing)
    mine = [one for one in forms.values() if one.is_for(profession)]
    others = [one for one in forms.values() if not one.is_for(profession)]
    others.sort(key=lambda one: EVERYBODY not in one.professions)  # what is for all comes first
    return Offered(head(standing), mine, others)


@disclosure("communication.send", on="group")
def see_template(standing: Standing, *, key: str) -> Form:
    """One form.

    Raises:
        Unknown: there is none such here.
    """
    forms, _ = _forms(standing)
    if key not in forms:
        raise Unknown("template")
    return forms[key]


def people_for(form: Form, lines: Sequence[MemberLine]) -> Form:
    """The form with the roles and people of a team where it asks for somebody."""
    if not any(one.type == "person" for one in form.fields):
        return form
    people = [
        Person(one.face.account, one.face.profession, one.role_in_care, one.relation)
        for one in lines
    ]
    names = [
        f"{one.face.name}（{one.face.profession}）"
        if one.face.profession and one.face.profession != OF_FAMILY
        else one.face.name
        for one in lines
    ]
    choices = (*names, *(role for role in roles_of(people) if role == FAMILY))
    fields = [replace(one, options=choices) if one.type == "person" else one for one in form.fields]
    return replace(form, fields=tuple(fields))


# ── What comes of it ─────────────────────────────────────────────────────────────────────────────


def written(form: Form, values: Mapping[str, str], free: str = "") -> str:
    """The message as plain text: a line for each field that was filled in, none for the others.

    Args:
        values: by the names of the fields; of several choices one value each, ``name:0`` and so on.
        free: what was written beside the form.

    Raises:
        Problem: a field that is needed is empty, or holds what it cannot.
    """
    lines = [line for one in form.fields if (line := _line(one, values))]
    body = "\n".join([f"【{form.title}】", *lines]) if lines else ""
    return "\n\n".join(part for part in (body, free.strip()) if part)


def to_do(text: str) -> str:
    """The line of a posted text that says what is to be done; empty where no form asked for it.

    Found by the labels of the forms that come with Renkei; an edition of an organization may keep
    them, and a form of its own may use them.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        label, colon, said = line.partition("：")
        if colon and label in _labels_to_do():
            return said or "".join(lines[number + 1 : number + 2])
    return ""


@cache
def _labels_to_do() -> frozenset[str]:
    return frozenset(one.label for form in given().values() for one in form.fields if one.to_do)


def _line(one: Field, values: Mapping[str, str]) -> str:
    if one.type in ("photo", "vitals"):
        return ""  # what is attached, and what was measured, stand beside the text
    said = _said(one, values)
    if not said:
        if one.required:
            raise _missing(one)
        return ""
    return f"{one.label}：\n{said}" if "\n" in said else f"{one.label}：{said}"


def _missing(one: Field) -> Problem:
    return Problem(gettext_noop("Please fill in “%(label)s”."), field=one.name, label=one.label)


def _wrong(one: Field) -> Problem:
    return Problem(
        gettext_noop("Please look at “%(label)s” once more."), field=one.name, label=one.label
    )


def _said(one: Field, values: Mapping[str, str]) -> str:
    if one.type == "multi":
        chosen = [
            option
            for number, option in enumerate(one.options)
            if values.get(f"{one.name}:{number}", "") == option
        ]
        return "、".join(chosen)
    value = values.get(one.name, "").strip()
    if not value:
        return ""
    if len(value) > LONGEST:
        raise _wrong(one)
    return _READ.get(one.type, _plain)(one, value)


def _plain(one: Field, value: str) -> str:
    return value if one.type == "longtext" else " ".join(value.split())


def _chosen(one: Field, value: str) -> str:
    if one.options and value not in one.options:
        raise _wrong(one)
    return value


def _yes(one: Field, value: str) -> str:
    return "はい" if value == "yes" else "いいえ"


def _number(one: Field, value: str) -> str:
    plain = value.translate(str.maketrans("０１２３４５６７８９．", "0123456789."))
    if not _NUMBER.fullmatch(plain):
        raise _wrong(one)
    return plain


def _day(one: Field, value: str) -> str:
    try:
        return spoken(date.fromisoformat(value))
    except ValueError:
        raise _wrong(one) from None


def _moment(one: Field, value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise _wrong(one) from None
    return f"{spoken(at.date())} {at.hour}:{at.minute:02}"


_READ: Final[dict[str, Callable[[Field, str], str]]] = {
    "choice": _chosen,
    "person": _chosen,
    "bool": _yes,
    "number": _number,
    "date": _day,
    "datetime": _moment,
}


def spoken(day: date) -> str:
    """「12月1日(火)」, with the year when it is not this year."""
    said = f"{day.month}月{day.day}日({_WEEKDAYS[day.weekday()]})"
    return said if day.year == clock.today().year else f"{day.year}年{said}"
