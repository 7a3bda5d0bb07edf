"""Forms of reuse: asking, the anonymising editor, the cover of a fax. They clean, never save."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.disclosure.anonymising import Decision
from renkei.disclosure.asking import LENGTH, Reuse
from renkei.disclosure.extracting import Decided, Editor
from renkei.disclosure.faxing import REPLIES, To
from renkei.web.fields import Choice, Day, Line, Paragraph
from renkei.web.reuse_words import PURPOSES


class AskForm(forms.Form):
    """What for, by whom, until when."""

    purpose = forms.ChoiceField(
        label=_("What for"),
        choices=list(PURPOSES.items()),
        widget=forms.RadioSelect(),
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Please choose one.")),
    )
    detail = Paragraph(
        label=_("More exactly"),
        rows=2,
        max_length=LENGTH,
        help_text=_('The authors read this. For example "for the entry of today\'s visit".'),
    )
    users = Line(label=_("Who will use it"), max_length=100)
    until = Day(label=_("Until"), future=True)

    def asked(self) -> Reuse:
        """What is asked for."""
        cleaned = self.cleaned_data
        until: date = cleaned["until"]
        return Reuse(cleaned["purpose"], cleaned["detail"], cleaned["users"], until)


class FaxForm(forms.Form):
    """To whom a fax goes; the number is typed twice."""

    organization = Line(label=_("To which organization"), max_length=100)
    person = Line(label=_("To whom"), max_length=100)
    number = Line(label=_("Fax number"), max_length=30, inputmode="tel")
    again = Line(
        label=_("Type the number again"),
        max_length=30,
        inputmode="tel",
        help_text=_("Read it once more from where you have it. Do not copy it from above."),
    )
    subject = Line(
        label=_("Subject"), max_length=100, help_text=_("Please do not write the patient's name.")
    )
    reply = Choice(
        label=_("What is asked"), required=False, choices=[("", "—"), *((x, x) for x in REPLIES)]
    )
    called = forms.BooleanField(
        label=_("I rang them, and somebody stands at the machine"),
        error_messages={
            "required": _("Please ring first, so that somebody stands at the machine.")
        },
    )

    def to(self) -> To:
        """The receiver."""
        given = self.cleaned_data
        return To(**{name: given[name] for name in To.__slots__})


def decided(editor: Editor, sent: Mapping[str, str]) -> dict[UUID, Decided]:
    """What was decided in the editor; of what is not in it nothing is taken."""
    return {
        part.item: Decided(
            decisions={
                one.key: Decision(choice, sent.get(f"text-{part.item.hex}-{one.key}", ""))
                for one in part.found
                if (choice := sent.get(f"do-{part.item.hex}-{one.key}", ""))
            },
            words=tuple(_words(sent.get(f"words-{part.item.hex}", ""))),
        )
        for part in editor.parts
    }


def _words(written: str) -> Iterable[str]:
    return (line.strip() for line in written.splitlines() if line.strip())


def chosen(sent: Any) -> list[UUID]:
    """The ids of messages in an address or a form; what is no id is left out."""
    found = []
    for one in sent.getlist("m"):
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return list(dict.fromkeys(found))
