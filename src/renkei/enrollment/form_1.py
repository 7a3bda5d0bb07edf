"""What stands in an application (form 1), step by step, and what is missing in it (A3, F1)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Final

from renkei.enrollment.roster import Roster

STEPS: Final = ("organization", "place", "people", "settings", "pledge", "check")
LENGTHS: Final = {  # characters, as the columns of an organization take them
    "kind": 20,
    "name": 100,
    "kana": 200,
    "number": 20,
    "postal_code": 8,
    "address": 200,
    "phone": 20,
    "fax": 20,
    "email": 254,
    "head": 100,
    "training": 10,
    "documents_policy": 3,
}
NEEDED: Final = {  # what has to be filled in, by step
    "organization": ("kind", "name", "kana", "head"),
    "place": ("postal_code", "address", "phone", "email"),
    "people": ("people",),
    "settings": ("training", "documents_policy"),
}
OF_STEP: Final = {
    "organization": ("kind", "name", "kana", "number", "head"),
    "place": ("postal_code", "address", "phone", "fax", "email"),
    "settings": ("listed", "documents_policy", "training"),
}


@dataclass(frozen=True, slots=True)
class Applicant:
    """One person of the roster in an application."""

    name: str
    kana: str
    profession: str
    sex: str
    email: str
    administrator: bool = False
    pledged_on: str = ""  # ISO; the organization holds the person's own pledge (form 3) since then
    trained_on: str = ""
    own: bool = True  # the address is this one person's; asked for where it looks like a desk's


@dataclass(frozen=True, slots=True)
class Signed:
    """The organization's pledge (form 2) as it was signed."""

    name: str
    on: str  # ISO
    number: int | None  # the edition of its words
    way: str  # as ``Pledge.Way``

    @property
    def day(self) -> date:
        """The day of the signature."""
        return date.fromisoformat(self.on)


@dataclass(frozen=True, slots=True)
class Form1:
    """Form 1 as far as it is filled in; everything as it was cleaned."""

    contact: str = ""  # the address with which the application was begun
    kind: str = ""
    name: str = ""
    kana: str = ""
    number: str = ""  # 事業所番号, 医療機関コード
    head: str = ""  # who heads the organization
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    fax: str = ""
    email: str = ""
    listed: bool = True
    documents_policy: str = ""
    training: str = ""  # how they want to take it: "lecture" or "video"
    people: tuple[Applicant, ...] = ()
    pledge: Signed | None = None

    @property
    def missing(self) -> list[str]:
        """The steps in which something is missing, in their order; empty when it can be sent."""
        lacking = [
            step for step, names in NEEDED.items() if not all(getattr(self, name) for name in names)
        ]
        if "people" not in lacking and not any(one.administrator for one in self.people):
            lacking.append("people")
        if "people" not in lacking and not all(one.own for one in self.people):
            lacking.append("people")
        if self.pledge is None:
            lacking.append("pledge")
        return sorted(lacking, key=STEPS.index)

    @property
    def administrators(self) -> list[Applicant]:
        """Who is to be an administrator."""
        return [one for one in self.people if one.administrator]


def opened(content: Mapping[str, Any]) -> Form1:
    """The form from what is sealed."""
    known = {one.name for one in fields(Form1)}
    facts = {name: value for name, value in content.items() if name in known}
    facts["people"] = tuple(Applicant(**one) for one in facts.get("people", ()))
    facts["pledge"] = Signed(**facts["pledge"]) if facts.get("pledge") else None
    return Form1(**facts)


def closed(form: Form1) -> dict[str, Any]:
    """The form as it is sealed."""
    return asdict(form)


def people_of(roster: Roster, own: frozenset[str] = frozenset()) -> tuple[Applicant, ...]:
    """The people of a roster that was read without faults.

    Args:
        own: addresses that look like a desk's, of which was said that they are one person's.
    """
    return tuple(
        Applicant(
            name=line.name,
            kana=line.kana,
            profession=line.profession,
            sex=line.sex,
            email=line.email,
            administrator=bool(line.administrator),
            pledged_on=line.pledged_on.isoformat() if line.pledged_on else "",
            trained_on=line.trained_on.isoformat() if line.trained_on else "",
            own=not line.desk or line.email in own,
        )
        for line in roster.lines
    )
