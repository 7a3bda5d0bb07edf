"""The words of the forms: the default ones, and the editions that a region has set (P1-P4).

A form is named as its file in ``texts/forms`` begins: TOML between lines of ``+++`` says which
fields it has, the Markdown after it is what is signed.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

from renkei.region.models import FormText
from renkei.region.wording import TEXTS

FORMS: Final = TEXTS / "forms"


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it comes with the product."""

    name: str  # "form-3-staff-pledge"
    title: str
    facts: dict[str, Any]  # the front matter: id, clauses, field, copies …
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a form at one time; ``number`` 0 is the default that comes with the product."""

    form: str
    number: int
    text: str
    effective_on: date | None = None
    id: UUID | None = None


@cache
def forms() -> dict[str, Form]:
    """Every form by its name."""
    found = {}
    for path in sorted(FORMS.glob("*.ja.md")):
        _, front, text = path.read_text(encoding="utf-8").split("+++\n", 2)
        facts = tomllib.loads(front)
        name = path.name.removesuffix(".ja.md")
        found[name] = Form(name, facts["title_ja"], facts, text.strip() + "\n")
    return found


def wording_of(region: UUID | None, form: str, number: int) -> Wording:
    """One edition of the words of ``form``; 0 is the default.

    Raises:
        KeyError: there is no such form.
        FormText.DoesNotExist: there is no such edition.
    """
    if number == 0:
        return Wording(form, 0, forms()[form].text)
    found = FormText.objects.get(region=region, form=form, number=number)
    return Wording(form, found.number, found.text, found.effective_on, found.id)


def in_force(region: UUID, form: str, on: date) -> Wording:
    """The words of ``form`` that hold in the region on a day.

    Raises:
        KeyError: there is no such form.
    """
    default = forms()[form]
    set_here = FormText.objects.filter(region=region, form=form, effective_on__lte=on)
    found = set_here.order_by("-effective_on", "-number").first()
    if found is None:
        return Wording(form, 0, default.text)
    return Wording(form, found.number, found.text, found.effective_on, found.id)
