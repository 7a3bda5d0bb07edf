"""The words of the forms as the region sets them: editions with a date, none ever changed (P1-P4).

A text says where something is to be filled in with places, ``{{ organization.name }}``. A place
that no form can fill, or a required one that is missing, is refused before anybody signs it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Max
from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.paperwork.parse import PLACE, places
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.difference import Line, difference, folded
from renkei.region.form_texts import Form, Wording, forms, in_force, wording_of
from renkei.region.models import FormText, Region

LONGEST: Final = 40_000  # characters
KNOWN: Final = frozenset({
    "system.name", "region.name", "policy.version", "policy.effective_date", "host.name",
    "operator.name", "operator.phone", "operator.fax", "operator.email", "operator.address",
    "operator.postal_code", "operator.hours", "operator.contact_person",
    "organization.name", "organization.kana", "organization.phone", "organization.fax",
    "organization.email", "organization.address", "organization.postal_code",
    "organization.number", "organization.head_name", "organization.privacy_officer",
    "organization.disclosure_fee",
    "patient.name", "patient.kana", "patient.birth_date", "patient.address", "patient.phone",
    "physician.name", "account.name", "account.profession",
})  # fmt: skip
_FROM_RECORD: Final = {  # a field that a text may name by what fills it
    "organization_name": "organization.name",
    "address": "organization.address",
    "patient_name": "patient.name",
    "patient_kana": "patient.kana",
    "birth_date": "patient.birth_date",
    "addressee": "operator.name",
    "policy_version": "policy.version",
    "head_name": "organization.head_name",
    "original_place": "organization.name",
}


# ── What a text has to hold ──────────────────────────────────────────────────────────────────────


def allowed(form: Form) -> set[str]:
    """The places a text of this form may have."""
    fields = {str(one["name"]) for one in form.facts["field"]}
    return fields | KNOWN | set(places(form.text))


def required(form: Form) -> dict[str, frozenset[str]]:
    """By its label, each field that has to be there, with the places that stand for it."""
    default = set(places(form.text))
    found: dict[str, frozenset[str]] = {}
    for one in form.facts["field"]:
        name = str(one["name"])
        stand_for = {name, _FROM_RECORD.get(name, name)}
        if name == "address" and "patient.address" in default:
            stand_for = {name, "patient.address"}
        if one.get("required") and stand_for & default:
            found[str(one["label_ja"])] = frozenset(stand_for)
    return found


def check(form: Form, text: str) -> None:
    """See that a text can be the words of this form.

    Raises:
        Problem: it is empty, too long, has no heading, names an unknown place, or leaves one out.
    """
    if not text.strip() or not text.lstrip().startswith("# "):
        raise Problem(gettext_noop("The text begins with a title: # and the name."), field="text")
    if len(text) > LONGEST:
        raise Problem(gettext_noop("This is too long."), field="text")
    _check_places(form, text)
    if "印・署名" in form.text and "印・署名" not in text and "signature" not in places(text):
        raise Problem(
            gettext_noop("There is no room for the signature: please keep 印・署名."), field="text"
        )
    if form.name == "form-4-patient-consent":
        _check_purposes(text)


def _check_places(form: Form, text: str) -> None:
    odd = PLACE.sub("", text)
    if "{{" in odd or "}}" in odd:
        raise Problem(
            gettext_noop("A place to fill is written like {{ organization.name }}."), field="text"
        )
    found = set(places(text))
    if unknown := sorted(found - allowed(form)):
        raise Problem(
            gettext_noop("This form has no such place to fill: %(names)s"),
            field="text",
            names="、".join(f"{{{{ {one} }}}}" for one in unknown),
        )
    missing = [label for label, stand_for in required(form).items() if not stand_for & found]
    if missing:
        raise Problem(
            gettext_noop("These are missing in the text: %(names)s"),
            field="text",
            names="、".join(missing),
        )


def _check_purposes(text: str) -> None:
    # The screen explains the purposes in these words, one by one.
    for number in range(1, 9):
        answers = "□ 説明を受けた" if number in (6, 7) else "□ 同意する"
        part = text.partition(f"### 目的{number}")[2].partition("\n###")[0].partition("\n## ")[0]
        wanted = ("正式な文", "ふつうの言葉", "やさしい日本語")
        if answers not in part or any(f"- {one}" not in part for one in wanted):
            raise Problem(
                gettext_noop(
                    "Purpose %(n)s needs its heading, 正式な文, ふつうの言葉, やさしい日本語 and"
                    " the boxes to tick."
                ),
                field="text",
                n=number,
            )


# ── Editions ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FormLine:
    """A form in the list."""

    name: str
    title: str
    number: int  # of the edition in force; 0 is the default
    since: date | None
    coming: date | None  # from when a newer one is in force


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a form's words."""

    number: int
    effective_on: date | None
    text: str
    made_at: datetime | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with all editions of its words, the newest first."""

    form: Form
    editions: list[Edition]
    places: list[str]
    fields: dict[str, str]  # labels of its fields by their places

    def one(self, number: int) -> Edition:
        """An edition.

        Raises:
            Unknown: there is none of that number.
        """
        for edition in self.editions:
            if edition.number == number:
                return edition
        raise Unknown("edition")

    @property
    def current(self) -> Edition:
        """The edition in force today."""
        return next(one for one in self.editions if one.in_force)

    def changes(self, edition: Edition) -> list[Line | int]:
        """What an edition changed in the one before it."""
        before = max(
            (one.number for one in self.editions if one.number < edition.number), default=0
        )
        return folded(difference(self.one(before).text, edition.text))


def form_named(name: str) -> Form:
    """A form by its name.

    Raises:
        Unknown: there is none.
    """
    found = forms().get(name)
    if found is None:
        raise Unknown("form")
    return found


@disclosure("forms.see", on="region")
def see_forms(standing: Standing) -> list[FormLine]:
    """Every form with the edition in force and the one to come."""
    region, today = standing.who.region, clock.today()
    assert region is not None
    lines = []
    later = dict(
        FormText.objects.filter(region=region, effective_on__gt=today)
        .order_by("-effective_on")
        .values_list("form", "effective_on")
    )
    for name, form in forms().items():
        words = in_force(region, name, today)
        lines.append(FormLine(name, form.title, words.number, words.effective_on, later.get(name)))
    return lines


@disclosure("forms.see", on="region")
def see_form(standing: Standing, name: str) -> FormPage:
    """One form, and every edition of its words that the region has had.

    Raises:
        Unknown: there is no such form.
    """
    region, form = standing.who.region, form_named(name)
    assert region is not None
    now = in_force(region, name, clock.today()).number
    kept = FormText.objects.filter(region=region, form=name).order_by("-number")
    editions = [
        Edition(one.number, one.effective_on, one.text, one.made_at, one.number == now)
        for one in kept
    ]
    editions.append(Edition(0, None, form.text, None, now == 0))
    labels = {str(one["name"]): str(one["label_ja"]) for one in form.facts["field"]}
    return FormPage(form, editions, sorted(allowed(form)), labels)


@disclosure("forms.see", on="region")
def preview(standing: Standing, name: str, text: str) -> Wording:
    """A text that is being written, as an edition to be set on paper; nothing is kept.

    Raises:
        Unknown: there is no such form.
        Problem: it cannot be the words of this form.
    """
    form, text = form_named(name), _cleaned(text)
    check(form, text)
    return Wording(name, 0, text)


@disclosure("forms.see", on="region")
def one_edition(standing: Standing, name: str, number: int) -> Wording:
    """One edition of a form's words.

    Raises:
        Unknown: there is no such form or edition.
    """
    try:
        return wording_of(standing.who.region, form_named(name).name, number)
    except FormText.DoesNotExist:
        raise Unknown("edition") from None


def _cleaned(text: str) -> str:
    plain = clean_text(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.rstrip(" \t") for line in plain.split("\n")).strip("\n") + "\n"


@use_case("form.set", on="region")
def set_form_text(
    change: Change, *, form: str, text: str, effective_on: date, after: int
) -> FormText:
    """Set the next edition of a form's words; it holds from its day on, and never changes.

    Args:
        after: the number of the newest edition that whoever wrote it had before them.

    Raises:
        Unknown: there is no such form.
        Problem: it cannot be its words, changes nothing, its day has passed, or another edition
            was set meanwhile.
    """
    found, text = form_named(form), _cleaned(text)
    change.stream = f"region:{change.region.hex}"
    change.about("Region", change.region, form=form)
    check(found, text)
    if effective_on < clock.today():
        raise Problem(gettext_noop("This day has passed."), field="effective_on")
    Region.objects.select_for_update().get(pk=change.region)
    kept = FormText.objects.filter(region=change.region, form=form)
    last = kept.aggregate(Max("number"))["number__max"] or 0
    if last != after:
        raise Problem(
            gettext_noop("Another edition was set meanwhile. Please compare and set yours again.")
        )
    newest = kept.order_by("-number").first()
    if text == (newest.text if newest else found.text):
        raise Problem(gettext_noop("Nothing is changed."), field="text")
    if newest is not None and effective_on < newest.effective_on:
        raise Problem(
            gettext_noop("It cannot be in force before the edition it follows."),
            field="effective_on",
        )
    made = FormText(
        id=uuid7(),
        region_id=change.region,
        form=form,
        number=last + 1,
        effective_on=effective_on,
        text=text,
        made_by=change.account,
        made_at=change.now,
    )
    made.save(force_insert=True)
    change.about("FormText", made.id, form=form, number=made.number)
    return made
