"""The forms about who is in a group: opening, inviting, answering, ending. They clean only."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.group.inviting import Candidate
from renkei.group.membership import REASON_LENGTH, ROLE_IN_CARE_LENGTH
from renkei.patient.disclosures import Physician
from renkei.web.fields import Choice, Line, Paragraph, Pills

# What people of a profession usually do for a patient at home; offered, never filled in.
SUGGESTIONS = {
    "医師": ("主治医", "訪問診療（月2回）", "専門医としての助言"),
    "歯科医師": ("訪問歯科診療", "口腔と嚥下の診療"),
    "薬剤師": ("薬の管理", "訪問薬剤管理（月2回）"),
    "看護師": ("訪問看護（週1回）", "訪問看護（週2回）", "24時間の連絡窓口"),
    "准看護師": ("訪問看護（週1回）", "訪問看護（週2回）"),
    "保健師": ("地域での見守り", "健康の相談"),
    "理学療法士": ("訪問リハビリ（週1回）", "訪問リハビリ（週2回）"),
    "作業療法士": ("訪問リハビリ（週1回）", "住まいと道具の調整"),
    "言語聴覚士": ("嚥下と言葉のリハビリ",),
    "歯科衛生士": ("口腔ケア",),
    "管理栄養士": ("栄養の相談",),
    "介護支援専門員": ("ケアプランの作成と調整",),
    "介護福祉士": ("朝夕の訪問介護", "通所での介護"),
    "訪問介護員": ("朝夕の訪問介護", "生活の援助"),
    "社会福祉士": ("暮らしの相談", "地域包括支援センターの担当"),
    "医療ソーシャルワーカー": ("入退院の調整",),
    "福祉用具専門相談員": ("福祉用具の選定と点検",),
    "相談支援専門員": ("障害福祉サービスの調整",),
    "事務": ("連絡の窓口",),
    "行政職員": ("行政の窓口",),
}


class RoleForm(forms.Form):
    """One's own role in the care, to open a group."""

    role_in_care = Line(
        label=_("Role in care"),
        max_length=ROLE_IN_CARE_LENGTH,
        list="roles",
        help_text=_("Everyone in the group sees it. For example: home visits twice a month."),
    )
    attending = Choice(
        label=_("Delegate the group to the attending physician"),
        required=False,
        help_text=_(
            "A physician of another organization, who then sees to who takes part."
            " You can take it back at any time."
        ),
    )

    def __init__(self, *args: Any, physicians: Iterable[Physician] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = self.fields["attending"]
        assert isinstance(chosen, Choice)
        words = [(str(one.role), f"{one.name}（{one.organization}）") for one in physicians]
        chosen.choices = [("", _("Nobody")), *words]

    def clean_attending(self) -> UUID | None:
        """The physician's role."""
        chosen = self.cleaned_data["attending"]
        return UUID(chosen) if chosen else None


class ReasonForm(forms.Form):
    """Why: kept sealed with the fact."""

    reason = Paragraph(
        label=_("Reason"),
        rows=2,
        max_length=REASON_LENGTH,
        error_messages={"required": _("Please write the reason.")},
    )


LEAVES = [
    ("not_involved", _("I am no longer involved in this care")),
    ("moved", _("I am transferred, or leave my organization")),
    ("over", _("The support is over")),
    ("mistake", _("I should not have been in it")),
]
# Of a free group, in which nobody is cared for.
LEAVES_FREE = [
    ("enough", _("I do not take part any more")),
    ("moved", _("I am transferred, or leave my organization")),
    ("mistake", _("I should not have been in it")),
]


class LeaveForm(ReasonForm):
    """Why one leaves, by one tap or in words, and who is in charge afterwards."""

    successor = forms.UUIDField(
        label=_("Who manages the group from now on?"),
        required=False,
        error_messages={"invalid": _("Please choose one.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.words = dict([*LEAVES, *LEAVES_FREE])
        self.fields["reason"].required = False

    def clean(self) -> dict[str, Any]:
        """What was tapped stands for the words."""
        cleaned: dict[str, Any] = super().clean() or {}
        tapped = self.data.get("choice", "")
        if tapped in self.words:
            cleaned["reason"] = str(self.words[tapped])
        elif not cleaned.get("reason"):
            self.add_error("reason", _("Please write the reason."))
        return cleaned


DECLINES = [
    ("not_involved", _("I am not involved in this care")),
    ("too_much", _("I cannot take it on at present")),
    ("colleague", _("Another person of my organization does this")),
    ("other", _("Another reason")),
]
REFUSALS = [
    ("not_involved", _("This person is not involved in the care")),
    ("colleague", _("Another person of my organization does this")),
    ("other", _("Another reason")),
]


class AnswerForm(forms.Form):
    """Saying no to an invitation: a reason to choose, and words."""

    choice = Pills(label=_("Reason"))
    words = Paragraph(label=_("In your own words"), required=False, rows=2, max_length=150)

    def __init__(self, *args: Any, choices: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.choices = dict(choices)
        chosen = self.fields["choice"]
        assert isinstance(chosen, Pills)
        chosen.choices = choices

    def clean(self) -> dict[str, Any]:
        """Another reason says which."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("choice") == "other" and not cleaned.get("words"):
            self.add_error("words", _("Please write the reason."))
        return cleaned

    @property
    def reason(self) -> str:
        """The reason in one text."""
        choice, words = self.cleaned_data["choice"], self.cleaned_data["words"]
        if choice == "other":
            return str(words)
        return f"{self.choices[choice]}\n{words}".strip()


class Pick:
    """One person of the picker with what was typed for them."""

    def __init__(self, candidate: Candidate, data: Any) -> None:
        self.candidate = candidate
        self.role = candidate.face.role
        key = self.role.hex if self.role else ""
        self.key = key
        self.chosen = bool(data) and candidate.state == "" and key in data.getlist("person")
        self.typed = data.get(f"role-{key}", "") if data else ""
        self.manager = bool(data and data.get(f"manager-{key}")) and candidate.manager
        self.error = ""

    @property
    def role_in_care(self) -> str:
        """The role in the care, as typed."""
        return " ".join(str(self.typed).split())

    @property
    def found_by(self) -> str:
        """What the search looks at."""
        one = self.candidate.face
        return f"{one.name} {one.kana} {one.profession} {one.organization}"

    def fits(self, words: str) -> bool:
        """Whether the person is what is searched for; who is chosen always stays in sight."""
        text = self.found_by.replace(" ", "")
        return self.chosen or all(word in text for word in words.split())

    @property
    def id(self) -> UUID:
        """The role to invite."""
        assert self.role is not None
        return self.role
