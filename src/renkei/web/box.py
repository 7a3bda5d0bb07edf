"""What stands in the writing box, as a form brings it and a page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from renkei.communication.measuring import measured, typed
from renkei.communication.models import IMPORTANCES, KINDS, Importance, Kind
from renkei.communication.observations import Observed
from renkei.kernel import clock
from renkei.kernel.errors import Unknown
from renkei.web.values import number_or_none

MEANS = "to:"  # fields that say who is meant
OF_FORM = "t:"  # fields of the form that is open in the writing box


@dataclass(frozen=True, slots=True)
class Box:
    """What stands in the writing box."""

    text: str = ""
    kind: str = Kind.REPORT.value
    importance: str = Importance.NORMAL.value
    reply_to: int | None = None
    error: str = ""
    restored: bool = False  # a draft from an earlier visit
    damaged: str = ""  # why the draft cannot be shown
    attachments: str = ""  # ids of what goes with it, with commas between
    waiting: int = 0  # how many wait to go with it
    mentions: tuple[str, ...] = ()  # tokens of who is meant
    template: str = ""  # the form that is open in it
    values: Mapping[str, str] = field(default_factory=dict)  # what stands in its fields
    vitals: Mapping[str, str] = field(default_factory=dict)  # as typed, by the names of the fields
    wrong: str = ""  # the field of the vital signs that is to be mended

    @property
    def observed(self) -> Observed | None:
        """The vital signs in it.

        Raises:
            Problem: one of them cannot be.
        """
        return measured(self.vitals, clock.now()) if self.vitals else None

    @property
    def fields(self) -> dict[str, str]:
        """All of it as the fields of a form, to be brought along by a page in between."""
        return {
            "text": self.text,
            "kind": self.kind,
            "importance": self.importance,
            "reply_to": str(self.reply_to or ""),
            "attachments": self.attachments,
            "template": self.template,
            **self.vitals,
            **{f"{OF_FORM}{name}": value for name, value in self.values.items()},
        }


def box_of(form: Mapping[str, str], error: str = "", wrong: str = "") -> Box:
    """What a form brought; an unknown kind or importance becomes the ordinary one."""
    kind, importance = form.get("kind", ""), form.get("importance", "")
    return Box(
        text=form.get("text", "").replace("\r\n", "\n"),
        kind=kind if kind in KINDS else Kind.REPORT.value,
        importance=importance if importance in IMPORTANCES else Importance.NORMAL.value,
        reply_to=number_or_none(form.get("reply_to")),
        error=error,
        attachments=form.get("attachments", "")[:2000],
        vitals=typed(form),
        wrong=wrong,
        mentions=tokens(form),
        template=form.get("template", "")[:40],
        values={
            name.removeprefix(OF_FORM): value.replace("\r\n", "\n")
            for name, value in form.items()
            if name.startswith(OF_FORM) and value.strip()
        },
    )


def tokens(form: Mapping[str, str]) -> tuple[str, ...]:
    """Who is meant, as a form says it: a name for each, so that a script can send them as well."""
    named = (name.removeprefix(MEANS) for name in form if name.startswith(MEANS))
    return tuple(token[:80] for token in named if token)[:100]


def ids(text: str) -> tuple[UUID, ...]:
    """The ids in a list with commas between.

    Raises:
        Unknown: one of them is none.
    """
    try:
        return tuple(UUID(one) for one in text.split(",") if one)
    except ValueError as error:
        raise Unknown("attachment") from error
