"""Form 4 on the screen: consent, exemption, withdrawal. They clean; nobody saves."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.kernel.errors import Problem
from renkei.patient.changing import ChangeForm as Changed
from renkei.patient.consents import NEEDED, ConsentLine
from renkei.patient.desk import Keeper
from renkei.patient.drawing import Drawing, read
from renkei.patient.models import Consent, Signature
from renkei.patient.services import ConsentForm as Given
from renkei.web.fields import Choice, Day, Line, Paragraph, Pills

AGREE = [("yes", _("Agree")), ("no", _("Do not agree"))]
PROXIES = [(one, one) for one in Consent.RELATIONSHIPS if one != "本人"]
STEPS = {
    1: ("explained_by", "signed_on"),
    2: (
        "purpose_1", "purpose_2", "purpose_3", "purpose_4", "family_told", "purpose_5",
        "declined_reason", "purpose_6", "purpose_7", "purpose_8", "signer", "proxy_name",
        "relationship", "proxy_reason", "wish_confirmed", "way", "drawing",
    ),
    3: ("original_kept_by", "original_place", "copy_given_on"),
}  # fmt: skip


WAYS = [("paper", _("Signed on paper")), ("screen", _("Signed on this screen"))]


class Drawn(forms.CharField):
    """A signature drawn by finger, as the script of the page sends it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.HiddenInput(), **options)

    def clean(self, value: Any) -> Drawing:
        """The strokes; empty without any."""
        try:
            return read(str(value or ""))
        except Problem as problem:
            raise forms.ValidationError(gettext(problem.message)) from None


def _explained() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("Explained"),
        error_messages={"required": _("Please explain this and tick it.")},
    )


def _agreed() -> Pills:
    return Pills(choices=AGREE)


def check_drawn(form: forms.Form, cleaned: dict[str, Any]) -> None:
    """Signed on the screen is what was drawn there; on paper, nothing is."""
    if cleaned.get("way") == "screen" and not cleaned.get("drawing"):
        if "drawing" not in form.errors:
            form.add_error("drawing", _("Please let them sign in the field."))
    if cleaned.get("way") != "screen":
        cleaned["drawing"] = []
        form.errors.pop("drawing", None)


class ConsentForm(forms.Form):
    """Form 4 as it came back, filled in over three steps."""

    explained_by = Line(label=_("Who explained it"), max_length=100)
    signed_on = Day(label=_("Date of consent"))
    purpose_1, purpose_2, purpose_3 = _agreed(), _agreed(), _agreed()
    purpose_4, purpose_5, purpose_8 = _agreed(), _agreed(), _agreed()
    purpose_6, purpose_7 = _explained(), _explained()
    family_told = Line(label=_("Family who may be told"), required=False, max_length=200)
    declined_reason = Paragraph(
        label=_("What was said when 1 or 5 was declined"), required=False, rows=2, max_length=500
    )
    signer = Pills(
        label=_("Who signed"), choices=[("self", _("The patient")), ("proxy", _("Signed by proxy"))]
    )
    proxy_name = Line(label=_("Name of the person who signed"), required=False, max_length=100)
    relationship = Choice(
        label=_("Relationship to the patient"), choices=[("", "—"), *PROXIES], required=False
    )
    proxy_reason = Line(
        label=_("Why somebody else signs"),
        required=False,
        help_text=_("For example: because the hand has no strength."),
    )
    wish_confirmed = forms.BooleanField(
        label=_("The patient's own wish was confirmed"), required=False
    )
    way = Pills(label=_("How it is signed"), choices=WAYS, required=False)
    drawing = Drawn(label=_("Signature"))
    original_kept_by = Choice(label=_("Who keeps the original"))
    original_place = Line(label=_("Where the original is"), required=False, max_length=100)
    copy_given_on = Day(label=_("Copy handed over on"), required=False)

    def __init__(
        self, *args: Any, keepers: list[Keeper], born: Any, patient: str, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.born, self.patient = born, patient
        for number in range(1, 9):
            label = gettext("Purpose %(n)s") % {"n": number}
            self.fields[f"purpose_{number}"].label = label
        keeper = self.fields["original_kept_by"]
        assert isinstance(keeper, Choice)
        keeper.choices = [(str(one.id), one.name) for one in keepers]

    def clean(self) -> dict[str, Any]:
        """What must be said depends on what was chosen."""
        cleaned: dict[str, Any] = super().clean() or {}
        signed, given = cleaned.get("signed_on"), cleaned.get("copy_given_on")
        if signed and signed < self.born:
            self.add_error("signed_on", _("The date lies before the birth date."))
        if signed and given and given < signed:
            self.add_error(
                "copy_given_on", _("The copy cannot have been given before the consent.")
            )
        if cleaned.get("signer") == "proxy":
            self._check_proxy(cleaned)
        check_drawn(self, cleaned)
        stops = {cleaned.get("purpose_1"), cleaned.get("purpose_5")}
        if "no" in stops and not cleaned.get("declined_reason"):
            self.add_error(
                "declined_reason", _("Please write what was said when purpose 1 or 5 was declined.")
            )
        return cleaned

    def _check_proxy(self, cleaned: dict[str, Any]) -> None:
        needed = {
            "proxy_name": _("Please write who signed."),
            "relationship": _("Please choose the relationship."),
            "proxy_reason": _("Please write why somebody else signs."),
            "wish_confirmed": _("Please confirm the patient's own wish first."),
        }
        for name, sentence in needed.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, sentence)

    def faulty_step(self, upto: int = 3) -> int:
        """The first step with something to mend; 0 if there is none up to ``upto``."""
        for step in range(1, upto + 1):
            if any(name in self.errors for name in STEPS[step]):
                return step
        return 0

    def forget_errors_after(self, step: int) -> None:
        """Keep silent about steps the person has not come to."""
        for later in range(step + 1, 4):
            for name in STEPS[later]:
                self.errors.pop(name, None)

    def given(self) -> Given:
        """The form as the record keeps it."""
        cleaned = self.cleaned_data
        proxy = cleaned["signer"] == "proxy"
        signature = Signature(
            signer=cleaned["proxy_name"] if proxy else self.patient,
            relationship=cleaned["relationship"] if proxy else "本人",
            proxy_reason=cleaned["proxy_reason"] if proxy else "",
            wish_confirmed=bool(cleaned["wish_confirmed"]) if proxy else True,
            declined_reason=cleaned["declined_reason"],
            original_place=cleaned["original_place"],
            explained_by=cleaned["explained_by"],
            family_told=cleaned["family_told"],
            way=cleaned["way"] or "paper",
        )
        return Given(
            state=Consent.State.GIVEN,
            signature=signature,
            signed_on=cleaned["signed_on"],
            declined=tuple(one for one in Consent.DECLINABLE if cleaned[f"purpose_{one}"] == "no"),
            original_kept_by=UUID(cleaned["original_kept_by"]),
            copy_given_on=cleaned["copy_given_on"],
            drawing=cleaned["drawing"],
        )

    @staticmethod
    def of(line: ConsentLine) -> dict[str, Any]:
        """What stands in the form at first when a consent is changed or completed."""
        signature = line.signature
        initial: dict[str, Any] = {
            f"purpose_{one}": "no" if one in line.declined else "yes" for one in Consent.DECLINABLE
        }
        return initial | {
            "explained_by": signature.explained_by or line.recorded_by,
            "signed_on": line.signed_on,
            "purpose_6": True,
            "purpose_7": True,
            "family_told": signature.family_told,
            "declined_reason": signature.declined_reason,
            "signer": "proxy" if line.proxy else "self",
            "proxy_name": signature.signer if line.proxy else "",
            "relationship": signature.relationship if line.proxy else "",
            "proxy_reason": signature.proxy_reason,
            "wish_confirmed": signature.wish_confirmed,
            "original_kept_by": str(line.keeper_id or ""),
            "original_place": signature.original_place,
            "copy_given_on": line.copy_given_on,
        }


class ExemptionForm(forms.Form):
    """Why there is no form 4 (A6): in use before the policy, or to protect life."""

    state = Pills(
        label=_("Kind of exemption"),
        choices=[
            (Consent.State.EXEMPT_LIFE.value, _("To protect life (form 4, 3-7)")),
            (Consent.State.EXEMPT_BEFORE.value, _("In use before the policy took effect")),
        ],
    )
    exemption_reason = Paragraph(
        label=_("Reason"),
        rows=3,
        max_length=500,
        error_messages={"required": _("Please write the reason.")},
    )
    seek_by = Day(label=_("Consent is sought by"), required=False, future=True)
    used_since = Day(label=_("In use since"), required=False)

    def __init__(self, *args: Any, today: Any, effective_on: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today, self.effective_on = today, effective_on

    def clean(self) -> dict[str, Any]:
        """Each kind asks for its own date."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("state") == Consent.State.EXEMPT_LIFE:
            self._check_life(cleaned.get("seek_by"))
        if cleaned.get("state") == Consent.State.EXEMPT_BEFORE:
            self._check_before(cleaned.get("used_since"))
        return cleaned

    def _check_life(self, by: Any) -> None:
        if "seek_by" in self.errors:
            return
        if by is None:
            self.add_error("seek_by", _("Please say by when the consent is sought."))
        elif by < self.today:
            self.add_error("seek_by", _("This date has passed."))

    def _check_before(self, since: Any) -> None:
        if "used_since" in self.errors:
            return
        if since is None:
            self.add_error("used_since", _("Please write since when it has been in use."))
        elif self.effective_on and since >= self.effective_on:
            sentence = _("This exemption is for use that began before the policy took effect.")
            self.add_error("used_since", sentence)

    def given(self) -> Given:
        """The exemption as the record keeps it."""
        cleaned = self.cleaned_data
        life = cleaned["state"] == Consent.State.EXEMPT_LIFE
        return Given(
            state=cleaned["state"],
            signature=Signature(exemption_reason=cleaned["exemption_reason"]),
            signed_on=None if life else cleaned["used_since"],
            seek_by=cleaned["seek_by"] if life else None,
        )


class ChangeForm(forms.Form):
    """The patient changes single purposes (form 4, 2); what is not touched stays as it is."""

    purpose_1, purpose_2, purpose_3 = _agreed(), _agreed(), _agreed()
    purpose_4, purpose_5, purpose_8 = _agreed(), _agreed(), _agreed()
    declined_reason = Paragraph(
        label=_("What was said when 1 or 5 was declined"), required=False, rows=2, max_length=500
    )
    changed_on = Day(label=_("Date of the change"))
    how = Pills(
        label=_("How the patient said it"),
        choices=[
            ("meeting", _("Face to face")),
            ("telephone", _("By telephone")),
            ("letter", _("In writing")),
            ("family", _("Through the family")),
        ],
    )
    signer = Pills(
        label=_("Who signed"), choices=[("self", _("The patient")), ("proxy", _("Signed by proxy"))]
    )
    proxy_name = Line(label=_("Name of the person who signed"), required=False, max_length=100)
    relationship = Choice(
        label=_("Relationship to the patient"), choices=[("", "—"), *PROXIES], required=False
    )
    proxy_reason = Line(label=_("Why somebody else signs"), required=False)
    wish_confirmed = forms.BooleanField(
        label=_("The patient's own wish was confirmed"), required=False
    )
    way = Pills(label=_("How it is signed"), choices=WAYS, required=False)
    drawing = Drawn(label=_("Signature"))
    receipt_on = Day(label=_("Receipt handed over on"), required=False)
    told = forms.BooleanField(
        label=_("I have told the patient what follows"),
        error_messages={"required": _("Please tick this when you have told the patient.")},
    )

    def __init__(self, *args: Any, patient: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.patient = patient
        for number in Consent.DECLINABLE:
            label = gettext("Purpose %(n)s") % {"n": number}
            self.fields[f"purpose_{number}"].label = label

    def clean(self) -> dict[str, Any]:
        """What must be said depends on what was chosen."""
        cleaned: dict[str, Any] = super().clean() or {}
        check_drawn(self, cleaned)
        if cleaned.get("signer") == "proxy":
            needed = {
                "proxy_name": _("Please write who signed."),
                "relationship": _("Please choose the relationship."),
                "wish_confirmed": _("Please confirm the patient's own wish first."),
            }
            for name, sentence in needed.items():
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, sentence)
        return cleaned

    @property
    def declined(self) -> tuple[int, ...]:
        """All purposes that are declined from now on."""
        cleaned = self.cleaned_data
        return tuple(one for one in Consent.DECLINABLE if cleaned.get(f"purpose_{one}") == "no")

    @property
    def closes(self) -> bool:
        """Whether others can take part no more."""
        return bool(NEEDED & set(self.declined))

    def changed(self) -> Changed:
        """The change as the record keeps it."""
        cleaned = self.cleaned_data
        proxy = cleaned["signer"] == "proxy"
        return Changed(
            declined=self.declined,
            changed_on=cleaned["changed_on"],
            how=cleaned["how"],
            signer=cleaned["proxy_name"] if proxy else self.patient,
            relationship=cleaned["relationship"] if proxy else "本人",
            proxy_reason=cleaned["proxy_reason"] if proxy else "",
            wish_confirmed=bool(cleaned["wish_confirmed"]) if proxy else True,
            declined_reason=cleaned["declined_reason"],
            receipt_on=cleaned["receipt_on"],
            drawing=cleaned["drawing"] or None,
        )

    @staticmethod
    def of(line: ConsentLine) -> dict[str, Any]:
        """What was agreed to so far."""
        answers = {
            f"purpose_{one}": "no" if one in line.declined else "yes" for one in Consent.DECLINABLE
        }
        return {**answers, "signer": "self", "way": "paper"}


class WithdrawalForm(forms.Form):
    """The patient takes the consent back. No reason has to be given (form 4, 2)."""

    withdrawn_on = Day(label=_("Date of withdrawal"))
    reason = Paragraph(
        label=_("What the patient said"),
        required=False,
        rows=3,
        max_length=500,
        help_text=_("The patient does not have to give a reason."),
    )
    understood = forms.BooleanField(
        label=_("I have told the patient what follows"),
        error_messages={"required": _("Please tick this when you have told the patient.")},
    )
