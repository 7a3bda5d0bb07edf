"""The forms of a patient's record: identity, basics, related persons. They clean; nobody saves."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.patient.disclosures import Around
from renkei.patient.models import Basics, Identity, Relative
from renkei.web.fields import Choice, Day, Kana, Line, Number, Paragraph, Phone, Pills

SEXES = [("女", _("Female")), ("男", _("Male")), ("その他", _("Other")), ("", _("Not stated"))]
CARE_LEVELS = [
    ("", _("Not entered")), ("要支援1", "要支援1"), ("要支援2", "要支援2"), ("要介護1", "要介護1"),
    ("要介護2", "要介護2"), ("要介護3", "要介護3"), ("要介護4", "要介護4"), ("要介護5", "要介護5"),
    ("申請中", _("Applied for")), ("非該当", _("Not eligible")),
]  # fmt: skip


class IdentityForm(forms.Form):
    """Who a patient is."""

    name = Line(
        label=_("Name"),
        max_length=100,
        help_text=_("Put a space between family name and given name."),
        error_messages={"required": _("Please write the patient's name.")},
    )
    kana = Kana(
        label=_("Name in kana"),
        max_length=100,
        help_text=_("Katakana becomes hiragana."),
        error_messages={"required": _("Please write the reading in hiragana.")},
    )
    birth_date = Day(
        label=_("Birth date"), help_text=_("For example S12.3.5, 1937-03-05 or 昭和12年3月5日.")
    )
    sex = Pills(label=_("Sex"), choices=SEXES, required=False)
    address = Line(label=_("Address"), required=False)
    phone = Phone(label=_("Telephone"), required=False)
    mobile = Phone(label=_("Mobile phone"), required=False)

    def identity(self) -> Identity:
        """What was written, as the record keeps it."""
        cleaned = dict(self.cleaned_data)
        cleaned["birth_date"] = cleaned["birth_date"].isoformat()
        return Identity(**{name: cleaned[name] for name in IdentityForm.base_fields})

    @staticmethod
    def of(identity: Identity) -> dict[str, Any]:
        """What stands in the form at first."""
        return {**asdict(identity), "birth_date": identity.born}


class RegisterForm(IdentityForm):
    """A new patient: who it is, and the number of the insurance."""

    insurer_number = Number(
        label=_("Insured person's number"),
        max_length=20,
        required=False,
        inputmode="numeric",
    )
    care_level = Choice(label=_("Care level"), choices=CARE_LEVELS, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def basics(self) -> Basics:
        """What is known of the basics at registration."""
        cleaned = self.cleaned_data
        return Basics(insurer_number=cleaned["insurer_number"], care_level=cleaned["care_level"])


class BasicsForm(forms.Form):
    """What the team needs to know at once."""

    conditions = Paragraph(label=_("Conditions"), required=False, rows=3)
    allergies = Paragraph(label=_("Allergies and contraindications"), required=False, rows=2)
    equipment = Paragraph(
        label=_("Medical devices and aids"),
        required=False,
        rows=2,
        help_text=_("For example oxygen 2 L/min, suction, air mattress."),
    )
    power_dependent = forms.BooleanField(
        label=_("Life depends on electricity"),
        required=False,
        help_text=_("First in line in a power cut."),
    )
    power_devices = Line(
        label=_("What needs electricity"),
        required=False,
        max_length=60,
        list="power-devices",
        help_text=_("For example ventilator, oxygen concentrator, suction."),
    )
    wishes = Paragraph(label=_("Wishes for what lies ahead"), required=False, rows=3)
    care_level = Choice(label=_("Care level"), required=False)
    insurer_number = Number(
        label=_("Insured person's number"), max_length=20, required=False, inputmode="numeric"
    )
    physician_name = Line(label=_("Attending physician"), required=False, max_length=100)
    physician_organization = Line(
        label=_("Institution of the physician"), required=False, max_length=100
    )
    physician_phone = Phone(label=_("Telephone of the physician"), required=False)
    nurse_station = Line(label=_("Nurse station"), required=False, max_length=100)
    nurse_phone = Phone(label=_("Telephone of the nurse station"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kept = self.initial.get("care_level", "")
        others = [(kept, kept)] if kept not in dict(CARE_LEVELS) else []
        level = self.fields["care_level"]
        assert isinstance(level, Choice)
        level.choices = CARE_LEVELS + others

    def basics(self) -> Basics:
        """What was written, as the record keeps it; who has such a device depends on it."""
        cleaned = dict(self.cleaned_data)
        cleaned["power_dependent"] = cleaned["power_dependent"] or bool(cleaned["power_devices"])
        return Basics(**cleaned)


class RelativeForm(forms.Form):
    """One related person. An empty row is nobody."""

    name = Line(label=_("Name"), required=False, max_length=100)
    kana = Kana(label=_("Name in kana"), required=False, max_length=100)
    relationship = Line(
        label=_("Relationship"), required=False, max_length=30, list="relationships"
    )
    phone = Phone(label=_("Telephone"), required=False)
    phone2 = Phone(label=_("Second telephone"), required=False)
    emergency_contact = forms.BooleanField(label=_("Emergency contact"), required=False)
    proxy = forms.BooleanField(label=_("Signs and decides for the patient"), required=False)
    order = forms.IntegerField(
        label=_("Calling order"),
        required=False,
        min_value=1,
        max_value=99,
        error_messages={"invalid": _("Please write a number.")},
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        """A row with anything in it needs a name and a relationship."""
        cleaned: dict[str, Any] = super().clean() or {}
        words = ("name", "kana", "relationship", "phone", "phone2")
        self.filled = any(cleaned.get(one) for one in words) and not cleaned.get("DELETE")
        if self.filled and not cleaned.get("name") and "name" not in self.errors:
            self.add_error("name", _("Please write the name."))
        if self.filled and not cleaned.get("relationship"):
            self.add_error("relationship", _("Please write the relationship."))
        return cleaned

    def relative(self) -> dict[str, object]:
        """The person as the record keeps them."""
        cleaned = self.cleaned_data
        phones = [one for one in (cleaned["phone"], cleaned["phone2"]) if one]
        return {
            "person": Relative(cleaned["name"], cleaned["relationship"], cleaned["kana"], phones),
            "emergency_contact": cleaned["emergency_contact"],
            "proxy": cleaned["proxy"],
        }


RelativeForms = forms.formset_factory(RelativeForm, extra=3, can_delete=True, max_num=20)


def relative_rows(related: list[Around]) -> list[dict[str, Any]]:
    """What stands in the rows at first."""
    return [
        {
            "name": one.person.name,
            "kana": one.person.kana,
            "relationship": one.person.relationship,
            "phone": one.person.phones[0] if one.person.phones else "",
            "phone2": one.person.phones[1] if len(one.person.phones) > 1 else "",
            "emergency_contact": one.emergency_contact,
            "proxy": one.proxy,
            "order": order,
        }
        for order, one in enumerate(related, start=1)
    ]


def relatives_of(rows: Any) -> list[dict[str, object]]:
    """The related persons of valid rows, in calling order; rows without a number come last."""
    kept = [one for one in rows.forms if getattr(one, "filled", False)]
    kept.sort(key=lambda one: one.cleaned_data.get("order") or 100)
    return [one.relative() for one in kept]
