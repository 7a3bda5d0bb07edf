"""The forms of a group with the family (A11.5). They clean only."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from renkei.group.family_desk import Person
from renkei.group.family_ways_in import Agreement, Relation
from renkei.group.models import FamilyAgreement
from renkei.kernel import clock
from renkei.patient.models import Consent
from renkei.people.access import Identified
from renkei.web.fields import Choice, Day, Kana, Line, Pills
from renkei.web.link_forms import CHECKS, WayForm

PATIENT = "patient"  # in the place of a related person's id


class FamilyForm(WayForm):
    """Who is let in, at which address, and that the patient agreed."""

    who = Pills(label=_("Who takes part?"))
    kana = Kana(
        label=_("Name in kana"),
        required=False,
        help_text=_("In hiragana, if it does not stand in the record yet"),
    )
    email = Line(
        label=_("Their own e-mail address"),
        max_length=254,
        help_text=_("They sign in with it. Nobody else should read what arrives there."),
        autocomplete="off",
        inputmode="email",
    )
    again = Line(label=_("The same address once more"), max_length=254, autocomplete="off")
    how = Pills(
        label=_("How did the patient agree?"),
        choices=[
            (FamilyAgreement.How.PAPER.value, _("On paper, signed")),
            (FamilyAgreement.How.WORDS.value, _("In words")),
        ],
    )
    by = Line(label=_("Who agreed"), max_length=100, autocomplete="off")
    relationship = Choice(
        label=_("Who that is to the patient"),
        choices=[(one, one) for one in Consent.RELATIONSHIPS],
    )
    agreed_on = Day(label=_("Day on which they agreed"), initial=clock.today)
    sheet = Line(
        label=_("Number of the signed sheet"),
        required=False,
        max_length=20,
        autocomplete="off",
        help_text=_("It stands at the top of the sheet. Its scan is filed under Papers."),
    )

    field_order = ("who", "kana", "email", "again", "how", "by", "relationship", "agreed_on",
                   "sheet", "way", "word")  # fmt: skip

    def __init__(self, *args: Any, people: list[Person], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = self.fields["who"]
        assert isinstance(chosen, Pills)
        chosen.choices = [
            (one.id.hex if one.id else PATIENT, f"{one.name}（{one.relationship}）")
            for one in people
        ]

    def clean(self) -> dict[str, Any]:
        """The same address both times: what goes to a wrong one is read by a stranger."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, second = cleaned.get("email", ""), cleaned.get("again", "")
        if first and second and first.strip().lower() != second.strip().lower():
            self.add_error("again", ValidationError(_("These two are not the same.")))
        return cleaned

    def relation(self) -> Relation:
        """Who is let in."""
        sent = self.cleaned_data
        person = None if sent["who"] == PATIENT else UUID(sent["who"])
        return Relation(person, sent["kana"], sent["email"])

    def agreement(self) -> Agreement:
        """That the patient agreed."""
        sent = self.cleaned_data
        names = ("by", "relationship", "how", "agreed_on", "sheet")
        return Agreement(**{name: sent[name] for name in names})


class FamilyLinkForm(WayForm):
    """A new link, for who has a password already after seeing that it is them."""

    checked = Pills(label=_("How did you make sure that it is this person?"), choices=CHECKS)

    field_order = ("checked", "way", "word")

    def __init__(self, *args: Any, begun: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not begun:
            del self.fields["checked"]

    def identified(self) -> Identified:
        """What is recorded of it."""
        return Identified(self.cleaned_data.get("checked", ""))
