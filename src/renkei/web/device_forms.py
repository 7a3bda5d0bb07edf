"""The forms of devices and take-outs. They clean; nobody saves."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.device.asking import Application
from renkei.device.browser import Guess
from renkei.device.ledger import CONFIRMED, CONSIDERED, DECISIONS
from renkei.device.services import Facts
from renkei.device.taking_out import Wanted
from renkei.kernel.clock import JAPAN
from renkei.web.device_words import DECISIONS as DECIDED
from renkei.web.device_words import ITEMS, OWNERSHIPS, RETURNED, TYPES
from renkei.web.fields import Choice, Day, Line, Paragraph, Phone, Pills

NOT_ALL: Final = {"required": _("All four have to be so. If one is not, ask your administrator.")}


def item_field(clause: str) -> str:
    """The name of the field for an item of the ledger."""
    return clause.replace(".", "_").lower()


class ConfirmForm(forms.Form):
    """Four ticks about the device in one's hand (A14.6, A15.1 to A15.4)."""

    a15_1 = forms.BooleanField(
        label=_("It asks for a password, a face or a finger when it starts or wakes up"),
        required=False,
    )
    a15_3 = forms.BooleanField(
        label=_("Its system and its protection against viruses are up to date"), required=False
    )
    a15_2 = forms.BooleanField(
        label=_("No file sharing software and nothing from unknown places is on it"), required=False
    )
    a15_4 = forms.BooleanField(
        label=_("The browser does not remember the ID and password of this service"),
        required=False,
    )

    @property
    def confirmed(self) -> dict[str, bool]:
        """What was said, by clause."""
        return {one: bool(self.cleaned_data[item_field(one)]) for one in CONFIRMED}


class SeenForm(forms.Form):
    """What the browser said of the device, to be put right by hand."""

    type = Pills(label=_("Kind of device"), choices=list(TYPES.items()))
    maker = Line(label=_("Maker"), max_length=60, required=False)
    model = Line(label=_("Model"), max_length=60, required=False)
    os = Line(label=_("Operating system"), max_length=30, required=False)
    os_version = Line(label=_("Version"), max_length=20, required=False)

    def seen(self, browser: str) -> Guess:
        """The device as it was written."""
        names = ("type", "maker", "model", "os", "os_version")
        return Guess(**{name: self.cleaned_data[name] for name in names}, browser=browser)


class AskForm(SeenForm, ConfirmForm):
    """Asking for the device in one's hand; for a private one form A15.10."""

    organization = Pills(label=_("For which organization"), choices=[])
    ownership = Pills(label=_("Whose device it is"), choices=list(OWNERSHIPS.items()))
    number = Line(
        label=_("Number in the ledger"),
        max_length=20,
        required=False,
        help_text=_("If there is a label on it. Otherwise leave it empty."),
    )
    reason = Paragraph(label=_("Why a private device is needed"), required=False, rows=2)
    anti_malware = Line(
        label=_("Protection against viruses"),
        required=False,
        help_text=_("The product, or why this kind of device needs none."),
    )
    wipe = Line(
        label=_("Remote wipe"),
        required=False,
        help_text=_("Set up, or why not."),
    )
    carrier = Phone(label=_("Number to suspend the line"), required=False)
    not_shared = forms.BooleanField(label=_("Nobody in my family uses it"), required=False)
    agrees = forms.BooleanField(
        label=_("When it is lost, the connection is blocked and what this service left is erased"),
        required=False,
    )
    field_order = ["organization", "ownership", "number", "type", "maker", "model", "os",
                   "os_version", "a15_1", "a15_3", "a15_2", "a15_4"]  # fmt: skip

    PRIVATE = ("reason", "anti_malware", "wipe", "carrier", "not_shared", "agrees")

    def __init__(self, *args: Any, organizations: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["organization"].choices = organizations  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A private device needs every answer of its form."""
        cleaned = super().clean() or {}
        if cleaned.get("ownership") == "private":
            for name in self.PRIVATE:
                if not cleaned.get(name):
                    self.add_error(name, _("For a private device every answer is needed."))
        return cleaned

    def application(self) -> Application:
        """What is asked for."""
        cleaned = self.cleaned_data
        note = ("reason", "anti_malware", "wipe", "carrier")
        return Application(
            organization=UUID(cleaned["organization"]),
            ownership=cleaned["ownership"],
            number=cleaned["number"],
            note={name: cleaned[name] for name in note},
            not_shared=cleaned["not_shared"],
            agrees=cleaned["agrees"],
        )


class CodeForm(forms.Form):
    """The code that the device shows in its first browser."""

    code = Line(label=_("Code"), max_length=20, autocomplete="one-time-code")


class DeviceForm(SeenForm):
    """A device of the organization in the ledger."""

    number = Line(
        label=_("Number in the ledger"),
        max_length=20,
        required=False,
        help_text=_("As on its label. Left empty, the next free number is taken."),
    )
    serial = Line(label=_("Serial number"), max_length=60, required=False)
    line = Line(label=_("Number of its line"), max_length=30, required=False)
    carrier = Phone(
        label=_("Number to suspend the line"),
        required=False,
        help_text=_("The carrier's line for loss. It is shown at once when the device is lost."),
    )
    remark = Paragraph(label=_("Remarks"), max_length=300, required=False, rows=2)
    users = forms.MultipleChoiceField(
        label=_("Whose device it is"),
        required=False,
        help_text=_("Leave it empty for a device that several people share."),
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ["number", "type", "users", "maker", "model", "os", "os_version"]

    NOTE = ("serial", "line", "carrier", "remark")

    def __init__(self, *args: Any, staff: list[tuple[UUID, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["users"].choices = [  # type: ignore[attr-defined]
            (str(one), name) for one, name in staff
        ]

    @property
    def facts(self) -> Facts:
        """What the ledger says in the clear."""
        names = ("number", "type", "maker", "model", "os", "os_version")
        return Facts(**{name: self.cleaned_data[name] for name in names})

    @property
    def note(self) -> dict[str, str]:
        """What it says sealed."""
        return {name: self.cleaned_data[name] for name in self.NOTE}

    @property
    def chosen(self) -> list[UUID]:
        """Whose it is."""
        return [UUID(one) for one in self.cleaned_data["users"]]


class EditForm(DeviceForm):
    """The same, with what was decided on remote wipe, the line and MDM (A15.6 to A15.8)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(word, DECIDED[word]) for word in (*DECISIONS, "")]
        for clause in CONSIDERED:
            self.fields[item_field(clause)] = Choice(
                label=ITEMS[clause], choices=choices, required=False
            )

    @property
    def decided(self) -> dict[str, str]:
        """The decisions by clause; what is left open is not among them."""
        found = {one: self.cleaned_data[item_field(one)] for one in CONSIDERED}
        return {clause: word for clause, word in found.items() if word}


class ApproveForm(forms.Form):
    """Letting in a device that somebody asked for."""

    number = Line(label=_("Number in the ledger"), max_length=20, required=False)
    permitted_until = Day(label=_("Permitted until"), future=True, required=False)


class RefuseForm(forms.Form):
    """Not letting it in."""

    reason = Paragraph(
        label=_("Reason"), rows=2, error_messages={"required": _("Please give a reason.")}
    )


class RetireForm(forms.Form):
    """Taking a device out of use."""

    erased_on = Day(label=_("What it held was erased on"))


class LendForm(forms.Form):
    """Handing a device to one person."""

    to = Choice(label=_("To whom"), choices=[])

    def __init__(self, *args: Any, staff: list[tuple[UUID, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (str(one), name) for one, name in staff
        ]


class TakeOutForm(forms.Form):
    """Form A15.9: what is taken out, on what, why, where to, from when until when."""

    content = Paragraph(label=_("What is taken out"), rows=2, max_length=500)
    patients = forms.IntegerField(
        label=_("How many patients it concerns"),
        min_value=0,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
        error_messages={"required": _("Please write this.")},
    )
    device = Choice(label=_("Device"), choices=[], required=False)
    medium = Line(
        label=_("Medium"),
        max_length=100,
        help_text=_("For example tablet, paper, USB memory."),
    )
    encrypted = forms.BooleanField(label=_("It is locked or encrypted"), required=False)
    purpose = Line(label=_("Purpose"))
    destination = Line(label=_("Where to"))
    from_day = Day(label=_("From (day)"), future=True)
    from_time = forms.TimeField(
        label=_("From (time)"), widget=forms.TimeInput(attrs={"class": "input", "type": "time"})
    )
    to_day = Day(label=_("Back by (day)"), future=True)
    to_time = forms.TimeField(
        label=_("Back by (time)"), widget=forms.TimeInput(attrs={"class": "input", "type": "time"})
    )

    def __init__(self, *args: Any, devices: list[tuple[UUID, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["device"].choices = [  # type: ignore[attr-defined]
            ("", _("No device of the ledger")),
            *((str(one), name) for one, name in devices),
        ]

    def wanted(self) -> dict[str, Any]:
        """What is asked for."""
        cleaned = self.cleaned_data
        names = ("content", "medium", "purpose", "destination")
        return {
            "wanted": Wanted(**{name: cleaned[name] for name in names}),
            "device": UUID(cleaned["device"]) if cleaned["device"] else None,
            "patients": cleaned["patients"],
            "encrypted": cleaned["encrypted"],
            "from_at": _moment(cleaned["from_day"], cleaned["from_time"]),
            "to_at": _moment(cleaned["to_day"], cleaned["to_time"]),
        }


def _moment(day: date, time: Any) -> datetime:
    return datetime.combine(day, time, JAPAN)


class ReturnForm(forms.Form):
    """It is back."""

    returned = Pills(label=_("State on return"), choices=list(RETURNED.items()))
