"""Forms of the training pages. They clean; they never save."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.training.courses import Course, Head, Question
from renkei.training.defining import CHOICES
from renkei.training.shelf import QUESTIONS, Facts
from renkei.web import training_words as words
from renkei.web.fields import Choice, Day, Line, Paragraph, Pills


class Figure(forms.IntegerField):
    """A small number."""

    def __init__(self, **options: Any) -> None:
        options["widget"] = forms.TextInput(
            attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}
        )
        options["error_messages"] = {
            "required": _("Please write this."),
            "invalid": _("Please write a number."),
        }
        super().__init__(**options)


class FactsForm(forms.Form):
    """What an edition says of its course."""

    title = Line(label=_("Title"), max_length=100)
    purpose = Paragraph(label=_("What it is for"), max_length=500, required=False)
    minutes = Figure(label=_("Minutes it takes"))
    months = Figure(
        label=_("Months it is valid"),
        required=False,
        help_text=_("Left empty: as the policy says."),
    )
    required = forms.BooleanField(
        label=_("Everybody has to take it"),
        required=False,
        help_text=_("The course before use always is."),
    )
    pass_mark = Figure(label=_("Right answers needed, of five"))
    again = Pills(label=_("After a wrong answer"), choices=list(words.AGAIN.items()))

    def facts(self) -> Facts:
        """As the use case takes them."""
        return Facts(**self.cleaned_data)


class PartForm(forms.Form):
    """One part of an edition."""

    title = Line(label=_("Title of the part"), max_length=100)
    text = Paragraph(
        label=_("Text"),
        rows=12,
        max_length=20_000,
        required=False,
        help_text=_("What is read, or what the video says. ### makes a heading, - a list."),
    )
    video = forms.FileField(
        label=_("Video"),
        required=False,
        help_text=_(
            "MP4 or WebM, up to 18 MB: about four minutes. A longer film has several parts."
        ),
        widget=forms.FileInput(attrs={"class": "input", "accept": "video/mp4,video/webm"}),
    )
    without_video = forms.BooleanField(label=_("Take the video away"), required=False)
    captions = Paragraph(
        label=_("Captions"),
        rows=6,
        max_length=50_000,
        required=False,
        help_text=_("WebVTT or SubRip: lines with their times, as subtitle programs write them."),
    )


class QuestionsForm(forms.Form):
    """The five questions of an edition, each with its choices, the right one and why."""

    def __init__(self, data: Any = None, *, course: Course) -> None:
        super().__init__(data)
        for n in range(1, QUESTIONS + 1):
            known = course.questions[n - 1] if n <= len(course.questions) else None
            self.fields[f"text_{n}"] = Paragraph(
                label=_("Question"), rows=3, max_length=500, required=False,
                initial=known.text if known else "",
            )  # fmt: skip
            for m in range(1, CHOICES + 1):
                there = known is not None and m <= len(known.choices)
                self.fields[f"choice_{n}_{m}"] = Line(
                    label=_("Choice %(n)s") % {"n": m}, max_length=200, required=False,
                    initial=known.choices[m - 1] if known and there else "",
                )  # fmt: skip
            self.fields[f"answer_{n}"] = Choice(
                label=_("Right is"),
                choices=[(str(m), str(m)) for m in range(1, CHOICES + 1)],
                initial=str(known.answer) if known else "1",
            )
            self.fields[f"explanation_{n}"] = Paragraph(
                label=_("Why, shown after a wrong answer"), rows=2, max_length=1000,
                required=False, initial=known.explanation if known else "",
            )  # fmt: skip
        self._clauses = [one.clauses for one in course.questions]

    def blocks(self) -> list[dict[str, Any]]:
        """The fields, question by question."""
        return [
            {
                "n": n,
                "text": self[f"text_{n}"],
                "choices": [self[f"choice_{n}_{m}"] for m in range(1, CHOICES + 1)],
                "answer": self[f"answer_{n}"],
                "explanation": self[f"explanation_{n}"],
            }
            for n in range(1, QUESTIONS + 1)
        ]

    def questions(self) -> tuple[Question, ...]:
        """As the use case takes them; a question of which nothing was written is none."""
        given, found = self.cleaned_data, []
        for n in range(1, QUESTIONS + 1):
            choices = [given[f"choice_{n}_{m}"] for m in range(1, CHOICES + 1)]
            while choices and not choices[-1]:
                choices.pop()
            if given[f"text_{n}"] or choices:
                found.append(
                    Question(
                        text=given[f"text_{n}"],
                        choices=tuple(choices),
                        answer=int(given[f"answer_{n}"]),
                        explanation=given[f"explanation_{n}"],
                        clauses=self._clauses[n - 1] if n <= len(self._clauses) else (),
                    )
                )
        return tuple(found)


class LectureForm(forms.Form):
    """A course held live."""

    course = Choice(label=_("Course"))
    on = Day(label=_("Date"), future=True)
    place = Line(label=_("Place"), required=False)
    teacher = Line(label=_("Who taught"))

    def __init__(self, *args: Any, courses: list[Head], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["course"].choices = [(one.code, one.title) for one in courses]  # type: ignore[attr-defined]


class AttendanceForm(forms.Form):
    """Who was there, beside those who are ticked."""

    lines = Paragraph(
        label=_("Names or e-mail addresses, one a line"), rows=4, max_length=20_000, required=False
    )
    guests = Paragraph(
        label=_("Who has no ID yet: organization, name"), rows=3, max_length=5_000, required=False
    )
    application = Choice(label=_("Application of their organization"), required=False)

    def __init__(self, *args: Any, applications: list[tuple[UUID, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = [("", "－"), *((str(key), name) for key, name in applications)]
        self.fields["application"].choices = chosen  # type: ignore[attr-defined]

    def clean_application(self) -> UUID | None:
        """Which, if any."""
        chosen = self.cleaned_data["application"]
        return UUID(chosen) if chosen else None


class RecordForm(forms.Form):
    """The training of an organization as such."""

    on = Day(label=_("Date"))
    way = Pills(
        label=_("Way of training"),
        choices=[("lecture", words.WAYS["lecture"]), ("paper", words.WAYS["paper"])],
    )
