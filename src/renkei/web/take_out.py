"""Taking information or devices out (A15.9)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from renkei.device import taken_out, taking_out
from renkei.device.models import TakeOut
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.web import device_words as words
from renkei.web.device_forms import RefuseForm, ReturnForm, TakeOutForm
from renkei.web.page import page, tried
from renkei.web.patient import after

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_http_methods(["GET"])
def take_outs(request: "Request") -> HttpResponse:
    """One's own; for administrators those of the organization, the overdue ones first.

    For the operator those which nobody of their organization could decide.
    """
    shell = see_shell(request.actor, None)
    own = taken_out.see_own_take_outs(request.actor, None)
    organization = shell.me.face.organization_id
    desk = (
        taken_out.see_take_outs(request.actor, organization)
        if shell.me.administrator and organization
        else []
    )
    sole = taken_out.see_sole_take_outs(request.actor, None) if shell.me.operator else []
    return page(
        request, "take_out/list.html", shell=shell, own=own, desk=desk, sole=sole, words=words
    )


@require_http_methods(["GET", "POST"])
def ask(request: "Request") -> HttpResponse:
    """Ask for it."""
    devices = taken_out.see_media(request.actor, None)
    now = clock.now().astimezone(clock.JAPAN)
    initial = {"from_day": now.date(), "from_time": f"{now:%H:%M}"}
    form = TakeOutForm(
        request.POST if request.method == "POST" else None, devices=devices, initial=initial
    )
    made: list[TakeOut] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(taking_out.ask_to_take_out(request.actor, None, **form.wanted())),
    ):
        return after("take_out", take_out=made[0].id)
    return page(request, "take_out/ask.html", status=422 if form.is_bound else 200, form=form)


@require_http_methods(["GET", "POST"])
def one(request: "Request", take_out: UUID) -> HttpResponse:
    """One take-out: what it is, and what comes next."""
    found = taken_out.see_take_out(request.actor, take_out)
    what = request.POST.get("do", "")
    refuse = RefuseForm(request.POST if what == "refuse" else None)
    back = ReturnForm(request.POST if what == "return" else None)
    if request.method == "POST" and _done(request, take_out, what, refuse, back):
        return after("take_out", take_out=take_out)
    return page(
        request, "take_out/one.html", status=422 if what else 200, one=found, refuse=refuse,
        back=back, words=words,
    )  # fmt: skip


def _done(
    request: "Request", take_out: UUID, what: str, refuse: RefuseForm, back: ReturnForm
) -> bool:
    """Take the step that was asked for; False if a form is to be mended."""
    if what == "approve":
        taking_out.approve_take_out(request.actor, take_out)
    elif what == "withdraw":
        taking_out.withdraw_take_out(request.actor, take_out)
    elif what == "refuse":
        return refuse.is_valid() and tried(
            refuse,
            lambda: taking_out.refuse_take_out(request.actor, take_out, **refuse.cleaned_data),
        )
    elif what == "return":
        return back.is_valid() and tried(
            back, lambda: taking_out.return_take_out(request.actor, take_out, **back.cleaned_data)
        )
    else:
        raise Problem(gettext_noop("Please check once more."))
    return True
