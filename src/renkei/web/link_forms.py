"""The forms of one-time links: how one reaches the person, and how it was seen that it is them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.people.access import Identified
from renkei.people.models import OneTimeLink
from renkei.web import mail
from renkei.web.fields import Paragraph, Pills

CHECKS = (
    (OneTimeLink.Check.IN_PERSON.value, _("Met in person; I know the face")),
    (OneTimeLink.Check.CALLED_BACK.value, _("Called back on the number known before")),
    (OneTimeLink.Check.DOCUMENT.value, _("Saw an identity card with a photo")),
)


class WayForm(forms.Form):
    """How a one-time link reaches the person."""

    way = Pills(label=_("How does the link reach the person?"))
    word = forms.CharField(
        label=_("The person's own word"),
        required=False,
        max_length=128,
        help_text=_(
            "For paper: the person types it here, you look away. At least 6 characters. Nobody"
            " else knows it, and it is asked for when the link is used."
        ),
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        by_mail = (OneTimeLink.Way.MAIL.value, _("Mail to the person's own address"))
        on_paper = (OneTimeLink.Way.PAPER.value, _("Printed, handed over now"))
        chosen = self.fields["way"]
        assert isinstance(chosen, Pills)
        chosen.choices = [by_mail, on_paper] if mail.is_set_up() else [on_paper]
        chosen.initial = chosen.choices[0][0]


class AccessForm(WayForm):
    """A link for somebody who works here; for a new password also how it was seen who asks."""

    checked = Pills(
        label=_("How did you make sure that it is this person?"),
        choices=(
            *CHECKS,
            (OneTimeLink.Check.COLLEAGUE.value, _("A colleague who knows them was there")),
        ),
    )
    note = Paragraph(label=_("Note"), required=False, rows=2, max_length=500)
    one_person = forms.BooleanField(
        label=_("This address is one person's own; nobody else reads it."), required=False
    )

    field_order = ("checked", "note", "one_person", "way", "word")

    def __init__(self, *args: Any, reset: bool, desk: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not reset:
            del self.fields["checked"], self.fields["note"]
        if not desk:
            del self.fields["one_person"]

    def identified(self) -> Identified:
        """What is recorded of it."""
        sent = self.cleaned_data
        return Identified(sent.get("checked", ""), sent.get("note", ""), sent.get("one_person"))
