"""The pages of an application (form 1): they clean; nobody saves."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from renkei.enrollment.models import Application
from renkei.kernel.japanese import PostalCodeFault, normalise_postal_code
from renkei.people.models import Organization
from renkei.web.fields import Choice, Day, Kana, Line, Number, Paragraph, Phone, Pills
from renkei.web.staff_forms import Email

DOCUMENTS: Final = (
    ("yes", _("Yes, others may post them")),
    ("ask", _("Ask us each time")),
    ("no", _("No, they may not")),
)
TRAININGS: Final = (
    (Application.Trained.LECTURE.value, _("At a lecture")),
    (Application.Trained.VIDEO.value, _("By video")),
)


class BeginForm(forms.Form):
    """Who wants to apply, and where the link goes."""

    name = Line(label=_("Official name of the organization"), max_length=100)
    email = Email(
        label=_("E-mail for this application"),
        autocomplete="email",
        help_text=_("We send a link there, with which you can go on at any time."),
    )


class BackForm(forms.Form):
    """The number of the link with which one goes on."""

    number = Line(label=_("Number of the link"), max_length=60, autocomplete="off")


class OrganizationForm(forms.Form):
    """What kind of organization it is, and who heads it."""

    kind = Choice(
        label=_("Kind"),
        choices=[("", _("Please choose")), *((one, one) for one in Organization.Kind.values)],
    )
    name = Line(label=_("Official name"), max_length=100)
    kana = Kana(label=_("Name in kana"), max_length=200)
    number = Number(
        label=_("Provider or medical institution number"), required=False, max_length=20
    )
    head = Line(
        label=_("Head of the organization"),
        max_length=100,
        help_text=_("Put a space between family name and given name."),
    )


class PlaceForm(forms.Form):
    """Where it is, and how to reach it."""

    postal_code = Line(label=_("Postal code"), max_length=9, inputmode="numeric")
    address = Line(label=_("Address"), max_length=200)
    phone = Phone(label=_("Telephone"))
    fax = Phone(label=_("Fax"), required=False)
    email = Email(label=_("E-mail of the organization"))

    def clean_postal_code(self) -> str:
        """The code as it is printed."""
        try:
            return normalise_postal_code(self.cleaned_data["postal_code"])
        except PostalCodeFault:
            raise ValidationError(_("Please write seven digits, for example 000-0001.")) from None


class SettingsForm(forms.Form):
    """What others see of it, and how it takes the training."""

    listed = Pills(
        label=_("Listing on the public page"),
        choices=(("1", _("List us")), ("", _("Do not list us"))),
        required=False,
    )
    documents_policy = Pills(
        label=_("May other organizations post your documents?"), choices=DOCUMENTS
    )
    training = Pills(label=_("How will you take the training?"), choices=TRAININGS)

    def __init__(self, *args: Any, opt_out: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not opt_out:
            del self.fields["listed"]


class PledgeForm(forms.Form):
    """The head signs form 2 by typing the own name under its words."""

    number = forms.IntegerField(widget=forms.HiddenInput())
    name = Line(label=_("Name of the head"), max_length=100)
    read = forms.BooleanField(
        label=_("I have read it, and pledge it as the head of the organization."),
        error_messages={"required": _("Please confirm that you have read it.")},
    )


class PaperPledgeForm(forms.Form):
    """Form 2 as it lies signed on paper."""

    number = forms.IntegerField(widget=forms.HiddenInput())
    name = Line(label=_("Name of the head, as it is signed"), max_length=100)
    on = Day(label=_("Day on the paper"))


class NameForm(forms.Form):
    """An application that came on paper."""

    name = Line(label=_("Official name of the organization"), max_length=100)


class NoteForm(forms.Form):
    """Why an application is returned or refused."""

    note = Paragraph(
        label=_("What it is about"),
        rows=4,
        max_length=1_000,
        help_text=_("The applicant reads this. Write nothing about patients."),
        error_messages={"required": _("Please write what it is about, in up to 1,000 characters.")},
    )


class TrainingForm(forms.Form):
    """When and how the organization took the training before use."""

    on = Day(label=_("Day of the training"))
    way = Pills(label=_("How it was taken"), choices=TRAININGS)
