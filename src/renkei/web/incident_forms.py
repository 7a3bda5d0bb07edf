"""The forms of the incident desk."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.incident.case import Case
from renkei.incident.handling import Statement
from renkei.incident.models import Entry
from renkei.kernel import clock
from renkei.web.incident_words import DUTIES, ENCRYPTION, ENTRIES, ITEMS, SEVERITIES

_INPUT = {"class": "input"}
_DATE = forms.DateInput(attrs={**_INPUT, "type": "date"}, format="%Y-%m-%d")


def _text(label: Any, *, rows: int = 3, must: bool = False, hint: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=4_000,
        required=must,
        help_text=hint,
        widget=forms.Textarea(attrs={**_INPUT, "rows": rows}),
    )


def _choice(label: Any, choices: Any, *, must: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=must, widget=forms.Select(attrs=_INPUT)
    )


def _ids(found: list[tuple[UUID, str]], nothing: Any) -> list[tuple[str, Any]]:
    return [("", nothing), *((str(one), name) for one, name in found)]


class NoteForm(forms.Form):
    """What was done."""

    word = _choice(_("What was done"), [(one, ENTRIES[one]) for one in Entry.DONE])
    text = _text(_("In words"))


class CallBackForm(forms.Form):
    """The caller is who they say."""

    person = forms.ChoiceField(
        label=_("Who it is"), required=False, widget=forms.Select(attrs=_INPUT)
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.choices = _ids(case.staff, _("Nobody of our staff"))


class HandOverForm(forms.Form):
    """Which organization it concerns."""

    organization = _choice(_("Organization"), [])

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["organization"]
        field.choices = _ids(case.organizations, _("Please choose"))


class AssessForm(forms.Form):
    """How heavy it is, and what the law asks for."""

    severity = _choice(_("Severity"), list(SEVERITIES.items()))
    duty = _choice(_("Report to the authority (APPI, article 26)"), list(DUTIES.items()))
    wrongful = forms.BooleanField(
        label=_("A wrongful purpose is feared (theft, unauthorized access): 60 days, not 30"),
        required=False,
    )
    known_on = forms.DateField(label=_("Day on which it became known (day 1)"), widget=_DATE)
    assigned = forms.ChoiceField(
        label=_("Sees to it"), required=False, widget=forms.Select(attrs=_INPUT)
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["assigned"]
        field.choices = _ids(case.assignable, _("Nobody yet"))

    @staticmethod
    def of(case: Case) -> dict[str, Any]:
        """What stands there now."""
        return {
            "severity": case.line.severity,
            "duty": case.duty,
            "wrongful": case.wrongful,
            "known_on": case.known_on,
            "assigned": str(case.assigned or ""),
        }


class TellForm(forms.Form):
    """Who was told."""

    patient = forms.ChoiceField(
        label=_("Patient"), required=False, widget=forms.Select(attrs=_INPUT)
    )
    organization = forms.ChoiceField(
        label=_("Organization"), required=False, widget=forms.Select(attrs=_INPUT)
    )
    day = forms.DateField(label=_("Day"), widget=_DATE)
    how = _text(_("How, and who spoke with whom"), rows=2, must=True)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        patient: Any = self.fields["patient"]
        patient.choices = _ids(case.patients, _("No patient"))
        organization: Any = self.fields["organization"]
        organization.choices = _ids(case.organizations, _("No organization"))
        self.initial.setdefault("day", clock.today())


class CloseForm(forms.Form):
    """Cause and measure; both have to be there."""

    cause = _text(_("Cause"), must=True)
    measure = _text(_("What keeps it from happening again"), must=True)


class StatementForm(forms.Form):
    """The report to the authority, item by item."""

    occurred = forms.CharField(
        label=_("When it happened"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_INPUT),
    )
    measures = _text(_("First measures"))
    encryption = _choice(_("Strong encryption or the like"), list(ENCRYPTION.items()))
    outline = _text(dict(ITEMS)["outline"])
    exposed = _text(dict(ITEMS)["exposed"])
    number = forms.CharField(
        label=dict(ITEMS)["number"],
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=_INPUT),
    )
    cause = _text(dict(ITEMS)["cause"])
    secondary = _text(dict(ITEMS)["secondary"])
    persons = _text(dict(ITEMS)["persons"])
    publication = _text(dict(ITEMS)["publication"], rows=2)
    prevention = _text(dict(ITEMS)["prevention"])
    other = _text(dict(ITEMS)["other"], rows=2)
    first_reported_on = forms.DateField(
        label=_("First report made on"), required=False, widget=_DATE
    )
    first_reference = forms.CharField(
        label=_("Its reference number"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=_INPUT),
    )
    final_reported_on = forms.DateField(
        label=_("Final report made on"), required=False, widget=_DATE
    )
    final_reference = forms.CharField(
        label=_("Its reference number"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=_INPUT),
    )

    def given(self) -> dict[str, Any]:
        """What the use case takes."""
        days = ("first_reported_on", "final_reported_on")
        texts = {name: value for name, value in self.cleaned_data.items() if name not in days}
        return {"statement": Statement(**texts), **{day: self.cleaned_data[day] for day in days}}
