"""The forms about the life of a group or a patient. They clean only."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.group.charters import TEXT_LENGTH
from renkei.group.membership import REASON_LENGTH
from renkei.kernel import clock
from renkei.patient.handing_over import Acceptance, Proposal
from renkei.people.models import Organization
from renkei.web.fields import Choice, Day, Line, Paragraph, Pills

REUSES = {
    "record": _("An entry in the own record"),
    "colleagues": _("Telling colleagues of the own organization"),
    "explaining": _("Explaining to the patient or family"),
}


class CharterForm(forms.Form):
    """How the group is used, and what may be reused without asking each time."""

    text = Paragraph(
        label=_("How this group is used"),
        rows=16,
        max_length=TEXT_LENGTH,
        error_messages={"required": _("Please write how the group is used.")},
    )
    record = forms.BooleanField(label=REUSES["record"], required=False)
    colleagues = forms.BooleanField(label=REUSES["colleagues"], required=False)
    explaining = forms.BooleanField(label=REUSES["explaining"], required=False)
    number = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @property
    def reuse(self) -> list[str]:
        """What is permitted, as words."""
        return [one for one in REUSES if self.cleaned_data[one]]


class ArchiveForm(forms.Form):
    """A word about why, if one wishes."""

    reason = Paragraph(
        label=_("A word to the members"), rows=2, max_length=REASON_LENGTH, required=False
    )


class DeathForm(forms.Form):
    """The day of death."""

    died_on = Day(label=_("Day of death"))


class HandOverForm(forms.Form):
    """To whom, why, and that the patient knows."""

    target = Choice(label=_("To which organization"))
    why = Paragraph(
        label=_("Reason"),
        rows=2,
        max_length=REASON_LENGTH,
        help_text=_("The other organization reads it. Please write no name here."),
        error_messages={"required": _("Please write the reason.")},
    )
    told_on = Day(label=_("Day on which the patient or the proxy was told and agreed"))

    def __init__(self, *args: Any, able: list[Organization], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = self.fields["target"]
        assert isinstance(chosen, Choice)
        chosen.choices = [("", ""), *((str(one.id), one.name) for one in able)]

    def proposal(self) -> Proposal:
        """What is proposed."""
        cleaned = self.cleaned_data
        return Proposal(cleaned["target"], cleaned["why"], cleaned["told_on"])

    def clean_target(self) -> Any:
        """The organization's id."""
        return UUID(self.cleaned_data["target"])


class AcceptForm(forms.Form):
    """On which terms the patient is taken over."""

    original = Pills(
        label=_("The original of form 4"),
        choices=[("stays", _("It stays where it is kept")), ("came", _("It came to us"))],
        required=False,
    )
    place = Line(label=_("Where it lies with us"), required=False, max_length=100)
    contact_on = Day(label=_("Day on which the new contact was given to the patient or family"))
    stay = Pills(
        label=_("The people of the organization so far"),
        choices=[("yes", _("They stay in the group")), ("no", _("They leave the group"))],
        initial="yes",
    )
    keeps = Pills(
        label=_("Which of the two records goes on"),
        choices=[("handed", _("The one handed over")), ("own", _("Our own"))],
        required=False,
    )

    def __init__(self, *args: Any, exempt: bool, twice: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("contact_on", clock.today())
        if exempt:
            del self.fields["original"], self.fields["place"]
        if not twice:
            del self.fields["keeps"]

    def acceptance(self) -> Acceptance:
        """The terms."""
        cleaned = self.cleaned_data
        return Acceptance(
            original=cleaned.get("original", ""),
            place=cleaned.get("place", ""),
            contact_on=cleaned["contact_on"],
            stay=cleaned["stay"] == "yes",
            keeps=cleaned.get("keeps", ""),
        )
