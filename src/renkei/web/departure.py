"""Leaving an organization: the page, the receipt, and the pledge one signs oneself (A9, N3.7)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_safe
from markdown_it import MarkdownIt
from markupsafe import Markup

from renkei.enrollment import leaving, pledging
from renkei.enrollment.leaving_desk import LeavingDesk, see_leaving
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import wareki
from renkei.paperwork.pdf import pdf
from renkei.region.disclosures import public_region
from renkei.web.errors import sentence
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.staff_forms import DONE, TOLD, FormalitiesForm, LastDayForm, SignForm

if TYPE_CHECKING:
    from renkei.web.frame import Request

_markdown = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True})
DEVICES = {
    "returned": "返却済み",
    "missing": "所在不明（停止しました）",
    "closed": "業務での使用を終了",
}


@require_http_methods(["GET", "POST"])
def leave(request: "Request", role: UUID) -> HttpResponse:
    """Let somebody go now or at the end of a day; afterwards, see to what remains."""
    seen = see_leaving(request.actor, role)
    sent = request.POST if request.method == "POST" else None
    later = sent is not None and sent.get("do") == "later"
    form = FormalitiesForm(sent if sent is not None and not later else None, devices=seen.devices)
    day = LastDayForm(sent if later else None)
    problem = ""
    if sent is not None and sent.get("do") == "stay":
        problem = _tried(lambda: leaving.stay(request.actor, role))
        if not problem:
            return after("staff_one", role=role)
        form = FormalitiesForm(devices=seen.devices)
    elif later:
        if day.is_valid() and tried(
            day, lambda: leaving.leave_on(request.actor, role, **day.cleaned_data)
        ):
            return after("staff_leave", role=role)
    elif form.is_bound and form.is_valid():
        do = leaving.settle_leaving if seen.over else leaving.leave_now
        if tried(form, lambda: do(request.actor, role, formalities=form.formalities)):
            return after("staff_leave", role=role)
    status = 422 if sent is not None else 200
    return page(
        request, "staff/leave.html", status=status, seen=seen, form=form, day=day,
        problem=problem, told=dict(TOLD), done=DONE,
    )  # fmt: skip


def _tried(action: Any) -> str:
    try:
        action()
    except Problem as problem:
        return sentence(problem)
    return ""


@require_safe
def receipt(request: "Request", role: UUID) -> HttpResponse:
    """The receipt of a leaving, on paper, for the organization and the person."""
    seen = see_leaving(request.actor, role)
    if not seen.settled:
        raise Unknown("leaving")
    with translation.override("ja"):
        made = pdf("leaving", _sheet(seen))
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="leaving.pdf"'
    return response


def _sheet(seen: LeavingDesk) -> dict[str, Any]:
    kept, region = seen.leaving, public_region()
    assert kept is not None and kept.settled_at is not None
    told = f"{dict(TOLD)[kept.told]}　{wareki(kept.told_on) if kept.told_on else ''}"
    settled = kept.settled_at.astimezone(clock.JAPAN)
    return {
        "title": "離職の手続　受領書",
        "footer": f"{region.name} 連携　{seen.who.organization}",
        "printed": f"{wareki(clock.today())} 印刷",
        "about": [
            ("事業所", seen.who.organization),
            ("氏名", seen.who.name),
            ("職種", seen.who.profession),
            ("最終日", wareki(kept.last_day)),
            ("利用の終了", f"{kept.ends_at.astimezone(clock.JAPAN):%Y-%m-%d %H:%M}"),
            ("手続をした人", seen.settled_by),
            ("手続の日時", f"{settled:%Y-%m-%d %H:%M}"),
        ],
        "ended": [
            ("グループ", f"{kept.ended.get('groups', 0)}"),
            ("招待", f"{kept.ended.get('invitations', 0)}"),
            ("ログイン中の接続", f"{kept.ended.get('sessions', 0)}"),
        ],
        "devices": [
            [one.number, "私物" if one.private else "事業所", DEVICES.get(one.word, one.word),
             wareki(one.erased_on) if one.erased_on else ""]
            for one in seen.devices
        ],
        "done": [
            ["☑" if kept.formalities.get(name) else "☐", str(label)]
            for name, label in DONE.items()
        ],
        "told": told,
        "successors": len(seen.successors),
    }  # fmt: skip


# ── The pledge one signs oneself ─────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def sign(request: "Request", role: UUID) -> HttpResponse:
    """Form 3 in full, and one's name under it."""
    seen = pledging.see_pledge(request.actor, role)
    form = SignForm(
        request.POST if request.method == "POST" else None, initial={"number": seen.number}
    )
    if form.is_valid() and tried(
        form, lambda: pledging.sign_pledge(request.actor, role, **form.cleaned_data)
    ):
        return after("pledge", role=role)
    status = 422 if form.is_bound else 200
    text = Markup(_markdown.render(seen.text.partition("\n")[2]))
    return page(
        request, "profile/pledge.html", shell=see_shell(request.actor, None), status=status,
        seen=seen, form=form, text=text,
    )  # fmt: skip
