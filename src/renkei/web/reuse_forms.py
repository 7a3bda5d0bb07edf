"""Forms of reuse: asking, the anonymising editor, the cover of a fax. They clean, never save."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.disclosure.anonymising import Decision
from renkei.disclosure.asking import LENGTH, Reuse
from renkei.disclosure.enclosing import Box, Covered
from renkei.disclosure.extracting import Decided, Editor
from renkei.disclosure.faxing import REPLIES, To
from renkei.web.fields import Choice, Day, Line, Paragraph
from renkei.web.reuse_words import AGREED, AGREED_HOW, PURPOSES
from renkei.web.values import ids_in


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
    agreed = Choice(
        label=_("Who agreed to this use of the pictures"),
        required=False,
        choices=[("", _("They were not asked")), *AGREED.items()],
        help_text=_(
            "For a study meeting or conference alone: a picture of the patient, the family or the"
            " home goes only when they agreed to this very use. The consent to posting it here is"
            " not enough."
        ),
    )
    agreed_how = Choice(
        label=_("How they agreed"), required=False, choices=[("", "—"), *AGREED_HOW.items()]
    )

    def asked(self) -> Reuse:
        """What is asked for."""
        cleaned = self.cleaned_data
        until: date = cleaned["until"]
        return Reuse(
            cleaned["purpose"],
            cleaned["detail"],
            cleaned["users"],
            until,
            cleaned["agreed"],
            cleaned["agreed_how"],
        )


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


def covered(editor: Editor, sent: Mapping[str, str]) -> dict[UUID, Covered]:
    """What was covered in the pictures of the editor."""
    return {
        file.id: Covered(
            tuple(_boxes(sent.get(f"boxes-{file.id.hex}", ""))),
            bool(sent.get(f"nobody-{file.id.hex}")),
            file.screens.id if file.screens else None,
        )
        for part in editor.parts
        for file in part.files
    }


NONE: Final = Box(-1, -1, -1, -1)  # what is no box fits in no picture


def _boxes(written: str) -> Iterable[Box]:
    """Boxes, each ``left,top,width,height``, in a clip after ``frame:``; others are not taken."""
    for one in written.split():
        frame, colon, rest = one.rpartition(":")
        numbers = [
            int(n) if n.isascii() and n.isdigit() and len(n) < 5 else -1
            for n in ([frame] if colon else []) + rest.split(",")
        ]
        yield Box.of(numbers) if len(numbers) == 4 + bool(colon) else NONE


def written(boxes: Iterable[Box]) -> str:
    """Boxes as ``covered`` reads them."""
    return "\n".join(
        ("" if one.frame is None else f"{one.frame}:") + ",".join(map(str, one.place))
        for one in boxes
    )


def _words(written: str) -> Iterable[str]:
    return (line.strip() for line in written.splitlines() if line.strip())


def chosen(sent: Any, name: str = "m") -> list[UUID]:
    """The ids of messages, or of files, in an address or a form; what is no id is left out."""
    return ids_in(sent.getlist(name))
