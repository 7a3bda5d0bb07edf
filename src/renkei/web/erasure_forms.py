"""Forms about erasing: asking, returning, taking back (A11.7)."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from renkei.disclosure import retention
from renkei.disclosure.erasing import WORDS, Wish
from renkei.disclosure.erasures import Asking
from renkei.web import erasure_words as words
from renkei.web.fields import Choice, Day, Line, Paragraph, Pills

RECORD = "record"


class ReasonForm(forms.Form):
    """Why it is returned, or taken back."""

    reason = Paragraph(label=_("Reason"), rows=3, max_length=WORDS)


class AskForm(forms.Form):
    """Everything that is looked at before an erasure is asked for."""

    what = Pills(label=_("What is to be erased"))
    relation = Pills(label=_("Whose wish it is"))
    who = Line(
        label=_("Name and relationship"),
        max_length=200,
        help_text=_("Only your organization sees it, and it goes with the content."),
    )
    way = Pills(label=_("How the wish was received"), choices=list(words.WAYS.items()))
    wished_on = Day(label=_("Received on"))
    words = Paragraph(label=_("The wish in their words"), required=False, rows=3, max_length=WORDS)
    copied = forms.BooleanField(
        label=_("Our own records hold everything that we have to keep."),
        error_messages={
            "required": _("Please see first that your own records hold what you have to keep.")
        },
    )
    explained = forms.BooleanField(
        label=_("Whoever wishes it was told that nothing brings it back."),
        error_messages={
            "required": _("Please explain first that nothing brings back what was erased.")
        },
    )

    def __init__(self, *args: Any, desk: Asking, **options: Any) -> None:
        super().__init__(*args, **options)
        self.desk = desk
        self._choices("what", self._what())
        about_patient = desk.patient is not None
        self._choices(
            "relation",
            [(name, one) for name, one in words.RELATIONS.items()
             if (name == "members") != about_patient],
        )  # fmt: skip
        language = "en" if (get_language() or "ja").startswith("en") else "ja"
        self.kept = retention.asked(free=not about_patient)
        for one in self.kept:
            self.fields[f"retention-{one.key}"] = Choice(
                label=one.title[language],
                help_text=one.law[language],
                choices=[("", "—"), *((name, _said(one, name)) for name in one.answers)],
            )

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        if len(choices) == 1:
            field.initial = choices[0][0]

    def _what(self) -> list[tuple[str, Any]]:
        groups = [(str(one.id), words.KINDS[one.kind]) for one in self.desk.groups]
        if self.desk.group is not None or self.desk.patient is None:
            return groups
        return [(RECORD, words.KINDS[RECORD]), *groups]

    @property
    def asked(self) -> list[forms.BoundField]:
        """The answers about what law makes somebody keep."""
        return [self[name] for name in self.fields if name.startswith("retention-")]

    @property
    def group(self) -> UUID | None:
        """The group that was chosen; None for the whole record."""
        chosen = self.cleaned_data["what"]
        return None if chosen == RECORD else UUID(chosen)

    def wish(self) -> Wish:
        """The wish as the record keeps it."""
        given = self.cleaned_data
        return Wish(
            relation=given["relation"],
            who=given["who"],
            way=given["way"],
            words=given["words"],
            wished_on=given["wished_on"],
            retention={one.key: given[f"retention-{one.key}"] for one in self.kept},
            copied=given["copied"],
            explained=given["explained"],
        )


def _said(one: retention.Item, answer: str) -> Any:
    return words.NO_DISPUTE if one.blocks and answer == retention.NONE else words.ANSWERS[answer]
