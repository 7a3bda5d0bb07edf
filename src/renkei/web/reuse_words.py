"""The words of reuse, on screens and on paper (A16)."""

from typing import Final

from django.utils.translation import gettext_lazy as _

PURPOSES: Final = {
    "record": _("An entry in our organization's record"),
    "colleagues": _("Telling colleagues of my organization"),
    "family": _("Explaining to patient or family"),
    "outside": _("Study meeting, conference, training or other"),
}
STATES: Final = {
    "waiting": _("Waiting for an answer"),
    "permitted": _("Permitted"),
    "refused": _("Not permitted"),
    "withdrawn": _("Taken back by who asked"),
    "over": _("Its day has passed"),
}
TONES: Final = {"waiting": "attend", "permitted": "done", "refused": "danger"}
ANSWERS: Final = {
    "": _("No answer yet"),
    "yes": _("Permitted"),
    "no": _("Not permitted"),
    "talk": _("Wants to talk first"),
}
ANSWER_TONES: Final = {"": "attend", "yes": "done", "no": "danger", "talk": "attend"}
REFUSALS: Final = {
    "": "",
    "author": _("The author does not permit this use."),
    "back": _("The author took the permission back."),
    "gone": _("The author is not in this group any more, so nobody can permit it."),
    "elsewhere": _("Documents of other organizations cannot be reused."),
    "items": _("Nothing of it was permitted."),
    "manager": _("The group's manager does not permit this use."),
    "declined": _("The patient declined this purpose."),
}
FILE_REFUSALS: Final = {
    "": "",
    "elsewhere": REFUSALS["elsewhere"],
    "kind": _("Office documents cannot be taken out of the network."),
    "study": _("PDFs are not given for study meetings or conferences."),
    "consent": _("It shows the patient, the family or the home, who did not agree to this use."),
    "words": _("Its author permits the words alone."),
}
AGREED: Final = {
    "patient": _("The patient agreed"),
    "family": _("The family agreed"),
    "proxy": _("The legal representative agreed"),
}
AGREED_HOW: Final = {"words": _("By words"), "paper": _("In writing")}
KINDS: Final = {
    "name": _("Name"),
    "age": _("Age"),
    "date": _("Date"),
    "birth": _("Birth date"),
    "place": _("Place"),
    "organization": _("Organization"),
    "number": _("Number"),
}
# On paper, which is Japanese whoever prints it.
PAPER_PURPOSES: Final = {
    "record": "自事業所の記録に残す",
    "colleagues": "同じ事業所の同僚に伝える",
    "family": "患者・家族への説明",
    "outside": "研究会・学会・研修・その他",
}
PAPER_STATES: Final = {
    "waiting": "返事待ち",
    "permitted": "許可",
    "refused": "不許可",
    "withdrawn": "取り下げ",
    "over": "期限切れ",
}
PAPER_REFUSALS: Final = {
    "": "",
    "items": "書いた人が許可していない",
    "manager": "グループ管理者が許可していない",
    "declined": "患者がこの目的に同意していない",
}
