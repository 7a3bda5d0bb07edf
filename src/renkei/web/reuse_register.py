"""The register of what left, for the administrators of both ends: facts, no content (A16.b)."""

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from renkei.disclosure.faxing import see_faxes
from renkei.disclosure.items import shown_number
from renkei.disclosure.register import Line, see_register
from renkei.group.shell import see_shell
from renkei.web import reuse_words as words
from renkei.web.page import page
from renkei.web.patient import own_organization
from renkei.web.reuse_paper import moment
from renkei.web.sheet import sheet

if TYPE_CHECKING:
    from renkei.web.frame import Request

HEAD = (
    "許可番号", "願い出た日時", "願い出た人", "事業所", "目的", "状態", "理由", "期限", "対象の数",
    "許された数", "添付の数", "許された添付の数", "書いた人の事業所", "グループ管理者",
    "開いた回数", "最後に開いた日時", "FAXの回数",
)  # fmt: skip


@require_safe
def register(request: "Request") -> HttpResponse:
    """What the organization's people asked for, what was asked of them, and what went by fax."""
    shell = see_shell(request.actor, None)
    organization = own_organization(shell)
    return page(
        request,
        "reuse/register.html",
        shell=shell,
        lines=see_register(request.actor, organization),
        faxes=see_faxes(request.actor, organization),
        words=words,
    )


@require_safe
def as_csv(request: "Request") -> HttpResponse:
    """The register as a list for a spreadsheet; Japanese, whoever takes it."""
    organization = own_organization(see_shell(request.actor, None))
    lines = see_register(request.actor, organization)
    with translation.override("ja"):
        return sheet("reuse", [HEAD, *(_row(one) for one in lines)])


def _row(one: Line) -> list[Any]:
    return [
        shown_number(one.number),
        moment(one.asked_at),
        one.asker.name,
        one.asker.organization,
        words.PAPER_PURPOSES[one.purpose],
        words.PAPER_STATES[one.word],
        words.PAPER_REFUSALS[one.refusal],
        one.until.isoformat(),
        one.items,
        one.permitted,
        one.files,
        one.files_permitted,
        "、".join(one.authors),
        {"": "", "yes": "許可", "no": "不許可"}[one.manager_answer],
        one.openings,
        moment(one.opened_at) if one.opened_at else "",
        one.faxes,
    ]
