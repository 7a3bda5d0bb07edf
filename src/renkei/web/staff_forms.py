"""The forms of an organization's people: coming, changing, pledging, leaving. They clean."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from renkei.enrollment.leaving import CLOSED, FORMALITIES, MISSING, RETURNED, Formalities, Returned
from renkei.enrollment.leaving_desk import LeavingDevice
from renkei.enrollment.models import Leaving, Pledge
from renkei.enrollment.roster import BYTES_MAX
from renkei.kernel import clock
from renkei.kernel.japanese import EmailFault, normalise_email
from renkei.people.joining import NewStaff
from renkei.people.models import PractitionerRole
from renkei.web.fields import Choice, Day, Kana, Line, Paragraph, Pills

SEXES: Final = (("", _("Not said")), ("女", _("Female")), ("男", _("Male")), ("その他", _("Other")))
PROFESSIONS: Final = [
    ("", _("Please choose")),
    *((one, one) for one in PractitionerRole.PROFESSIONS),
]
PLEDGES: Final = (
    (Pledge.Way.PAPER.value, _("Signed on paper; it lies with us")),
    (Pledge.Way.HELD.value, _("We held one already")),
)
TOLD: Final = (
    (Leaving.Told.IN_PERSON.value, _("In person")),
    (Leaving.Told.PHONE.value, _("By telephone")),
    (Leaving.Told.LETTER.value, _("By letter")),
    (Leaving.Told.NOT_REACHED.value, _("Could not be reached")),
)
DONE: Final = {
    "papers": _("Papers and records are returned"),
    "media": _("USB sticks and other media are returned"),
    "seal": _("Keys, name badge and seal are returned"),
}


class Email(Line):
    """An address to log in with, half-width and in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, inputmode="email", **options)

    def to_python(self, value: Any) -> str:
        """The address as it is kept."""
        written = super().to_python(value)
        try:
            return normalise_email(written) if written else ""
        except EmailFault:
            raise ValidationError(_("This is not an e-mail address.")) from None


class NewStaffForm(forms.Form):
    """One person who is to work here."""

    name = Line(label=_("Name"), max_length=100)
    kana = Kana(label=_("Name in kana"), max_length=200)
    profession = Choice(label=_("Profession"), choices=PROFESSIONS)
    email = Email(
        label=_("E-mail address"),
        help_text=_("The person's own: they log in with it. Nobody else reads it."),
    )
    one_person = forms.BooleanField(
        label=_("This address is one person's own; nobody else reads it."), required=False
    )
    sex = Pills(label=_("Sex"), choices=SEXES, required=False)
    administrator = forms.BooleanField(
        label=_("Is an administrator"),
        required=False,
        help_text=_(
            "Looks after people, devices and pledges. The operator makes their link. Whoever has an"
            " ID already is made administrator by you, once they have said that they work here."
        ),
    )
    pledged_on = Day(
        label=_("Day of the pledge, if you hold one already"),
        required=False,
        help_text=_("Otherwise leave it empty: the person signs on the screen."),
    )

    @property
    def one(self) -> NewStaff:
        """The person as written."""
        sent = self.cleaned_data
        names = ("name", "kana", "profession", "email", "sex", "administrator", "pledged_on")
        return NewStaff(**{name: sent[name] for name in names})


class RosterForm(forms.Form):
    """A list, pasted or as a file."""

    text = Paragraph(
        label=_("Paste from Excel here"),
        required=False,
        rows=8,
        max_length=BYTES_MAX,
        help_text=_("With or without headings: name, kana, profession, e-mail address …"),
    )
    file = forms.FileField(
        label=_("Or choose a file (Excel or CSV)"),
        required=False,
        widget=forms.FileInput(
            attrs={"class": "input", "accept": ".xlsx,.csv,.tsv,.txt,text/csv,text/plain"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned = super().clean() or {}
        if not cleaned.get("text") and not cleaned.get("file"):
            raise ValidationError(_("Please paste a list, or choose a file."))
        return cleaned

    @property
    def roster(self) -> bytes | str:
        """The file's bytes, or the text."""
        file = self.cleaned_data.get("file")
        if file:
            return bytes(file.read(BYTES_MAX + 1))
        return str(self.cleaned_data["text"])


class ProfessionForm(forms.Form):
    """Another profession."""

    profession = Choice(label=_("Profession"), choices=PROFESSIONS)


class NameForm(forms.Form):
    """A name written anew."""

    name = Line(label=_("Name"), max_length=100)
    kana = Kana(label=_("Name in kana"), max_length=200)


class PledgeForm(forms.Form):
    """A pledge that lies on paper."""

    way = Pills(label=_("How it was given"), choices=PLEDGES)
    signed_on = Day(label=_("Day of the pledge"))


class SignForm(forms.Form):
    """One's name under the words."""

    name = Line(label=_("Your name, written out"), max_length=100, autocomplete="name")
    address = Line(label=_("Address"), required=False, max_length=200)
    number = forms.IntegerField(widget=forms.HiddenInput())


class FormalitiesForm(forms.Form):
    """What is seen to when somebody leaves (N3.7)."""

    told = Pills(label=_("How was the person told of the duties that stay?"), choices=TOLD)
    told_on = Day(label=_("On which day"), required=False)

    def __init__(self, *args: Any, devices: Iterable[LeavingDevice], **options: Any) -> None:
        super().__init__(*args, **options)
        self.devices = list(devices)
        for one in self.devices:
            self.fields[f"device-{one.id.hex}"] = _device_field(one)
            if one.private:
                self.fields[f"erased-{one.id.hex}"] = Day(
                    label=_("Erased on"),
                    required=False,
                    help_text=_("The day on which what it held of patients was erased, as shown."),
                )
        for name, label in DONE.items():
            self.fields[name] = forms.BooleanField(label=label, required=False)

    def device_fields(self) -> list[Any]:
        """The fields of the devices, in their order."""
        return [self[name] for name in self.fields if name.startswith(("device-", "erased-"))]

    def done_fields(self) -> list[Any]:
        """The ticks."""
        return [self[name] for name in DONE]

    @property
    def formalities(self) -> Formalities:
        """What was said."""
        sent = self.cleaned_data
        return Formalities(
            told=sent["told"],
            told_on=sent["told_on"] or clock.today(),
            done=tuple(one for one in FORMALITIES if sent[one]),
            devices=tuple(self._returned(one.id, sent) for one in self.devices),
        )

    @staticmethod
    def _returned(device: UUID, sent: dict[str, Any]) -> Returned:
        erased: date | None = sent.get(f"erased-{device.hex}")
        return Returned(device, sent[f"device-{device.hex}"], erased)


def _device_field(one: LeavingDevice) -> Pills:
    back = (CLOSED, _("Closed for work")) if one.private else (RETURNED, _("Returned"))
    kind = _("Private device %(number)s") if one.private else _("Device %(number)s")
    return Pills(
        label=kind % {"number": one.number}, choices=[back, (MISSING, _("Missing: block it"))]
    )


class LastDayForm(forms.Form):
    """The last day on which somebody works here."""

    last_day = Day(label=_("Last day of work"), future=True)
